# SPDX-License-Identifier: Apache-2.0
#
# word-count-memory, word-count-file: words a second (and lines) of the example's word count, over the licence texts that
# every Debian has; skewed-keys: keys a second. The time is from the first emit to the end of the last bolt, from a file
# the whole run's. A run counts only if the words that were counted are as many, and as many different ones, as Python finds,
# and acked runs only with an ack for each line. The bound of the word count is a hand-written loop in each thread.
import glob
import os
import re

from common import Bench, fill, four


def text(scratch):
    """The file, its lines, its words, and how many different ones."""
    path = os.path.join(scratch, "text")
    if not os.path.exists(path):
        parts = []
        for name in sorted(glob.glob("/usr/share/common-licenses/*")):
            with open(name, "rb") as f:
                parts.append(f.read())
        with open(path, "wb") as f:
            f.write(b"".join(parts))
    with open(path, "rb") as f:
        lines = f.read().splitlines()
    words = [re.findall(rb"[a-z]+", line.lower()) for line in lines]
    return path, lines, words


class Words(Bench):
    def check(self, report, wanted, said, roots):
        """Seconds from the first emit to the end."""
        found = self.report(report + ".sum")
        if (found["sum"], found["distinct"]) != wanted:
            self.fail(f"counted {found['sum']} words, {found['distinct']} different ones; there are {wanted}")
        if self.parts["acked"] and (said["roots"]["acked"], said["roots"]["pending"]) != (roots, 0):
            self.fail(f"{said['roots']} instead of {roots} acks")
        if not os.path.exists(report + ".source"):
            return said["seconds"]
        return (found["end_ns"] - self.report(report + ".source")["first_emit_ns"]) / 1e9

    def result(self, medians, bound):
        result = {"bench": self.name, **self.parts, "words_per_s": round(medians[0] * 1e6)}
        if len(medians) > 1:
            result["lines_per_s"] = round(medians[1] * 1e6)
        return result | ({"bound_words_per_s": round(bound[0] * 1e6)} if bound else {})


class FromMemory(Words):
    name, unit = "word-count-memory", "M words/s (lines/s)"

    def prepare(self, given, scratch):
        self.path, lines, words = text(scratch)
        self.lines, self.word_count = len(lines), sum(map(len, words))
        self.distinct = len({word for line in words for word in line})
        self.rounds = 10
        self.rounds = max(10, int(self.measure(given, scratch)[0] * 1e6 * given.seconds / self.word_count))

    def measure(self, given, scratch):
        report, count = os.path.join(scratch, "report"), self.rounds * self.lines
        said = self.gale(given, scratch, {"input": self.path, "count": count, "report": report,
                                          "acked": str(self.parts["acked"]).lower()})
        seconds = self.check(report, (self.rounds * self.word_count, self.distinct), said, count)
        return self.rounds * self.word_count / seconds / 1e6, count / seconds / 1e6

    def bound(self, given, scratch):
        lines = self.rounds * self.lines
        return (self.tool(given, "bench_bound_words", self.parts["threads"], self.path, lines)[0] / 1e6,)


class FromFile(Words):
    name, unit = "word-count-file", "M words/s (lines/s)"

    def prepare(self, given, scratch):
        path, lines, words = text(scratch)
        self.rounds = max(1, round(given.seconds * 40))
        self.path = f"{path}.{self.rounds}"
        self.lines, self.word_count = self.rounds * len(lines), self.rounds * sum(map(len, words))
        self.distinct = len({word for line in words for word in line})
        if not os.path.exists(self.path):
            with open(path, "rb") as f, open(self.path, "wb") as long:
                content = f.read()
                for _ in range(self.rounds):
                    long.write(content)

    def measure(self, given, scratch):
        report = os.path.join(scratch, "file-report")
        said = self.gale(given, scratch, {"input": self.path, "report": report, "ackers": int(self.parts["acked"])})
        seconds = self.check(report, (self.word_count, self.distinct), said, self.lines)
        return self.word_count / seconds / 1e6, self.lines / seconds / 1e6


class SkewedKeys(Words):
    name, unit = "skewed-keys", "M keys/s"

    def prepare(self, given, scratch):
        self.count = 1 << 20  # all that are drawn, once
        self.distinct = None
        rate = self.measure(given, scratch)[0]
        self.count = fill(rate * 1e6, given.seconds, 1 << 20)

    def measure(self, given, scratch):
        report = os.path.join(scratch, "report")
        said = self.gale(given, scratch, {"count": self.count, "report": report,
                                          "acked": str(self.parts["acked"]).lower()})
        self.distinct = self.distinct or self.report(report + ".sum")["distinct"]
        return (self.count / self.check(report, (self.count, self.distinct), said, self.count) / 1e6,)


def all_of():
    return [bench for kind in (FromMemory, FromFile, SkewedKeys) for bench in four((1, 2), kind)]
