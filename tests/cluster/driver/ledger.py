# SPDX-License-Identifier: Apache-2.0
#
# The judge's command, behind ledger.sh: a run under seeded kills, then the mutants. Exit status 0: all obligations kept
# and all mutants caught; 1: not; 2: bad usage.
import argparse
import json
import os
import random
import sys
import time
from dataclasses import dataclass

from mutants import MUTANTS, run_mutants
from run import Settings, carry_out


@dataclass
class Profile:
    faults: int  # counted ones
    seconds: float  # at least
    pause: tuple  # seconds between a recovery and the next kill
    at_once: float  # how often a second worker dies with the first
    patience: float  # seconds for all, beyond `seconds`


PROFILES = {
    "ci": Profile(faults=20, seconds=62, pause=(1.2, 3.6), at_once=0.15, patience=90),
    "long": Profile(faults=1000, seconds=7200, pause=(2, 10), at_once=0.15, patience=7200),
}


class Killer:
    """Seeded: which worker, when, and how many at once. Times are the machine's, so a seed repeats choices, not races."""

    def __init__(self, profile, seed, say):
        self.profile, self.seed, self.random, self.say = profile, seed, random.Random(seed), say
        self.counted = 0

    def __call__(self, run):
        run.write("faults", f"# seed {self.seed}\n")
        begun = time.monotonic()
        deadline = begun + self.profile.seconds + self.profile.patience
        while self.counted < self.profile.faults or time.monotonic() - begun < self.profile.seconds:
            if time.monotonic() > deadline:
                self.say(f"only {self.counted} counted kills in time")
                return
            run.until_loaded()
            self.pause(run)
            victims = self.victims(run)
            faults = [run.kill(pid) for pid in victims]
            self.counted += sum(f["held"] >= run.settings.min_held for f in faults)
            run.until_recovered(faults)
        run.until_loaded()  # the end comes to a whole topology

    def pause(self, run):
        until = time.monotonic() + self.random.uniform(*self.profile.pause)
        while time.monotonic() < until:
            run.check_alive()
            time.sleep(0.01)

    def victims(self, run):
        run.until_loaded()
        pids = run.workers()
        count = 2 if len(pids) > 2 and self.random.random() < self.profile.at_once else 1
        return self.random.sample(pids, count)


def say(text):
    print(text, file=sys.stderr, flush=True)


def kill_run(build, options):
    profile = PROFILES[options.profile]
    if options.seconds:
        profile.seconds = options.seconds
    if options.faults:
        profile.faults = options.faults
    killer = Killer(profile, options.seed, say)
    say(f"ledger: profile {options.profile}, seed {options.seed}: kills")
    run, verdict, text = carry_out(build, Settings(workers=options.workers), say, faults=killer)
    say(text.rstrip())
    if killer.counted < profile.faults:
        say(f"run: {killer.counted} kills counted, {profile.faults} wanted")
        verdict.broken.append("run")
    if verdict.clean and not options.keep:
        run.drop()
    else:
        say(f"ledgers in {run.folder}")
    return verdict


def parse(arguments):
    parser = argparse.ArgumentParser(prog="ledger.sh", description="The exact-accounting test; see README.md beside it.")
    parser.add_argument("--profile", choices=PROFILES, help="kills: ci (20, >= 60 s, then the mutants) or long")
    parser.add_argument("--mutants", action="store_true", help="the mutants, and the clean runs beside them")
    parser.add_argument("--no-mutants", action="store_true", help="profile ci without the mutants")
    parser.add_argument("--only", action="append", default=[], choices=[m.name for m in MUTANTS], help="one mutant")
    parser.add_argument("--seed", type=int, default=None, help="of the kills; else random, and printed")
    parser.add_argument("--json", action="store_true", help="the figures as the last line of stdout")
    parser.add_argument("--build", required=True, help="the build to judge (release)")
    parser.add_argument("--mutant-build", help="one configured with GALE_MUTANTS")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--faults", type=int, help="counted kills, instead of the profile's")
    parser.add_argument("--seconds", type=float, help="the least length of the kills, instead of the profile's")
    parser.add_argument("--keep", action="store_true", help="keep the ledgers of a clean run too")
    options = parser.parse_args(arguments)
    if options.only:
        options.mutants = True
    if not options.profile and not options.mutants:
        parser.error("give --profile ci, --profile long or --mutants")
    if options.profile == "ci" and not options.no_mutants:
        options.mutants = True
    if options.mutants and not options.mutant_build:
        parser.error("--mutants wants --mutant-build (ledger.sh gives it)")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def main(arguments):
    options = parse(arguments)
    verdicts, caught, ran = [], [], []
    if options.profile:
        verdicts.append(kill_run(os.path.abspath(options.build), options))
    if options.mutants:
        clean, caught, ran = run_mutants(os.path.abspath(options.build), os.path.abspath(options.mutant_build),
                                         options.only, say)
        verdicts += clean
    names = ("records", "faults", "missing", "false_acks", "duplicates", "unexplained_duplicates")
    figures = {name: sum(v.figures[name] for v in verdicts) for name in names}
    figures |= {"mutants_caught": len(caught), "mutants": len(ran)}
    broken = sorted({o for v in verdicts for o in v.broken})
    say(f"ledger: {'clean' if not broken else 'BROKEN: ' + ' '.join(broken)}, "
        f"{len(caught)} of {len(ran)} mutants caught, seed {options.seed}")
    if options.json:
        print(json.dumps(figures, separators=(",", ":")))
    return 0 if not broken and caught == ran else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
