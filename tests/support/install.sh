#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what Gale's build and tests need on Debian 12, and only what is missing: on a machine that has it all, this
# script asks dpkg once and is done, without network and without root. Called by every script that builds; `install.sh
# tests` installs what only the tests need as well.
set -euo pipefail

required=(g++ cmake ninja-build pkg-config ccache libzmq3-dev cppzmq-dev libmsgpack-cxx-dev libyaml-cpp-dev
  libboost-program-options-dev doctest-dev libxxhash-dev libspdlog-dev nlohmann-json3-dev
  libvalijson-dev libre2-dev libsqlite3-dev libsodium-dev)
optional=(mold) # links faster; installed along with the others, never asked for alone

# Any Python from 3.9 on will do, wherever it came from.
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
  required+=(python3)
fi

# What the tests hold against Gale: the other compiler and its fuzzer, the ABI's dump, packages, the reference, debugging
# as the manual says, a disk that fails, instructions, manual pages, completions.
if [[ ${1:-} == tests ]]; then
  required+=(clang libclang-rt-14-dev abigail-tools dpkg-dev doxygen gdb groff-base strace valgrind zsh)
fi

# So will any node from 18 on with npm: the schema's tests run their packages on it.
if [[ ${1:-} == tests ]] && ! { command -v node && command -v npm; } >/dev/null 2>&1; then
  required+=(nodejs npm)
fi

if ! command -v dpkg-query >/dev/null; then
  echo "install: this is no Debian, so nothing was installed; Gale needs the equivalent of: ${required[*]}" >&2
  exit 0
fi

# The names among "$@" that dpkg does not know as installed, a line each.
missing_of() {
  local have
  have=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | awk '$1 == "ii" { print $2 }' || true)
  comm -23 <(printf '%s\n' "$@" | sort) <(sort <<<"$have")
}

mapfile -t missing < <(missing_of "${required[@]}")
if ((${#missing[@]} == 0)); then
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "install: these packages are missing: ${missing[*]}" >&2
    echo "install: run as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}

echo "install: ${missing[*]}" >&2
# A failed update is no reason to stop: the lists at hand may do, and install says what is wrong otherwise.
apt update || echo "install: apt-get update failed; trying with the lists at hand" >&2
if ! apt install --no-install-recommends "${missing[@]}"; then
  tail -n 20 "$log" >&2
  echo "install: could not install: ${missing[*]} (Gale is built on Debian 12; see above for apt's reason)" >&2
  exit 1
fi
mapfile -t missing < <(missing_of "${optional[@]}")
if ((${#missing[@]})); then
  apt install --no-install-recommends "${missing[@]}" || echo "install: without ${missing[*]}, which is optional" >&2
fi
