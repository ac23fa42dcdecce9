# SPDX-License-Identifier: Apache-2.0
#
# Every crash report in this folder has, in this order, what the arguments say; and there is one.
import glob
import re
import sys

reports = glob.glob("gale-crash-*.txt")
if not reports:
    sys.exit("there is no crash report")
for path in reports:
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if not re.search(".*".join(map(re.escape, sys.argv[1:])), text, re.S):
        sys.exit(f"{path} does not have {', '.join(sys.argv[1:])} in this order:\n{text}")
