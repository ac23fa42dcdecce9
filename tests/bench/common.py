# SPDX-License-Identifier: Apache-2.0
#
# What every benchmark does: run gale on a topology of this folder and believe nothing that it cannot check.
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Bench:
    """One configuration. `unit` names its figures; a rate is better when larger. Subclasses measure."""

    name = unit = ""

    def __init__(self, **parts):
        self.parts = parts  # what tells it from its neighbours: acked, threads, workers, link, rate
        self.figures, self.bounds = [], []

    def words(self):
        acked = {True: "acked", False: "unacked"}.get(self.parts.get("acked"))
        return [self.name, *([acked] if acked else []), *(f"{k}={v}" for k, v in self.parts.items() if k != "acked")]

    def label(self):
        return " ".join(self.words())

    def fail(self, what, run=None):
        said = f"\n$ {' '.join(run.args)}\n{run.stdout}{run.stderr}" if run else ""
        sys.exit(f"bench: {self.label()}: {what}{said}")

    def gale(self, given, scratch, sets):
        """The run's summary. What an earlier run has left at sets["report"] is gone before."""
        for old in glob.glob(sets["report"] + ".*"):
            os.unlink(old)
        command = [os.path.join(given.build, "bin", "gale"), "run", os.path.join(HERE, self.name + ".yaml"), "--json"]
        for option in ("threads", "workers", "link"):
            if option in self.parts:
                command += ["--" + option, str(self.parts[option])]
        for key, value in sets.items():
            command += ["--set", f"{key}={value}"]
        run = subprocess.run(command, capture_output=True, text=True, cwd=scratch, timeout=600)
        if run.returncode != 0:
            self.fail(f"exit status {run.returncode}", run)
        return json.loads(run.stdout.splitlines()[-1])

    def tool(self, given, name, *arguments):
        """What a bound prints."""
        command = [os.path.join(given.build, "tests", name), *map(str, arguments)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if run.returncode != 0:
            self.fail("the bound failed", run)
        return [float(line) for line in run.stdout.split()]

    def report(self, path):
        """The figures that a component has left in a file: a name and a number a line."""
        try:
            with open(path, encoding="utf-8") as f:
                return {name: int(value) for name, value in (line.split() for line in f)}
        except OSError as missing:
            self.fail(f"not every ack or tuple came: {missing}")

    # For subclasses: figures are tuples of numbers, the first of them is what is told first.
    def prepare(self, given, scratch):
        """Finds out how much fills the time."""

    def measure(self, given, scratch):
        raise NotImplementedError

    def bound(self, given, scratch):
        return None

    def result(self, medians, bound):
        """As JSON."""
        raise NotImplementedError


def fill(rate, seconds, least):
    """A round number that lasts about so long."""
    return max(least, round(rate * seconds / 100_000) * 100_000)


def four(workers, kind):
    return [kind(acked=acked, threads=threads, workers=w) for w in workers for acked in (False, True)
            for threads in (1, 2)]
