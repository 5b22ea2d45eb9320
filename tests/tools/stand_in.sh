#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# A program for tests of `troupe run`: stand_in.sh head|all DOES... does something on the head, or on every host. It needs no troupe.
set -u
case $1 in
  head) [ -n "${TROUPE_LISTEN:-}" ] || exit 0 ;;
  all) ;;
esac
does=$2
shift 2
case $does in
  tell)  # its environment and its arguments
    { env | grep ^TROUPE_ | grep -v -e ^TROUPE_KEYS= -e ^TROUPE_SSH= | sort; echo "folder $PWD"; for word in "$@"; do echo "word <$word>"; done; } ;;
  key)  # until input ends; elsewhere for ever
    cat "$TROUPE_KEYS/node.key"
    [ -n "${TROUPE_LISTEN:-}" ] || exec sleep 1000
    cat
    ;;
  count)  # signals by name, until input ends
    trap 'echo INT' INT
    trap 'echo TERM' TERM
    echo started
    while :; do
      read -r -t 0.1 _
      [ $? -gt 128 ] || break
    done
    ;;
  ignore) trap '' INT TERM; echo started; exec sleep 1000 ;;
  code) exit "$1" ;;
  die) kill "-$1" $$ ;;
  cat) exec cat ;;
  wait) echo started; exec sleep 1000 ;;
  leave) (trap '' TERM; exec sleep 1000) & echo started ;;
  serve) [ -n "${TROUPE_LISTEN:-}" ] || exec sleep 1000 ;;
  one) [ "$TROUPE_NAME" != "$1" ] || exit 3; echo started; [ -z "${TROUPE_LISTEN:-}" ] || cat ;;
esac
