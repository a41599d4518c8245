#!/usr/bin/env python3
"""Runs reservations as a program for half a second, both ways, and checks what it counted.

reservations_smoke.py FOLDER_OF_THE_PROGRAMS
"""
import json
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = pathlib.Path(sys.argv[1]) / "reservations"


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        times = ["--seconds", "0.5", "--warm-up-seconds", "0.1"]
        both = [PROGRAM, "--folder", work / "both"] + times
        report = json.loads(subprocess.run(both, check=True, stdout=subprocess.PIPE).stdout)
        assert report["failed"] == 0 and report["reservations_per_second"] > 0, report
        ended = report["releases_per_second"] + report["commits_per_second"]
        assert 0.5 < ended / report["reservations_per_second"] < 2, report
        assert 0 < report["reserve_us"]["p50"] <= report["reserve_us"]["p99"], report
        assert report["device_sync_us"]["p50"] > 0, report
        again = subprocess.run(both, stderr=subprocess.PIPE, text=True, check=False)
        assert again.returncode == 2 and "is there already" in again.stderr, again

        alone = [PROGRAM, "--folder", work / "alone", "--only-reserve", "--in-flight", "3", "--out", work / "report.json"] + times
        subprocess.run(alone, check=True)
        report = json.loads((work / "report.json").read_text())
        assert report["load"]["in_flight"] == 3 and report["commits_per_second"] == 0, report
        none = subprocess.run(alone + ["--in-flight", "0"], stderr=subprocess.PIPE, text=True, check=False)
        assert none.returncode == 2, none


main()
