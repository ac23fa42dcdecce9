#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# packages.sh PREFIX BUILD: the Debian packages, unpacked into a root of their own, hold what an installation does and
# work from there; what they depend on is named.
set -euo pipefail

build=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/install/plain.sh
source "$here/plain.sh"

if ! command -v dpkg-deb >/dev/null || ! command -v dpkg-shlibdeps >/dev/null; then
  echo "skipped: dpkg-dev is not installed; on Debian: tests/support/install.sh tests" >&2
  if [[ -n ${CI:-} ]]; then exit 1; fi
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd "$build" && cpack -G DEB -B "$scratch/debs" >"$scratch/cpack.log" 2>&1) || {
  cat "$scratch/cpack.log" >&2
  exit 1
}
cd "$scratch"
for deb in debs/*.deb; do dpkg-deb -x "$deb" root; done
missing=$(cd root/usr && while read -r file; do [[ -e $file ]] || echo "$file"; done <"$here/files")
if [[ -n $missing ]]; then
  echo "not in the packages: $missing" >&2
  exit 1
fi
dpkg-deb -f debs/gale_*.deb Depends >depends
for library in libzmq5 libyaml-cpp0.7 libboost-program-options libstdc++6; do
  grep -qF "$library" depends || {
    echo "gale does not depend on $library: $(cat depends)" >&2
    exit 1
  }
done
dpkg-deb -f debs/gale-dev_*.deb Depends | grep -qE '^gale \(= [0-9.]+\)$'
dpkg-deb -c debs/gale-dev_*.deb >dev.list
dpkg-deb -c debs/gale_*.deb >run.list
grep -q ' ./usr/include/gale/plugin.hpp$' dev.list
if grep -q ' ./usr/include/' run.list; then
  echo "headers in gale, which is for those who run topologies" >&2
  exit 1
fi
if readelf -S --wide root/usr/bin/gale | grep '\.debug_info' >/dev/null; then
  echo "gale is not stripped" >&2
  exit 1
fi
plain "$scratch/root/usr" gale new rates >/dev/null
cd rates
plain "$scratch/root/usr" cmake --preset default >/dev/null
plain "$scratch/root/usr" cmake --build build --target plugin_rates >/dev/null
plain "$scratch/root/usr" gale test topology.yaml
