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


counts = {}


def expect(wanted):
    """Reads counts until they are as wanted: a second may end between two words of a line."""
    for line in run.stdout:
        word, count = line.rstrip("\n").split("\t")
        if int(count) <= counts.get(word, 0):
            sys.exit(f"{word} was counted {counts[word]} times, then {count}")
        counts[word] = int(count)
        if counts == wanted:
            return
    sys.exit(f"printed {counts}, wanted {wanted}")


try:
    peer, _ = listener.accept()
    peer.sendall(b"apache gale\n")
    expect({"apache": 1, "gale": 1})
    peer.sendall(b"gale  storm gale\n")
    expect({"apache": 1, "gale": 3, "storm": 1})
    peer.close()
finally:
    run.send_signal(signal.SIGINT)
    if run.wait(timeout=30) != 0:
        sys.exit(f"gale ended with status {run.returncode}")
