#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# first_hour.sh PREFIX COMPILER both|spout|bolt: the first hour of somebody who writes a plugin, in an empty folder, with
# an installed gale alone. Prints what each step took.
set -euo pipefail

prefix=$(cd "$1" && pwd) compiler=$2 choice=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/install/plain.sh
source "$here/plain.sh"

if ! command -v "$compiler" >/dev/null; then
  echo "skipped: $compiler is not installed; on Debian: tests/support/install.sh tests" >&2
  if [[ -n ${CI:-} ]]; then exit 1; fi
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

step() {
  local begin=$EPOCHREALTIME
  if ! plain "$prefix" "$@" >"$scratch/said" 2>&1; then
    cat "$scratch/said" >&2
    echo "failed: $*" >&2
    exit 1
  fi
  LC_ALL=C awk -v a="$begin" -v b="$EPOCHREALTIME" -v what="$*" 'BEGIN { printf "%6.2f s  %s\n", b - a, what }'
}
said() {
  grep -qE "$1" "$scratch/said" || {
    cat "$scratch/said" >&2
    echo "the last step said nothing like: $1" >&2
    exit 1
  }
}

options=()
if [[ $choice != both ]]; then options=("--$choice"); fi
step gale new rates "${options[@]}"
cd rates
# Warnings are errors here: what a newcomer is given has none.
step cmake --preset default "-DCMAKE_CXX_COMPILER=$compiler" -DCMAKE_CXX_FLAGS=-Werror
step cmake --build build
step ctest --test-dir build --output-on-failure
said '100% tests passed'
step gale validate topology.yaml
said '^topology.yaml: ok'
step gale run topology.yaml --for 1s
said '^[0-9]+$'
step gale test topology.yaml
said 'tests?, 0 failed$'
step gale inspect build/plugins/rates.so
said "rates 0.1.0, plugin ABI 1\.[0-9]+, built by ${compiler%++}"
step gale plan topology.yaml
# As its README says; g++'s, since a plugin's sanitizer wants its runtime before a host that has none.
if [[ $compiler-$choice == g++-both ]]; then
  step cmake --preset asan
  step cmake --build build-asan
  step ctest --test-dir build-asan --output-on-failure
  said '100% tests passed'
fi
