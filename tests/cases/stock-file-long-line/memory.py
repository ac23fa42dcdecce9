# SPDX-License-Identifier: Apache-2.0
#
# A line of 100 MB may not take more memory than a short one, but for a few megabytes.
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from build_kind import sanitized

KIB_MORE = (64 if sanitized() else 32) * 1024  # the line alone is 100 000


def peak_kib(name, text):
    """The peak RSS of a run over `text`, repeated as a generator says."""
    with open(name, "wb") as f:
        for piece in text:
            f.write(piece)
    command = [os.path.join(os.environ["build"], "bin", "gale"), "run", sys.argv[1], "--quiet", f"--set=input={name}", "--set=output=" + name + ".out",
               "--set=resume=" + name + ".state"]
    run = subprocess.Popen(command)
    _, status, usage = os.wait4(run.pid, 0)
    if status != 0:
        sys.exit(f"gale ended with {status}")
    return usage.ru_maxrss


small = peak_kib("short", [b"x\nlast\n"])
large = peak_kib("long", [b"x" * 1_000_000] * 100 + [b"\nlast\n"])
print(f"{small} KiB with a short line, {large} KiB with a line of 100 MB")
if large > small + KIB_MORE:
    sys.exit(f"more than {KIB_MORE} KiB above")
