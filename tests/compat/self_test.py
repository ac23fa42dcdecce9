# SPDX-License-Identifier: Apache-2.0
#
# The checks of the boundary find what they are for: self_test.py COMPILER... changes a copy of abi.h in each way below
# and says which of the three (check.py) must object, and which must not.
# Exit status 77 (skipped) when libabigail's tools are missing.
import os
import shutil
import sys
import tempfile

import abi

SKIP = 1 if os.environ.get("CI") else 77  # CI has the tools


def replace(old, new):
    def change(text):
        if text.count(old) != 1:
            sys.exit(f"self_test: abi.h has {text.count(old)} times: {old}")
        return text.replace(old, new)

    return change


def minor_up(text):
    now = abi.version_of(abi.TODAY)[1]
    return replace(f"#define GALE_ABI_MINOR {now}\n", f"#define GALE_ABI_MINOR {now + 1}\n")(text)


LAST_OF_RUN = "  uint32_t calls, reserved; /* how many next() ran */\n"
GROWN = replace(LAST_OF_RUN, LAST_OF_RUN + "  uint64_t more;\n")
# What is done to abi.h; whether its minor is counted up; whether that is recorded; who must object.
CHANGES = [
    ("nothing", [], False, ""),
    ("another comment", [replace("/* lent for the call */", "/* lent, for the call alone */")], False, ""),
    ("two members of one type swapped", [replace("uint32_t acked, attempt, final", "uint32_t attempt, acked, final")],
     False, "header layout dump"),
    ("a member renamed", [replace("uint32_t source_task, reserved;", "uint32_t sender_task, reserved;")],
     False, "header layout dump"),
    ("a member of another width", [replace("uint64_t misuse;", "uint32_t misuse;")], False, "header layout dump"),
    ("a constant of another value", [replace("GALE_FAIL = 3", "GALE_FAIL = 5")], False, "header layout"),
    ("a function with another argument", [replace("(void* self, uint32_t active,", "(void* self, uint64_t active,")],
     False, "header dump"),
    ("a struct that grew, under the old number", [GROWN], False, "header layout dump"),
    ("a minor that is not recorded", [], True, "header dump"),
    ("a new minor in which a struct grew at its end", [GROWN], "recorded", "layout"),
    ("a new minor that inserts a member", [replace("  uint32_t limit;           /*", "  uint32_t more, limit; /*")],
     "recorded", "layout dump"),
    ("a new minor that changes a function", [replace("(void* self, uint32_t* done,", "(void* self, uint64_t* done,")],
     "recorded", "dump"),
    ("a new minor that takes a member away", [replace("  int64_t until_ns; ", "  /* */ ")], "recorded", "layout dump"),
    ("a new minor that swaps two and grows", [GROWN, replace("uint64_t misuse;", ""), replace(
        "  uint32_t reserved;\n", "  uint64_t misuse;\n  uint32_t reserved;\n")], "recorded", "layout dump"),
    ("a new minor in which a frozen struct grew", [replace("  uint64_t size;\n} gale_kept", "  uint64_t size, m;\n} gale_kept")],
     "recorded", "layout dump"),
]


def objections(changes, bumped, compilers, scratch):
    include, records = os.path.join(scratch, "include"), os.path.join(scratch, "records")
    shutil.copytree(abi.TODAY, include)
    shutil.copytree(os.path.join(abi.HERE, "sdk"), os.path.join(records, "sdk"))
    for name in os.listdir(abi.HERE):
        if name.endswith(".xml"):
            shutil.copy(os.path.join(abi.HERE, name), records)
    path = os.path.join(include, abi.ABI)
    text = abi.read(path)
    for change in [*changes, *([minor_up] if bumped else [])]:
        text = change(text)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    boundary = abi.Boundary(include, records, scratch)
    if bumped == "recorded":
        boundary.record(compilers[0])
    return {"header": list(boundary.header_faults()),
            "layout": list(boundary.layout_faults(compilers[:1])),
            "dump": list(boundary.dump_faults(compilers[0]))}


def main(*compilers):
    if abi.missing_tools():
        print(f"self_test: skipped, no {' and no '.join(abi.missing_tools())}; Debian's package is abigail-tools")
        sys.exit(SKIP)
    wrong = 0
    for what, changes, bumped, wanted in CHANGES:
        with tempfile.TemporaryDirectory(prefix="gale-abi-") as scratch:
            faults = objections(changes, bumped, compilers, scratch)
        said = [name for name, found in faults.items() if found]
        right = said == wanted.split()
        wrong += not right
        print(f"{'as wanted' if right else 'WRONG'}: {what}: {' and '.join(said) or 'nobody'} objects"
              + ("" if right else f", wanted: {wanted or 'nobody'}"))
        if not right:
            print("\n".join(f for found in faults.values() for f in found))
    sys.exit(1 if wrong else 0)


main(*sys.argv[1:])
