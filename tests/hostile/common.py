# SPDX-License-Identifier: Apache-2.0
#
# A run of two worker processes over tcp that hostile neighbours can be let loose on: numbers at a steady rate from
# worker 1 to a bolt on worker 2 and back to a file, and what became of them.
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

TOPOLOGY = """name: hostile
plugins: [probe]
config: {topology.workers: 2, topology.message.timeout.secs: 5}
spouts:
  - {id: numbers, className: probe.Numbers, config: {topology.component.worker: 1}, properties: {count: 100000000, rate: 2000}}
bolts:
  - {id: bolt, className: probe.Misbehave, config: {topology.component.worker: 2}}
  - {id: sink, className: probe.Sink, config: {topology.component.worker: 1}, properties: {path: numbers}}
streams:
  - {from: numbers, to: bolt, grouping: {type: SHUFFLE}}
  - {from: bolt, to: sink, grouping: {type: SHUFFLE}}
"""


def fail(text):
    sys.exit(f"hostile: {text}")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Run:
    def __init__(self, given, files=None):
        self.build, self.link, self.files = os.path.abspath(given.build), given.link, files

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="gale-hostile-")
        self.dir = self.scratch.name
        with open(os.path.join(self.dir, "topology.yaml"), "w", encoding="utf-8") as f:
            f.write(TOPOLOGY)

        def limit():
            if self.files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))

        self.process = subprocess.Popen(
            [os.path.join(self.build, "bin", "gale"), "run", "topology.yaml", "--link", self.link, "--json", "--plugins",
             os.path.join(self.build, "tests", "plugins")],
            cwd=self.dir, stdout=subprocess.PIPE, stderr=open(os.path.join(self.dir, "log"), "w", encoding="utf-8"),
            preexec_fn=limit, text=True)
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.log()[-3000:], file=sys.stderr)
        if self.process.poll() is None:
            self.process.kill()  # its workers end with it
            self.process.wait()
        self.scratch.cleanup()

    def log(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8") as f:
            return f.read()

    def until(self, true_now, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not true_now():
            if self.process.poll() is not None:
                fail(f"gale ended while waiting for {what}")
            if time.monotonic() > deadline:
                fail(f"{what}: not within {seconds} s")
            time.sleep(0.02)

    def arguments(self, pid):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
                return f.read().split("\0")
        except OSError:
            return []

    def worker(self, place):
        """The pid of the worker in that place, from 1."""
        found = []

        def look():
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="utf-8") as f:
                for pid in f.read().split():
                    arguments = self.arguments(pid)
                    if "--worker" in arguments and arguments[arguments.index("--worker") + 1] == str(place):
                        found.append(int(pid))
            return found

        self.until(look, f"worker {place}")
        return found[-1]

    def ports(self, pid):
        """Of a worker, for data and for acks."""
        arguments = self.arguments(pid)
        places = [arguments[i + 1] for i, word in enumerate(arguments) if word == "--place"]
        own = places[int(arguments[arguments.index("--worker") + 1]) - 1]
        return [int(endpoint.rpartition(":")[2]) for endpoint in own.split(",")]

    def traffic(self):
        """Bytes of numbers that have come back."""
        try:
            return os.path.getsize(os.path.join(self.dir, "numbers"))
        except OSError:
            return 0

    def wait_for_traffic(self, more=1):
        begun = self.traffic()
        self.until(lambda: self.traffic() > begun + more, "numbers to come back")

    def end(self):
        """Lets it run out. The summary, once it was found whole."""
        self.process.send_signal(signal.SIGINT)
        try:
            out, _ = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            fail("the run did not end")
        if self.process.returncode != 0:
            fail(f"the run ended with {self.process.returncode}")
        said = json.loads(out.splitlines()[-1])
        roots = said["roots"]
        if roots["acked"] != roots["emitted"] or roots["failed"] or roots["pending"]:
            fail(f"not whole: {roots}")
        with open(os.path.join(self.dir, "numbers"), encoding="utf-8") as f:
            seen = {int(line) for line in f}
        if len(seen) != roots["emitted"] or max(seen) != len(seen) - 1:
            fail(f"{len(seen)} of {roots['emitted']} numbers have arrived")
        return said
