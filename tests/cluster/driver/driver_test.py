# SPDX-License-Identifier: Apache-2.0
#
# The driver against a stand-in for gale (fake_gale.cpp): driver_test.py keeps|loses BUILD.
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def check(condition, text, answer):
    if not condition:
        sys.exit(f"{text}\nstatus {answer.returncode}\n{answer.stdout}\n{answer.stderr}")


def main(kind, build):
    scratch = tempfile.mkdtemp(prefix="gale-driver-test-")
    environment = dict(os.environ, TMPDIR=scratch)
    if kind == "loses":
        environment["FAKE_GALE"] = "lose"
    command = [sys.executable, "-B", os.path.join(HERE, "ledger.py"), "--profile", "ci", "--no-mutants", "--seed", "7",
               "--seconds", "3", "--faults", "3", "--json", "--build", build]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=55)
    figures = json.loads(answer.stdout.splitlines()[-1])
    left = os.listdir(scratch)
    check(figures["faults"] >= 3, "three kills have to count", answer)
    check(figures["records"] > 10_000, "there have to be records", answer)
    if kind == "keeps":
        check(answer.returncode == 0, "a run that keeps its promises is clean", answer)
        check(figures["missing"] == figures["false_acks"] == figures["unexplained_duplicates"] == 0, "no loss", answer)
        check(not left, f"a clean run leaves no folder, but there is {left}", answer)
    else:
        check(answer.returncode == 1, "a run that loses a record is not clean", answer)
        check(figures["missing"] == 2, "one branch is missing from each source", answer)
        check("P1   BROKEN" in answer.stderr and "seq 1000 branch 1" in answer.stderr, "P1 names the record", answer)
        check(len(left) == 1 and os.path.join(scratch, left[0]) in answer.stderr, "its folder is kept and named", answer)
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main(*sys.argv[1:])
