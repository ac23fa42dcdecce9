# SPDX-License-Identifier: Apache-2.0
#
# kill.py TOPOLOGY LINES [--worker]: runs the topology over a file `in` of so many lines, and kills it -9 three times in
# between: gale itself, or with --worker the worker process that is its child, which gale starts again. Every kill hits a
# run that is not done. Kills only what it started.
import os
import subprocess
import sys
import time

topology, lines, by_worker = sys.argv[1], int(sys.argv[2]), "--worker" in sys.argv
with open("in", "w", encoding="ascii") as f:
    f.writelines(f"line {n}\n" for n in range(lines))
command = [os.path.join(os.environ["build"], "bin", "gale"), "run", topology, "--quiet", "--set=input=in", "--set=output=out", "--set=resume=state"]


def written():
    try:
        with open("out", "rb") as f:
            return f.read().count(b"\n")
    except FileNotFoundError:
        return 0


def wait_for(count, run):
    deadline = time.monotonic() + 60
    while written() < count:
        if run.poll() is not None:
            sys.exit(f"gale ended with status {run.returncode} after {written()} of {count} lines")
        if time.monotonic() > deadline:
            sys.exit(f"{written()} of {count} lines after a minute")
        time.sleep(0.002)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def kill_runs():
    for part in (1, 2, 3):
        run = subprocess.Popen(command)
        wait_for(part * lines // 5, run)
        run.kill()
        run.wait()
        if written() >= lines:
            sys.exit("everything was written before the kill: it proves nothing")


def kill_workers():
    run = subprocess.Popen(command + ["--workers=2"])
    for part in (1, 2, 3):
        wait_for(part * lines // 5, run)
        os.kill(children(run.pid)[part % 2], 9)
    try:
        status = run.wait(timeout=120)
    except subprocess.TimeoutExpired:
        run.kill()
        sys.exit("gale did not end")
    if status != 0:
        sys.exit(f"gale ended with status {status}")


(kill_workers if by_worker else kill_runs)()
