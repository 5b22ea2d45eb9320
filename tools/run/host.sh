#!/bin/sh
# troupe: actors in processes. Apache-2.0, see LICENSE.
# What `troupe run` does on a host, for any POSIX shell on Linux. The launcher writes to 3 and finds marks in what comes from 4:
#
#   launcher                                           host
#      |-- assignments and this text, key, [program] ---->|
#      |<------------------- ready ADDRESSES -------------|   or: refused WHY
#      |-- go VARIABLE ENDPOINT ------------------------->|
#      |<------------------- running ---------------------|
#      |-- signal NAME ---------------------------------->|
#      |-- input BYTES, so many bytes; end -------------->|   the next piece once this one was
#      |<------------------- taken -----------------------|   taken: so this side never waits for the program
#      |<------------------- ended CODE ------------------|
#      |-- end of file ---------------------------------->|   whenever it comes: the program ends, the directory goes
#
# shellcheck disable=SC2154  # assigned before: nonce key_bytes program program_bytes checksum folder name slots labels input
set -u
mask=$(umask)
umask 077
trap : INT QUIT HUP TERM PIPE # a terminal's signals are for the program, which has all of them at their defaults again
directory=

tell() { printf '\002%s %s\003' "$nonce" "$*" >&4 2>/dev/null; }
# In one step: a program that is about to begin sees `over`, or that its id is nowhere.
remove_directory() { mv "$directory" "$directory.over" && rm -rf "$directory.over"; }
refuse() {
  [ -z "$directory" ] || rm -rf "$directory"
  tell "refused $*"
  exit 1
}

receive_program() {
  mkdir "$directory/program"
  program=$directory/program/${program##*/}
  head -c "$program_bytes" <&3 >"$program" && chmod 700 "$program" && [ "$(wc -c <"$program")" -eq "$program_bytes" ]
}

# A launcher that loses its power says nothing any more. So it is written to now and then, and TCP notices.
beat() {
  trap 'kill "$!" 2>/dev/null; exit' TERM
  while :; do
    sleep 20 3<&- 4>&- &
    wait "$!"
    tell alive
  done
}

# Ctrl-C is for the program and what it has started in its process group, as at a terminal; SIGTERM for the program alone.
signal_program() {
  pid=$(cat "$directory/pid" 2>/dev/null) || return 0
  [ "$pid" -gt 1 ] 2>/dev/null || return 0 # else kill would mean others
  case $input-$1 in
    terminal-* | *-TERM) kill "-$1" "$pid" 2>/dev/null ;;
    *) kill "-$1" "-$pid" 2>/dev/null ;;
  esac
}

# By SIGTERM, by another one, which means at once, by SIGKILL; what it left behind in its process group too. One that is about to begin
# sees `over`, or has left its id by then.
end_program() {
  : >"$directory/over"
  seconds=0
  while [ -e "$directory/pid" ] && [ ! -e "$directory/ended" ] && [ "$seconds" -lt 8 ]; do
    case $seconds in
      0 | 2) signal_program TERM ;;
      5) signal_program KILL ;;
    esac
    sleep 1
    seconds=$((seconds + 1))
  done
  [ "$input" = terminal ] || signal_program KILL
}

# Its standard output is the program's standard input.
listen() {
  trap '' INT QUIT HUP TERM
  while read -r order argument <&3; do
    case $order in
      signal) signal_program "$argument" ;;
      input)
        head -c "$argument" <&3 >"$directory/input"
        { cat "$directory/input" && tell taken; } 2>/dev/null &
        ;;
      end) exec >/dev/null ;;
    esac
  done
  end_program
  remove_directory
  kill "$beat" 2>/dev/null
}

become_program() {
  unset TROUPE_LISTEN TROUPE_JOIN TROUPE_SLOTS TROUPE_LABELS TROUPE_INSECURE
  export "$variable=$endpoint" "TROUPE_NAME=$name" "TROUPE_KEYS=$directory"
  [ "$slots" = 0 ] || export "TROUPE_SLOTS=$slots"
  [ -z "$labels" ] || export "TROUPE_LABELS=$labels"
  pid=$(exec sh -c 'echo "$PPID"') # $$ is that of the first shell
  echo "$pid" >"$directory/begun" && mv "$directory/begun" "$directory/pid" # whole or not at all
  if [ -e "$directory/over" ] || [ ! -e "$directory/pid" ]; then exit 1; fi
  tell running
  umask "$mask"
  case $input in
    terminal) exec "$program" "$@" <&5 2>&6 3<&- 4>&- 5<&- 6>&- ;;
    none) exec setsid "$program" "$@" </dev/null 2>&6 3<&- 4>&- 6>&- ;;
    *) exec setsid "$program" "$@" 2>&6 3<&- 4>&- 6>&- ;;
  esac
}

directory=$(mktemp -d "${TMPDIR:-/tmp}/troupe-run.XXXXXXXXXX") || refuse "no directory can be made below ${TMPDIR:-/tmp}"
head -c "$key_bytes" <&3 >"$directory/node.key"
if [ "$program_bytes" != 0 ]; then receive_program || refuse "there is no room for the program below ${TMPDIR:-/tmp}"; fi
if [ ! -f "$program" ] || [ ! -x "$program" ]; then refuse "$program is not there, or may not be run; --copy brings it"; fi
[ -z "$checksum" ] || [ "$(cksum <"$program")" = "$checksum" ] || refuse "$program is another build there than here; --copy brings this one"
cd "$folder" 2>/dev/null || echo "troupe: there is no $folder here; the program runs in $PWD" >&2
tell "ready ${SSH_CONNECTION:-}"
read -r _ variable endpoint <&3 || refuse "the launcher has gone"
beat >/dev/null 2>&1 &
beat=$!
listen </dev/null | {
  trap : INT QUIT HUP TERM PIPE
  exec 6>&2 2>/dev/null # some shells say there how a program ended
  (become_program "$@")
  code=$?
  : >"$directory/ended"
  tell "ended $code"
}
