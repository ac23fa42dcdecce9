# SPDX-License-Identifier: Apache-2.0
#
# A run in a memory cgroup of 256 MiB whose bolt eats 1 GiB at one number, in each life once. Where no cgroup can be
# made (that needs root, and version 1 or a delegated version 2) it says so and leaves it.
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["source"], "tests", "cases"))
import build_kind

LIMIT = 256 << 20
name = f"gale-test-{os.getpid()}"
places = [(f"/sys/fs/cgroup/memory/{name}", "memory.limit_in_bytes"), (f"/sys/fs/cgroup/{name}", "memory.max")]


def cgroup():
    for path, limit in places:
        try:
            os.mkdir(path)
            with open(os.path.join(path, limit), "w", encoding="ascii") as f:
                f.write(str(LIMIT))
            return path
        except OSError:
            if os.path.isdir(path):
                os.rmdir(path)
    return None


def enter():
    with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as f:
        f.write(str(os.getpid()))


if build_kind.sanitized():
    sys.exit(0)
path = cgroup()
if path is None:
    print("skipped: no memory cgroup can be made here", file=sys.stderr)
    sys.exit(0)
try:
    run = subprocess.run([os.path.join(os.environ["build"], "bin", "gale"), "run",
                          os.path.join(os.environ["source"], "tests", "cases", "crash.yaml"), "--plugins",
                          os.path.join(os.environ["build"], "tests", "plugins"), "--set", "how=eat", "--set",
                          f"bytes={1 << 30}", "--set", "attempts=2", "--set", "timeout=3"],
                         capture_output=True, text=True, timeout=100, preexec_fn=enter,
                         env={**os.environ, "TMPDIR": os.getcwd()})
finally:
    os.rmdir(path)
wanted = [r"worker 2 died: signal 9 \(SIGKILL\), by the kernel: out of memory, in bolt bolt#0, executing tuple "]
missing = [w for w in wanted if not re.search(w, run.stderr, re.M)]
arrived = {int(n) for n in open("numbers")} if os.path.exists("numbers") else set()
if missing or "worker 1 died" in run.stderr or not arrived >= set(range(1000)) - {777}:
    sys.exit(f"status {run.returncode}, {len(arrived)} arrived\n{run.stdout}{run.stderr}")
