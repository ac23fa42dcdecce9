# SPDX-License-Identifier: Apache-2.0
#
# paced: what a tuple takes from emit() to its ack(id), at 10 000 and 100 000 a second, in one worker and over two (it
# crosses once, its ack comes back); every tuple is timed. The bound over two workers is the round trip of a 32-byte
# message over raw ZeroMQ at the same pace. How late the emits were is told beside it: 100 us is one period.
import os

from common import Bench


class Paced(Bench):
    name, unit = "paced", "us p50, p99, p99.9"

    def prepare(self, given, scratch):
        self.count = int(self.parts["rate"] * given.seconds)
        self.late = 0

    def measure(self, given, scratch):
        report = os.path.join(scratch, "report")
        self.gale(given, scratch, {"rate": self.parts["rate"], "count": self.count, "report": report,
                                   "far": self.parts["workers"]})
        found = self.report(report + ".paced")
        self.late = max(self.late, found["late_p99_ns"] / 1e3)
        return tuple(found[f"took_p{p}_ns"] / 1e3 for p in ("50", "99", "999"))

    def bound(self, given, scratch):
        if self.parts["workers"] == 1:
            return None
        return tuple(ns / 1e3 for ns in self.tool(given, "bench_bound_zmq_rtt", self.parts["rate"], self.count))

    def result(self, medians, bound):
        names = ("p50", "p99", "p999")
        return {"bench": self.name, **self.parts, "us": {n: round(v, 2) for n, v in zip(names, medians)},
                **({"bound_us": {n: round(v, 2) for n, v in zip(names, bound)}} if bound else {}),
                "late_p99_us": round(self.late, 1)}


def all_of():
    return [Paced(rate=rate, workers=workers) for workers in (1, 2) for rate in (10_000, 100_000)]
