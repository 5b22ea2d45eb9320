#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# Hosts for tests, as namespaces of this machine: each with its own network, name, shared memory and directory for temporary files. As
# root or as an ordinary user; they go with the command that they were made for, and so does every process on them.
#
#   hosts.sh make N COMMAND...   hosts h1 to hN on one wire; COMMAND runs beside them on it; 77: they cannot be made here
# and within COMMAND:
#   hosts.sh on HOST COMMAND...  COMMAND runs on the host
#   hosts.sh address HOST        that others reach it at
#   hosts.sh cut|heal HOST       its cable is pulled, or plugged in again
#   hosts.sh drop FROM TO        what FROM sends to TO is lost, but not the other way; `outside` is where COMMAND runs
#   hosts.sh lose HOST PERCENT   so much of what reaches the host is lost
#   hosts.sh slow HOST RATE      so much reaches the host, 1mbit
#   hosts.sh clear HOST          ends drop, lose and slow there
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
me=$(readlink -f "$0")

cannot() { echo "skipped: $*" >&2; exit 77; }
number() { [[ $1 =~ ^h([0-9]+)$ ]] || { echo "no host of the lab: $1" >&2; exit 2; }; echo "${BASH_REMATCH[1]}"; }
address() { [ "$1" = outside ] && echo 10.9.0.254 || echo "10.9.0.$(number "$1")"; }
inside() {  # HOST COMMAND...
  local host=$1
  shift
  [ "$host" = outside ] && exec "$@"
  # shellcheck disable=SC2016  # the other shell's
  exec nsenter --target "$(cat "$TROUPE_LAB/$host.pid")" --net --mount --uts --ipc -- sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
}

make() {  # N COMMAND...
  local tool kind=(--user --map-root-user) lab
  for tool in ip nft nsenter tc unshare; do
    command -v "$tool" >/dev/null || cannot "$tool is not installed (apt: iproute2, nftables, util-linux)"
  done
  [ "$(id -u)" != 0 ] || kind=()
  kind+=(--net --mount --pid --ipc --uts --fork --kill-child --mount-proc --propagation private)
  unshare "${kind[@]}" ip link add lab type bridge 2>/dev/null || cannot "namespaces with a bridge cannot be made here"
  lab=$(mktemp -d "${TMPDIR:-/tmp}/troupe-lab.XXXXXX")
  TROUPE_LAB=$lab TROUPE_LAB_USER="$(id -u):$(id -g)" unshare "${kind[@]}" "$me" populate "$@" || { local code=$?; rm -rf "$lab"; exit $code; }
  rm -rf "$lab"
}

populate() {  # N COMMAND..., as the first process of the lab
  local count=$1 host
  shift
  mkdir "$TROUPE_LAB/tmp" "$TROUPE_LAB/run"
  mount -t tmpfs tmpfs /run # for daemons that want a place there
  export TMPDIR=$TROUPE_LAB/tmp XDG_RUNTIME_DIR=$TROUPE_LAB/run
  chmod 700 "$XDG_RUNTIME_DIR"
  ip link set lo up
  ip link add wire type bridge
  ip link set wire up
  ip addr add 10.9.0.254/24 dev wire
  for ((i = 1; i <= count; ++i)); do
    host=h$i
    mkfifo "$TROUPE_LAB/$host.made"
    unshare --net --mount --uts --ipc --propagation private "$me" hold "$host" </dev/null >/dev/null &
    cat "$TROUPE_LAB/$host.made" >/dev/null
    echo $! >"$TROUPE_LAB/$host.pid"
    ip link add "$host" type veth peer name eth0 netns $!
    ip link set "$host" master wire up
    inside_quietly "$host" ip addr add "10.9.0.$i/24" dev eth0
    inside_quietly "$host" ip link set eth0 up
  done
  "$@" # and not in place of this process, whose end is that of the lab
}
inside_quietly() { (inside "$@"); }

hold() {  # HOST: what keeps its namespaces
  hostname "$1"
  ip link set lo up
  for place in "$TMPDIR" "$XDG_RUNTIME_DIR" /dev/shm; do mount -t tmpfs -o mode=1777 tmpfs "$place"; done
  chmod 700 "$XDG_RUNTIME_DIR"
  echo made >"$TROUPE_LAB/$1.made"
  exec sleep infinity
}

filter() {  # HOST HOOK RULE...
  local host=$1 hook=$2
  shift 2
  inside_quietly "$host" nft "add table inet lab; add chain inet lab $hook { type filter hook $hook priority 0; }; add rule inet lab $hook $*"
}

command=${1:?usage: see the head of this file}
shift
case $command in
  make | populate | hold) $command "$@" ;;
  on) inside "$@" ;;
  address) address "$1" ;;
  cut) ip link set "$1" down ;;
  heal) ip link set "$1" up ;;
  drop) filter "$1" output ip daddr "$(address "$2")" drop ;;
  lose) filter "$1" input numgen random mod 100 '<' "$2" drop ;;
  slow) tc qdisc add dev "$1" root tbf rate "$2" burst 16kbit latency 400ms ;;
  clear)
    inside_quietly "$1" nft flush ruleset
    tc qdisc del dev "$1" root 2>/dev/null || true
    ;;
  *) echo "unknown command: $command" >&2; exit 2 ;;
esac
