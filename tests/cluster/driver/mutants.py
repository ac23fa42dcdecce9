# SPDX-License-Identifier: Apache-2.0
#
# The judge judged: each mutant is a failpoint of the engine (engine/base/failpoint.hpp), run as shortly as catches it.
# It is caught when an obligation breaks that was named beforehand; the same settings without it have to be clean.
from dataclasses import dataclass, replace

from run import Settings, carry_out

# Without kills: whatever breaks is the mutant's. Some tuples are held beyond the timeout, so that late acks meet slots
# that other roots have by then: about a quarter of the 4096 are taken.
BRISK = Settings(workers=2, rate=10_000, records=50_000, hold_ms=100, timeout_s=1, pending=4096, late_every=101,
                 late_ms=2600)
# For what shows in the mass only: 6 x 10^6 copies, of which a worker routes a good 10^6, and a memory that would grow.
BULK = Settings(workers=2, rate=30_000, records=600_000, hold_ms=50, timeout_s=3, pending=32_768, late_every=0,
                memory_bytes_per_root=48)


@dataclass
class Mutant:
    name: str
    settings: Settings
    caught_by: tuple  # any of these
    helpers: str = ""  # failpoints that an unmutated engine must survive


MUTANTS = [
    Mutant("drop-one-in-a-million", BULK, ("P1", "P2", "P5")),
    Mutant("ack-before-process", BRISK, ("P2",)),
    Mutant("serial-not-checked", BRISK, ("P5", "P2")),
    Mutant("wrong-task-route", BRISK, ("P8",)),
    Mutant("resend-without-dedupe", BRISK, ("P4",), helpers="link-doubles"),
    Mutant("callback-twice", BRISK, ("P6",)),
    Mutant("leak-64-bytes", BULK, ("P12",)),
]


def seconds_for(settings):
    return settings.records / settings.rate + settings.late_ms / 1000 + 4 * settings.timeout_s + 15


def quiet_run(build, settings, say):
    return carry_out(build, settings, say, seconds=seconds_for(settings))


def clean_runs(build, mutant_build):
    """(title, build, settings): what has to be clean for the mutants to mean anything."""
    yield "brisk, unmutated build", build, BRISK
    yield "brisk, mutants' build, link-doubles", mutant_build, replace(BRISK, mutant="link-doubles")
    yield "bulk, unmutated build", build, BULK


def run_mutants(build, mutant_build, only, say):
    """Returns (verdicts of the clean runs, names caught, names run)."""
    verdicts, caught, ran = [], [], []
    if not only:
        for title, where, settings in clean_runs(build, mutant_build):
            run, verdict, text = quiet_run(where, settings, say)
            verdicts.append(verdict)
            if verdict.clean:
                say(f"clean: {title}: {verdict.figures['records']} records, {verdict.figures['replays']} replays")
                run.drop()
            else:
                say(f"NOT CLEAN: {title}: {' '.join(verdict.broken)} broken; ledgers in {run.folder}\n{text}")
    for mutant in MUTANTS:
        if only and mutant.name not in only:
            continue
        ran.append(mutant.name)
        active = ",".join(filter(None, (mutant.helpers, mutant.name)))
        run, verdict, text = quiet_run(mutant_build, replace(mutant.settings, mutant=active), say)
        by = [o for o in mutant.caught_by if o in verdict.broken]
        if by:
            caught.append(mutant.name)
            say(f"mutant {mutant.name}: caught by {' '.join(by)} (broken: {' '.join(verdict.broken)})")
            run.drop()
        else:
            say(f"mutant {mutant.name}: NOT CAUGHT (broken: {' '.join(verdict.broken) or 'none'}); "
                f"ledgers in {run.folder}\n{text}")
    return verdicts, caught, ran
