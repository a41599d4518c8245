#!/usr/bin/env python3
"""Writes the expressions of a case file, one a file, as seeds of the fuzzers.

make_seeds.py CASES.jsonl FOLDER
"""
import hashlib
import json
import pathlib
import sys


def main():
    cases, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for line in cases.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["expr"].encode("utf-8", "surrogatepass")
        (folder / hashlib.sha256(text).hexdigest()[:16]).write_bytes(text)


main()
