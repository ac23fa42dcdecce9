#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What word count must say of the files given, by other means: tr, sort and uniq. A newline after each file, because a
# word does not go on in the next one. LC_ALL=C: bytes, as the plugin sees them.
set -euo pipefail
export LC_ALL=C
for file in "$@"; do
  cat "$file"
  echo
done | tr -cs "A-Za-z" "\n" |
  tr "[:upper:]" "[:lower:]" | { grep . || true; } | sort | uniq -c |
  sed -E 's/^ *([0-9]+) (.*)$/\2\t\1/' | sort -t "$(printf '\t')" -k2,2nr -k1,1
