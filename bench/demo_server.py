"""What the scripts of this folder share: servers as processes, and a Touchstone with the demo in it. Standard
library only."""
import contextlib
import csv
import json
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEMO = ROOT / "deploy" / "demo"
FIRST_LOYALTY_CARD = 4000000001


def say(text):
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def serving(command, log_path, find_address, environment=None):
    """Starts a server and gives its address and process id; ends it by SIGTERM."""
    with open(log_path, "w", encoding="utf-8") as log:
        process = subprocess.Popen([str(word) for word in command], stderr=log, stdout=log, env=environment)
    try:
        deadline = time.monotonic() + 60
        while (address := find_address()) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} does not serve:\n{log_path.read_text()[-2000:]}")
            time.sleep(0.05)
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(*command):
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}")


def load_demo(touchstone, address, work, customers):
    run(DEMO / "load", touchstone, address, work, "--customers", customers)


def euro_stores():
    with open(DEMO / "data" / "stores.csv", encoding="utf-8", newline="") as file:
        return [row["store"] for row in csv.DictReader(file) if row["currency"] == "EUR"]


def make_requests(build, work, count, customers, seed, budget_ms):
    """Baskets of 20 at tills, of known customers drawn uniformly."""
    requests = work / "requests.bin"
    run(build / "bench" / "make_requests", "--output", requests, "--count", count, "--seed", seed,
        "--identity", "loyalty_card:N", "--first-customer", FIRST_LOYALTY_CARD, "--customers", customers,
        "--products", DEMO / "data" / "products.csv", "--basket-lines", 20, "--placement", "receipt",
        "--budget-ms", budget_ms, "--store", *euro_stores())
    return requests


def run_load(build, report, address, requests, *options):
    """What bench/load reports."""
    run(build / "bench" / "load", "--target", address, "--requests", requests, *options, "--json", report)
    return json.loads(report.read_text())


def serving_touchstone(build, work, *options, environment=None):
    """A Touchstone on a free port with its data in `work`; as `serving`."""
    log = work / "touchstone.log"

    def find_address():
        found = re.search(r'"serving".*?(127\.0\.0\.1:[0-9]+)', log.read_text(encoding="utf-8"))
        return found.group(1) if found else None

    return serving([build / "touchstone", "serve", "--listen", "127.0.0.1:0", "--data-dir", work / "data", *options],
                   log, find_address, environment)
