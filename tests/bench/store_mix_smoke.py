#!/usr/bin/env python3
"""Runs store_mix as a program on a small store, each way for half a second, and bench/mix over it, and checks what they
counted.

store_mix_smoke.py FOLDER_OF_THE_PROGRAMS
"""
import json
import pathlib
import subprocess
import sys
import tempfile

PROGRAMS = pathlib.Path(sys.argv[1])
MIX = pathlib.Path(__file__).resolve().parents[2] / "bench" / "mix"
CUSTOMERS = 3000
TIMES = ["--seconds", "0.5", "--warm-up-seconds", "0.1"]


def check(report):
    assert report["customers"] == CUSTOMERS and 900 < report["record_bytes"] < 1200, report
    assert list(sorted(report["phases"])) == ["backup", "compaction", "quiet"], report
    for name, phase in report["phases"].items():
        assert phase["failed"] == 0, report
        assert phase["reads_per_second"] > 3 * phase["updates_per_second"] > 0, report
        assert phase["seconds"] >= 0.5 and phase.get("runs", 1) >= 1, report
        assert phase["read_us"]["p50"] <= phase["read_us"]["p99_9"] <= phase["read_us"]["max"], report
        assert phase["read_call_us"]["p50"] <= phase["read_us"]["p50"], report
        assert abs(phase["resident_mib"] - phase["over_cache_mib"] - report["cache_mib"]) < 0.01, name


def refused(words, said):
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and said in done.stderr, done


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        store = [PROGRAMS / "store_mix", "--folder", work / "mix", "--cache-mib", "8", "--customers"]
        filled = store + [str(CUSTOMERS)]
        subprocess.run(filled + ["--only-fill"], check=True)
        made = (work / "mix" / "store.shape").stat().st_mtime_ns
        for way in (["--rate", "2000"], [], ["--rate", "2000", "--draw", "zipf", "--threads", "1"]):
            report = json.loads(subprocess.run(filled + TIMES + way, check=True, stdout=subprocess.PIPE).stdout)
            check(report)
            assert all(("yardstick_us" in phase) == ("--rate" in way) for phase in report["phases"].values()), report
        assert (work / "mix" / "store.shape").stat().st_mtime_ns == made, "filled again"
        subprocess.run(filled + TIMES + ["--phases", "quiet", "--out", work / "report.json"], check=True)
        assert list(json.loads((work / "report.json").read_text())["phases"]) == ["quiet"]

        refused(store + ["4000"], "another shape")
        refused(filled + ["--phases", "loud"], "loud")
        (work / "options").write_text("[table]\nblock_sizes = 4K\n")
        refused(filled + ["--store-options", work / "options"], "options:2: there is no option `block_sizes`")

        (work / "small.options").write_text("[table]\nblock_size = 4K\n")
        mix = [MIX, "--build", PROGRAMS.parent, "--folder", work, "--customers", f"{CUSTOMERS},2000", "--rate", "2000", "--rounds", "2",
               "--variants", work / "small.options", "--out", work / "mix.json"] + TIMES
        subprocess.run(mix, check=True, stderr=subprocess.DEVNULL)
        result = json.loads((work / "mix.json").read_text())
        assert [size["customers"] for size in result["sizes"]] == [CUSTOMERS, 2000], result
        for size in result["sizes"]:
            built_in, small = size["options"]["built_in"], size["options"]["small"]
            assert len(built_in["runs"]) == len(small["runs"]) == 2, result
            assert built_in["phases"]["backup"]["read_us"]["p99_9"] > 0, result
            assert small["indexes_and_filters_mib"] > built_in["indexes_and_filters_mib"], result
        assert not list(work.glob("2000-*")), "the stores are left behind"


main()
