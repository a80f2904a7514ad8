#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Dataplane and control plane die, hang and change under load, and no connection notices. A short form of
# `make continuity`: what is counted must be exact, times are generous since machines are busy.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/faults.sh"
lab_enter "$@"
lab_open faults

# Nothing that a client could notice but a pause.
unharmed()
{
	local event=$1

	check_is "$event: no connection ended" "$(faults_score "$event" .resets)" 0
	check_is "$event: no message was changed, lost or doubled" \
		"$(faults_score "$event" '"\(.corrupt) \(.waiting < 50)"')" "0 true"
	check_is "$event: no new connection failed" \
		"$(faults_score "$event" '"\(.requests_failed) \(.requests > 50)"')" "0 true"
	check_is "$event: large transfers are whole" \
		"$(faults_score "$event" '"\(.transfers > 0) \(.transfers_bad)"')" "true 0"
	check_is "$event: no reset, no ICMP unreachable reached the client" \
		"$(faults_score "$event" '"\(.resets_seen) \(.unreachable_seen)"')" "0 0"
	check_is "$event: no backend was taken for dead" "$(faults_score "$event" .flips)" 0
	check_is "$event: the longest silence was under half a second" "$(faults_score "$event" '.gap_ms < 500')" true
	check_is "$event: nothing is left behind" \
		"$(faults_score "$event" .left_after)" "$(faults_score "$event" .left)"
	check_is "$event: workers carry the traffic again" "$(faults_score "$event" '.native_s >= 0')" true
}

faults_open 200 500 50
check_is "all connections of the probe are there" "$(faults_mark open | jq .connections)" 200
FAULTS_SETTLE=1
faults_event "nothing" fault_none
unharmed "nothing"
faults_event "dataplane killed" fault_kill
unharmed "dataplane killed"
faults_event "dataplane stopped" fault_hang
unharmed "dataplane stopped"
faults_event "dataplane restarted" fault_restart
unharmed "dataplane restarted"
faults_event "poised killed" fault_poised_kill
unharmed "poised killed"
faults_event "20 reloads" fault_reloads 20
unharmed "20 reloads"
faults_close
cp "$LAB/resets.log" "${POISE_LOGS:-$LAB}/resets.log"
cp "$LAB/scores" "${POISE_LOGS:-$LAB}/continuity.json"
check_done
