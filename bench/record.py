#!/usr/bin/env python3
"""Runs a benchmark and keeps its result with what it was measured on.

  bench/record.py NAME --date YYYY-MM-DD [--build build/release] -- COMMAND [ARGUMENT...]

COMMAND is a Google Benchmark program, bench/load or another script of this folder; whatever it is, it
must print JSON or write it to the file that stands for {out} in the arguments. What ends with an
error, as compare and stall do when they are not to be believed, is not recorded. The result goes to
bench/results/NAME.json and a line to bench/results/README.md; one of that name is replaced. The
date is an argument so that a repeated recording is the same file. Standard library only.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
HEADER = """# Results

What the benchmarks of this folder gave, one file a measurement, with machine, compiler, build and
command in each. A figure belongs to its machine: compare ratios, or figures of one machine.
Recorded by `bench/record.py`.

| name | date | machine | build | result |
|---|---|---|---|---|
"""


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def machine():
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpu_model": cpu_model(), "cores": len(os.sched_getaffinity(0)), "memory_mb": memory >> 20,
            "kernel": f"{platform.system()} {platform.release().split('-')[0]}", "load_average_before": os.getloadavg()[0]}


def build(folder):
    cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (folder / "CMakeCache.txt").read_text(), re.M))
    version = subprocess.run([cache["CMAKE_CXX_COMPILER"], "--version"], check=True, capture_output=True, text=True)
    return {"preset": folder.name, "type": cache["CMAKE_BUILD_TYPE"], "compiler": version.stdout.splitlines()[0]}


def run(command):
    """What the command printed or wrote, as JSON, with the command as it was given."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        words = [word.replace("{out}", str(out)) for word in command]
        if pathlib.Path(words[0]).name.endswith("_bench"):
            words += [f"--benchmark_out={out}", "--benchmark_out_format=json"]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}")
        text = out.read_text() if out.exists() else done.stdout
        return json.loads(text.replace(str(out), "{out}"))


def headline(result):
    """One line for people."""
    if "benchmarks" in result:
        if any(entry.get("error_occurred") for entry in result["benchmarks"]):
            raise SystemExit("a benchmark found its answers wrong: nothing is recorded")
        return "; ".join(benchmark_line(entry) for entry in result["benchmarks"])
    if "saturation" in result:
        cpu = result["saturation"]["server_cpu_us"]
        p99 = result["open_loop"]["latency_us"]["p99"]
        return (f"server CPU {cpu['touchstone']['median']:.1f} us, "
                f"{cpu['ratio']['median']:.2f}x echo; p99 at {result['open_loop']['rate_per_second']:.0f}/s "
                f"{p99['touchstone']['median']:.0f} us, {p99['ratio']['median']:.2f}x echo")
    if "workloads" in result:
        return "; ".join(f"{load['offers']:,} offers: index p50 {load['index_p50_us']:.1f} us, scan {load['scan_p50_us']:.0f} us, "
                         f"1/{load['scan_over_index']}, built in {load['index_build_ms']:.0f} ms, "
                         f"{load['memory_bytes_an_offer']} bytes an offer" for load in result["workloads"])
    if "parts" in result:
        return "; ".join(f"{name}: {part['complete_share']:.2%} COMPLETE, {part['in_time_share']:.2%} within "
                         f"{result['allowed_ms']} ms, longest {part['latency_us']['max'] / 1000:.1f} ms"
                         for name, part in result["parts"].items())
    if "streams" in result:
        return (f"{result['calls']['events_per_second']:,.0f} events/s by calls of one event, "
                f"{result['streams']['events_per_second']:,.0f} over streams")
    if "sizes" in result:
        return "; ".join(f"{size['customers']:,} customers: {phases_line(size['options']['built_in']['phases'])}" for size in result["sizes"])
    if "cold_events_per_second" in result:
        return "; ".join(f"{name.removesuffix('_per_second').replace('_', ' ')}: {ways['median']:,}/s"
                         for name, ways in result.items() if isinstance(ways, dict))
    if "import_rows_per_second" in result:
        p99 = result["p99_us"]
        return (f"{result['decisions_per_second']:.0f} decisions/s: p99 {p99['alone']:.0f} us alone, {p99['beside']:.0f} us "
                f"beside {result['import_rows_per_second']:,} imported rows/s")
    return (f"{result['throughput_per_second']:.0f}/s, p50 {result['latency_us']['p50']:.0f} us, "
            f"p99 {result['latency_us']['p99']:.0f} us")


def phases_line(phases):
    over = max(phase["over_cache_mib"] for phase in phases.values())
    def p99_9(phase, of):
        return f"{phase[of]['p99_9'] / 1000:.2f}"

    return ", ".join(f"{name} read p99.9 {p99_9(phase, 'read_call_us')} ms (from its moment {p99_9(phase, 'read_us')}, of a thread that "
                     f"does nothing {p99_9(phase, 'yardstick_us')})"
                     for name, phase in phases.items()) + f", {over:.0f} MiB over the cache"


def benchmark_line(entry):
    name = entry["name"].split("/iterations")[0]
    if "p50_us" in entry:
        return f"{name}: p50 {entry['p50_us']:.1f} us, p99 {entry['p99_us']:.1f} us"
    return f"{name}: {entry['real_time']:.3g} {entry['time_unit']}"


def record(name, date, folder, command):
    surroundings = machine()
    result = run(command)
    line = headline(result)
    RESULTS.mkdir(exist_ok=True)
    content = {"name": name, "date": date, "machine": surroundings, "build": build(folder),
               "command": shlex.join(command), "result": result}
    # Names and paths of the machine mean nothing to others.
    result.get("context", {}).pop("host_name", None)
    text = json.dumps(content, indent=1).replace(f"{ROOT}/", "")
    (RESULTS / f"{name}.json").write_text(text + "\n")
    readme = RESULTS / "README.md"
    lines = readme.read_text().splitlines() if readme.exists() else HEADER.splitlines()
    rows = [row for row in lines if not row.startswith(f"| [{name}]")]
    kind = content["build"]
    rows.append(f"| [{name}]({name}.json) | {date} | {surroundings['cpu_model']}, {surroundings['cores']} cores | "
                f"{kind['preset']}, {kind['compiler']} | {line} |")
    readme.write_text("\n".join(rows) + "\n")
    print(f"{name}: {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--date", required=True, type=datetime.date.fromisoformat)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    # argparse would take the options of COMMAND for its own.
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    arguments, command = parser.parse_args(words[:at]), words[at + 1:]
    if not command or not re.fullmatch(r"[a-z0-9._-]+", arguments.name):
        parser.error("a name of [a-z0-9._-] and a command")
    record(arguments.name, arguments.date.isoformat(), arguments.build, command)


if __name__ == "__main__":
    sys.exit(main())
