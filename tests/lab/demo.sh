#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# Counts words over the hosts of the lab, and pulls the cable of the last one when half of it is done:
# hosts.sh make N demo.sh BUILD_DIR PATH...
set -euo pipefail
build=$1
shift
hosts=$(dirname "$(readlink -f "$0")")/hosts.sh
count=$(find "$TROUPE_LAB" -name 'h*.pid' | wc -l)
last=h$count
wordcount=$build/samples/wordcount
export TROUPE_KEYS=$TROUPE_LAB/keys
"$build/tools/troupe" keygen "$TROUPE_KEYS" >/dev/null

say() { printf '\n== %s\n' "$*"; }
# What is the same for the same files: the words and how often, and the sums.
counts() { sed '/ words, /s/;.*//; / words, /q' "$1"; }
# Bytes that the programs on all hosts have read so far.
read_bytes() {
  local each key value sum=0
  for each in /proc/[0-9]*; do
    [ "$each/exe" -ef "$wordcount" ] || continue
    while read -r key value; do [ "$key" != rchar: ] || sum=$((sum + value)); done 2>/dev/null <"$each/io" || true
  done
  echo $sum
}
all_bytes() { find "$@" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }'; }

# Enough for some seconds of work.
paths=("$@")
for ((i = 1; i < 10 && $(all_bytes "$@") * i < 128 << 20; ++i)); do paths+=("$@"); done

say "one host, for the right answer; each file $((${#paths[@]} / $#)) times"
"$wordcount" --top 10 "${paths[@]}" | tee "$TROUPE_LAB/one"

say "hosts h1, the head, to $last join; the cable of $last is pulled when half is counted"
for ((i = 2; i <= count; ++i)); do
  TROUPE_JOIN=tcp://$("$hosts" address h1):7000 TROUPE_NAME=h$i "$hosts" on h$i "$wordcount" "$@" >"$TROUPE_LAB/h$i.log" 2>&1 &
done
half=$(($(all_bytes "${paths[@]}") / 2))
(
  until [ "$(read_bytes)" -ge $((half > 2 << 20 ? half : 2 << 20)) ]; do :; done  # what they read to start is less than 2 MiB
  "$hosts" cut "$last"
  printf '\r%s: its cable is pulled\n' "$last" >&2
) &
TROUPE_LISTEN=tcp://$("$hosts" address h1):7000 TROUPE_NAME=h1 "$hosts" on h1 "$wordcount" --hosts "$count" --top 10 "${paths[@]}" | tee "$TROUPE_LAB/all"

if ! diff <(counts "$TROUPE_LAB/one") <(counts "$TROUPE_LAB/all"); then
  say "that is another answer than that of one host"
  exit 1
fi
grep -q "^worker .* lost: " "$TROUPE_LAB/all" || say "all was counted before the cable was pulled: give it more to count"
say "the same answer as from one host"
