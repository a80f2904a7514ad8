#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Two balancers whose programs in the kernel balance: each carries the other's connections, there and back.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/../lab/pair.sh"
mode=${0##*/pair_}
mode=${mode%_test.sh}
lab_enter "$@"
lab_open "pair-$mode"

pair_topology
for i in 1 2; do
	lab_spawn "probe-web$i" "web$i" "$LAB_BUILD/tests/faults/probe" serve 7000
	lab_spawn "probe-full$i" "web$i" "$LAB_BUILD/tests/faults/probe" serve 7001
done
backends='{ name = "web1"; address = "10.2.0.11"; }, { name = "web2"; address = "10.2.0.12"; }'
turned='{ name = "two"; address = "10.2.0.12"; }, { name = "one"; address = "10.2.0.11"; }'
services="$(pair_service dnat 7000 'nat = "dnat";' "$backends"), $(pair_service full 7001 'nat = "full";' "$backends")"
[ "$mode" = xdp ] || lab_memory
pair_files "$mode" "$services"
# The other one has everything in another order, and by other names.
pair_config b "$mode" "$(pair_service b-full 7001 'nat = "full";' "$turned"),
	$(pair_service b-dnat 7000 'nat = "dnat";' "$turned")" >"$LAB/b/poise.conf"
pair_begin || lab_die "the balancers do not become ready"
check "both have joined" lab_wait 15 eval 'pair_is a ".join == \"joined\"" && pair_is b ".join == \"joined\""'

carries()
{
	[ "$(pair_ctl "$1" -j status | jq -r .path.carries)" = "$([ "$mode" = xdp ] && echo xdp || echo dpdk)" ]
}
check "the path is that of mode $mode on both" lab_wait 20 eval 'carries a && carries b'
pair_way a
pair_probe dnat 7000 30
pair_probe full 7001 30
all_there()
{
	[ "$(pair_flows a)" -ge "$1" ] && [ "$(pair_flows b)" -ge "$1" ]
}
check "60 connections by a are known to b" lab_wait 20 all_there 60
check_is "of both kinds" "$(pair_flows b service=b-dnat) $(pair_flows b service=b-full)" "30 30"
check_is "the source ports are of a's half" "$(pair_ctl b -j flows service=b-full limit=1000 |
	jq '[.flows[].snat | split(":")[1] | tonumber | . >= 1024 and . < 16896] | all')" true
pair_mark dnat .resets >/dev/null && pair_mark full .resets >/dev/null

moved()
{
	for i in dnat full; do
		pair_settled $i
	done | tr '\n' ' '
}
pair_kill a
pair_way b
sleep 2
check_is "a is killed whole: no connection ends, no message is lost" "$(moved)" "0 0 30 true true 0 0 30 true true "
check "b serves alone" pair_ctl b ready
check_is "and says that nobody listens" "$(pair_sync b .sending.connected)" false

pair_revive a
check "a comes back, and gets all connections" lab_wait 20 eval 'pair_ready a && all_there 60'
check_is "it was not ready before" "$(pair_sync a .join)" joined
pair_way a
sleep 2
check_is "the way back resets nothing" "$(moved)" "0 0 30 true true 0 0 30 true true "
for i in a b; do
	check_is "$i ignored nothing" "$(pair_sync $i .receiving.flows_ignored)" 0
	check_is "$i refused nothing" "$(pair_sync $i '[.refused[]] | add')" 0
done
check_is "no half-open flow is left over" "$(pair_ctl b -j flows state=half_open limit=0 | jq .matched)" 0
check_done
