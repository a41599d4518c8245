#!/usr/bin/env python3
"""Runs events as a program against a server with the demo in it, each way for half a second, and checks that
what it counted is what the server has.

events_smoke.py FOLDER_OF_THE_PROGRAMS
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
from demo_server import DEMO, load_demo, serving_touchstone  # pylint: disable=wrong-import-position

PROGRAMS = pathlib.Path(sys.argv[1])
WAYS = (["--in-flight", "8"], ["--rate", "200", "--in-flight", "8"], ["--streams", "2", "--batch", "5", "--in-flight", "8"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        with serving_touchstone(PROGRAMS.parent, work) as (target, pid):
            load_demo(PROGRAMS.parent / "touchstone", target, work, 50)
            events = [PROGRAMS / "events", "--target", target, "--products", DEMO / "data" / "products.csv",
                      "--customers", "50", "--seconds", "0.5", "--warm-up-seconds", "0", "--server-pid", str(pid)]
            for way in WAYS:
                report = json.loads(subprocess.run(events + way, check=True, stdout=subprocess.PIPE).stdout)
                batch = report["load"]["batch"]
                assert report["written"] == batch * report["batches"] > 0, report
                assert report["duplicate"] == report["rejected"] == 0 and report["errors"] == {}, report
                assert report["latency_us"]["p50"] <= report["latency_us"]["p99"], report
            # The same ids again: nothing is new.
            again = events + ["--run", "smoke", "--in-flight", "1", "--connections", "1"]
            subprocess.run(again, check=True, stdout=subprocess.PIPE)
            report = json.loads(subprocess.run(again + ["--batch", "2"], check=False, stdout=subprocess.PIPE).stdout)
            assert "ALREADY_EXISTS" in report["errors"], report  # the ids of requests with another body
            away = ["192.0.2.1:50051" if word == target else word for word in events]
            assert subprocess.run(away, stderr=subprocess.PIPE, check=False).returncode == 2
            # A customer whom nobody knows: every event is rejected, and it says so.
            nobody = subprocess.run(events + ["--first-customer", "1"], check=False, stdout=subprocess.PIPE)
            assert nobody.returncode == 1 and json.loads(nobody.stdout)["rejected"] > 0, nobody.stdout


main()
