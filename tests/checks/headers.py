# SPDX-License-Identifier: Apache-2.0
#
# Every header compiles alone: it includes what it uses. headers.py ROOT SCRATCH COMPILER [OPTION...]
# One that a .cpp includes before all else has been proven by the build, so it is left out: a header costs half a second.
# One that has not changed since it last passed, nor anything it includes, is left out too: the compiler's own list of
# what was read (-MD) stands in SCRATCH for each.
import concurrent.futures
import os
import subprocess
import sys

import tree

BELOW = ("topology-api/include", "topology-api/host", "topology-api/testkit", "engine", "supervisor")


def is_fresh(listing, command):
    """Whether `listing`, the dependencies of a header that passed with the same command, is newer than all of them."""
    try:
        passed = os.stat(listing).st_mtime_ns
        with open(listing, encoding="utf-8") as f:
            said, _, rule = f.read().partition("\n")
        read = rule.replace("\\ ", "\0").replace("\\\n", " ").split(":", 1)[1].split()
        return said == "# " + command and all(os.stat(p.replace("\0", " ")).st_mtime_ns < passed for p in read)
    except (OSError, IndexError):
        return False


def proven(root):
    """The headers that some .cpp of the tree has as its first include."""
    found = set()
    for path in tree.files(root, (".cpp",), ("topology-api", "engine", "supervisor", "tests")):
        for _, _, what in tree.includes(root, path):
            found.add(what)
            found.update(f"topology-api/{below}/{what}" for below in ("include", "testkit/include"))
            break
    return found


def check(root, scratch, compiler, path):
    """The compiler's complaint about one header, or ''."""
    listing = os.path.join(scratch, path.replace("/", "_") + ".d")
    command = [*compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I" + root,
               "-I" + root + "/topology-api/include", "-I" + root + "/topology-api/testkit/include", "-x", "c++", "-MD",
               "-MT", "x", "-MF", listing + ".new", "-"]
    said = " ".join(command)
    if is_fresh(listing, said):
        return ""
    run = subprocess.run(command, cwd=root, input=f'#include "{path}"\n', capture_output=True, text=True)
    if run.returncode != 0:
        return run.stderr
    with open(listing + ".new", encoding="utf-8") as rule, open(listing, "w", encoding="utf-8") as kept:
        kept.write(f"# {said}\n{rule.read()}")
    os.unlink(listing + ".new")
    return ""


def main(root, scratch, compiler):
    os.makedirs(scratch, exist_ok=True)
    headers = list(tree.files(root, (".h", ".hpp"), [b for b in BELOW if os.path.isdir(os.path.join(root, b))]))
    by_build = proven(root)
    alone = [path for path in headers if path not in by_build]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(lambda path: check(root, scratch, compiler, path), alone))
    faults = [f"{path}:1: does not compile alone:\n{text}" for path, text in zip(alone, said) if text]
    print(f"headers: {len(headers)}, {len(headers) - len(alone)} of them proven by a .cpp that includes them first")
    tree.finish("headers", faults, len(headers))


main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:])
