# SPDX-License-Identifier: Apache-2.0
#
# A worker prints 20 000 numbers and crashes: each is in its log, in order, with what is before it; nothing is on its own
# stdout. With small files there are as many as were asked for. One that cannot be written is an error.
import glob
import os
import re
import signal
import subprocess
import sys
import time

gale = os.path.join(os.environ["build"], "bin", "gale")
plugins = ["--plugins", os.path.join(os.environ["build"], "tests", "plugins")]
with open("loud.yaml", "w", encoding="utf-8") as f:
    f.write("""
name: loud
plugins: [probe, print]
spouts:
  - {id: numbers, className: probe.Numbers, properties: {count: 20001}}
bolts:
  - {id: out, className: print.Bolt, properties: {prefix: "n "}}
  - {id: bolt, className: probe.Misbehave, properties: {how: "${how:-abort}", at: 20000, throw_in: "${throw_in:-}"}}
streams:
  - {from: numbers, to: out, grouping: {type: GLOBAL}}
  - {from: numbers, to: bolt, grouping: {type: GLOBAL}}
""")


def run(log, *more):
    home = os.path.join(os.getcwd(), log + "-home")
    os.mkdir(home)
    return subprocess.run([gale, "worker", "loud.yaml", *plugins, "--workers", "1", "--worker", "1", "--dir", home, "--home",
                           home, "--threads", "1", "--log", log, *more], capture_output=True, text=True, timeout=60)


def is_open(path):
    for fd in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            if os.readlink(fd) == os.path.realpath(path):
                return True
        except OSError:  # it has gone, or is another user's
            pass
    return False


def settled(path):
    """Its text, when the process that writes it has gone: nobody has it open."""
    deadline = time.monotonic() + 20
    while is_open(path):
        if time.monotonic() > deadline:
            sys.exit(f"{path} is still being written after 20 s")
        time.sleep(0.05)
    return open(path, encoding="utf-8").read()


crashed = run("w.log")
text = settled("w.log")
printed = re.findall(r"^\d\d:\d\d:\d\d\.\d{3} stdout worker 1\.1 n (\d+)", text, re.M)
if crashed.returncode != -signal.SIGABRT or crashed.stdout or crashed.stderr:
    sys.exit(f"status {crashed.returncode}, {crashed.stdout[:500]}{crashed.stderr[:500]}")
if len(printed) < 10000 or printed != [str(n) for n in range(len(printed))]:
    sys.exit(f"{len(printed)} numbers are in the log, the last {printed[-3:]}")

thrown = run("own.log", "--set", "throw_in=open")
text = settled("own.log")
if thrown.returncode != 2:
    sys.exit(f"throw in open: status {thrown.returncode}")

run("small.log", "--log-max-bytes", "20000", "--log-files", "3")
settled("small.log")
files = sorted(glob.glob("small*.log"))
if files != ["small.1.log", "small.2.log", "small.log"] or any(os.path.getsize(f) > 20000 for f in files):
    sys.exit(f"rotated: {[(f, os.path.getsize(f)) for f in files]}")

os.mkdir("folder.log")
none = run("folder.log")
record = open("folder.log-home/exit.1", encoding="utf-8").read()
if none.returncode != 2 or "kind cannot-start" not in record or "cannot write the log folder.log" not in record:
    sys.exit(f"a log that is a folder: status {none.returncode}\n{record}")
