#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# prefix.sh PREFIX BUILD: installs the build there, and looks whether all that should is there and works.
set -euo pipefail

prefix=$1 build=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/install/plain.sh
source "$here/plain.sh"

rm -rf "$prefix"
cmake --install "$build" --prefix "$prefix" >/dev/null
missing=$(cd "$prefix" && while read -r file; do [[ -e $file ]] || echo "$file"; done <"$here/files")
if [[ -n $missing ]]; then
  echo "not installed: $missing" >&2
  exit 1
fi
# Every header that the tree offers, and no file of the tree or the build named in what was installed.
diff <(cd "$here/../../topology-api/include" && find gale -type f | sort) \
  <(cd "$prefix/include" && find gale -type f ! -path 'gale/testkit*' | sort)
tree=$(cd "$here/../.." && pwd)
if grep -rlF "$tree" "$prefix/lib/cmake" "$prefix/share" "$prefix/include"; then
  echo "these name a folder of the build" >&2
  exit 1
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
plain "$prefix" gale --version
plain "$prefix" gale inspect print | head -n 1
plain "$prefix" gale run "$tree/topologies/throttle.yaml" --quiet | tail -n 1
