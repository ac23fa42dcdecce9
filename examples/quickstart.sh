#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a bare Debian 12 to a first result: installs what is missing, builds, and counts the words of the licence texts
# that every Debian has. Takes another text as arguments: examples/quickstart.sh '/var/log/*.log'
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
input=${1:-/usr/share/common-licenses/*}
build=$root/build/release
result=$build/word-count.tsv

case ${1:-} in
  -h | --help)
    echo "usage: ${BASH_SOURCE[0]} [GLOB]   counts the words of the files that GLOB names (default: the licence texts)"
    exit 0
    ;;
esac

say() { printf '\n== %s\n' "$*"; }

say "1/3 packages"
"$root/tests/support/install.sh"
echo "all there"

say "2/3 build (a few minutes the first time)"
(cd "$root" && cmake --preset release >/dev/null)
cmake --build "$build" --target bin/gale plugins/words.so

say "3/3 gale run topologies/word-count.yaml --set input='$input'"
"$build/bin/gale" run "$root/topologies/word-count.yaml" --set "input=$input" --set "output=$result"

say "the ten most frequent words"
head -n 10 "$result" | awk -F '\t' '{ printf "%8d  %s\n", $2, $1 }'

say "summary"
awk -F '\t' '{ words += $2 } END { printf "%d words, %d of them different\n", words, NR }' "$result"
echo "all counts: $result"
echo "the same from two worker processes: add --workers 2; the components: examples/word-count/words.cpp"
