# SPDX-License-Identifier: Apache-2.0
#
# Strangers who connect and say nothing: idle.py --build BUILD [--connections N] [--limit N] [--link tcp|curve].
# Two workers with few file descriptors run a topology at a steady rate; N connections are opened to one of them and
# held, each opened again a second after it was cut. Passes when that worker spent less than a fifth of a core more than before, all
# roots were acked, none replayed, and the other worker, started anew meanwhile, came in.
import argparse
import os
import selectors
import signal
import socket
import sys
import time

from common import Run, cpu_seconds, fail, open_files

SECONDS = 5.0  # each measurement


class Strangers:
    """Connections that never speak. Whoever is cut comes back a second later."""

    def __init__(self, port, count):
        self.port, self.cut, self.back = port, 0, []
        self.selector = selectors.DefaultSelector()
        for _ in range(count):
            self.connect()

    def connect(self):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", self.port))
        self.selector.register(one, selectors.EVENT_READ)

    def hold(self, seconds):
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            while self.back and self.back[0] < now:
                self.back.pop(0)
                self.connect()
            for key, _ in self.selector.select(0.05):
                try:
                    if key.fileobj.recv(100):
                        continue  # a greeting
                except OSError:
                    pass
                self.selector.unregister(key.fileobj)
                key.fileobj.close()
                self.cut += 1
                self.back.append(now + 1)

    def end(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--limit", type=int, default=128)
    parser.add_argument("--link", default="curve")
    given = parser.parse_args()
    with Run(given, files=given.limit) as run:
        victim = run.worker(1)
        run.wait_for_traffic()
        calm_acked, calm = run.traffic(), cpu_seconds(victim)
        time.sleep(SECONDS)
        calm, calm_acked = cpu_seconds(victim) - calm, run.traffic() - calm_acked
        strangers = Strangers(run.ports(victim)[0], given.connections)
        strangers.hold(0.5)
        acked, spent, most = run.traffic(), cpu_seconds(victim), 0
        os.kill(run.worker(2), signal.SIGKILL)  # its next life has to come in through the crowd
        for _ in range(5):
            strangers.hold(SECONDS / 5)
            most = max(most, open_files(victim))
        spent, acked = cpu_seconds(victim) - spent, run.traffic() - acked
        strangers.end()
        print(f"calm: {calm / SECONDS:.1%} of a core, {calm_acked} tuples; with {given.connections} strangers: "
              f"{spent / SECONDS:.1%}, {acked} tuples, {most} of {given.limit} descriptors open, {strangers.cut} cut")
        if spent - calm > 0.2 * SECONDS:
            fail("the strangers cost more than a fifth of a core")
        if acked < calm_acked * 0.5:
            fail("good traffic suffered")
        if run.worker(1) != victim:
            fail("the worker died")
        run.end()


if __name__ == "__main__":
    main()
