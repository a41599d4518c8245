#!/usr/bin/env python3
"""The cookbook: every rule set is valid, its golden tests pass and leave no mutant alive, and its pages show its files.

A trade is a folder beside a page of the same name. TOUCHSTONE_SOURCE_DIR says where the tree is, TOUCHSTONE_BINARY_DIR
where `touchstone` was built.
"""

import os
import pathlib
import re
import subprocess
import sys

BOOK = pathlib.Path(os.environ["TOUCHSTONE_SOURCE_DIR"]) / "docs/rules/cookbook"
TOUCHSTONE = pathlib.Path(os.environ["TOUCHSTONE_BINARY_DIR"]) / "touchstone"
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
BLOCK = re.compile(r"^```yaml (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPECT = re.compile(r"^  expect: \{(.*)\}$", re.MULTILINE)
AMOUNTS = re.compile(r"\bapplied: \{([^}]*)\}")
REFUSED = re.compile(r"\brefused: \{([^}]*)\}")
LINK = re.compile(r"\]\((\w+\.md)#([\w-]+)\)")


def run(command, folder):
    """What is wrong with a folder, as `touchstone rules COMMAND` says it."""
    done = subprocess.run(
        [str(TOUCHSTONE), "rules", command, str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode == 0:
        return []
    return [f"{folder.name}: `touchstone rules {command}` ends with {done.returncode}\n{done.stdout}{done.stderr}"]


def ids_in(expression, text):
    """The offer ids that one key of all expectations names."""
    ids = set()
    for found in expression.finditer(text):
        ids |= {pair.split(":")[0].strip() for pair in found.group(1).split(",") if ":" in pair}
    return ids


def anchor(heading):
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def faults_of_page(folder, page):
    """Blocks that are not their files, offers that no page shows, promotions without a block."""
    faults = []
    shown = {}
    for path, text in BLOCK.findall(page):
        shown[path] = text
        file = folder / path
        if not file.is_file():
            faults.append(f"{folder.name}.md shows {path}, which is not there")
        elif file.read_text(encoding="utf-8") != text:
            faults.append(f"{folder.name}.md shows another {path} than the file is")
    for file in sorted((folder / "offers").iterdir()):
        if f"offers/{file.name}" not in shown:
            faults.append(f"{folder.name}.md does not show offers/{file.name}")
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        if not BLOCK.search(section):
            faults.append(f"{folder.name}.md: no offer under {section.splitlines()[0]!r}")
    return faults


def faults_of_tests(folder):
    """Offers that no golden test applies, or that none refuses by name."""
    faults = []
    applied, refused = set(), set()
    for file in sorted((folder / "tests").glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        expectations = EXPECT.findall(text)
        if len(expectations) != len(re.findall(r"^- name: ", text, re.MULTILINE)):
            faults.append(f"{folder.name}/tests/{file.name}: each test has its `expect` on one line")
        for expectation in expectations:
            applied |= ids_in(AMOUNTS, expectation)
            refused |= ids_in(REFUSED, expectation)
    for file in sorted((folder / "offers").iterdir()):
        if file.stem not in applied:
            faults.append(f"{folder.name}: no golden test applies {file.stem}")
        if file.stem not in refused:
            faults.append(f"{folder.name}: no golden test refuses {file.stem}")
    return faults


def faults_of_index(pages):
    """Promotions that the index does not list, or lists twice."""
    faults = []
    table = (BOOK / "README.md").read_text(encoding="utf-8").partition("\n## What cannot be said yet\n")[0]
    links = LINK.findall(table)
    for trade, page in pages.items():
        for heading in HEADING.findall(page):
            count = links.count((f"{trade}.md", anchor(heading)))
            if count != 1:
                faults.append(f"README.md lists {heading!r} of {trade}.md {count} times")
    return faults


def main():
    folders = sorted(path for path in BOOK.iterdir() if path.is_dir())
    pages = {folder.name: (BOOK / f"{folder.name}.md").read_text(encoding="utf-8") for folder in folders}
    faults = faults_of_index(pages)
    offers = tests = promotions = 0
    for folder in folders:
        faults += run("validate", folder) + run("test", folder) + run("mutants", folder)
        faults += faults_of_page(folder, pages[folder.name]) + faults_of_tests(folder)
        offers += sum(1 for _ in (folder / "offers").iterdir())
        tests += sum(len(EXPECT.findall(file.read_text(encoding="utf-8"))) for file in (folder / "tests").glob("*.yaml"))
        promotions += len(HEADING.findall(pages[folder.name]))
    for fault in faults:
        print(fault)
    print(f"{promotions} promotions of {len(folders)} trades: {offers} offers, {tests} golden tests, {len(faults)} faults")
    return 1 if faults or not promotions else 0


if __name__ == "__main__":
    sys.exit(main())
