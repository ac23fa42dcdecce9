# SPDX-License-Identifier: Apache-2.0
#
# A check that cannot fail checks nothing: self_test.py EXPECTED CHECK.py ARGUMENT... runs a check against a fixture and
# passes when it finds the faults that EXPECTED lists and no other. A line of EXPECTED is the beginning of a fault.
import subprocess
import sys


def main(expected, *command):
    with open(expected, encoding="utf-8") as f:
        wanted = f.read().splitlines()
    run = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    said = run.stdout.splitlines()
    print(run.stdout + run.stderr)
    if run.returncode == 77:
        sys.exit(77)
    missing = [w for w in wanted if not any(line.startswith(w) for line in said)]
    for line in missing:
        print(f"self-test: not found: {line}")
    if not any(f": {len(wanted)} faults in " in line for line in said):
        print(f"self-test: wanted {len(wanted)} faults and no other")
        missing.append("count")
    sys.exit(1 if missing or run.returncode != 1 else 0)


main(*sys.argv[1:])
