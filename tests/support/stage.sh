# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # $root is the sourcing script's
#
# For scripts to source: stages that say their seconds, and the two commands that every one of them needs. A stage that
# failed says so by its status and is remembered: finish_stages names it and exits 1. Wants $root.

stages=()
failed_stages=()

# stage NAME COMMAND...: runs it, says how long it took and whether it worked.
stage() {
  local name=$1 begun=$SECONDS status=0
  shift
  printf '\n== %s\n' "$name"
  "$@" || status=$?
  local line
  line=$(printf '%-44s %5d s  %s' "$name" $((SECONDS - begun)) "$([[ $status == 0 ]] && echo ok || echo "FAILED ($status)")")
  stages+=("$line")
  [[ $status == 0 ]] || failed_stages+=("$name")
  echo "== $line"
  return "$status"
}

# The table of all stages; exit status 1 when one failed.
finish_stages() {
  printf '\n== stages\n'
  printf '%s\n' "${stages[@]}"
  if ((${#failed_stages[@]})); then
    printf '\nFAILED: %s\n' "$(IFS=,; echo "${failed_stages[*]}")"
    exit 1
  fi
  printf '\nall ok\n'
}

# build_preset PRESET [CMAKE OPTIONS...]: configures and builds build/PRESET with every core.
build_preset() {
  local preset=$1
  shift
  mkdir -p "$root/build"
  (cd "$root" && cmake --preset "$preset" "$@" >"$root/build/$preset.configure.log" 2>&1) || {
    cat "$root/build/$preset.configure.log"
    return 1
  }
  cmake --build "$root/build/$preset"
}

# run_ctest PRESET [CTEST OPTIONS...]: the summary of ctest, and what failed. By the test preset, which has the
# sanitizer's options.
run_ctest() {
  local preset=$1
  shift
  (cd "$root" && ctest --preset "$preset" --no-tests=error -j "$(nproc)" "$@")
}
