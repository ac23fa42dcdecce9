# SPDX-License-Identifier: Apache-2.0
#
# const-null, const-id-null, const-4-null: roots a second, which is also tuples a second at the first hop. The time is
# the run's own: from the spout's first emit to its last ack, or, not acked, to the last tuple at the end. A run counts
# only if every tuple arrived (null's sum), every ack came once (const's sum), and over two workers each root crossed as
# often as it must (the links' own counter). const-id-null has a bound: the hand-written loop, one a thread, or raw
# ZeroMQ between two processes. Two workers talk by unix sockets, and by tcp and tcp with CURVE where a link is named.
import os

from common import Bench, fill, four

FIRST_COUNT = 4_000_000  # of the run that says how many tuples fill the time


class Const(Bench):
    unit, copies, crossings = "M roots/s", 1, 1

    def prepare(self, given, scratch):
        self.count = FIRST_COUNT // 4
        self.count = fill(self.measure(given, scratch)[0] * 1e6, given.seconds, FIRST_COUNT // 4)

    def measure(self, given, scratch):
        at = os.path.join(scratch, "report")
        workers = self.parts["workers"]
        said = self.gale(given, scratch, {"count": self.count, "report": at, "far": workers,
                                          "acked": str(self.parts["acked"]).lower()})
        const, null = self.report(at + ".const"), self.report(at + ".null")
        if null["received"] != self.count * self.copies or not null["sum_right"]:
            self.fail(f"null received {null['received']} of {self.count * self.copies} tuples, or wrong ones")
        if self.parts["acked"] and (const["acks"] != self.count or not const["acks_sum_right"]):
            self.fail(f"ack(id) ran {const['acks']} times for {self.count} roots, or not once for each")
        crossed = said["links"]["records_sent"] / self.count
        if crossed != (self.crossings if workers == 2 else 0):
            self.fail(f"crossed {crossed} times a root, wanted {self.crossings}")
        end = const["last_ack_ns"] if self.parts["acked"] else null["last_receipt_ns"]
        return (self.count * 1e3 / (end - const["first_emit_ns"]),)

    def result(self, medians, bound):
        return {"bench": self.name, **self.parts, "tuples_per_s": round(medians[0] * 1e6),
                **({"bound_tuples_per_s": round(bound[0] * 1e6)} if bound else {}),
                "crossings_per_root": self.crossings if self.parts["workers"] == 2 else 0}


class ConstNull(Const):
    name = "const-null"


class ConstIdNull(Const):
    name, crossings = "const-id-null", 2

    def prepare(self, given, scratch):
        super().prepare(given, scratch)
        self.bound_count = 10 * FIRST_COUNT
        self.bound_count = fill(self.bound(given, scratch)[0] * 1e6, min(given.seconds, 1.0), FIRST_COUNT)

    def bound(self, given, scratch):
        if self.parts["workers"] == 2:
            return (self.tool(given, "bench_bound_zmq", self.bound_count, self.parts.get("link", "ipc"))[0] / 1e6,)
        return (self.tool(given, "bench_bound_loop", self.parts["threads"], self.bound_count)[0] / 1e6,)


class ConstFourNull(Const):
    name, copies, crossings = "const-4-null", 4, 8


def all_of():
    return ([bench for kind in (ConstNull, ConstIdNull, ConstFourNull) for bench in four((1, 2), kind)]
            + [ConstIdNull(acked=True, threads=1, workers=2, link=link) for link in ("tcp", "curve")])
