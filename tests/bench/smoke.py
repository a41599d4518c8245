#!/usr/bin/env python3
"""Runs echo and load as programs, for a second each way, and checks what they counted.

smoke.py FOLDER_OF_THE_PROGRAMS
"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

PROGRAMS = pathlib.Path(sys.argv[1])


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, "echo ended"
        time.sleep(0.01)
    return path.read_text().strip()


def check(report):
    assert report["sent"] > 0, report
    assert report["answered"] == report["sent"], report
    assert report["completeness"]["COMPLETE"] == report["sent"], report
    assert report["unsent"] == 0 and report["errors"] == {}, report
    # Counted from when the CPU was read, which on a busy machine is after the first measured answers.
    assert report["server_cpu"]["answers"] >= 0.8 * report["answered"], report
    assert report["latency_us"]["p50"] <= report["latency_us"]["p99"] <= report["latency_us"]["max"]
    assert report["machine"]["cores"] >= 1 and report["build"]["compiler"].startswith("g++")


def drive(target, echo, requests, work):
    load = [PROGRAMS / "load", "--target", target, "--requests", requests, "--seconds", "1",
            "--server-pid", str(echo.pid)]
    for way in (["--rate", "200"], ["--in-flight", "8"]):
        check(json.loads(subprocess.run(load + way, check=True, stdout=subprocess.PIPE).stdout))
    median = work / "median"
    subprocess.run(load + ["--warm-up-seconds", "0", "--max-requests", "50", "--median-response", median, "--json", work / "report.json"],
                   check=True)
    assert len(median.read_bytes()) == 1200
    assert json.loads((work / "report.json").read_text())["answer_median_bytes"] == 1200
    away = ["192.0.2.1:50051" if word == target else word for word in load]
    assert subprocess.run(away, stderr=subprocess.PIPE).returncode == 2
    echo.send_signal(signal.SIGTERM)
    assert echo.wait() == 0


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        products = work / "products.csv"
        products.write_text("sku,price\n" + "".join(f"P-{i},{i}.99\n" for i in range(1, 41)))
        requests = work / "requests.bin"
        subprocess.run([PROGRAMS / "make_requests", "--output", requests, "--products", products, "--count", "100",
                        "--customers", "50", "--placement", "receipt"], check=True)
        address = work / "address"
        with subprocess.Popen([PROGRAMS / "echo", "--address-file", address, "--response-bytes", "1200"]) as echo:
            try:
                drive(wait_for(address, echo), echo, requests, work)
            except BaseException:
                echo.kill()  # else leaving the block waits for it
                raise

main()
