#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# Hosts that are network namespaces: netlab.sh N COMMAND [ARGUMENT...] runs COMMAND beside the hosts h1 to hN, each with a name, an
# address (10.9.0.1 to 10.9.0.N, in /etc/hosts, too), a runtime directory and a cable of its own, all on one bridge. For root and for
# ordinary users, who are root inside. With COMMAND ends all that it has started; nothing is to be cleaned up, nothing is seen outside.
#
# Bash scripts find these functions there:
#   on HOST COMMAND [ARGUMENT...]  runs it on that host
#   cut HOST, heal HOST            pulls the cable, plugs it in
#   drop FROM TO                   what FROM sends to TO is lost, in silence
#   loss HOST PERCENT              so much of what comes to HOST is lost
#   slow HOST RATE                 HOST sends and receives no faster, as `tc` spells it: 1mbit
#   clear HOST                     drop, loss and slow are over
# Leaves with COMMAND's exit code; with 77 and a line that says why if there can be no such hosts here.
# shellcheck disable=SC2317  # the functions are for others
set -eu
export PATH=$PATH:/usr/sbin:/sbin

skip() {
  echo "skipped: $*" >&2
  exit 77
}

usage="usage: netlab.sh HOSTS COMMAND [ARGUMENT...]"
hosts=${1:?$usage}
: "${2:?$usage}"

if [ "${NETLAB:-}" != inside ]; then
  for tool in ip nft tc unshare nsenter; do
    command -v $tool >/dev/null || skip "$tool is missing: apt-get install iproute2 nftables util-linux"
  done
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(--user --map-root-user)
  lab=(unshare "${as_root[@]}" --net --mount --uts --propagation private --pid --fork --kill-child --mount-proc)
  why=$("${lab[@]}" mount -t tmpfs tmpfs /run 2>&1) || skip "namespaces are not permitted here: $why"
  NETLAB=inside exec "${lab[@]}" "$0" "$@"
fi
unset NETLAB
shift

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/uts /run/user
ip link set lo up
ip link add br0 type bridge
ip link set br0 up
ip address add 10.9.0.254/24 dev br0
echo "127.0.0.1 localhost" >/run/hosts
for ((i = 1; i <= hosts; ++i)); do
  touch "/run/uts/h$i"
  mkdir -m 700 "/run/user/h$i"
  unshare --uts="/run/uts/h$i" hostname "h$i"
  ip netns add "h$i"
  ip link add "v$i" type veth peer name eth0 netns "h$i"
  ip link set "v$i" master br0 up
  ip -n "h$i" address add "10.9.0.$i/24" dev eth0
  ip -n "h$i" link set eth0 up
  ip -n "h$i" link set lo up
  echo "10.9.0.$i h$i" >>/run/hosts
done
mount --bind /run/hosts /etc/hosts

on() {
  # Not `ip netns exec`: it mounts another /sys, without cgroups.
  XDG_RUNTIME_DIR=/run/user/$1 nsenter --net="/run/netns/$1" --uts="/run/uts/$1" "${@:2}"
}
cut() { ip link set "v${1#h}" down; }
heal() { ip link set "v${1#h}" up; }
drop() { on "$1" nft "add table inet lab; add chain inet lab out { type filter hook output priority 0; };
  add rule inet lab out ip daddr 10.9.0.${2#h} drop"; }
loss() { on "$1" nft "add table inet lab; add chain inet lab in { type filter hook input priority 0; };
  add rule inet lab in iifname eth0 numgen random mod 100 < $2 drop"; }
slow() {
  on "$1" tc qdisc add dev eth0 root tbf rate "$2" burst 16kb latency 500ms
  tc qdisc add dev "v${1#h}" root tbf rate "$2" burst 16kb latency 500ms
}
clear() {
  on "$1" nft flush ruleset
  on "$1" tc qdisc delete dev eth0 root 2>/dev/null || true
  tc qdisc delete dev "v${1#h}" root 2>/dev/null || true
}
export -f on cut heal drop loss slow clear

# Not by exec: this shell is the first process of its namespace, which reaps the others.
"$@" && exit
exit $?
