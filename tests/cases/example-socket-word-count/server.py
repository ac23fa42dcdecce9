# SPDX-License-Identifier: Apache-2.0
#
# Stands in for `nc -lk`: sends lines, reads the counts that gale prints, sends more of the same words.
import os
import signal
import socket
import subprocess
import sys

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(30)
topology = os.path.join(os.environ["source"], "topologies", "socket-word-count.yaml")
run = subprocess.Popen([os.path.join(os.environ["build"], "bin", "gale"), "run", topology, "--quiet",
                        f"--set=port={listener.getsockname()[1]}"], stdout=subprocess.PIPE, text=True)


def expect(lines):
    got = sorted(run.stdout.readline().rstrip("\n") for _ in lines)
    if got != sorted(lines):
        sys.exit(f"printed {got}, wanted {sorted(lines)}")


try:
    peer, _ = listener.accept()
    peer.sendall(b"apache gale\n")
    expect(["apache\t1", "gale\t1"])
    peer.sendall(b"gale  storm gale\n")
    expect(["gale\t3", "storm\t1"])
    peer.close()
finally:
    run.send_signal(signal.SIGINT)
    if run.wait(timeout=30) != 0:
        sys.exit(f"gale ended with status {run.returncode}")
