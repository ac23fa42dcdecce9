# SPDX-License-Identifier: Apache-2.0
#
# Builds a plugin with AddressSanitizer; a gale without it must refuse the plugin, and run it when the runtime comes first.
import os
import subprocess
import sys

case = os.path.dirname(os.path.abspath(__file__))
gale = os.path.join(os.environ["build"], "bin", "gale")
subprocess.run(["g++", "-std=c++20", "-O0", "-fPIC", "-shared", "-fno-gnu-unique", "-fsanitize=address",
                "-I" + os.path.join(os.environ["source"], "topology-api", "include"),
                os.path.join(case, "sanitized.cpp"), "-o", "sanitized.so"], check=True)
runtimes = subprocess.run(["ldd", gale], capture_output=True, text=True, check=True).stdout


def run(**more):
    return subprocess.run([gale, "run", os.path.join(case, "topology.yaml"), "--plugins", ".", "--quiet"],
                          capture_output=True, text=True, timeout=60, env={**os.environ, **more})


plain = run()
if "libasan" in runtimes:  # this gale has the runtime: nothing to refuse
    sys.exit(plain.returncode and f"status {plain.returncode}: {plain.stderr}")
if plain.returncode != 2 or "is built with AddressSanitizer" not in plain.stderr:
    sys.exit(f"not refused, but status {plain.returncode}: {plain.stderr}")
if "libtsan" not in runtimes:  # no process has both
    library = subprocess.run(["g++", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout
    with_runtime = run(LD_PRELOAD=library.strip(), ASAN_OPTIONS="detect_leaks=0")
    if with_runtime.returncode != 0:
        sys.exit(f"with its runtime: status {with_runtime.returncode}: {with_runtime.stderr}")
