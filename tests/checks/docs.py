# SPDX-License-Identifier: Apache-2.0
#
# The prose is held against the tree: docs.py ROOT [GALE]. In README.md of every folder and the PAGES below
# (of a manual's other pages the options alone: their code and their links are run by tests/manual)
# - a path in `backquotes` or in a link exists, from the top of the tree or beside the page,
# - an `--option` is one that the program or a script of ours takes,
# - a gale command in a code block runs: `gale validate` and `--help` as they stand, `gale run` as `gale validate`.
# Every file in topologies/ passes `gale validate`. Without GALE (no program built yet) only paths are looked at.
import glob
import os
import re
import shlex
import subprocess
import sys

import tree

PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "FORMAT.md", "ABI.md")
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)\)")
ENDING = re.compile(r"^[\w.*-]+\.(hpp|cpp|h|md|sh|yaml|py|cmake|json|txt)$")
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")
FOREIGN = ("cmake", "ctest", "apt-get", "git", "clang-format", "docker", "g++", "storm")  # their options are not ours to check


def looks_like_path(text):
    if re.search(r"[\s<>${}|,;:()='\"]", text) or text.startswith(("/", "build/", "http", "-", "~", ".", "..")):
        return text.startswith((".ci/", ".clang", ".gitignore"))
    return bool(ENDING.match(text)) or bool(re.fullmatch(r"[a-z][\w.*-]*(/[\w.*-]+)+/?|[a-z][\w-]+/", text))


def exists(root, page, path):
    beside = os.path.join(root, os.path.dirname(page), path)
    return bool(glob.glob(os.path.join(root, path)) or glob.glob(beside))


def known_tops(root):
    """First parts of paths: `a/b` with another first part is prose, such as `acked/failed`."""
    return {name for name in os.listdir(root)}


def path_faults(root, page, number, line):
    tops = known_tops(root) | set(os.listdir(os.path.join(root, os.path.dirname(page)) or root))
    for text in CODE.findall(line) + LINK.findall(line):
        first = text.split("/")[0]
        if looks_like_path(text) and (first in tops or ENDING.match(text)) and not exists(root, page, text):
            yield f"{page}:{number}: `{text}` does not exist"


def commands(root, page):
    """(line number, words) of each command in a code block; a line that ends in a backslash goes on."""
    fenced, begun, text = False, 0, ""
    for number, line in enumerate(tree.lines(root, page), 1):
        if line.strip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            begun = begun or number
            text += line.strip().removeprefix("$ ")
            if text.endswith("\\"):
                text = text[:-1]
                continue
            try:
                words = shlex.split(text, comments=True)
            except ValueError:
                words = []
            if words:
                yield begun, words
            begun, text = 0, ""


class Program:
    """What the built gale says of itself."""

    def __init__(self, path):
        self.path = path
        said = self.run(["--help"])
        subcommands = re.findall(r"^\s+(?:gale )?([a-z][a-z-]+)\b", said.stdout, re.M)
        texts = [said.stdout] + [self.run([name, "--help"]).stdout for name in dict.fromkeys(subcommands)]
        self.options = set(OPTION.findall("\n".join(texts)))

    def run(self, words):
        return subprocess.run([self.path, *words], capture_output=True, text=True, timeout=60)


def script_options(root):
    found = set()
    for path in tree.files(root, (".sh", ".py", "run"), ("tests", "examples", ".ci")):
        found.update(OPTION.findall("\n".join(tree.lines(root, path))))
    return found


def option_faults(page, number, line, options):
    code = " ".join(CODE.findall(line))
    if not any(word in code.split() for word in FOREIGN):
        for name in OPTION.findall(code):
            if name not in options:
                yield f"{page}:{number}: `--{name}` is an option of nothing here"


def command_faults(root, page, number, words, program, options):
    name = os.path.basename(words[0])
    if name != "gale":
        if "/" in words[0] and not os.access(os.path.join(root, words[0]), os.X_OK):
            yield f"{page}:{number}: {words[0]} is no command"
        if name not in FOREIGN:
            for option in OPTION.findall(" ".join(words)):
                if option not in options:
                    yield f"{page}:{number}: --{option} is an option of nothing here"
        return
    for option in OPTION.findall(" ".join(words)):
        if option not in program.options:
            yield f"{page}:{number}: gale has no option --{option}"
    if len(words) > 2 and words[1] in ("run", "validate") and os.path.isfile(os.path.join(root, words[2])):
        said = validate(root, words[2], words, program)
        if said:
            yield f"{page}:{number}: {said}"


def validate(root, topology, words, program):
    """The complaint of `gale validate` about a topology, with the --set of the command that runs it; '' if it has none."""
    sets = [w for at, w in enumerate(words) if w.startswith("--set=") or words[at - 1] == "--set" or w == "--set"]
    run = program.run(["validate", os.path.join(root, topology), *sets])
    return "" if run.returncode == 0 else f"gale validate {topology}: {run.stdout}{run.stderr}".strip()


def topology_faults(root, program):
    """Each topology validates, with the --set that the command in its first comment has."""
    for path in tree.files(root, (".yaml",), ("topologies",)):
        comment = [line[1:].strip() for line in tree.lines(root, path) if line.startswith("#")]
        command = next((shlex.split(line) for line in comment if line.startswith("gale run ")), None)
        if command is None:
            yield f"{path}:1: the first comment has no line that begins with 'gale run'"
        elif command[2] != path.replace(os.sep, "/"):
            yield f"{path}:1: the command in the comment runs {command[2]}"
        else:
            said = validate(root, path, command, program)
            if said:
                yield f"{path}: {said}"


def main(root, gale=None):
    faults, seen = [], 0
    if gale and not os.access(gale, os.X_OK):
        print(f"docs: {gale} is not built, so no option and no topology can be checked")
        sys.exit(1)
    program = Program(gale) if gale else None
    options = (program.options if program else set()) | script_options(root)
    for page in tree.files(root, PAGES):
        for number, line in enumerate(tree.lines(root, page), 1):
            seen += 1
            faults += path_faults(root, page, number, line)
            if program:
                faults += option_faults(page, number, line, options)
        for number, words in commands(root, page) if program else ():
            faults += command_faults(root, page, number, words, program, options)
    for page in tree.files(root, (".md",), ("topology-api/manual",)) if program else ():
        for number, line in enumerate(tree.lines(root, page), 1):
            faults += option_faults(page, number, line, options)
    if program:
        faults += topology_faults(root, program)
    tree.finish("docs", faults, seen)


main(*sys.argv[1:])
