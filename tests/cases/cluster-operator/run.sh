#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh BUILD: leaves in `answers` what the commands say, without what differs from run to run.
set -euo pipefail

gale=$1/bin/gale
unset GALE_KEYS
GALE_MASTER=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export GALE_MASTER
trap '"$gale" down --state up >/dev/null 2>&1 || true' EXIT
exec 3>answers

say() { echo "$@" >&3; }
# Prints what a command says and how it ends.
told() {
  local status=0
  "$gale" "$@" >said 2>&1 || status=$?
  sed "s/$GALE_MASTER/MASTER/g" said >&3
  [[ $status == 0 ]] || say "status $status"
}
# until_so MEMBER EXPRESSION: until what `gale status rates --json` says makes a Python expression of `t` true.
until_so() {
  for _ in $(seq 300); do
    if "$gale" status rates --json 2>/dev/null | python3 -c "import json, sys; t = json.load(sys.stdin); sys.exit(not ($1))" 2>/dev/null; then
      say "so: $(sed 's/!= [0-9]*$/!= before/' <<<"$1")"
      return
    fi
    sleep 0.1
  done
  say "never: $1"
  "$gale" status rates >&3 2>&1 || true
}
pid_of() { "$gale" status rates --json | python3 -c "import json, sys; print(json.load(sys.stdin)['workers'][$1]['pid'])"; }

cat >t.yaml <<'END'
name: rates
plugins: [rate, print]
config: {topology.message.timeout.secs: 5}
spouts:
  - {id: numbers, className: rate.Spout, properties: {per_second: 200, count: "${count:-100000000}"}}
bolts:
  - {id: show, className: print.Bolt}
streams:
  - {from: numbers, to: show, grouping: {type: SHUFFLE}}
END

"$gale" up --listen "$GALE_MASTER" --state up >/dev/null
told list
told submit t.yaml --workers 2
told submit t.yaml
told status rate
sed 's/per_second/per_secnd/' t.yaml >wrong.yaml
told submit wrong.yaml --name wrong
until_so 't["running"] == 2 and t["roots"]["acked"] > 100'
[[ $("$gale" logs rates --component show --lines 5 | wc -l) == 5 ]] && say "five lines of a log"

told deactivate rates
until_so 't["status"] == "inactive" and t["roots"]["pending"] == 0'
told activate rates
until_so 't["acked_per_s"] > 50'

first=$(pid_of 0) second=$(pid_of 1)
kill -9 "$second"
until_so "t['workers'][1]['restarts'] == 1 and t['workers'][1]['state'] == 'running' and t['workers'][1]['pid'] != $second"
[[ $(pid_of 0) == "$first" ]] && say "the other worker is the same"
[[ $("$gale" errors rates) == *"worker 2  died: signal 9 (SIGKILL)"* ]] && say "the death is told"

second=$(pid_of 1)
kill -9 "$(cut -d ' ' -f 1 up/master.pid)"
told list
"$gale" up --listen "$GALE_MASTER" --state up >/dev/null
until_so 't["running"] == 2 and t["acked_per_s"] > 50'
[[ $(pid_of 0) == "$first" && $(pid_of 1) == "$second" ]] && say "no worker of a dead master was started anew"

told rebalance rates --workers 1 --component shw=2
told rebalance rates --workers 3 --component show=4
until_so 't["revision"] == 2 and t["running"] == 3 and t["tasks"] == 5 and t["acked_per_s"] > 50'
told kill rates --wait
told list
told down --state up
told list
