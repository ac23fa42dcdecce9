# SPDX-License-Identifier: Apache-2.0
#
# Instructions a root: what a tuple costs, counted by callgrind, which no busy machine can disturb. Each topology runs with
# two counts of tuples, one thread; the difference is what the tuples cost, without start and end.
#   instructions.py --build BUILD [--record] [--rounds N]
# Compares the least of some rounds (batches fall differently from run to run) with instructions.json, and fails where one
# is more than a tenth above it. --record writes today's into that file.
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RECORD = os.path.join(HERE, "instructions.json")
FEW, MANY = 50_000, 250_000
TOLERANCE = 0.10
# name: topology, what is set
ROWS = {
    "const-null": ("const-null.yaml", {"acked": "false"}),
    "const-id-null": ("const-id-null.yaml", {"acked": "false"}),
    "const-id-null, acked": ("const-id-null.yaml", {"acked": "true"}),
    "const-4-null, acked": ("const-4-null.yaml", {"acked": "true"}),
}


def count(build, topology, sets, tuples, scratch):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", os.path.join(build, "bin", "gale"), "run",
               os.path.join(HERE, topology), "--plugins", os.path.join(build, "plugins"), "--threads", "1", "--quiet"]
    for key, value in {**sets, "count": str(tuples), "report": os.path.join(scratch, "report")}.items():
        command += ["--set", f"{key}={value}"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"instructions: {' '.join(command)} ended with status {run.returncode}:\n{run.stderr[-2000:]}")
    return int(found.group(1))


def measure(build, rounds):
    figures = {}
    with tempfile.TemporaryDirectory(prefix="gale-instructions-") as scratch:
        for name, (topology, sets) in ROWS.items():
            each = []
            for _ in range(rounds):
                few, many = (count(build, topology, sets, tuples, scratch) for tuples in (FEW, MANY))
                each.append((many - few) / (MANY - FEW))
            figures[name] = round(min(each), 1)
            print(f"{name:24} {figures[name]:8.1f} instructions a root   ({', '.join(f'{e:.1f}' for e in each)})")
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("instructions: skipped, valgrind is not installed; on Debian: tests/support/install.sh tests", file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") else 77)
    figures = measure(os.path.abspath(arguments.build), arguments.rounds)
    if arguments.record:
        with open(RECORD, "w", encoding="utf-8") as f:
            json.dump(figures, f, indent=2)
            f.write("\n")
        return
    with open(RECORD, encoding="utf-8") as f:
        recorded = json.load(f)
    faults = [f"{name}: {figures[name]} instructions a root, recorded are {recorded.get(name)}: more than a tenth above"
              for name in figures if name not in recorded or figures[name] > recorded[name] * (1 + TOLERANCE)]
    print("\n".join(faults) or "no topology costs a tenth more than is recorded")
    sys.exit(1 if faults else 0)


main()
