#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# pkg_config.sh PREFIX: a plugin without CMake, by what pkg-config says.
set -euo pipefail

prefix=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/install/plain.sh
source "$here/plain.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
plain "$prefix" gale new rates >/dev/null
mkdir rates/plugins
plain "$prefix" env "PKG_CONFIG_PATH=$prefix/share/pkgconfig" sh -euc '
  flags=$(pkg-config --cflags gale-sdk) # a path with spaces comes quoted: only eval reads it
  eval "g++ -Wall -Wextra -Werror $flags -shared rates/src/plugin.cpp -o rates/plugins/rates.so"
  eval "test -f $(pkg-config --variable=plugindir gale-sdk)/print.so"'
plain "$prefix" gale test rates/topology.yaml
