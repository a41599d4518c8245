"""Tests of console_blocks: what it must notice, and what it must not."""

import unittest

import console_blocks

DOCUMENT = """Text.

```console
$ touchstone decide pos.json
decision 01m80w4c46b1kvjk7918000001 by revisions/1, complete
...
to pay 39.64 EUR
$ cat > file <<'EOF'
> one
>
> EOF
```

```
$ not a console block
```

```console
$ touchstone explain 01m80w4c46b1kvjk7918000001
```
"""


class ConsoleBlocksTest(unittest.TestCase):
    def test_commands_and_what_they_print_are_told_apart(self):
        steps = console_blocks.steps_of(DOCUMENT)
        self.assertEqual(
            [(step.line, step.command) for step in steps],
            [
                (4, "touchstone decide pos.json"),
                (8, "cat > file <<'EOF'\none\n\nEOF"),
                (19, "touchstone explain 01m80w4c46b1kvjk7918000001"),
            ],
        )
        self.assertEqual(len(steps[0].expected), 3)
        self.assertEqual(steps[1].expected, [])

    def test_a_block_that_does_not_begin_with_a_command_is_refused(self):
        with self.assertRaises(ValueError):
            console_blocks.steps_of("```console\nprinted\n```\n")

    def test_lines_must_be_alike(self):
        alike = lambda said, real: console_blocks.pair_lines(said, real) is not None
        self.assertTrue(alike(["a", "b"], ["a", "b"]))
        self.assertFalse(alike(["a"], ["a", "b"]))
        self.assertFalse(alike(["a", "b"], ["a"]))
        self.assertFalse(alike([], ["a"]))
        self.assertFalse(alike(["to pay 39.64 EUR"], ["to pay 39.65 EUR"]))
        self.assertTrue(alike(["3 ms, 4398/s"], ["17.5 ms, 12/s"]))
        self.assertTrue(alike(["at 2026-11-22 05:37:09 UTC"], ["at 2027-01-01 00:00:00 UTC"]))
        self.assertFalse(alike(["born 2026-11-22"], ["born 2026-11-23"]))
        for token in ["a" * 100, "-" + "a" * 100, "_" + "a" * 100 + "-"]:
            self.assertTrue(alike([f'"token": "{"b" * 100}",'], [f'"token": "{token}",']), token)

    def test_three_dots_stand_for_any_lines_and_no_others(self):
        alike = lambda said, real: console_blocks.pair_lines(said, real) is not None
        self.assertTrue(alike(["a", "...", "z"], ["a", "z"]))
        self.assertTrue(alike(["a", "...", "z"], ["a", "b", "z", "c", "z"]))
        self.assertTrue(alike(["..."], []))
        self.assertFalse(alike(["a", "...", "z"], ["a", "b"]))
        self.assertFalse(alike(["...", "y", "...", "x"], ["x", "y"]))
        self.assertFalse(alike(["b", "..."], ["a", "b"]))

    def test_a_decision_id_stands_for_the_real_one_in_later_commands(self):
        commands = []

        def run(command):
            commands.append(command)
            return 0, "decision 01zzzzzzzzzzzzzzzzzzzzzzzz by revisions/1, complete\nto pay 39.64 EUR\n"

        runner = console_blocks.Runner(run)
        decide, _, explain = console_blocks.steps_of(DOCUMENT)
        self.assertIsNone(runner.check(decide))
        self.assertIsNotNone(runner.check(explain))
        self.assertEqual(commands[1], "touchstone explain 01zzzzzzzzzzzzzzzzzzzzzzzz")

    def test_a_command_that_fails_is_wrong_whatever_it_prints(self):
        step = console_blocks.Step(1, "false")
        self.assertIn("exit code 3", console_blocks.Runner(lambda _: (3, "")).check(step))
        self.assertIsNone(console_blocks.Runner(lambda _: (0, "")).check(step))


if __name__ == "__main__":
    unittest.main()
