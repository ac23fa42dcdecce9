#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a test of the schema: run.sh SOURCE BUILD SCRIPT. Node packages are installed into the build folder, once for each
# package-lock.json. Without node the test is skipped (status 77), except where CI is set: there it fails.
set -euo pipefail

source=$1 build=$2 script=$3
here=$source/tests/schema there=$build/tests/schema

refuse() {
  echo "schema: $1; on Debian: apt-get install nodejs npm, or tests/support/install.sh tests" >&2
  if [[ -n ${CI:-} ]]; then exit 1; fi
  echo "schema: skipped" >&2
  exit 77
}

command -v node >/dev/null || refuse "there is no node"
command -v npm >/dev/null || refuse "there is no npm"
node -e 'process.exit(parseInt(process.versions.node, 10) < 18 ? 1 : 0)' || refuse "node $(node --version) is too old, 18 will do"

mkdir -p "$there"
exec 9>"$there/lock" # two tests may want the packages at once
flock 9
if ! cmp -s "$here/package-lock.json" "$there/installed-lock.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$there/"
  if ! (cd "$there" && npm ci --no-audit --no-fund --ignore-scripts >npm.log 2>&1); then
    tail -n 20 "$there/npm.log" >&2
    echo "schema: npm could not install the packages of tests/schema/package-lock.json (see above; is there network?)" >&2
    exit 1
  fi
  cp "$here/package-lock.json" "$there/installed-lock.json"
fi
flock -u 9
exec 9>&-

GALE_SOURCE=$source GALE_BUILD=$build GALE_MODULES=$there/node_modules exec node "$here/$script"
