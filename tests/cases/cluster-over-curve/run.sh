#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh BUILD, in a folder with `keys`: a master, two supervisors of one slot each, a topology of two workers. Leaves
# what they answered in `answers`.
set -euo pipefail

gale=$1/bin/gale
unset GALE_KEYS
# Ports P and P + 100 that nobody has, three times.
read -r master one two < <(python3 - <<'END'
import random, socket
def free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False
found = []
while len(found) < 3:
    port = random.randrange(20000, 30000)
    if port not in found and free(port) and free(port + 100):
        found.append(port)
print(*found)
END
)
started=()
end() { for pid in "${started[@]}"; do kill -USR1 "$pid" 2>/dev/null || kill "$pid" 2>/dev/null || true; done; }
trap end EXIT

"$gale" master --listen "127.0.0.1:$master" --state master --keys keys >master.log 2>&1 &
master_pid=$!
for n in 1 2; do
  port=$one
  [[ $n == 1 ]] || port=$two
  "$gale" supervisor --master "127.0.0.1:$master" --state "s$n" --ports "$port" --keys keys >"s$n.log" 2>&1 &
  started+=($!)
done
cat >t.yaml <<'END'
name: rates
plugins: [rate, print]
config: {topology.workers: 2}
spouts:
  - {id: numbers, className: rate.Spout, config: {topology.component.worker: 1}, properties: {per_second: 500, count: 1000000}}
bolts:
  - {id: show, className: print.Bolt, config: {topology.component.worker: 2}}
streams:
  - {from: numbers, to: show, grouping: {type: SHUFFLE}}
END
ask() { timeout 20 "$gale" "$@" --master "127.0.0.1:$master"; }
until [[ $(ask supervisors --keys keys 2>/dev/null | grep -c ' up ') == 2 ]]; do sleep 0.1; done
ask submit t.yaml --keys keys >/dev/null
until ask status rates --keys keys --json | grep -qE '"acked": ?[1-9]'; do sleep 0.1; done
{
  echo acked
  status=0
  ask list >/dev/null 2>&1 || status=$?
  echo "no key: $status"
  status=0
  HOME=$PWD GALE_KEYS=$PWD/none timeout 5 "$gale" master --listen 0.0.0.0:0 --state m2 >/dev/null 2>&1 || status=$?
  echo "open master: $status"
  status=0
  GALE_KEYS=$PWD/none timeout 5 "$gale" supervisor --address 10.0.0.1 --state s3 >/dev/null 2>&1 || status=$?
  echo "open supervisor: $status"
} >answers
end
wait "${started[@]}" || true
kill "$master_pid"
started=()
