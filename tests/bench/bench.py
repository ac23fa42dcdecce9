# SPDX-License-Identifier: Apache-2.0
#
# Measures what is asked for (const.py, words.py, paced.py say how), each beside its bound: what the same work takes
# without an engine. Everything is measured in turn, round by round, so that a slow minute of the machine hits all alike;
# figures are medians of the rounds.
import argparse
import json
import os
import platform
import statistics
import sys
import tempfile

import const
import paced
import words


def note(given, text):
    print(text, file=sys.stderr if given.json else sys.stdout, flush=True)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}"


def medians(rounds):
    return tuple(statistics.median(part) for part in zip(*rounds))


def text_of(figures):
    return "-" if not figures else "  ".join(f"{figure:.2f}" for figure in figures)


def measure_all(benches, given, scratch):
    for bench in benches:  # also warms the page cache
        bench.prepare(given, scratch)
    for number in range(1, given.rounds + 1):
        for bench in benches:
            bench.figures.append(bench.measure(given, scratch))
            bound = bench.bound(given, scratch)
            if bound:
                bench.bounds.append(bound)
            note(given, f"round {number}/{given.rounds}  {bench.label():46} {text_of(bench.figures[-1]):>22}"
                        f"   bound {text_of(bound)}")


def table(benches):
    for unit in dict.fromkeys(bench.unit for bench in benches):
        print(f"\n{unit:46}{'median':>22} {'(min..max of the first)':>26}{'bound':>26}")
        for bench in benches:
            if bench.unit != unit:
                continue
            first = [figures[0] for figures in bench.figures]
            spread = f"({min(first):.2f}..{max(first):.2f})"
            print(f"{bench.label():46}{text_of(medians(bench.figures)):>22} {spread:>26}"
                  f"{text_of(medians(bench.bounds)):>26}")
            if hasattr(bench, "late"):
                print(f"{'':46}{f'emits late by p99 {bench.late:.0f} us':>22}")
    print("\nbound: the same work by hand, one loop a thread, or with two workers raw ZeroMQ between two processes; "
          "neither acks.")


def chosen(only):
    every = const.all_of() + words.all_of() + paced.all_of()
    wanted = only.split() if only else []
    found = [bench for bench in every if all(word in bench.words() for word in wanted)]
    if not found:
        names = " ".join(dict.fromkeys(bench.name for bench in every))
        sys.exit(f"bench: nothing is called '{only}'; there are {names}, alone or with some of: "
                 "acked unacked threads=1 threads=2 workers=1 workers=2 link=tcp link=curve rate=10000 rate=100000")
    return found


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh",
                                     description="Measures Gale beside what the same work takes without an engine.")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one object a line on stdout, progress on stderr")
    parser.add_argument("--only", metavar="NAME", help="'const-id-null', or more words of it: 'const-id-null acked'")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="the median of so many (3)")
    parser.add_argument("--seconds", type=float, default=2.5, metavar="S", help="how long one run should last (2.5)")
    given = parser.parse_args()
    if given.rounds < 1 or given.seconds <= 0:
        parser.error("--rounds and --seconds must be positive")
    given.build = os.path.abspath(given.build)
    benches = chosen(given.only)
    note(given, f"{machine()}\n{len(benches)} configurations, {given.rounds} rounds of about {given.seconds} s each")
    with tempfile.TemporaryDirectory(prefix="gale-bench-") as scratch:
        measure_all(benches, given, scratch)
    if given.json:
        for bench in benches:
            print(json.dumps(bench.result(medians(bench.figures), medians(bench.bounds))))
    else:
        table(benches)


main()
