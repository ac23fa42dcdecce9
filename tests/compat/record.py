#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Records today's SDK as that of its minor: record.py [--again]. The headers go to sdk/1.N/, the dump to abi-1.N.xml.
# --again: over a record that no release has yet. What else a minor needs, topology-api/ABI.md says.
import os
import shutil
import sys
import tempfile

import abi


def main(arguments):
    if arguments not in ([], ["--again"]):
        sys.exit("record: usage: tests/compat/record.py [--again]")
    if abi.missing_tools():
        sys.exit(f"record: wants {' and '.join(abi.missing_tools())}; run tests/support/install.sh")
    with tempfile.TemporaryDirectory(prefix="gale-abi-") as scratch:
        boundary = abi.Boundary(abi.TODAY, abi.HERE, scratch)
        name = f"{boundary.major}.{boundary.minor}"
        if os.path.exists(boundary.sdk(boundary.minor)) and not arguments:
            sys.exit(f"record: ABI {name} is recorded already; count GALE_ABI_MINOR up, or, when no release has it, --again")
        boundary.record(shutil.which("g++") or "c++")
        faults = [*boundary.header_faults(), *boundary.dump_faults(shutil.which("g++") or "c++")]
    print("\n".join([f"recorded ABI {name}", *faults]))
    sys.exit(1 if faults else 0)


main(sys.argv[1:])
