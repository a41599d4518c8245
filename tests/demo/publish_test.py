"""A percentage that head office edits is what the till prints, until it is rolled back."""

import re
import unittest

import served_demo

OFFER = "vegan-15"
# Of the two lines that Marie's basket has from plants, 5.80 and 13.56 euro.
TAKEN = {"15": ("0.87", "2.03", "2.90"), "20": ("1.16", "2.71", "3.87")}


class PublishTest(unittest.TestCase):
    def discount(self, demo):
        printed = demo.check("touchstone decide deploy/demo/requests/pos.json")
        of_line = re.findall(rf"^  line [12] .* {OFFER} (\S+) EUR", printed, re.M)
        total = re.search(rf"^  {OFFER} +(\S+) EUR off", printed, re.M).group(1)
        payable = re.search(r"to pay (\S+) EUR$", printed, re.M).group(1)
        return (*of_line, total), payable

    def test_an_edited_percentage_is_what_is_taken_off_and_rollback_brings_the_old_one_back(self):
        with served_demo.ServedDemo() as demo:
            before = self.discount(demo)
            self.assertEqual(before, (TAKEN["15"], "39.64"))

            offer = demo.folder / "deploy" / "demo" / "rules" / "offers" / f"{OFFER}.yaml"
            text = offer.read_text(encoding="utf-8")
            self.assertEqual(text.count("percent_off: 15"), 1)
            offer.write_text(text.replace("percent_off: 15", "percent_off: 20"), encoding="utf-8")

            # The golden tests of the demo stand in the way of a change that nobody meant.
            code, printed = demo.run("touchstone rules publish deploy/demo/rules")
            self.assertEqual(code, 1, printed)
            self.assertIn(f"{OFFER} should take off 2.90 EUR and takes off 3.87 EUR", printed)
            self.assertEqual(self.discount(demo), before)

            for path in (demo.folder / "deploy" / "demo" / "rules" / "tests").glob("*.yaml"):
                path.unlink()
            self.assertIn(
                "revisions/2 is active (56 offers); before it: revisions/1",
                demo.check("touchstone rules publish deploy/demo/rules -m 'Plants at 20%'"),
            )
            self.assertEqual(self.discount(demo), (TAKEN["20"], "38.67"))

            self.assertIn(
                "revisions/1 is active again; revisions/2 was taken back",
                demo.check("touchstone rules rollback -m 'Not before Monday'"),
            )
            self.assertEqual(self.discount(demo), before)


if __name__ == "__main__":
    unittest.main()
