# SPDX-License-Identifier: Apache-2.0
#
# const-id-null: tuples a second through const -> identity -> null, acked and not, on one and two pool threads, in one
# and two worker processes, each beside its bound: the hand-written loop (a loop for each thread), or raw ZeroMQ between
# two processes when there are two workers. Everything is measured in turn, round by round, so that a slow minute of the
# machine hits all alike; figures are medians of the rounds.
# The time is the run's own: from the spout's first emit to its last ack, or, not acked, to the last tuple at the end.
# A run counts only if every tuple arrived (null's sum), every ack came once (const's sum), and over two workers each
# root crossed twice (the links' own counter).
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

NAME = "const-id-null"
FIRST_COUNT = 4_000_000  # of the run that says how many tuples fill the time


class Config:
    def __init__(self, acked, threads, workers):
        self.acked, self.threads, self.workers = acked, threads, workers
        self.crossings = 2 if workers == 2 else 0
        self.count, self.rates, self.bounds, self.bound_count = FIRST_COUNT, [], [], FIRST_COUNT

    def words(self):
        return [NAME, "acked" if self.acked else "unacked", f"threads={self.threads}", f"workers={self.workers}"]

    def result(self):
        return {"bench": NAME, "acked": self.acked, "threads": self.threads, "workers": self.workers,
                "tuples_per_s": round(statistics.median(self.rates)),
                "bound_tuples_per_s": round(statistics.median(self.bounds)), "crossings_per_root": self.crossings}


def fail(config, what, run=None):
    said = f"\n$ {' '.join(run.args)}\n{run.stdout}{run.stderr}" if run else ""
    sys.exit(f"bench: {' '.join(config.words())}: {what}{said}")


def report(path):
    with open(path, encoding="utf-8") as f:
        return {name: int(value) for name, value in (line.split() for line in f)}


def crossings(config, said, count):
    """How often a root crossed between workers, from the engine's own counter."""
    sent = said.get("links", {}).get("records_sent", 0)
    return sent / count


def measure(config, given, count, scratch):
    """Tuples a second of one run of the whole topology."""
    at = os.path.join(scratch, "report")
    for name in (at + ".const", at + ".null"):
        if os.path.exists(name):
            os.unlink(name)
    topology = os.path.join(os.path.dirname(os.path.abspath(__file__)), NAME + ".yaml")
    command = [os.path.join(given.build, "bin", "gale"), "run", topology, "--json", "--threads", str(config.threads),
               "--workers", str(config.workers), "--set", f"count={count}", "--set", f"report={at}",
               "--set", f"acked={'true' if config.acked else 'false'}", "--set", f"far={config.workers}"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=scratch, timeout=600)
    if run.returncode != 0:
        fail(config, f"exit status {run.returncode}", run)
    said = json.loads(run.stdout.splitlines()[-1])
    try:
        const, null = report(at + ".const"), report(at + ".null")
    except OSError as missing:
        fail(config, f"not every ack or tuple came: {missing}", run)
    if null["received"] != count or not null["sum_right"]:
        fail(config, f"null received {null['received']} of {count} tuples, or wrong ones", run)
    if config.acked and (const["acks"] != count or not const["acks_sum_right"]):
        fail(config, f"ack(id) ran {const['acks']} times for {count} roots, or not once for each", run)
    if crossings(config, said, count) != config.crossings:
        fail(config, f"crossed {crossings(config, said, count)} times a root, wanted {config.crossings}", run)
    end = const["last_ack_ns"] if config.acked else null["last_receipt_ns"]
    return count * 1e9 / (end - const["first_emit_ns"])


def measure_bound(config, given, count):
    if config.workers == 2:
        command = [os.path.join(given.build, "tests", "bench_bound_zmq"), str(count)]
    else:
        command = [os.path.join(given.build, "tests", "bench_bound_loop"), str(config.threads), str(count)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if run.returncode != 0:
        fail(config, "the bound failed", run)
    return float(run.stdout)


def enough(rate, seconds):
    """A round number of tuples that lasts about so long."""
    return max(FIRST_COUNT, round(rate * seconds / 100_000) * 100_000)


def note(given, text):
    print(text, file=sys.stderr if given.json else sys.stdout, flush=True)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}"


def measure_all(configs, given, scratch):
    for config in configs:  # how many tuples fill the time; also warms the page cache
        config.count = enough(measure(config, given, FIRST_COUNT, scratch), given.seconds)
        config.bound_count = enough(measure_bound(config, given, 10 * FIRST_COUNT), min(given.seconds, 1.0))
    for number in range(1, given.rounds + 1):
        for config in configs:
            config.rates.append(measure(config, given, config.count, scratch))
            config.bounds.append(measure_bound(config, given, config.bound_count))
            note(given, f"round {number}/{given.rounds}  {' '.join(config.words()):46} {config.rates[-1] / 1e6:7.2f} M/s"
                        f"   bound {config.bounds[-1] / 1e6:7.2f}")


def table(configs):
    print(f"\n{'M tuples/s':48}{'median':>8} {'(min..max)':>16}{'bound':>8}{'of it':>7}  crossings a root")
    for config in configs:
        median, bound = statistics.median(config.rates) / 1e6, statistics.median(config.bounds) / 1e6
        spread = f"({min(config.rates) / 1e6:.1f}..{max(config.rates) / 1e6:.1f})"
        print(f"{' '.join(config.words()):48}{median:8.2f} {spread:>16}{bound:8.2f}{median / bound:7.0%}  {config.crossings}")
    print("bound: the hand-written loop, one a thread; with workers=2 raw ZeroMQ between two processes. Neither acks.")


def chosen(only):
    every = [Config(acked, threads, workers) for workers in (1, 2) for acked in (False, True) for threads in (1, 2)]
    words = only.split() if only else []
    found = [config for config in every if all(word in config.words() for word in words)]
    if not found:
        sys.exit(f"bench: nothing is called '{only}'; there is {NAME}, alone or with some of: "
                 "acked unacked threads=1 threads=2 workers=1 workers=2")
    return found


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", description=f"Measures {NAME}, beside its bounds.")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one object a line on stdout, progress on stderr")
    parser.add_argument("--only", metavar="NAME", help=f"'{NAME}', or more words of it: '{NAME} acked workers=2'")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="the median of so many (3)")
    parser.add_argument("--seconds", type=float, default=2.5, metavar="S", help="how long one run should last (2.5)")
    given = parser.parse_args()
    if given.rounds < 1 or given.seconds <= 0:
        parser.error("--rounds and --seconds must be positive")
    given.build = os.path.abspath(given.build)
    configs = chosen(given.only)
    note(given, f"{machine()}\n{len(configs)} configurations, {given.rounds} rounds of about {given.seconds} s each")
    with tempfile.TemporaryDirectory(prefix="gale-bench-") as scratch:
        measure_all(configs, given, scratch)
    if given.json:
        for config in configs:
            print(json.dumps(config.result()))
    else:
        table(configs)


main()
