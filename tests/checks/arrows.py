# SPDX-License-Identifier: Apache-2.0
#
# Who may include whom, read from the includes. topology-api <- engine <- supervisor; within the engine
# base <- {keys, plan, wire, ack} <- {route, link} <- execute <- worker; each third-party library by its own door.
# The tables below are the rule; what they do not allow is a fault.
import sys

import tree

# A part is the longest of these that a path begins with. Each names the parts it may include, itself aside.
SDK = "topology-api/include"
HOST = "topology-api/host"
TESTKIT = "topology-api/testkit"
KEYS = "engine/keys"
PLANNED = ["engine/base", HOST, SDK]
CORE = PLANNED + ["engine/plan", "engine/wire", "engine/ack"]
CRASH = ["engine/crash"]
ROUTED = CORE + [KEYS, "engine/route", "engine/link"] + CRASH
REPORT = "engine/worker/report.hpp"  # plain data, a part of its own: who watches workers reads it and runs none
ENGINE = ROUTED + ["engine/execute", "engine/worker", REPORT]
WATCHERS = ["supervisor/control", "supervisor/process", "supervisor/metrics", REPORT]
ALLOWED = {
    SDK: [],
    HOST: [SDK],
    TESTKIT: [SDK],
    "topology-api/components": [SDK],
    "examples": [SDK, TESTKIT],
    "engine/base": [SDK],
    KEYS: ["engine/base"],
    "engine/plan": PLANNED,
    "engine/wire": PLANNED,
    "engine/crash": ["engine/base", "engine/wire", SDK],
    "engine/ack": PLANNED + ["engine/wire"],
    "engine/route": CORE,
    "engine/link": CORE + [KEYS],
    "engine/execute": ROUTED,
    REPORT: ["engine/base"],
    "engine/worker": ROUTED + ["engine/execute", REPORT],
    "supervisor/control": PLANNED + [KEYS, REPORT],
    "supervisor/process": ["engine/base"],
    "supervisor/metrics": PLANNED + ["engine/plan", "supervisor/control", REPORT],
    "supervisor/master": PLANNED + [KEYS] + WATCHERS,
    "supervisor/node": PLANNED + [KEYS, "engine/plan", "engine/wire"] + WATCHERS + CRASH,
    "supervisor/schema": PLANNED + ["engine/plan"],
    "supervisor/trial": ENGINE + [TESTKIT],
    "supervisor/cli": ENGINE + WATCHERS + ["supervisor/master", "supervisor/node", "supervisor/schema", "supervisor/trial"],
    "supervisor/web": PLANNED + ["supervisor/control", REPORT],
}

# Third-party headers and the doors they come in by: paths that may include them. The SDK's own users' builds pay for
# every header, so nothing of these is in SDK.
DOORS = {
    "zmq.h": [KEYS, "engine/link/zmq", "supervisor/control", "supervisor/node"],
    "zmq.hpp": [KEYS, "engine/link/zmq", "supervisor/control", "supervisor/node"],
    "yaml-cpp/": ["engine/base/yaml"],
    "msgpack.h": [HOST, "supervisor/control"],
    "msgpack/": [HOST, "supervisor/control"],
    "spdlog/": ["engine/base/log"],
    "boost/": ["supervisor/cli"],
    "xxhash.h": ["engine/base", "engine/crash", "engine/route"],
    "nlohmann/": ["supervisor/cli", "supervisor/schema", "topology-api/components"],
    "valijson/": ["topology-api/components/validate"],
    "sqlite3.h": ["supervisor/master/sqlite_"],
    "sodium.h": ["engine/base/sha256.cpp"],
    "sodium/": ["supervisor/master/digest.cpp"],
    "re2/": ["topology-api/components/filter"],
}


def part_of(path, parts):
    best = [p for p in parts if path == p or path.startswith(p + "/")]
    return max(best, key=len) if best else None


def target_of(root, path, what):
    """The path in the tree that an include means, or None when it is of the system or a third party."""
    import os

    for base in ("", SDK, TESTKIT + "/include", os.path.dirname(path)):
        candidate = os.path.normpath(os.path.join(base, what))
        if os.path.isfile(os.path.join(root, candidate)):
            return candidate
    return None


def fault_of(root, path, part, what):
    target = target_of(root, path, what)
    if target is None:
        for door, allowed in DOORS.items():
            if what.startswith(door) and not any(path.startswith(a) for a in allowed):
                return f"only {' and '.join(allowed) or 'nobody'} may include <{what}>; go through what is there"
        return None
    if target.startswith(("tests/", "examples/")) and not target.startswith(part + "/"):
        return f"nobody includes {target.split('/')[0]}/, but this includes {target}"
    other = part_of(target, ALLOWED)
    if other is None:
        return f"{target} belongs to no part that arrows.py knows; add it to the table"
    if other != part and other not in ALLOWED[part]:
        return f"{part} may not include {other} ({target})"
    return None


def main(root):
    faults, seen = [], 0
    for path in tree.files(root, (".h", ".hpp", ".cpp"), ("topology-api", "engine", "supervisor", "examples")):
        seen += 1
        part = part_of(path, ALLOWED)
        if part is None:
            faults.append(f"{path}:1: belongs to no part that arrows.py knows; add it to the table")
            continue
        for number, _, what in tree.includes(root, path):
            fault = fault_of(root, path, part, what)
            if fault:
                faults.append(f"{path}:{number}: {fault}")
    tree.finish("arrows", faults, seen)


main(sys.argv[1])
