"""Console blocks of a Markdown document: what was typed, and what it is said to print.

    ```console
    $ a command
    > that goes on here
    what it prints
    ...
    ```

A line `...` stands for any lines, none included. Decision ids, tokens, times, durations, rates and
ports are masked in what is said and in what was printed. A decision id that a document shows stands for
the one that was really made: commands that name it get the real one.
"""

import re

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DECISION_ID = re.compile(r"\b0[0-9a-z]{25}\b")
MASKS = [
    (DECISION_ID, "DECISION"),
    (re.compile(r"(?<![\w-])[\w-]{90,}"), "TOKEN"),  # may begin or end with a dash
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC|[+-]\d\d:\d\d)?"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)?/s\b"), "RATE"),
    (re.compile(r"\b\d+(\.\d+)? ?(us|ms|s|seconds)\b"), "DURATION"),
    (re.compile(r"\b127\.0\.0\.1:\d+\b"), "ADDRESS"),
]
ANY_LINES = "..."


class Step:
    """One command and the lines it is said to print. `line` is where the command stands."""

    def __init__(self, line, command):
        self.line = line
        self.command = command
        self.expected = []


def steps_of(text):
    """The steps of all blocks, in order."""
    steps = []
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start()) + 2
        step = None
        for number, line in enumerate(block.group(1).splitlines(), first):
            if line.startswith("$ "):
                step = Step(number, line[2:])
                steps.append(step)
            elif step is None:
                raise ValueError(f"line {number}: a block begins with a command")
            elif (line == ">" or line.startswith("> ")) and not step.expected:
                step.command += "\n" + line[2:]
            else:
                step.expected.append(line)
    return steps


def masked(line):
    for pattern, mask in MASKS:
        line = pattern.sub(mask, line)
    return line.rstrip()


def pair_lines(expected, printed):
    """Pairs of lines that belong together, or None when the two are not alike."""
    # reached[j]: the pairs with which the expected lines so far cover the first j printed ones.
    reached = {0: []}
    for line in expected:
        if line.strip() == ANY_LINES:
            first = min(reached, default=None)
            if first is None:
                return None
            reached = {
                j: reached[max(k for k in reached if k <= j)]
                for j in range(first, len(printed) + 1)
            }
            continue
        reached = {
            j + 1: pairs + [(line, printed[j])]
            for j, pairs in reached.items()
            if j < len(printed) and masked(line) == masked(printed[j])
        }
    return reached.get(len(printed))


class Runner:
    """Runs steps in order. `run` takes a command and gives its exit code and what it printed."""

    def __init__(self, run):
        self._run = run
        self._real_ids = {}

    def check(self, step):
        """None, or what is wrong."""
        command = DECISION_ID.sub(
            lambda found: self._real_ids.get(found.group(), found.group()), step.command
        )
        code, printed = self._run(command)
        if code != 0:
            return f"exit code {code}, and it printed:\n{printed}"
        pairs = pair_lines(step.expected, printed.splitlines())
        if pairs is None:
            return "it should print:\n" + "\n".join(step.expected) + f"\nand prints:\n{printed}"
        for said, real in pairs:
            self._real_ids.update(zip(DECISION_ID.findall(said), DECISION_ID.findall(real)))
        return None
