#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# doxygen.sh TREE OUT [INPUT]: the reference of the public headers, or of INPUT, into OUT; a warning is an error.
set -euo pipefail

tree=$1 out=$2 input=${3:-}
if ! command -v doxygen >/dev/null; then
  echo "skipped: doxygen is not installed; on Debian: tests/support/install.sh tests" >&2
  if [[ -n ${CI:-} ]]; then exit 1; fi
  exit 77
fi
rm -rf "$out"
mkdir -p "$out"
# Links between pages are lost on doxygen where the path of the tree has a space: it reads a copy.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$tree/topology-api" "$tree"/*.md "$work"
cd "$work"
{
  cat topology-api/manual/Doxyfile
  echo "OUTPUT_DIRECTORY = \"$out\""
  if [[ -n $input ]]; then echo "INPUT = \"$input\""; fi
} >"$out/Doxyfile"
status=0
doxygen "$out/Doxyfile" 2>&1 || status=$?
test -s "$out/html/index.html"
echo "doxygen: status $status"
exit "$status"
