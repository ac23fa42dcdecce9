# SPDX-License-Identifier: Apache-2.0
#
# One run of the judge's topology: starts `gale run` in a folder of its own, sees its workers and what they hold, kills
# them, waits for their successors, and has the ledgers judged. Kills only processes that this run started, by pidfd.
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GAUGE = struct.Struct("<4Q")  # format.hpp: held, done, position, acked
RECOVERY_SECONDS = 30
SAMPLE_SECONDS = 0.25


class Broken(Exception):
    """The run itself cannot go on; what is left is judged all the same."""


@dataclass
class Settings:
    workers: int = 3
    rate: int = 6000  # new records a second, from each of the two sources
    records: int = 0  # of each source; 0: until finish() says
    hold_ms: int = 300
    timeout_s: float = 3
    pending: int = 16384
    late_every: int = 4001
    late_ms: int = 7000
    min_held: int = 1000
    memory_bytes_per_root: int = 0
    mutant: str = ""  # GALE_MUTANT

    def arguments(self, folder):
        values = {
            "dir": folder, "rate": self.rate, "records": self.records, "hold": self.hold_ms,
            "timeout": f"{self.timeout_s:g}", "pending": self.pending, "late_every": self.late_every,
            "late": self.late_ms,
        }
        return [part for key, value in values.items() for part in ("--set", f"{key}={value}")]

    def for_checker(self, last):
        return {
            "sources": 2, "last": last, "timeout_ms": int(self.timeout_s * 1000), "max_pending": self.pending,
            "late_every": self.late_every, "late_ms": self.late_ms, "min_held": self.min_held,
            "memory_bytes_per_root": self.memory_bytes_per_root,
        }


@dataclass
class Verdict:
    figures: dict = field(default_factory=dict)
    broken: list = field(default_factory=list)  # obligations, and "run" when the run itself went wrong
    folder: str = ""

    @property
    def clean(self):
        return not self.broken


def parent_and_arguments(pid):
    """Of a living process; None when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            state, parent = f.read().rsplit(")", 1)[1].split()[:2]
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            arguments = f.read().split(b"\0")
    except (OSError, IndexError, ValueError):
        return None
    return None if state in "ZX" else (int(parent), arguments)


def children_of(pid):
    """Of all its threads. Without the kernel's own list: a look at every process."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as f:
                found += [int(child) for child in f.read().split()]
    except FileNotFoundError:
        if os.path.exists("/proc/self/task") and not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
            return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except (ProcessLookupError, PermissionError):
        pass
    return found


def resident_bytes(pid):
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


class Run:
    def __init__(self, build, settings, say):
        self.build, self.settings, self.say = build, settings, say
        self.folder = tempfile.mkdtemp(prefix="gale-ledger-")
        self.process = None
        self.pidfds = {}  # of every worker ever seen; closed at the end
        self.kills = 0
        self.last = settings.records
        self.trouble = []
        self.sampler = None
        self.lock = threading.Lock()
        self.ended = threading.Event()

    # --- the processes ------------------------------------------------------------------------------------------

    def start(self):
        gale = os.path.join(self.build, "bin", "gale")
        command = [gale, "run", os.path.join(HERE, "ledger.yaml"), "--workers", str(self.settings.workers),
                   "--plugins", os.path.join(self.build, "tests", "plugins"), "--json",
                   *self.settings.arguments(self.folder)]
        environment = dict(os.environ)
        environment.pop("GALE_MUTANT", None)
        if self.settings.mutant:
            environment["GALE_MUTANT"] = self.settings.mutant
        self.write("command", " ".join(command) + "\n")
        with open(os.path.join(self.folder, "stdout"), "wb") as out, open(os.path.join(self.folder, "stderr"), "wb") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment)
        self.sampler = threading.Thread(target=self.sample, daemon=True)
        self.sampler.start()

    def workers(self):
        """pids of the living `gale worker` children of this run."""
        found = []
        for pid in children_of(self.process.pid):
            facts = parent_and_arguments(pid)
            if facts is None or facts[0] != self.process.pid or facts[1][1:2] != [b"worker"]:
                continue
            with self.lock:  # the sampler looks too
                if pid not in self.pidfds:
                    try:
                        self.pidfds[pid] = os.pidfd_open(pid)
                    except ProcessLookupError:
                        continue
            found.append(pid)
        return sorted(found)

    def check_alive(self):
        if self.process.poll() is not None:
            raise Broken(f"gale run ended by itself, status {self.process.returncode}")

    def sample(self):
        path = os.path.join(self.folder, "memory")
        with open(path, "w", encoding="ascii") as out:
            while not self.ended.wait(SAMPLE_SECONDS):
                for pid in [self.process.pid, *self.workers()]:
                    size = resident_bytes(pid)
                    if size:
                        out.write(f"{time.monotonic_ns()} {pid} {size}\n")

    # --- what they hold -----------------------------------------------------------------------------------------

    def gauges(self, pids=None):
        """{pid: {(component, index): (held, done, position, acked)}} of these, or of all that ever were."""
        found = {}
        for name in os.listdir(self.folder):
            parts = name.split(".")
            if len(parts) != 4 or parts[0] != "gauge" or (pids is not None and int(parts[3]) not in pids):
                continue
            with open(os.path.join(self.folder, name), "rb") as f:
                found.setdefault(int(parts[3]), {})[parts[1], int(parts[2])] = GAUGE.unpack(f.read(GAUGE.size))
        return found

    @staticmethod
    def held(gauges):
        """Inputs received and not yet acked, which die with their process; pending roots are counted apart."""
        return sum(g[0] for (component, _), g in gauges.items() if component == "keyed")

    @staticmethod
    def pending(gauges):
        return sum(g[0] for (component, _), g in gauges.items() if component == "source")

    def until(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not condition():
            self.check_alive()
            if time.monotonic() > deadline:
                raise Broken(f"not within {seconds} s: {what}")
            time.sleep(0.02)

    def is_loaded(self, pid):
        return pid in self.workers() and self.held(self.gauges({pid}).get(pid, {})) > self.settings.min_held * 1.2

    def until_loaded(self):
        def all_loaded():
            pids = self.workers()
            return len(pids) == self.settings.workers and all(self.is_loaded(pid) for pid in pids)
        self.until(all_loaded, RECOVERY_SECONDS, f"every worker holds {self.settings.min_held} tuples")

    # --- faults -------------------------------------------------------------------------------------------------

    def kill(self, pid):
        """kill -9; what it held is read after its death, from mappings that outlive it, so the count is exact."""
        at = time.monotonic_ns()
        signal.pidfd_send_signal(self.pidfds[pid], signal.SIGKILL)
        if not select.select([self.pidfds[pid]], [], [], 10)[0]:
            raise Broken(f"worker {pid} survives kill -9")
        gauges = self.gauges({pid}).get(pid, {})
        self.kills += 1
        return {"n": self.kills, "at": at, "pid": pid, "tasks": set(gauges), "held": self.held(gauges),
                "pending": self.pending(gauges), "recovered": 0}

    def until_recovered(self, faults):
        """Each task that died is open in another process."""
        def tasks_of_living():
            return {task for tasks in self.gauges(set(self.workers())).values() for task in tasks}
        try:
            for fault in faults:
                self.until(lambda f=fault: f["tasks"] <= tasks_of_living(), RECOVERY_SECONDS,
                           f"the tasks of kill {fault['n']} are open again")
                fault["recovered"] = time.monotonic_ns()
        finally:
            for fault in faults:
                self.note(fault)

    def note(self, f):
        with open(os.path.join(self.folder, "faults"), "a", encoding="ascii") as out:
            out.write(f"kill {f['n']} {f['at']} {f['recovered']} {f['pid']} {f['held']} {f['pending']}\n")
        outage = f"{(f['recovered'] - f['at']) // 1_000_000} ms" if f["recovered"] else "never"
        self.say(f"kill {f['n']}: worker {f['pid']} held {f['held']} unacked tuples, {f['pending']} pending roots; "
                 f"back: {outage}")

    # --- the end ------------------------------------------------------------------------------------------------

    def finish(self):
        """Names the last number, the same for both sources, two seconds from now."""
        positions = [g[2] for tasks in self.gauges().values() for (component, _), g in tasks.items()
                     if component == "source"]
        self.last = max(positions, default=0) + 2 * self.settings.rate
        self.write("end.new", f"{self.last}\n")
        os.rename(os.path.join(self.folder, "end.new"), os.path.join(self.folder, "end"))

    def wait(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Broken(f"gale run did not end within {seconds:.0f} s") from None

    def stop(self):
        """Leaves no process behind, however the run went."""
        try:
            self.workers()  # their pidfds
            if self.process.poll() is None:
                self.process.terminate()
                try:
                    self.process.wait(5)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
        finally:
            self.ended.set()
            self.sampler.join()
            for fd in self.pidfds.values():
                try:
                    signal.pidfd_send_signal(fd, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                os.close(fd)
            self.pidfds.clear()

    def summary(self):
        try:
            with open(os.path.join(self.folder, "stdout"), encoding="utf-8") as f:
                return json.loads(f.read().strip().splitlines()[-1])
        except (OSError, IndexError, ValueError):
            return None

    def judge(self):
        lines = self.settings.for_checker(self.last)
        self.write("settings", "".join(f"{key} {value}\n" for key, value in lines.items()))
        checker = os.path.join(self.build, "tests", "ledger_checker")
        answer = subprocess.run([checker, self.folder, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, check=False)
        self.write("verdict", answer.stderr)
        if answer.returncode not in (0, 1):
            raise RuntimeError(f"the checker could not judge {self.folder}: {answer.stderr.strip()}")
        figures = json.loads(answer.stdout)
        return Verdict(figures, figures.pop("broken"), self.folder), answer.stderr

    def check_summary(self, verdict):
        """P13, as far as a run's own summary goes: what the engine counted is what the ledgers have."""
        status = self.process.returncode
        if status != 0:
            self.trouble.append(f"gale run ended with status {status}")
        summary = self.summary()
        if summary is None:
            self.trouble.append("gale run printed no JSON summary as its last line")
            return
        roots = summary["roots"]
        if roots["pending"] != 0:
            self.trouble.append(f"the summary has {roots['pending']} roots pending")
        if self.kills == 0 and roots["acked"] != verdict.figures["acks"]:
            verdict.broken.append("P13")
            self.say(f"P13 BROKEN: the summary has {roots['acked']} roots acked, the ledgers {verdict.figures['acks']}")

    def drop(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)


def carry_out(build, settings, say, faults=None, seconds=120):
    """One run from start to verdict: faults(run) injects and returns when the sources may end (none: they end by
    settings.records). The folder is kept when the verdict is not clean; the caller drops it otherwise."""
    run = Run(build, settings, say)
    run.start()
    try:
        if faults is not None:
            faults(run)
            run.finish()
        run.wait(seconds)
    except Broken as e:
        run.trouble.append(str(e))
    finally:
        run.stop()
    verdict, text = run.judge()
    run.check_summary(verdict)
    for trouble in run.trouble:
        say(f"run: {trouble}")
    if run.trouble:
        verdict.broken.append("run")
    return run, verdict, text


if __name__ == "__main__":
    sys.exit("run tests/cluster/ledger.sh instead")
