# SPDX-License-Identifier: Apache-2.0
#
# Runs a page of the manual as its reader would, from top to bottom: manual.py PAGE --prefix PREFIX --scratch DIR.
# DIR is emptied first; PREFIX is an installed gale, and with the system's own programs all there is. The info string of
# each code block says what it is:
#   cpp, yaml, json, py, txt  FILE  is written to FILE of the folder that the shell is in; the paragraph in front
#                                names it in `backquotes`, since no reader sees an info string
#   sh  [status=N] [needs=TOOL]  is run by bash -eu -o pipefail, and ends with status N, 0 unless said; the folder that it
#                                changes to is that of the next blocks. Without TOOL it is left out, unless CI is set
#   text                         is what the sh block in front of it says on stdout and stderr
# In a text block the line `...` stands for any lines; <n> for a number, <time> for one with its unit, <clock> for the
# time of day of a log line, <path> for a path, <any> for anything in a line; columns may have other widths. Everything
# else is a fault, so that nothing is untested: another info string, a file that nothing uses, a link that leads nowhere.
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = ("cpp", "yaml", "json", "py", "txt")
PLACEHOLDERS = {"<n>": r"[0-9](?:[0-9. ]*[0-9])?", "<time>": r"[0-9][0-9.]* ?(?:ns|us|ms|s|m|h)",
                "<clock>": r"\d\d:\d\d:\d\d\.\d+", "<path>": r"\S(?:.*?\S)?", "<any>": r".*"}
SECONDS = 120  # a block


class Block:
    def __init__(self, line, info, text, before):
        self.line, self.text, self.before = line, text, before
        self.kind, *self.marks = info.split() or [""]


def blocks_of(text):
    """Each fenced block, with the paragraph in front of it."""
    found, fence, body, paragraph, last = [], None, [], [], []
    for number, line in enumerate(text.splitlines(), 1):
        if fence is None and line.lstrip().startswith("```"):
            fence, body = (number, line.lstrip()[3:]), []
        elif fence is not None and line.strip() == "```":
            found.append(Block(*fence, "".join(one + "\n" for one in body), " ".join(paragraph or last)))
            fence, paragraph, last = None, [], []
        elif fence is not None:
            body.append(line)
        elif line.strip():
            paragraph.append(line)
        elif paragraph:
            paragraph, last = [], paragraph
    if fence is not None:
        found.append(Block(fence[0], "unclosed", "", ""))
    return found


def options_of(block):
    """status and needs of a sh block; None when there is another mark."""
    options = dict(mark.split("=", 1) for mark in block.marks if "=" in mark)
    sound = len(options) == len(block.marks) and set(options) <= {"status", "needs"}
    return options if sound and options.get("status", "0").isdigit() else None


def structure_faults(blocks):
    for at, block in enumerate(blocks):
        if block.kind in FILES and len(block.marks) == 1:
            name = block.marks[0]
            if f"`{name}`" not in block.before:
                yield block.line, f"the paragraph in front of it does not name `{name}`"
            later = [b for b in blocks[at + 1:] if b.kind == "sh"] + [b for b in blocks if b.kind in FILES and b is not block]
            stem = os.path.basename(name)
            if not any(stem in b.text for b in later):
                yield block.line, f"nothing uses {name}"
        elif block.kind == "text" and not block.marks:
            if at == 0 or blocks[at - 1].kind != "sh":
                yield block.line, "no sh block is in front of this text"
        elif block.kind != "sh" or options_of(block) is None:
            said = " ".join([block.kind, *block.marks])
            yield block.line, f"a block '{said}' is no file, no sh [status=N] [needs=TOOL] and no text: it would not be tested"


def link_faults(page, text):
    for number, line in enumerate(text.splitlines(), 1):
        for link in re.findall(r"\]\(([^)#\s]+)\)", line):
            if "://" not in link and not os.path.exists(os.path.join(os.path.dirname(page), link)):
                yield number, f"link to {link}, which does not exist"


def even(line):
    return re.sub(r"(?<=\S) {2,}", "  ", line.rstrip())


def pattern_of(line):
    parts = re.split("(" + "|".join(map(re.escape, PLACEHOLDERS)) + ")", even(line))
    return "".join(PLACEHOLDERS.get(part, re.escape(part)) for part in parts)


def matches(wanted, got):
    """Whether lines match, '...' standing for any of them."""
    if not wanted:
        return not got
    if wanted[0].strip() == "...":
        return any(matches(wanted[1:], got[skip:]) for skip in range(len(got) + 1))
    return bool(got) and re.fullmatch(pattern_of(wanted[0]), even(got[0])) is not None and matches(wanted[1:], got[1:])


class Shell:
    """Runs blocks, one after the other, in the folder that the last one was left in."""

    def __init__(self, prefix, scratch):
        self.prefix, self.scratch, self.folder = prefix, scratch, scratch
        path = [os.path.join(prefix, "bin"), "/usr/lib/ccache", "/usr/bin", "/bin"]
        # Where packages would have put headers and libraries, a compiler looks by itself.
        self.more = [f"PATH={':'.join(path)}", f"CPLUS_INCLUDE_PATH={prefix}/include",
                     f"LIBRARY_PATH={prefix}/lib", f"LD_LIBRARY_PATH={prefix}/lib", f"CCACHE_BASEDIR={scratch}",
                     f"MANUAL_FOLDER={scratch}/.folder"]

    def run(self, script):
        script = 'trap \'pwd >"$MANUAL_FOLDER"\' EXIT\n' + script
        plain = f'source {shlex.quote(HERE)}/../install/plain.sh; plain "$@"'
        run = subprocess.run(["bash", "-c", plain, "manual", self.prefix, "env", *self.more, "bash", "-eu", "-o", "pipefail",
                              "-c", script], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             stdin=subprocess.DEVNULL, text=True, errors="replace", timeout=SECONDS)
        with open(os.path.join(self.scratch, ".folder"), encoding="utf-8") as f:
            self.folder = f.read().rstrip("\n")
        return run


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def indented(text):
    return "".join("    " + line + "\n" for line in text.splitlines())


def run_faults(blocks, shell):
    said, left_out = "", False
    for block in blocks:
        if block.kind in FILES:
            write(shell.folder, block.marks[0], block.text)
        elif block.kind == "sh":
            options = options_of(block)
            tool = options.get("needs")
            left_out = tool is not None and shutil.which(tool) is None and not os.environ.get("CI")
            if left_out:
                print(f"left out: the block of line {block.line} needs {tool}; on Debian: tests/support/install.sh tests")
                continue
            try:
                run = shell.run(block.text)
            except subprocess.TimeoutExpired:
                yield block.line, f"took more than {SECONDS} s"
                return
            said, wanted = run.stdout, int(options.get("status", "0"))
            if run.returncode != wanted:
                yield block.line, f"ended with status {run.returncode}, wanted {wanted}\n{indented(said)}"
        elif not left_out and not matches(block.text.splitlines(), said.splitlines()):
            yield block.line, f"is not what was said, which is\n{indented(said)}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page")
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--scratch", required=True)
    given = parser.parse_args()
    with open(given.page, encoding="utf-8") as f:
        text = f.read()
    blocks, scratch = blocks_of(text), os.path.abspath(given.scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    faults = [*structure_faults(blocks), *link_faults(given.page, text)]
    if not faults:
        faults = list(run_faults(blocks, Shell(os.path.abspath(given.prefix), scratch)))
    for line, fault in faults:
        print(f"{os.path.basename(given.page)}:{line}: {fault}")
    print(f"manual: {len(faults)} faults in {len(blocks)} blocks")
    sys.exit(1 if faults else 0)


main()
