# SPDX-License-Identifier: Apache-2.0
#
# Two signals to a run whose bolt sleeps for ever: it ends within the bound, with status 1, and says who is left behind.
import os
import signal
import subprocess
import sys
import time



def is_held(pid):
    """Whether a thread of the process, or of one that it has started, bears the bolt's name: it stands still there."""
    processes = [str(pid), *open(f"/proc/{pid}/task/{pid}/children").read().split()]
    for process in processes:
        for thread in os.listdir(f"/proc/{process}/task"):
            try:
                if open(f"/proc/{process}/task/{thread}/comm").read().strip() == "bolt#0":
                    return True
            except FileNotFoundError:  # it has ended meanwhile
                pass
    return False


gale = os.path.join(os.environ["build"], "bin", "gale")
topology = os.path.join(os.environ["source"], "tests", "cases", "probe.yaml")
for workers in ("1", "2"):
    run = subprocess.Popen([gale, "run", topology, "--plugins", os.path.join(os.environ["build"], "tests", "plugins"),
                            "--set", "how=sleep", "--set", "millis=100000000", "--workers", workers],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not is_held(run.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    while "stopping: " not in (line := run.stderr.readline()):  # two that come at once are one
        if not line:
            sys.exit(f"{workers} workers: it ended at the first signal")
    run.send_signal(signal.SIGINT)
    began = time.monotonic()
    try:
        out, err = run.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        run.kill()
        sys.exit(f"{workers} workers: it still runs after 30 s")
    if run.returncode != 1 or "left behind: bolt#0" not in err:
        sys.exit(f"{workers} workers: status {run.returncode} after {time.monotonic() - began:.1f} s: {err}")
