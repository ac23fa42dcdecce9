# SPDX-License-Identifier: Apache-2.0
#
# Garbage and mutated frames on every port of a live run: garbage.py --build BUILD [--frames N] [--link tcp|curve]
# [--seed S]. Passes when no process died, each frame to a worker was counted as refused, and the run's own traffic went
# on and is whole, without a replay. Bytes that are no ZeroMQ at all come beside them, and over curve from a peer whose
# key is let in.
import argparse
import os
import random
import socket
import subprocess
import threading
import time

from common import Run, fail


def raw(port, seed, stop):
    """Somebody who speaks no ZeroMQ, again and again."""
    noise = random.Random(seed)
    while not stop.is_set():
        with socket.socket() as one:
            one.settimeout(1)
            try:
                one.connect(("127.0.0.1", port))
                greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03" if noise.random() < 0.5 else b""
                one.sendall(greeting + noise.randbytes(noise.randrange(1, 4096)))
            except OSError:
                pass
        stop.wait(0.005)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--link", default="tcp")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with Run(given) as run:
        victim, neighbour = run.worker(1), run.worker(2)
        run.wait_for_traffic(20000)  # so that what has number 1 was long ago
        arguments = run.arguments(victim)
        folder, token = (arguments[arguments.index(o) + 1] for o in ("--dir", "--token"))
        data, ack = run.ports(victim)
        stop = threading.Event()
        shouting = threading.Thread(target=raw, args=(data, given.seed, stop))
        shouting.start()
        before, began = run.traffic(), time.monotonic()
        said = subprocess.run(
            [os.path.join(run.build, "tests", "hostile_garbage"), f"tcp://127.0.0.1:{data}", f"tcp://127.0.0.1:{ack}",
             f"ipc://{folder}/control", token, str(given.frames), str(given.seed)]
            + ([os.path.join(folder, "keys")] if given.link == "curve" else []),
            capture_output=True, text=True, timeout=600)
        meanwhile, took = run.traffic() - before, time.monotonic() - began
        stop.set()
        shouting.join()
        if said.returncode:
            fail(f"the driver ended with {said.returncode}: {said.stderr}")
        to_data, to_ack, to_control = map(int, said.stdout.split())
        run.wait_for_traffic(20000)
        if (run.worker(1), run.worker(2)) != (victim, neighbour):
            fail("a worker died of it")
        summary = run.end()
        links = summary["links"]
        refused = links["garbage_refused"] + links["stale_refused"] + links["duplicates_dropped"]
        print(f"{to_data} frames to the data port, {to_ack} to the ack port, {to_control} to the control socket: "
              f"{refused} refused by the workers, {meanwhile} bytes of numbers came back meanwhile, "
              f"{summary['roots']['emitted']} roots, {summary['roots']['replayed']} replayed")
        if refused < to_data + to_ack:
            fail("not every frame was counted")
        if meanwhile == 0 and took > 3:  # numbers come in blocks, one a second or so
            fail(f"nothing came back for {took:.1f} s")
        if summary["roots"]["replayed"]:
            fail("it cost replays")


if __name__ == "__main__":
    main()
