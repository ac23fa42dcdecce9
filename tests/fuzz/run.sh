#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What reads bytes of others, fuzzed: tests/fuzz/run.sh [--seconds N] [TARGET...]. Builds preset `fuzz` (clang, address
# and undefined-behaviour sanitizers, libFuzzer) and runs each target so long, all at once, from the corpus kept here.
# What is found new stays in build/fuzz/found/. Exit status 1 when one crashed, hung or took more than 512 MB; the input
# that did it is named.
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
all=(frame lane tuple topology control)
seconds=60
targets=()
while (($#)); do
  case $1 in
    --seconds)
      seconds=${2:?--seconds wants a number}
      shift
      ;;
    -*)
      echo "fuzz: tests/fuzz/run.sh [--seconds N] [TARGET...]; there are ${all[*]}" >&2
      exit 2
      ;;
    *) targets+=("$1") ;;
  esac
  shift
done
((${#targets[@]})) || targets=("${all[@]}")

build=$root/build/fuzz
mkdir -p "$root/build"
(cd "$root" && cmake --preset fuzz >"$build.configure.log" 2>&1) || {
  cat "$build.configure.log" >&2
  exit 1
}
cmake --build "$build" --target "${targets[@]/#/fuzz_}"

run() { # TARGET
  local found=$build/found/$1 crashes=$build/crashes/$1/
  mkdir -p "$found" "$crashes"
  "$build/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -max_len=4096 -print_final_stats=1 \
    -artifact_prefix="$crashes" "$found" "$root/tests/fuzz/corpus/$1" >"$build/$1.log" 2>&1
}

declare -A running
for target in "${targets[@]}"; do
  run "$target" &
  running[$target]=$!
done
failed=0
for target in "${targets[@]}"; do
  if wait "${running[$target]}"; then
    awk -v target="$target" '/number_of_executed_units/ { units = $2 } /new_units_added/ { new = $2 }
      END { printf "%-10s %12d inputs, %d of them new ways\n", target, units, new }' "$build/$target.log"
  else
    failed=1
    echo "fuzz: $target FAILED:" >&2
    grep -v '^#' "$build/$target.log" | tail -n 40 >&2
  fi
done
exit $failed
