#!/usr/bin/env python3
"""Each header of the tree compiles alone: a source of the build begins with it, or it is compiled here,
with the flags of the build it belongs to.

headers.py SOURCE_DIR BINARY_DIR COMPILER
"""
import concurrent.futures
import json
import pathlib
import re
import shlex
import subprocess
import sys

KEPT = ("-I", "-isystem", "-D", "-std=", "-W")


FIRST_INCLUDE = re.compile(r'^#include ["<]([^">]+)[">]', re.MULTILINE)


def flags_by_folder(commands):
    """Include paths and defines that the sources of each folder are compiled with, taken together."""
    flags = {}
    for entry in commands:
        kept = flags.setdefault(pathlib.Path(entry["file"]).parent, [])
        words = shlex.split(entry["command"])
        for word, following in zip(words, words[1:] + [""]):
            flag = [word, following] if word == "-isystem" else [word]
            if word.startswith(KEPT) and " ".join(flag) not in [" ".join(known) for known in kept]:
                kept.append(flag)
    return {folder: [word for flag in kept for word in flag] for folder, kept in flags.items()}


def compiled_first(commands):
    """What sources of the build include before anything else: it has compiled with nothing before it."""
    first = set()
    for entry in commands:
        file = pathlib.Path(entry["file"])
        include = FIRST_INCLUDE.search(file.read_text()) if file.exists() else None
        if include:
            first.add(include.group(1))
    return first


def main():
    source, binary, compiler = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    commands = json.loads((binary / "compile_commands.json").read_text())
    flags = flags_by_folder(commands)
    proven = compiled_first(commands)
    headers = [h for top in ("rules", "store", "server", "deploy", "bench", "tests") for h in sorted((source / top).rglob("*.h"))]

    def compile_alone(header):
        if header.parent not in flags:
            return f"{header}: no source file stands in its folder, so it is not built"
        command = [compiler, *flags[header.parent], "-fsyntax-only", "-x", "c++", "-include", str(header), "/dev/null"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else None

    others = [header for header in headers if str(header.relative_to(source)) not in proven]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        failures = [failure for failure in pool.map(compile_alone, others) if failure]
    print("\n".join(failures) if failures else
          f"{len(headers)} headers compile alone: {len(headers) - len(others)} begin a source, {len(others)} were compiled")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
