#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The store on SQLite while the kernel itself answers "no room" or "I/O error" (strace's injection), as a check of the
# simulated ones: store_strace.sh TEST_PROGRAM. The cases stand in store_full_test.cpp and are skipped without this.
set -euo pipefail

program=$1
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # which works under no tracer
if ! strace -o /dev/null true 2>/dev/null; then
  echo "skipped: strace is not there, or may trace nothing here"
  exit 77
fi

with() { # CASE INJECTION
  echo "== $1: $2"
  strace -f -o /dev/null -e trace=pwrite64,fdatasync -e inject="$2" "$program" --no-skip --no-breaks -tc="under strace: $1"
}

for n in 45 52 60 100; do
  with "the disk is full" "pwrite64:error=ENOSPC:when=$n+"
done
for n in 14 20 30; do
  with "a sync fails" "fdatasync:error=EIO:when=$n"
done
