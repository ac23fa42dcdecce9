# SPDX-License-Identifier: Apache-2.0
#
# Runs one case: run_case.py FOLDER --build BUILD --source SOURCE. FOLDER/case.ini is the case:
#   [case]
#   about  = one sentence of behaviour
#   prepare = shell commands that run first, in the scratch folder (optional)
#   args   = what gale is given, split as a shell would
#   status = the exit status, 0 unless said; `any` for any that is no signal
#   stdout, stderr, not-stderr = regular expressions, one a line, each to be found (not to be found)
#   after  = shell commands that run when gale has ended (optional)
#   expect = FILE of the scratch folder, which must equal ...
#   with   = a file in FOLDER, or `! command`, whose output it is
#   same   = a second FILE that must equal the first
#   seconds = how long it may take, 60 unless said
#   path   = a folder that comes first in gale's PATH (optional)
#   env    = variables of gale's, NAME=VALUE, one a line (optional)
# In all of them ${source} is the tree, ${case} FOLDER, ${scratch} an empty folder, ${build} the build; any of them may
# hold spaces, so shell commands, which see them as variables, want "${source}". Adding a case needs no C++.
import argparse
import configparser
import os
import re
import shlex
import string
import subprocess
import sys
import tempfile

KEYS = {"about", "prepare", "args", "status", "stdout", "stderr", "not-stderr", "after", "expect", "with", "same",
        "seconds", "path", "env"}


def read(folder):
    parser = configparser.ConfigParser(interpolation=None)
    with open(os.path.join(folder, "case.ini"), encoding="utf-8") as f:
        parser.read_file(f)
    case = dict(parser["case"])
    unknown = set(case) - KEYS
    if unknown or "about" not in case or "args" not in case:
        sys.exit(f"{folder}/case.ini: wants about and args, knows no {', '.join(sorted(unknown)) or 'other keys'}")
    return case


def put_in(text, names):
    return string.Template(text).safe_substitute(names)


def shell(command, scratch, names, **more):
    return subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=scratch, check=True,
                          env={**os.environ, **names}, **more)


def patterns(case, key, names):
    escaped = {name: re.escape(value) for name, value in names.items()}
    return [put_in(line, escaped) for line in case.get(key, "").splitlines() if line.strip()]


def run_faults(case, run, names):
    wanted = case.get("status", "0")
    if run.returncode < 0 or (wanted != "any" and run.returncode != int(wanted)):
        yield f"exit status {run.returncode}, wanted {wanted}"
    for name, text in (("stdout", run.stdout), ("stderr", run.stderr)):
        for pattern in patterns(case, name, names):
            if not re.search(pattern, text, re.M):
                yield f"{name} has nothing like: {pattern}"
    for pattern in patterns(case, "not-stderr", names):
        if re.search(pattern, run.stderr, re.M):
            yield f"stderr must not have: {pattern}"


def wanted_bytes(case, names):
    how = case["with"]
    if how.startswith("!"):
        return shell(how[1:], names["scratch"], names, stdout=subprocess.PIPE).stdout
    with open(os.path.join(names["case"], how), "rb") as f:
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


def file_faults(case, names):
    scratch = names["scratch"]
    if "expect" in case:
        got, wanted = bytes_of(scratch, case["expect"]), wanted_bytes(case, names)
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
        case = read(folder)
        gale = os.path.join(given.build, "bin", "gale")
        arguments = [put_in(word, names) for word in shlex.split(case["args"])]
        if "prepare" in case:
            shell(case["prepare"], scratch, names)
        try:
            more = dict(put_in(line, names).split("=", 1) for line in case.get("env", "").splitlines() if line)
            path = put_in(case["path"], names) + ":" + os.environ["PATH"] if "path" in case else os.environ["PATH"]
            run = subprocess.run([gale, *arguments], cwd=scratch, capture_output=True, text=True, errors="replace",
                                 env={**os.environ, "PATH": path, **more}, timeout=float(case.get("seconds", "60")))
        except subprocess.TimeoutExpired as late:
            sys.exit(f"{case['about']}\nran longer than {late.timeout} s\n{(late.stderr or b'').decode(errors='replace')}")
        if "after" in case:
            shell(case["after"], scratch, names)
        faults = [*run_faults(case, run, names), *file_faults(case, names)]
        print(case["about"])
        if faults:
            print(f"$ gale {shlex.join(arguments)}\n--- stdout\n{run.stdout}--- stderr\n{run.stderr}---")
            print("\n".join(faults))
            sys.exit(1)


main()
