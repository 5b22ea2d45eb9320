#!/bin/sh
# troupe: actors in processes. Apache-2.0, see LICENSE.
# What `troupe run --slurm` has each task of its step do. Its input is assignments and this text, the key, and what the head's program
# is to read. On stderr the head tells the launcher, in lines of their own: "\2NONCE step JOB.STEP", "\2NONCE ended CODE".
#
# shellcheck disable=SC2154  # assigned before: nonce key_bytes program
set -u
[ "$SLURM_LOCALID" = 0 ] || exec cat >/dev/null # its node has a host node already; srun stalls if nobody reads
mask=$(umask)
umask 077
trap : INT QUIT HUP TERM # Slurm's signals reach the program too, which has them at their defaults again

directory=$(mktemp -d "${TMPDIR:-/tmp}/troupe-run.XXXXXXXXXX") || exit 125
head -c "$key_bytes" >"$directory/node.key"
mkfifo "$directory/lines"
(trap '' INT QUIT HUP TERM && exec sed -u "s/^/[$SLURMD_NODENAME] /") <"$directory/lines" >&2 &

tell() { printf '\002%s %s\n' "$nonce" "$*" >&2; }
become_program() {
  export "TROUPE_KEYS=$directory"
  umask "$mask"
  exec "$program" "$@"
}
if [ "$SLURM_NODEID" = 0 ]; then
  tell "step $SLURM_JOB_ID.$SLURM_STEP_ID"
  (become_program "$@" 2>"$directory/lines")
  code=$?
  rm -rf "$directory"
  tell "ended $code"
else
  exec 3<&0
  cat <&3 >/dev/null &
  (become_program "$@" </dev/null 3<&- >"$directory/lines" 2>&1)
  code=$?
  rm -rf "$directory"
fi
wait # until all lines are written and, but on the head, the launcher ends the input
exit "$code"
