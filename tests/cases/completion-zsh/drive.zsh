# SPDX-License-Identifier: Apache-2.0
#
# Calls the completion as zsh would after `gale plan`, with the two functions of zsh that it hands its tables to in the
# place of those: what they are given is printed.
compdef() { print "compdef $*" }
_describe() { print "describe $1"; print -l -- ${(P)2} | grep '^plan:' }
calls=0
_arguments() {
  if (( calls++ == 0 )); then
    state=$wanted
    words=(plan)
  else
    print -l -- "$@"
  fi
}
source ./_gale
wanted=command; _gale
calls=0 wanted=argument; _gale
