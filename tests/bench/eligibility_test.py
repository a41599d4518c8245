"""Tests of bench/eligibility: what it matches, and what it says of bad input.

TOUCHSTONE_SOURCE_DIR and TOUCHSTONE_BINARY_DIR say where the tree and the program are, and
TOUCHSTONE_SHARED (unless said ../shared beside the tree) where the generator of workloads is. Without
the generator the test of its workloads says so and is skipped; under REQUIRE_ALL=1 it fails.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["TOUCHSTONE_SOURCE_DIR"])
ELIGIBILITY = pathlib.Path(os.environ["TOUCHSTONE_BINARY_DIR"]) / "bench" / "eligibility"
SHARED = pathlib.Path(os.environ.get("TOUCHSTONE_SHARED") or SOURCE.parent / "shared")
GENERATOR = SHARED / "workloads" / "gen_eligibility.py"
SKIPPED = 77

SCHEMA = {
    "attributes": [
        {"name": "age", "type": "int"},
        {"name": "tier", "type": "string"},
        {"name": "spend", "type": "double"},
        {"name": "skus", "type": "list(int)"},
    ]
}
CONDITIONS = ["age >= 18", 'tier == "gold" && 7 in skus', "spend < 10.5 || age < 18", "true"]
EVENTS = ['{"age": 18, "tier": "gold", "skus": [1, 7]}', '{"spend": 3.0, "skus": []}', "{}"]
MATCHES = "0 1 3\n2 3\n3\n"


class Workload:
    """Files of a workload, each of which a test may spoil."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def write_own(self):
        offers, events = "\n".join(CONDITIONS), "\n".join(EVENTS)
        self.write(schema=json.dumps(SCHEMA), offers=offers, events=events)

    def path(self, name):
        return self.folder / {"offers": "offers.cel", "events": "events.jsonl"}.get(
            name, f"{name}.json"
        )

    def write(self, **texts):
        for name, text in texts.items():
            self.path(name).write_text(text, encoding="utf-8")

    def run(self, *options):
        files = ["--offers", self.path("offers"), "--events", self.path("events")]
        return subprocess.run(
            [ELIGIBILITY, *files, *options], capture_output=True, text=True, check=False
        )

    def matches(self, *options):
        out = self.folder / "found.txt"
        done = self.run("--matches", out, *options)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return out.read_text(), json.loads(done.stdout)


class OwnWorkloadTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.workload = Workload(folder.name)
        self.workload.write_own()

    def assert_refused(self, *words):
        for options in ([], ["--scan"]):
            done = self.workload.run(*options)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertTrue(done.stderr.startswith("eligibility: "), done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)

    def test_it_matches_and_reports_what_it_measured(self):
        for mode, options in (("index", []), ("scan", ["--scan"])):
            found, report = self.workload.matches(*options)
            self.assertEqual(found, MATCHES)
            self.assertEqual(report["mode"], mode)
            self.assertEqual((report["offers"], report["events"]), (4, 3))
            self.assertEqual(report["matches_per_event"], 2.0)
            self.assertLessEqual(report["p50_us"], report["p99_us"])

    def test_it_names_a_file_that_is_not_there(self):
        for name in ("schema", "offers", "events"):
            self.workload.write_own()
            path = self.workload.path(name)
            path.unlink()
            self.assert_refused(str(path))

    def test_it_names_an_attribute_that_the_schema_does_not_have(self):
        self.workload.write(events=EVENTS[0] + '\n{"shoe_size": 43}')
        self.assert_refused("events.jsonl:2:", "shoe_size")

    def test_it_names_a_value_of_another_type(self):
        for event in ('{"age": "old"}', '{"age": 1.5}', '{"skus": 7}', '{"skus": ["x"]}'):
            self.workload.write(events=event)
            self.assert_refused("events.jsonl:1:", " is no ")

    def test_it_names_the_line_that_is_no_json_object(self):
        for line in ("[]", "{", "", "age: 3", '{"age": 1} {"age": 2}'):
            self.workload.write(events=EVENTS[0] + "\n" + line + "\n" + EVENTS[1])
            self.assert_refused("events.jsonl:2: is no JSON object")

    def test_it_wants_events(self):
        self.workload.write(events="")
        self.assert_refused("no events")

    def test_it_names_the_condition_that_does_not_check(self):
        bad = {
            "age >": "condition 1",
            'age == "x"': "condition 1",
            "nobody > 1": "nobody",
            "age + 1": "condition 1",
            'tier.matches("(")': "",
            "(" * 100_000: "condition 1",
        }
        for condition, word in bad.items():
            self.workload.write(offers="\n".join([CONDITIONS[0], condition, CONDITIONS[1]]))
            self.assert_refused(word)

    def test_it_names_what_is_wrong_with_a_schema(self):
        bad = {
            "[": "schema.json:1: cannot be read",
            "{}": 'has no list "attributes"',
            '{"attributes": [{"name": "age"}]}': "without name or type",
            '{"attributes": [{"name": "age", "type": "integer"}]}': "integer",
            '{"attributes": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}': "a",
        }
        for schema, words in bad.items():
            self.workload.write(schema=schema)
            self.assert_refused("schema.json", words)

    def test_it_says_when_the_matches_cannot_be_written(self):
        done = self.workload.run("--matches", self.workload.folder / "nowhere" / "found.txt")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot write", done.stderr)


class SharedWorkloadTest(unittest.TestCase):
    """Against the matches of the generator's own evaluator."""

    def test_index_and_scan_match_what_the_generator_says(self):
        kinds = [[], ["--missing", "0.15"], ["--wild", "0.3"]]
        both = ["--missing", "0.15", "--wild", "0.3"]
        for seed, kind in enumerate([*kinds, both, both], start=1):
            with self.subTest(seed=seed, kind=kind), tempfile.TemporaryDirectory() as folder:
                self.check(folder, ["--seed", str(seed), *kind])

    def check(self, folder, kind):
        sizes = ["--offers", "2000", "--events", "100", "--oracle-events", "100"]
        subprocess.run([sys.executable, GENERATOR, folder, *sizes, *kind], check=True)
        workload = Workload(folder)
        expected = (workload.folder / "matches.txt").read_text()
        self.assertGreater(len(expected.split()), 100)
        for options in ([], ["--scan"]):
            self.assertEqual(workload.matches(*options)[0], expected)


if __name__ == "__main__":
    if sys.argv[1:] == ["SharedWorkloadTest"] and not GENERATOR.exists():
        print(f"no {GENERATOR}: set TOUCHSTONE_SHARED to the folder that holds workloads/")
        sys.exit(1 if os.environ.get("REQUIRE_ALL") == "1" else SKIPPED)
    unittest.main()
