#!/usr/bin/env python3
"""Runs the console blocks of a document against a served demo, in order, and compares what they print.

run_blocks.py DOCUMENT
"""

import pathlib
import sys

import console_blocks

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "demo"))
import served_demo


def main():
    document = sys.argv[1]
    steps = console_blocks.steps_of((served_demo.SOURCE / document).read_text(encoding="utf-8"))
    assert steps, f"{document} holds no console block"
    wrong = 0
    with served_demo.ServedDemo() as demo:
        runner = console_blocks.Runner(demo.run_in_time)
        for step in steps:
            fault = runner.check(step)
            if fault is None:
                continue
            wrong += 1
            print(f"{document}:{step.line}: $ {step.command}\n{fault}\n")
    print(f"{document}: {len(steps)} commands, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
