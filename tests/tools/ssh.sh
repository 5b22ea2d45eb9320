#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# Plays ssh where every host is this machine: ssh.sh [-o ANYTHING]... -T -- HOST COMMAND
#
# `away` cannot be reached; on `other` each file is another one than here, and on `bare` none can be executed; `quiet` accepts the
# connection and says nothing.
set -u
while [ "$1" = -o ]; do shift 2; done
[ "$1 $2" = "-T --" ] || { echo "ssh.sh: unexpected words: $*" >&2; exit 255; }
host=${3#*@} command=$4
case $host in
  away) echo "ssh: connect to host away port 22: No route to host" >&2; exit 255 ;;
  quiet) exec sleep 1000 ;;
  other | bare) PATH=$(dirname "$0")/$host:$PATH ;;
esac
cd / && export PATH SSH_CONNECTION="10.0.0.9 40000 10.0.0.1 22"
# As with sshd, what runs there is of another session than the one who called.
exec /usr/bin/setsid --wait bash -c "$command"
