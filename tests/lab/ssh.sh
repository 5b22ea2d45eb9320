#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# An sshd on every host of the lab, with keys of its own: hosts.sh make N ssh.sh COMMAND...
# COMMAND finds in TROUPE_SSH the ssh that knows them by their names. 77: they cannot be had here.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
hosts=$(dirname "$(readlink -f "$0")")/hosts.sh
port=10022
cannot() { echo "skipped: $*" >&2; exit 77; }
for tool in sshd ssh ssh-keygen; do command -v $tool >/dev/null || cannot "$tool is not installed (apt: openssh-server, openssh-client)"; done

uid=${TROUPE_LAB_USER%:*} gid=${TROUPE_LAB_USER#*:} as_user=()
[ "$uid" = 0 ] || as_user=(unshare --user --map-user="$uid" --map-group="$gid") # sshd drops what it takes for a root's rights
user=$(getent passwd "$uid" | cut -d: -f1)
[ -n "$user" ] || cannot "user $uid has no name, and so nobody can log in"

mkdir -p /run/sshd "$TROUPE_LAB/ssh"
cd "$TROUPE_LAB/ssh"
ssh-keygen -q -t ed25519 -N '' -f host_key
ssh-keygen -q -t ed25519 -N '' -f user_key
cat >sshd_config <<END
Port $port
HostKey $PWD/host_key
AuthorizedKeysFile $PWD/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
SetEnv TMPDIR=$TMPDIR XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR
END
for pid in "$TROUPE_LAB"/*.pid; do
  host=$(basename "$pid" .pid)
  "$hosts" on "$host" "${as_user[@]}" "$(command -v sshd)" -D -e -f "$PWD/sshd_config" 2>"$host.log" &
  cat >>config <<END
Host $host
  HostName $("$hosts" address "$host")
END
done
cat >>config <<END
Host *
  Port $port
  User $user
  IdentityFile $PWD/user_key
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  GlobalKnownHostsFile /dev/null
  LogLevel ERROR
END
export TROUPE_SSH="ssh -F $PWD/config"
for pid in "$TROUPE_LAB"/*.pid; do
  host=$(basename "$pid" .pid)
  for ((try = 0; ; ++try)); do
    (exec 3<>"/dev/tcp/$("$hosts" address "$host")/$port") 2>/dev/null && break
    [ $try -lt 200 ] || cannot "sshd does not start: $(tail -1 "$host.log")"
    sleep 0.05
  done
done
$TROUPE_SSH h1 true || cannot "nobody can log in: $(tail -1 h1.log)"
cd - >/dev/null
exec "$@"
