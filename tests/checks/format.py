# SPDX-License-Identifier: Apache-2.0
#
# The C++ files are as clang-format leaves them. Only with Debian 12's version: another one has other tastes.
# Exit status 77 (skipped) without it.
import shutil
import subprocess
import sys

import tree

SKIP = 77
VERSION = " 14."


def main(root):
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    version = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout if tool else ""
    if VERSION not in version:
        print(f"format: skipped, wants clang-format{VERSION}x, found: {version.strip() or 'none'}")
        sys.exit(SKIP)
    paths = list(tree.files(root, (".h", ".hpp", ".cpp")))
    faults = set()
    for at in range(0, len(paths), 50):
        command = [tool, "--style=file", "--dry-run", "-ferror-limit=1", *paths[at : at + 50]]
        said = subprocess.run(command, cwd=root, capture_output=True, text=True).stderr
        for line in said.splitlines():
            if "-Wclang-format-violations" in line:
                faults.add(line.split(": ")[0] + ": not as clang-format leaves it; run clang-format -i " + line.split(":")[0])
    tree.finish("format", first_of_each_file(sorted(faults)), len(paths))


def first_of_each_file(faults):
    seen = {}
    for fault in faults:
        seen.setdefault(fault.split(":")[0], fault)
    return list(seen.values())


main(sys.argv[1])
