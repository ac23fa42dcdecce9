# SPDX-License-Identifier: Apache-2.0
#
# A server that closes the connection, breaks it, goes away and comes back, while gale reads its lines; then what gale
# printed must be every whole line, and the half one that a clean end leaves.
import os
import socket
import struct
import subprocess
import sys

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(30)
port = listener.getsockname()[1]
topology = sys.argv[1]
run = subprocess.Popen([os.path.join(os.environ["build"], "bin", "gale"), "run", topology, "--quiet", f"--set=port={port}"], stdout=subprocess.PIPE)
try:
    peer, _ = listener.accept()
    peer.sendall(b"one\ntwo\nhalf")
    peer.close()
    peer, _ = listener.accept()
    peer.sendall(b"three\n")
    if run.stdout.readline() != b"one\n":  # what came before the break is read before it is broken
        sys.exit("the first line is missing")
    for line in (b"two\n", b"half\n", b"three\n"):
        if run.stdout.readline() != line:
            sys.exit(f"{line} is missing")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()  # a reset
    listener.close()
    listener = socket.create_server(("127.0.0.1", port))
    listener.settimeout(30)
    peer, _ = listener.accept()
    peer.sendall(b"".join(b"line %d\r\n" % n for n in range(100_000)) + b"end\n")
    got = b"".join(iter(run.stdout.readline, b"end\n"))
    if got != b"".join(b"line %d\n" % n for n in range(100_000)):
        sys.exit("of the many lines some are missing")
    peer.close()
finally:
    run.terminate()
    if run.wait(timeout=30) != 0:
        sys.exit(f"gale ended with status {run.returncode}")
