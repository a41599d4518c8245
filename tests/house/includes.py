#!/usr/bin/env python3
"""Counts includes that go upward in the house (ARCHITECTURE.md) and allows none.

includes.py SOURCE_DIR     checks the tree
includes.py --self-test    shows that planted violations are found
"""
import pathlib
import re
import sys
import tempfile

# What each room may include beside itself. A room that is not listed may include nothing of ours.
ROOMS = ["money", "expr", "facts", ("eligibility", "policy", "basket"), "ruleset", "decide", "proof"]
PROTO = "touchstone/v1/"
STORAGE_PROTO = "touchstone/storage/v1/"


def allowed():
    rooms = {}
    below = set()
    for step in ROOMS:
        step = (step,) if isinstance(step, str) else step
        for room in step:
            rooms[f"rules/{room}"] = set(below)
        below |= {f"rules/{room}" for room in step}
    # What becomes of a basket once it is sold: apart from how it is decided on.
    rooms["rules/sale"] = {"rules/money", "rules/basket"}
    # The message form of a rule set is read by ruleset and by what proves things about it.
    rooms["rules/ruleset"].add("proto")
    rooms["rules/proof"].add("proto")
    every_room = set(rooms)
    rooms["store"] = {"storage_proto"}
    rooms["server"] = every_room | {"store", "proto", "storage_proto"}
    rooms["deploy"] = every_room | {"store", "server", "proto", "storage_proto"}
    rooms["bench"] = every_room | {"store", "server", "proto", "storage_proto"}
    rooms["tests"] = every_room | {"store", "server", "deploy", "bench", "proto", "storage_proto"}
    return rooms


def room_of(path):
    """The room that a path inside the tree belongs to, or None when it is not one of ours."""
    if path.startswith(STORAGE_PROTO):
        return "storage_proto"
    if path.startswith((PROTO, "google/rpc/", "grpc/health/")):
        return "proto"
    parts = path.split("/")
    if parts[0] == "rules" and len(parts) > 2:
        return f"rules/{parts[1]}"
    if parts[0] in ("store", "server", "deploy", "bench", "tests", "rules"):
        return parts[0]
    return None


def violations(root):
    rooms = allowed()
    found = []
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".cc", ".h") or "build" in path.relative_to(root).parts:
            continue
        name = path.relative_to(root).as_posix()
        room = room_of(name)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+[<"]([^">]+)[">]', line)
            target = room_of(match.group(1)) if match else None
            if target and target != room and target not in rooms.get(room, set()):
                found.append(f"{name}:{number}: {room} includes {target} ({match.group(1)})")
    return found


def self_test():
    planted = {
        "rules/expr/a.cc": '#include "rules/decide/decide.h"\n',
        "rules/sale/a.cc": '#include "rules/decide/decide.h"\n',
        "rules/policy/a.cc": '#include "rules/basket/pricing.h"\n',
        "rules/facts/a.cc": '#include "touchstone/v1/offer.pb.h"\n',
        "store/a.cc": '#include "rules/money/money.h"\n',
        "server/ok.cc": '#include "store/record.h"\n#include "rules/decide/decide.h"\n',
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in planted.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found = violations(root)
    if len(found) != 5 or any("ok.cc" in line for line in found):
        sys.exit(f"expected the 5 planted violations, found: {found}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        lines = violations(pathlib.Path(sys.argv[1]))
        print("\n".join(lines) if lines else "includes: all go one way")
        sys.exit(1 if lines else 0)
