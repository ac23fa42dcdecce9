# SPDX-License-Identifier: Apache-2.0
#
# Who links whom, read from CMake's own graph (link_graph.cmake): link_graph.py GRAPH. Includes say what the compiler
# sees (arrows.py), links what a program carries along: the master and the node start workers as processes, so the
# engine's execution must not be in them, not even by way of a third library.
import sys

import tree

# Targets that must not reach others, however long the way.
NEVER = {
    "gale_sdk": ["gale_base", "gale_host"],
    "gale_base": ["gale_plan", "gale_wire", "gale_ack", "gale_route", "gale_link", "gale_execute", "gale_worker"],
    "gale_keys": ["gale_plan", "gale_wire", "gale_ack", "gale_route", "gale_link", "gale_execute", "gale_worker"],
    "gale_plan": ["gale_ack", "gale_route", "gale_link", "gale_execute", "gale_worker"],
    "gale_wire": ["gale_ack", "gale_route", "gale_link", "gale_execute", "gale_worker"],
    "gale_ack": ["gale_route", "gale_link", "gale_execute", "gale_worker"],
    "gale_route": ["gale_link", "gale_execute", "gale_worker"],
    "gale_link": ["gale_route", "gale_execute", "gale_worker"],
    "gale_execute": ["gale_worker"],
    "gale_master": ["gale_execute", "gale_worker", "gale_link"],
    "gale_node": ["gale_execute", "gale_worker", "gale_route"],
}
# Plugins are opened by the engine, so they carry nothing of it: only these, and what the stock ones are made of, which
# is bound by the same rule.
PLUGIN_LINKS = {"gale_sdk"}
STOCK = "gale_stock_"


def read(path):
    graph = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            target, _, linked = line.partition(":")
            graph[target] = linked.split()
    return graph


def way(graph, start, end):
    """The shortest chain of targets from start to end, or None."""
    chains, seen = [[start]], {start}
    for chain in chains:
        for name in graph.get(chain[-1], []):
            if name == end:
                return chain + [name]
            if name not in seen:
                seen.add(name)
                chains.append(chain + [name])
    return None


def main(path):
    graph, faults = read(path), []
    for target, forbidden in NEVER.items():
        if target not in graph:
            faults.append(f"{target}: link_graph.py knows this target, the build does not; correct one of them")
        for end in forbidden:
            chain = way(graph, target, end)
            if chain:
                faults.append(f"{target} must not link {end}, but does: {' -> '.join(chain)}")
    for target in graph:
        for name in graph[target] if target.startswith(("plugin_", STOCK)) else []:
            if name.startswith("gale_") and name not in PLUGIN_LINKS and not name.startswith(STOCK):
                faults.append(f"{target} must link gale::sdk alone, but links {name}")
    tree.finish("link-graph", faults, len(graph))


main(sys.argv[1])
