#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The tests, by one command: installs what is missing, builds preset release with warnings as errors, runs ctest.
# What it is given goes on to ctest: tests/run.sh -R ledger, tests/run.sh -L unit.
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"

if stage "packages" "$root/tests/support/install.sh" tests &&
  stage "build release" build_preset release -DGALE_WERROR=ON; then
  stage "ctest release" run_ctest release "$@" || true
fi
finish_stages
