#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# make_share.sh GALE DIR: writes what gale says of itself as files: DIR/man/man1/*.1, DIR/gale.bash, DIR/_gale.
set -euo pipefail

gale=$1 dir=$2
rm -rf "$dir"
mkdir -p "$dir/man/man1"
"$gale" man >"$dir/man/man1/gale.1"
for command in $("$gale" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
  "$gale" man "$command" >"$dir/man/man1/gale-$command.1"
done
"$gale" completion bash >"$dir/gale.bash"
"$gale" completion zsh >"$dir/_gale"
