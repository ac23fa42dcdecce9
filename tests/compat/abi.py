# SPDX-License-Identifier: Apache-2.0
#
# What the checks of the boundary share (check.py, self_test.py, record.py): a Boundary is an SDK's include folder beside
# a folder of records, and says what is wrong with it, a line a fault. The rules are in topology-api/ABI.md.
import os
import re
import shutil
import subprocess
from xml.etree import ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
TODAY = os.path.normpath(os.path.join(HERE, "../../topology-api/include"))
ABI = os.path.join("gale", "abi.h")
FIRST_DUMPED = 2  # the slot `choose` of gale_component was reserved before, with other arguments
GROWING = {"gale_out", "gale_batch", "gale_targets", "gale_run", "gale_task", "gale_component", "gale_plugin"}
SHOWN = ("--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed", "--type-id-style", "hash")
WARNINGS = ("-pedantic", "-Wall", "-Wextra", "-Werror")
LANGUAGES = {"C11": ("c", "-std=c11"), "C++20": ("c++", "-std=c++20")}


def missing_tools():
    return [tool for tool in ("abidw", "abidiff") if shutil.which(tool) is None]


def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def code_of(include):
    """abi.h without its comments and its spacing: what a compiler sees of it."""
    bare = re.sub(r"/\*.*?\*/|//[^\n]*", " ", read(os.path.join(include, ABI)), flags=re.S)
    return re.sub(r"\s+", " ", bare)


def version_of(include):
    numbers = dict(re.findall(r"#define GALE_ABI_(MAJOR|MINOR) (\d+)", code_of(include)))
    return int(numbers["MAJOR"]), int(numbers["MINOR"])


def dump(include, compiler, scratch):
    """The debug information of probe.c, compiled with this SDK, as abidw writes it: no path of a machine is in it."""
    library = os.path.join(scratch, "probe.so")
    flags = ("-g", "-O0", "-fPIC", "-shared", "-nostdlib", "-fvisibility=hidden")
    done = run(compiler, "-x", "c", "-std=c11", *WARNINGS, *flags, "-I", include, "probe.c", "-o", library, cwd=HERE)
    if done.returncode != 0:
        raise RuntimeError(done.stdout)
    return subprocess.run(("abidw", *SHOWN, library), check=True, capture_output=True, text=True).stdout


def spelled(types, number):
    """A type in words, down to names: the ids of a dump depend on what else is in it."""
    one = types.get(number)
    if one is None or one.get("name"):
        return one.get("name") if one is not None else "void"
    inner = [spelled(types, part.get("type-id")) for part in (one, *one) if part.get("type-id")]
    return f"{one.tag}{one.get('const', '')}({', '.join(inner)})"


def structs_of(dump_file):
    """name -> (bits, [(offset, name, type)]) of each struct in a dump."""
    root = ElementTree.parse(dump_file).getroot()
    types = {t.get("id"): t for t in root.iter() if t.get("id")}
    found = {}
    for one in root.iter("class-decl"):
        named = types.get(one.get("naming-typedef-id"), one)
        members = [(int(m.get("layout-offset-in-bits")), m[0].get("name"), spelled(types, m[0].get("type-id")))
                   for m in one.iter("data-member")]
        if one.get("is-declaration-only") != "yes":
            found[named.get("name")] = int(one.get("size-in-bits")), members
    return found


def grown_faults(old, new):
    """What else than growing, of what may grow, has become of the structs. abidiff's suppressions cannot say this: they
    hide with a struct that grew all that is reached through it."""
    for name, (bits, members) in old.items():
        if name not in new:
            yield f"{name} is gone"
        elif new[name][1][: len(members)] != members:
            yield f"{name} has other members, or of other types, than {', '.join(m[1] for m in members)}"
        elif name not in GROWING and new[name][0] != bits:
            yield f"{name} has grown, and nothing in it says its size"
        elif any(offset < bits for offset, _, _ in new[name][1][len(members) :]):
            yield f"{name} has a new member in what was padding, which no size covers"


class Boundary:
    """include: the folder with today's gale/; records: that of sdk/ and the dumps; scratch: an empty folder."""

    def __init__(self, include, records, scratch):
        self.include, self.records, self.scratch = include, records, scratch
        self.major, self.minor = version_of(include)

    def sdk(self, minor):
        return os.path.join(self.records, "sdk", f"{self.major}.{minor}")

    def dump_file(self, minor):
        return os.path.join(self.records, f"abi-{self.major}.{minor}.xml")

    def record(self, compiler):
        """Keeps today's headers and their dump as those of today's minor."""
        shutil.rmtree(self.sdk(self.minor), ignore_errors=True)
        shutil.copytree(os.path.join(self.include, "gale"), os.path.join(self.sdk(self.minor), "gale"))
        text = dump(self.include, compiler, self.scratch)
        with open(self.dump_file(self.minor), "w", encoding="utf-8") as f:
            f.write(text)

    def header_faults(self):
        """abi.h has not changed under the number that it has."""
        name = f"{self.major}.{self.minor}"
        wanted = {f"{self.major}.{m}" for m in range(self.minor + 1)}
        have = {v for v in os.listdir(os.path.join(self.records, "sdk")) if v.startswith(f"{self.major}.")}
        for version in sorted(wanted - have):
            yield f"ABI {version} is not recorded; when it is finished, run tests/compat/record.py"
        for version in sorted(have - wanted):
            yield f"ABI {version} is recorded, but abi.h speaks {name}; a minor is never taken back"
        for version in sorted(have & wanted):
            says = version_of(os.path.join(self.records, "sdk", version))
            if f"{says[0]}.{says[1]}" != version:
                yield f"the abi.h recorded as {version} says that it is {says[0]}.{says[1]}"
        if name in have and code_of(self.include) != code_of(self.sdk(self.minor)):
            yield (f"abi.h is not that of the recorded ABI {name}; count GALE_ABI_MINOR up and record the new one (or, when "
                   f"no release has {name} yet, record it again)")

    def layout_faults(self, compilers):
        """layout.h holds for today's abi.h and for every recorded one, as C and as C++, by each compiler."""
        recorded = os.path.join(self.records, "sdk")
        sdks = [self.include] + [os.path.join(recorded, v) for v in sorted(os.listdir(recorded)) if v[0] != "."]
        for include in sdks:
            for compiler in compilers:
                for name, (language, standard) in LANGUAGES.items():
                    done = run(compiler, "-x", language, standard, *WARNINGS, "-fsyntax-only", "-I", include, "-include",
                               "layout.h", os.devnull, cwd=HERE)
                    if done.returncode != 0:
                        said = [line for line in done.stdout.splitlines() if "error:" in line] or [done.stdout]
                        where = os.path.relpath(include, os.path.dirname(os.path.dirname(HERE)))
                        yield f"{where} by {os.path.basename(compiler)} as {name}: " + "\n  ".join(said)

    def dump_faults(self, compiler):
        """Types are those of today's recorded dump; since older minors structs have grown at their ends, no more."""
        if not os.path.exists(self.dump_file(self.minor)):
            yield f"ABI {self.major}.{self.minor} has no recorded dump; when it is finished, run tests/compat/record.py"
        now = os.path.join(self.scratch, "today.xml")
        with open(now, "w", encoding="utf-8") as f:
            f.write(dump(self.include, compiler, self.scratch))
        for minor in range(FIRST_DUMPED, self.minor + 1):
            if not os.path.exists(self.dump_file(minor)):
                continue
            done = run("abidiff", "--harmless", self.dump_file(minor), now)
            if minor == self.minor and done.returncode != 0:
                yield f"types are not those of abi-{self.major}.{minor}.xml:\n{done.stdout.strip()}"
            elif minor != self.minor:
                for fault in grown_faults(structs_of(self.dump_file(minor)), structs_of(now)):
                    yield f"since abi-{self.major}.{minor}.xml {fault}\n{done.stdout.strip()}"
