# SPDX-License-Identifier: Apache-2.0
#
# Whether today's abi.h keeps the promise of topology-api/ABI.md: check.py header|layout|dump COMPILER...
# Exit status 77 (skipped) when libabigail's tools are missing for dump: tests/support/install.sh installs them.
import os
import sys
import tempfile

import abi

SKIP = 1 if os.environ.get("CI") else 77  # CI has the tools
PROMISE = os.path.join(abi.TODAY, "..", "ABI.md")


def main(what, *compilers):
    if what == "dump" and abi.missing_tools():
        print(f"dump: skipped, no {' and no '.join(abi.missing_tools())}; Debian's package is abigail-tools")
        sys.exit(SKIP)
    with tempfile.TemporaryDirectory(prefix="gale-abi-") as scratch:
        boundary = abi.Boundary(abi.TODAY, abi.HERE, scratch)
        faults = list({"header": lambda: boundary.header_faults(),
                       "layout": lambda: boundary.layout_faults(compilers),
                       "dump": lambda: boundary.dump_faults(compilers[0])}[what]())
    if what == "header" and f"| {boundary.major}.{boundary.minor} |" not in abi.read(PROMISE):
        faults.append(f"ABI.md has no row of what {boundary.major}.{boundary.minor} brought")
    for fault in faults:
        print(f"topology-api/include/gale/abi.h: {fault}")
    print(f"{what}: ABI {boundary.major}.{boundary.minor}, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main(*sys.argv[1:])
