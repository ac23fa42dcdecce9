# SPDX-License-Identifier: Apache-2.0
#
# Every source file says its licence in one of its first three lines.
import sys

import tree

ENDINGS = (".h", ".hpp", ".cpp", ".c", ".py", ".sh", ".cmake", ".mjs", "CMakeLists.txt", ".pml")
LINE = "SPDX-License-Identifier: Apache-2.0"


def main(root):
    faults, seen = [], 0
    for path in tree.files(root, ENDINGS):
        seen += 1
        if not any(LINE in line for line in tree.lines(root, path)[:3]):
            faults.append(f"{path}:1: no '{LINE}' in the first three lines")
    tree.finish("spdx", faults, seen)


main(sys.argv[1])
