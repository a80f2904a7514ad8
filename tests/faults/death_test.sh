#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A dataplane that is stopped or crashes is bypassed from the next packet on. The heartbeat could not tell within this
# test: it may be a second late. Without the program that sees signals it does tell, and more is lost.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/faults.sh"
lab_enter "$@"
lab_open death

seen() # programs that see signals and are pinned by this poised
{
	find /sys/fs/bpf/poise -name signal | wc -l
}

FAULTS_HEARTBEAT=1000
FAULTS_FILE=4M
FAULTS_SETTLE=1
faults_open 100 1000 20
check_is "the program that sees signals is there" "$(seen)" 1
for event in hang core; do
	faults_event "$event" "fault_$event"
	check_is "$event: no connection ended, none failed" \
		"$(faults_score "$event" '"\(.resets) \(.requests_failed)"')" "0 0"
	check_range "$event: messages lost of 1,000 a second" "$(faults_score "$event" .lost)" 0 5
	check "$event: another dataplane runs" lab_wait 10 lab_is_ready
done

# The same core dump, seen by the heartbeat alone.
lab_stop "$LAB_POISED" TERM
export POISE_SIGNAL_OBJECT=$LAB/none
sed -i 's/heartbeat_ms = 1000/heartbeat_ms = 200/' "$LAB/poise.conf"
faults_start_poised
check "ready without that program" lab_ready 20 all
check_is "which is not there then" "$(seen)" 0
check_is "and the log says so once" \
	"$(grep -c "seen by its heartbeat alone, .*: there is no $LAB/none" "$LAB/poised.log")" 1
faults_mark begin >/dev/null
faults_event blind fault_core
check_is "core, heartbeat alone: none failed" "$(faults_score blind .requests_failed)" 0
# How many depends on when the sockets go, between none and all of the time that the heartbeat is good for.
check_range "core, heartbeat alone: messages lost in 200 ms" "$(faults_score blind .lost)" 0 300
faults_close
check_done
