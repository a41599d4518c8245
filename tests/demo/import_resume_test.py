"""An import that is killed again and again ends as one that nobody touched: the same totals, the same
quarantine, the same customers, and every grant once. TOUCHSTONE_SOURCE_DIR and TOUCHSTONE_BINARY_DIR say where things are;
IMPORT_RESUME_SEED repeats a run.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

import served_demo

SEED = int(os.environ.get("IMPORT_RESUME_SEED", "4"))
ROWS = 12000
KILLS = 4
CUSTOMERS = 500
# Slow enough for some kills, in batches of a hundred rows.
RATE = 5000

CUSTOMER_MAPPING = """kind: customers
source: crm
skip: [{ column: tier, equals: test }]
customer: { template: "r{id}" }
identities: { loyalty_card: { template: "49{id}" } }
attributes:
  tier: tier
  children: { column: children, type: int }
"""
EVENT_MAPPING = """kind: events
type: purchase
id: receipt
customer: { template: "r{id}" }
create_customers: true
time: time
group_by: receipt
fields: { paid: { sum: paid } }
lines:
  sku: sku
  quantity: { column: quantity, type: decimal }
  paid: { column: paid, type: money, currency: EUR }
"""
GRANT_OFFER = "clip-tea-25"
GRANT_MAPPING = """kind: grants
batch: mailing
identities: { loyalty_card: { template: "49{id}" } }
offer: offer
"""


def make_customers(rng, rows):
    lines = ["id,tier,children"]
    for row in range(rows):
        tier = rng.choice(["gold", "silver", "gold", "silver", "platinum", "test"])
        children = rng.choice(["0", "1", "2", "many"]) if rng.random() < 0.1 else "1"
        lines.append(f"{row},{tier},{children}")
    return "\n".join(lines) + "\n"


def make_events(rng, rows):
    lines = ["receipt,id,time,sku,quantity,paid"]
    receipt = 0
    while len(lines) <= rows:
        receipt += 1
        customer = rng.randrange(CUSTOMERS)
        day = rng.randrange(1, 20)
        for _ in range(rng.randrange(1, 4)):
            paid = "?" if rng.random() < 0.01 else f"{rng.randrange(1, 5000) / 100:.2f}"
            lines.append(
                f"k{receipt},{customer},2026-11-{day:02}T12:00:00Z,BREAD-SPELT,"
                f"{rng.randrange(1, 9)},{paid}"
            )
        if rng.random() < 0.01:  # comes again far from its rows: left to the server to tell
            lines.append(f"k{receipt}b,{customer},2026-11-01T12:00:00Z,BREAD-SPELT,1,1.00")
            lines.append(f"k{receipt}b,{customer},2026-11-01T12:00:00Z,BREAD-SPELT,1,1.00")
    return "\n".join(lines) + "\n"


def make_grants(rng, rows):
    lines = ["id,offer"]
    for row in range(rows):
        customer = rng.randrange(row) if row > 0 and rng.random() < 0.02 else row  # once more
        lines.append(f"{customer},{'none' if rng.random() < 0.01 else GRANT_OFFER}")
    return "\n".join(lines) + "\n"


KINDS = {
    "customers": (make_customers, CUSTOMER_MAPPING),
    "events": (make_events, EVENT_MAPPING),
    "grants": (make_grants, GRANT_MAPPING),
}


class Importer:
    """Imports of one file into one demo."""

    rows = ROWS

    def __init__(self, demo, kind):
        self.demo = demo
        self.kind = kind
        self.file = demo.folder / f"{kind}.csv"
        self.state = demo.folder / f"{kind}.csv.import-state.json"
        make, mapping = KINDS[kind]
        self.file.write_text(make(random.Random(SEED), self.rows))
        (demo.folder / f"{kind}.yaml").write_text(mapping)

    def start(self):
        return subprocess.Popen(
            [served_demo.BINARIES / "touchstone", "import", self.kind, self.file, "--mapping",
             self.demo.folder / f"{self.kind}.yaml", "--json", "--rate", str(RATE)],
            env=dict(os.environ, TOUCHSTONE_SERVER=self.demo.address),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def settled(self):
        try:
            return json.loads(self.state.read_text())["settled"]
        except FileNotFoundError:
            return 0

    def kill_behind(self, settled):
        """Starts a run and kills it once it has come further than so many batches."""
        run = self.start()
        while self.settled() <= settled:
            assert run.poll() is None, f"the import ended before it was killed: {run.communicate()}"
            time.sleep(0.005)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        return self.settled()

    def finish(self):
        """Totals and what was said of them."""
        out, err = self.start().communicate()
        totals = json.loads(out)
        totals.pop("quarantine", None)
        quarantine = self.demo.folder / f"{self.kind}.csv.quarantine.csv"
        return totals, quarantine.read_text(), err

    def customers(self):
        rng = random.Random(SEED + 1)
        ids = sorted(rng.sample(range(CUSTOMERS), 40))
        return [self.demo.run(f"touchstone customer get customers/r{i}") for i in ids]


class ColdImporter(Importer):
    """Imports into the files of the demo while its server is stopped."""

    # Chunks pass unseen on a busy machine: enough of them for every kill.
    rows = 12 * ROWS

    def __init__(self, demo, kind):
        super().__init__(demo, kind)
        self.data = demo.folder.parent / "served"
        demo.stop()

    def start(self):
        return subprocess.Popen(
            [served_demo.BINARIES / "touchstone", "import", self.kind, self.file, "--mapping",
             self.demo.folder / f"{self.kind}.yaml", "--json", "--offline", "--data-dir", self.data,
             "--chunk-mib", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_behind(self, settled):
        """Kills a run when some chunks have come in: between two, or in the middle of one."""
        run = self.start()
        chunk = self.data / "store" / "load"

        def wait_until(there):
            while chunk.exists() != there:
                assert run.poll() is None, f"the import ended too early: {run.communicate()}"

        for _ in range(1 + settled % 2):
            wait_until(True)
            wait_until(False)
        if settled % 3 > 0:
            wait_until(True)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        return settled

    def customers(self):
        verified = json.loads(self.demo.check(f"touchstone verify --json --data-dir {self.data} 2>/dev/null"))
        assert verified["sound"], verified
        self.demo.start()
        return [verified, *super().customers()]


class ImportResumeTest(unittest.TestCase):
    def compare(self, kind, make=Importer):
        rng = random.Random(SEED + 2)
        with served_demo.ServedDemo() as demo:
            untouched = make(demo, kind)
            expected, quarantine, _ = untouched.finish()
            customers = untouched.customers()
        with served_demo.ServedDemo() as demo:
            importer = make(demo, kind)
            settled = 0
            for _ in range(KILLS):
                settled = importer.kill_behind(settled + rng.randrange(1, 8))
            totals, said_why, err = importer.finish()
            self.assertIn("going on behind the first", err)
            self.assertEqual(totals, expected)
            self.assertEqual(
                totals["rows"],
                sum(totals[k] for k in ("imported", "duplicate", "left_out", "quarantined")),
            )
            self.assertEqual(totals["rows"], len(importer.file.read_text().splitlines()) - 1)
            self.assertGreater(totals["quarantined"], 0)
            self.assertEqual(said_why, quarantine)
            self.assertEqual(importer.customers(), customers)
            self.assertFalse(importer.state.exists())

    def test_customers(self):
        self.compare("customers")

    def test_events(self):
        self.compare("events")

    def test_grants(self):
        rng = random.Random(SEED + 2)
        with served_demo.ServedDemo() as demo:
            people = Importer(demo, "customers")
            people.finish()
            demo.check("touchstone rules publish docs/rules/cookbook/grocery")
            importer = Importer(demo, "grants")
            settled = 0
            for _ in range(KILLS):
                settled = importer.kill_behind(settled + rng.randrange(1, 8))
            totals, _, err = importer.finish()
            self.assertIn("going on behind the first", err)
            customers = [row.split(",") for row in people.file.read_text().splitlines()[1:]]
            known = {i for i, tier, children in customers if tier in ("gold", "silver") and children != "many"}
            rows = [row.split(",") for row in importer.file.read_text().splitlines()[1:]]
            good = [i for i, offer in rows if i in known and offer == GRANT_OFFER]
            self.assertLess(len(set(good)), len(good))
            self.assertLess(len(good), len(rows))
            self.assertEqual(totals["rows"], len(rows))
            self.assertEqual(totals["quarantined"], len(rows) - len(good))
            self.assertEqual(totals["imported"] + totals["duplicate"], len(good))
            again, _, _ = importer.finish()
            self.assertEqual((again["imported"], again["duplicate"]), (0, len(good)))
            demo.stop()
            data = demo.folder.parent / "served"
            verified = json.loads(demo.check(f"touchstone verify --json --data-dir {data} 2>/dev/null"))
            self.assertTrue(verified["sound"], verified)
            self.assertEqual(verified["grants"], len(set(good)))

    def test_a_cold_load_of_customers(self):
        self.compare("customers", ColdImporter)

    def test_a_cold_load_of_events(self):
        self.compare("events", ColdImporter)


if __name__ == "__main__":
    print(f"seed {SEED}", file=sys.stderr)
    unittest.main()
