#!/bin/bash
# troupe: actors in processes. Apache-2.0, see LICENSE.
# Slurm over the hosts of the lab, nodes n1 to nN: hosts.sh make N slurm.sh COMMAND...
# Its names are in no table, as on a cluster with a name server of its own. Who uses Slurm is to do so behind the words of TROUPE_LAB_AS,
# as Slurm knows no mapped root. 77: it cannot be had here.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
hosts=$(dirname "$(readlink -f "$0")")/hosts.sh
cannot() { echo "skipped: $*" >&2; exit 77; }
for tool in slurmctld slurmd srun; do command -v $tool >/dev/null || cannot "$tool is not installed (apt: slurmctld, slurmd, slurm-client)"; done

uid=${TROUPE_LAB_USER%:*} gid=${TROUPE_LAB_USER#*:} as_user=()
[ "$uid" = 0 ] || as_user=(unshare --user --map-user="$uid" --map-group="$gid") # slurmctld drops what it takes for a root's rights
user=$(getent passwd "$uid" | cut -d: -f1)
[ -n "$user" ] || cannot "user $uid has no name, and Slurm wants one"

mkdir -p "$TROUPE_LAB/slurm/state"
cd "$TROUPE_LAB/slurm"
cat >slurm.conf <<END
ClusterName=lab
SlurmctldHost=$(hostname)($("$hosts" address outside))
SlurmctldPort=16817
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/none
CredType=cred/none
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/spool.%n
SlurmctldPidFile=$PWD/slurmctld.pid
SlurmdPidFile=$PWD/%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=5
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
count=0
for pid in "$TROUPE_LAB"/*.pid; do
  host=$(basename "$pid" .pid) count=$((count + 1))
  echo "NodeName=n${host#h} NodeHostname=$host NodeAddr=$("$hosts" address "$host") CPUs=2 RealMemory=1000" >>slurm.conf
done
export SLURM_CONF=$PWD/slurm.conf
"${as_user[@]}" slurmctld -D >slurmctld.log 2>&1 &
for pid in "$TROUPE_LAB"/*.pid; do
  host=$(basename "$pid" .pid)
  mkdir -p "spool.n${host#h}"
  "$hosts" on "$host" "${as_user[@]}" slurmd -D -N "n${host#h}" >"n${host#h}.log" 2>&1 &
done
for ((try = 0; $(sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | wc -l) < count; ++try)); do
  [ $try -lt 200 ] || cannot "Slurm does not start: $(tail -qn 1 ./*.log | tail -1)"
  sleep 0.05
done
cd - >/dev/null
export TROUPE_LAB_AS="${as_user[*]}"
exec "$@"
