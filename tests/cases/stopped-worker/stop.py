# SPDX-License-Identifier: Apache-2.0
#
# stop.py: stops the worker process that reads (SIGSTOP) under a fast spout in another, for tuples of 20 B and of 10 KB.
# The sender's memory must stay below 64 MiB plus what it may hold by its settings; continued, every tuple arrives.
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from build_kind import sanitized

here = os.path.dirname(os.path.abspath(__file__))
MIB = 1024
BUDGET_KIB = 16 * MIB + 64 * MIB  # topology.worker.outbox.bytes, and the rest


def workers(pid):
    """The worker processes by their number."""
    found = {}
    for child in open(f"/proc/{pid}/task/{pid}/children", encoding="ascii").read().split():
        words = open(f"/proc/{child}/cmdline", encoding="utf-8").read().split("\0")
        if "--worker" in words:
            found[int(words[words.index("--worker") + 1])] = int(child)
    return found


def status(pid, key):
    return int(re.search(rf"^{key}:\s+(\d+) kB", open(f"/proc/{pid}/status", encoding="ascii").read(), re.M).group(1))


def cpu(pid):
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def wait_until(true_now, what):
    deadline = time.monotonic() + 60
    while not true_now():
        if time.monotonic() > deadline:
            sys.exit(f"not within a minute: {what}")
        time.sleep(0.02)


def stands_still(pid):
    """No CPU used for half a second: nothing more is emitted."""
    before = cpu(pid)
    time.sleep(0.5)
    return cpu(pid) - before <= 1


for padding, count in ((20, 10_000_000), (10_000, 300_000)):
    count //= 20 if sanitized() else 1
    run = subprocess.Popen([os.path.join(os.environ["build"], "bin", "gale"), "run", os.path.join(here, "topology.yaml"),
                            "--plugins", os.path.join(os.environ["build"], "tests", "plugins"), "--json",
                            f"--set=count={count}", f"--set=padding={padding}"], stdout=subprocess.PIPE, text=True)
    wait_until(lambda: len(workers(run.pid)) == 2, "two workers")
    sender, reader = (workers(run.pid)[n] for n in (1, 2))
    wait_until(lambda: cpu(sender) > 4, "the spout runs")
    os.kill(reader, signal.SIGSTOP)
    wait_until(lambda: stands_still(sender), "the spout stops")
    peak = status(sender, "VmHWM")
    then = cpu(sender)
    os.kill(reader, signal.SIGCONT)
    wait_until(lambda: cpu(sender) > then + 5, "the spout goes on: it was stopped in the middle")
    said = json.loads(run.communicate(timeout=120)[0].splitlines()[-1])
    print(f"{padding} B: peak {peak / MIB:.1f} MiB, {said['roots']}")
    if run.returncode != 0 or said["roots"]["acked"] != count:
        sys.exit("not every tuple arrived")
    if peak > BUDGET_KIB and not sanitized():
        sys.exit(f"more than {BUDGET_KIB // MIB} MiB")
