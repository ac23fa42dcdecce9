# SPDX-License-Identifier: Apache-2.0
#
# Sourced: `plain PREFIX command...` runs a command with nothing in its environment but an installed gale's PREFIX, the
# system's own programs, and ccache for those who have it.
plain() {
  local prefix=$1
  shift
  local -a more=()
  if command -v ccache >/dev/null; then
    more+=(CMAKE_CXX_COMPILER_LAUNCHER=ccache "CCACHE_DIR=${CCACHE_DIR:-$HOME/.cache/ccache}" CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=/)
  fi
  env -i HOME="$PWD" PATH="$prefix/bin:/usr/bin:/bin" LANG=C.UTF-8 CMAKE_PREFIX_PATH="$prefix" "${more[@]}" "$@"
}
