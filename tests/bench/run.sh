#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The figures: installs what is missing, builds preset release, measures. tests/bench/run.sh [--json] [--only NAME]
# [--rounds N] [--seconds S]; bench.py says what is measured and how. Everything takes about ten minutes.
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
build=$root/build/release
log=$(mktemp)
trap 'rm -f "$log"' EXIT

quietly() { "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "bench: failed: $*" >&2; exit 1; }; }

"$root/tests/support/install.sh"
cd "$root"
quietly cmake --preset release
quietly cmake --build "$build" --target bin/gale plugins/{bench,bench_words,bench_paced,file,words}.so \
  tests/bench_bound_{loop,words,zmq,zmq_rtt}
cd - >/dev/null
python3 "$root/tests/bench/bench.py" --build "$build" "$@"
