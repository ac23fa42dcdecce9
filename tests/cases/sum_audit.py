# SPDX-License-Identifier: Apache-2.0
#
# The lines of audit.Watch, added up by component: sum_audit.py FILE. In each: component#task, then names and figures.
import collections
import sys

sums, tasks = collections.defaultdict(collections.Counter), collections.Counter()
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        who, *rest = line.split()
        component = who.split("#")[0]
        tasks[component] += 1
        for name, figure in zip(rest[::2], rest[1::2]):
            sums[component][name] += int(figure)
for component in sorted(tasks):
    figures = " ".join(f"{name} {sums[component][name]}" for name in sorted(sums[component]))
    print(f"{component} tasks {tasks[component]} {figures}")
