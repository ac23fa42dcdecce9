# SPDX-License-Identifier: Apache-2.0
#
# Runs one case: run_case.py FOLDER --build BUILD --source SOURCE. FOLDER/case.ini is the case:
#   [case]
#   about  = one sentence of behaviour
#   prepare = shell commands that run first, in the scratch folder (optional)
#   args   = what gale is given, split as a shell would
#   status = the exit status, 0 unless said; `any` for any that is no signal
#   stdout, stderr, not-stderr = regular expressions, one a line, each to be found (not to be found)
#   expect = FILE of the scratch folder, which must equal ...
#   with   = a file in FOLDER, or `! command`, whose output it is
#   same   = a second FILE that must equal the first
#   seconds = how long it may take, 60 unless said
# In all of them ${source} is the tree, ${case} FOLDER, ${scratch} an empty folder, ${build} the build. Adding a case
# needs no C++.
import argparse
import configparser
import os
import re
import shlex
import string
import subprocess
import sys
import tempfile

KEYS = {"about", "prepare", "args", "status", "stdout", "stderr", "not-stderr", "expect", "with", "same", "seconds"}


def read(folder, names):
    parser = configparser.ConfigParser(interpolation=None)
    with open(os.path.join(folder, "case.ini"), encoding="utf-8") as f:
        parser.read_file(f)
    case = dict(parser["case"])
    unknown = set(case) - KEYS
    if unknown or "about" not in case or "args" not in case:
        sys.exit(f"{folder}/case.ini: wants about and args, knows no {', '.join(sorted(unknown)) or 'other keys'}")
    return {key: string.Template(value).safe_substitute(names) for key, value in case.items()}


def patterns(case, key):
    return [line for line in case.get(key, "").splitlines() if line.strip()]


def run_faults(case, run):
    wanted = case.get("status", "0")
    if run.returncode < 0 or (wanted != "any" and run.returncode != int(wanted)):
        yield f"exit status {run.returncode}, wanted {wanted}"
    for name, text in (("stdout", run.stdout), ("stderr", run.stderr)):
        for pattern in patterns(case, name):
            if not re.search(pattern, text, re.M):
                yield f"{name} has nothing like: {pattern}"
    for pattern in patterns(case, "not-stderr"):
        if re.search(pattern, run.stderr, re.M):
            yield f"stderr must not have: {pattern}"


def wanted_bytes(case, folder, scratch):
    how = case["with"]
    if how.startswith("!"):
        return subprocess.run(["bash", "-euo", "pipefail", "-c", how[1:]], cwd=scratch, check=True,
                              stdout=subprocess.PIPE).stdout
    with open(os.path.join(folder, how), "rb") as f:
        return f.read()


def bytes_of(scratch, name):
    path = os.path.join(scratch, name)
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as f:
        return f.read()


def difference(name, got, wanted):
    """A short way to say how two texts differ."""
    if got is None:
        return f"{name} was not written"
    got, wanted = got.splitlines(), wanted.splitlines()
    for number, (a, b) in enumerate(zip(got, wanted), 1):
        if a != b:
            return f"{name}:{number}: is {a!r}, wanted {b!r}"
    return f"{name}: has {len(got)} lines, wanted {len(wanted)}"


def file_faults(case, folder, scratch):
    if "expect" in case:
        got, wanted = bytes_of(scratch, case["expect"]), wanted_bytes(case, folder, scratch)
        if got != wanted:
            yield difference(case["expect"], got, wanted)
    if "same" in case:
        got, wanted = bytes_of(scratch, case["same"]), bytes_of(scratch, case["expect"])
        if got is None or got != wanted:
            yield difference(case["same"], got, wanted or b"")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--build", required=True)
    parser.add_argument("--source", required=True)
    given = parser.parse_args()
    folder = os.path.abspath(given.folder)
    with tempfile.TemporaryDirectory(prefix="gale-case-") as scratch:
        names = {"source": given.source, "case": folder, "scratch": scratch, "build": given.build}
        case = read(folder, names)
        gale = os.path.join(given.build, "bin", "gale")
        if "prepare" in case:
            subprocess.run(["bash", "-euo", "pipefail", "-c", case["prepare"]], cwd=scratch, check=True,
                           env={**os.environ, "GALE": gale})
        try:
            run = subprocess.run([gale, *shlex.split(case["args"])], cwd=scratch, capture_output=True, text=True,
                                 errors="replace", timeout=float(case.get("seconds", "60")))
        except subprocess.TimeoutExpired as late:
            sys.exit(f"{case['about']}\nran longer than {late.timeout} s\n{(late.stderr or b'').decode(errors='replace')}")
        faults = [*run_faults(case, run), *file_faults(case, folder, scratch)]
        print(case["about"])
        if faults:
            print(f"$ gale {case['args']}\n--- stdout\n{run.stdout}--- stderr\n{run.stderr}---")
            print("\n".join(faults))
            sys.exit(1)


main()
