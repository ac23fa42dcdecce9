# SPDX-License-Identifier: Apache-2.0
#
# Writes a log and rotates it while gale follows it, also while gale is away; then every line must be in the copy, once.
import os
import signal
import subprocess
import sys
import time

wanted = []


def write(count):
    with open("log", "a", encoding="ascii") as f:
        for _ in range(count):
            wanted.append(f"line {len(wanted)}")
            f.write(wanted[-1] + "\n")
            f.flush()


def rotate():
    for number in (2, 1):
        if os.path.exists(f"log.{number}"):
            os.rename(f"log.{number}", f"log.{number + 1}")
    os.rename("log", "log.1")


def copied():
    try:
        with open("out", encoding="ascii") as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def wait_for_all(run):
    deadline = time.monotonic() + 30
    while len(copied()) < len(wanted):
        if run.poll() is not None or time.monotonic() > deadline:
            run.kill()
            sys.exit(f"{len(copied())} of {len(wanted)} lines were copied")
        time.sleep(0.005)


def follow():
    return subprocess.Popen([os.path.join(os.environ["build"], "bin", "gale"), "run", sys.argv[1], "--quiet"])


def stop(run):
    run.send_signal(signal.SIGINT)
    if run.wait(timeout=30) != 0:
        sys.exit(f"gale ended with status {run.returncode}")


run = follow()  # before there is a log
write(1)
wait_for_all(run)
for _ in range(3):
    write(100)
    rotate()
    write(100)
wait_for_all(run)
stop(run)
write(50)
rotate()
write(50)
rotate()
write(50)
run = follow()
wait_for_all(run)
write(10)
wait_for_all(run)
stop(run)
if copied() != wanted:
    first = next(i for i, (a, b) in enumerate(zip(copied(), wanted)) if a != b)
    sys.exit(f"line {first} is {copied()[first]!r}, wanted {wanted[first]!r}")
