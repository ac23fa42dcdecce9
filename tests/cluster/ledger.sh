#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The judge: tests/cluster/ledger.sh --profile ci|long [--seed N] [--json] [--build DIR] [--mutants | --no-mutants]
# Without --build it installs what is missing and builds build/release; without --mutant-build, build/mutants.
# README.md beside it says what is proved; driver/ledger.py --help has all options.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
root=$(cd "$here/../.." && pwd)
build="" mutant_build="" mutants=no
arguments=()
while (($#)); do
  case $1 in
  --build) build=${2:?--build wants a folder} && shift ;;
  --build=*) build=${1#*=} ;;
  --mutant-build) mutant_build=${2:?--mutant-build wants a folder} && shift ;;
  --mutant-build=*) mutant_build=${1#*=} ;;
  *) arguments+=("$1") ;;
  esac
  shift
done
case " ${arguments[*]} " in
*" --no-mutants "*) ;;
*" --mutants "* | *" --only "* | *" --only="* | *" --profile ci "* | *" --profile=ci "*) mutants=yes ;;
esac

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "ledger: failed: $*" >&2; exit 1; }; }
targets=(bin/gale tests/plugins/ledger.so tests/ledger_checker)

"$root/tests/support/install.sh"
cd "$root"
if [[ -z $build ]]; then
  build=$root/build/release
  quietly cmake --preset release
  quietly cmake --build "$build" --target "${targets[@]}"
fi
if [[ $mutants == yes && -z $mutant_build ]]; then
  mutant_build=$root/build/mutants
  quietly cmake --preset mutants
  quietly cmake --build "$mutant_build" --target "${targets[@]}"
fi
cd - >/dev/null
rm -f "$log"
trap - EXIT
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/driver/ledger.py" --build "$build" \
  ${mutant_build:+--mutant-build "$mutant_build"} "${arguments[@]}"
