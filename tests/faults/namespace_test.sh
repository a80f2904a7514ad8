#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Containers have process ids of their own. A dataplane that is stopped is bypassed from the next packet on all the
# same: both daemons in one pid namespace that is not the host's, and the dataplane in one of its own. The heartbeat
# could not tell, it may be a second late; many of 1,000 messages a second would be lost.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/faults.sh"
lab_enter "$@"
lab_open namespace

# Process ids as the host has them, of PROGRAM in the balancer's network namespace.
outside()
{
	local pid

	for pid in $(ip netns pids lb); do
		[ "$(cat "/proc/$pid/comm")" = "$1" ] && echo "$pid"
	done
}

# What poised says is a number of its own namespace.
lab_dataplane()
{
	outside poise-dataplane
}

pid_namespace()
{
	readlink "/proc/$1/ns/pid"
}

stopped()
{
	faults_event "$1" fault_hang
	check_is "$1: no connection ended, none failed" "$(faults_score "$1" '"\(.resets) \(.requests_failed)"')" "0 0"
	check_range "$1: messages lost of 1,000 a second" "$(faults_score "$1" .lost)" 0 5
	check_is "$1: the doctor says that signals are seen" \
		"$(poisectl -j doctor | jq -r '.findings[] | select(.subject == "signals").state')" ok
}

FAULTS_HEARTBEAT=1000
FAULTS_FILE=4M
FAULTS_SETTLE=1
LAB_BALANCER="unshare --pid --fork --kill-child"
faults_open 100 1000 20
check "both are in one namespace, which is not ours" \
	test "$(pid_namespace "$(outside poised)")" = "$(pid_namespace "$(outside poise-dataplane)")" \
	-a "$(pid_namespace "$(outside poised)")" != "$(pid_namespace self)"
stopped "container of both"
kill -TERM "$(outside poised)"
check "stopped" lab_wait 10 eval '[ -z "$(outside poised)" ]'

cat >"$LAB/dataplane" <<END
#!/bin/sh
exec unshare --pid --fork --kill-child "$LAB_BUILD/dataplane/poise-dataplane" "\$@"
END
chmod +x "$LAB/dataplane"
LAB_BALANCER="env POISE_DATAPLANE=$LAB/dataplane"
faults_start_poised
check "ready again" lab_ready 20 all
check "the dataplane is in a namespace of its own" \
	test "$(pid_namespace "$(outside poised)")" != "$(pid_namespace "$(outside poise-dataplane)")"
faults_mark begin >/dev/null
stopped "container of the dataplane"
faults_close
check_done
