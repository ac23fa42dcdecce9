# SPDX-License-Identifier: Apache-2.0
#
# What the checks share: walking a source tree, includes of a file, and saying what is wrong.
# A check is `check.py ROOT ...`: it prints one line per fault (path:line: what, what to do) and exits 1 if there is one.
# A fixture below tests/checks/fixtures/ is a small tree with known faults; WILL_FAIL tests hold each check against it.
import os
import re
import sys

SKIPPED = {"build", ".git", ".cache", "fixtures", "node_modules", "__pycache__"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def files(root, endings, below=("",)):
    """Paths relative to root, with these endings, below these folders, in a fixed order."""
    for folder in below:
        for where, folders, names in os.walk(os.path.join(root, folder)):
            folders[:] = sorted(f for f in folders if f not in SKIPPED)
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(where, name), root)


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read().splitlines()


def includes(root, path):
    """(line number, '<' or '"', what) of each include."""
    for number, line in enumerate(lines(root, path), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found[1], found[2]


def finish(name, faults, seen):
    """Prints the faults and ends the program. A check that saw nothing checked nothing, so that is a fault too."""
    if not seen:
        faults = [f"{name}: nothing to check was found; is the root right?"]
    for fault in faults:
        print(fault)
    print(f"{name}: {len(faults)} faults in {seen} things looked at")
    sys.exit(1 if faults else 0)
