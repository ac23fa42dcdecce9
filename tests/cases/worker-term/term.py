# SPDX-License-Identifier: Apache-2.0
#
# TERM to both workers of a run under load: all that was emitted has arrived, once, and the run ends well. Then to one
# whose bolt never returns: it ends within the message timeout, the two seconds more, and the three that user code has
# to return when a worker stops (5 s are its timeout). INT changes nothing.
import os
import re
import signal
import subprocess
import sys
import time

gale = os.path.join(os.environ["build"], "bin", "gale")
topology = os.path.join(os.environ["source"], "tests", "cases", "crash.yaml")
plugins = ["--plugins", os.path.join(os.environ["build"], "tests", "plugins")]


def until(what, true_now):
    deadline = time.monotonic() + 30
    while not true_now():
        if time.monotonic() > deadline:
            sys.exit(f"{what}: not within 30 s")
        time.sleep(0.02)


def children(pid):
    return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]


for again in range(5):
    if os.path.exists("numbers"):
        os.remove("numbers")
    run = subprocess.Popen([gale, "run", topology, *plugins, "--set", "count=100000000", "--set", "rate=20000", "--set",
                            "timeout=3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until("numbers arrive", lambda: os.path.exists("numbers") and os.path.getsize("numbers") > 0)
    workers = children(run.pid)
    for worker in workers:
        os.kill(worker, signal.SIGINT)
    before = os.path.getsize("numbers")
    until("numbers go on after INT", lambda: os.path.getsize("numbers") > before + 20000)
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
    began = time.monotonic()
    out, err = run.communicate(timeout=60)
    took = time.monotonic() - began
    emitted = re.search(r"roots: ([\d ]+) emitted, ([\d ]+) acked, 0 failed, 0 replayed, 0 pending", out)
    if run.returncode != 0 or not emitted or emitted[1] != emitted[2] or took > 5:
        sys.exit(f"TERM to both: status {run.returncode} after {took:.1f} s\n{out}{err}")
    arrived = sorted(int(n) for n in open("numbers"))
    if arrived != list(range(int(emitted[1].replace(" ", "")))):
        sys.exit(f"TERM to both: {len(arrived)} arrived, {len(set(arrived))} distinct, of {emitted[1]}")

home = os.path.join(os.getcwd(), "home")
os.mkdir(home)
alone = os.path.join(os.path.dirname(topology), "probe.yaml")
worker = subprocess.Popen([gale, "worker", alone, *plugins, "--workers", "1", "--worker", "1", "--dir", home, "--home", home,
                           "--set", "how=sleep", "--set", "millis=100000000"], stderr=subprocess.PIPE, text=True)


def asleep():
    for thread in os.listdir(f"/proc/{worker.pid}/task"):
        try:
            if open(f"/proc/{worker.pid}/task/{thread}/comm").read().strip() == "bolt#0":
                return True
        except FileNotFoundError:
            pass
    return False


until("the bolt sleeps", asleep)
worker.send_signal(signal.SIGTERM)
began = time.monotonic()
_, err = worker.communicate(timeout=60)
took = time.monotonic() - began
record = open(os.path.join(home, "exit.1"), encoding="utf-8").read()
if worker.returncode != 1 or took > 10.5 or "left behind: bolt#0" not in err or "kind failed" not in record:
    sys.exit(f"TERM to one that hangs: status {worker.returncode} after {took:.1f} s\n{err}\n{record}")
