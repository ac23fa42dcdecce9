# SPDX-License-Identifier: Apache-2.0
#
# A bolt asks for 1 GiB in a worker that may have 512 MiB.
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["source"], "tests", "cases"))
import build_kind

if build_kind.sanitized():  # whose shadow is terabytes
    sys.exit(0)
run = subprocess.run([os.path.join(os.environ["build"], "bin", "gale"), "run",
                      os.path.join(os.environ["source"], "tests", "cases", "crash.yaml"), "--plugins",
                      os.path.join(os.environ["build"], "tests", "plugins"), "--set", "how=eat", "--set", f"bytes={1 << 30}",
                      "--set", f"memory={512 << 20}", "--set", "attempts=2"], capture_output=True, text=True, timeout=60)
if run.returncode != 0 or "bolt#0: execute: std::bad_alloc" not in run.stderr or "died" in run.stderr or not re.search(
        r'^dead: numbers\tdefault\tbolt#0: std::bad_alloc\t2\t\[777,""\]$', run.stdout, re.M):
    sys.exit(f"status {run.returncode}\n{run.stdout}{run.stderr}")
