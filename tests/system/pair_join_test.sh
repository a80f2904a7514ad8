#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# How long a balancer waits for what its peer knows before it serves: for join_timeout_s when there is no peer, and a
# second when the connections of before are still in the kernel.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/../lab/pair.sh"
lab_enter "$@"
lab_open pair-join

timeout_s=5
pair_topology
lab_spawn probe-web1 web1 "$LAB_BUILD/tests/faults/probe" serve 7000
for i in a b; do
	mkdir -p "$LAB/$i"
	pair_config $i xdp "$(pair_service web 7000 '' '{ name = "web1"; address = "10.2.0.11"; }')" \
		"join_timeout_s = $timeout_s;" >"$LAB/$i/poise.conf"
done
since_ms()
{
	echo $(((${EPOCHREALTIME/[.,]/} - $1) / 1000))
}

begin=${EPOCHREALTIME/[.,]/}
pair_poised b
check "there is no peer: it waits" lab_wait 5 pair_is b '.join == "joining"'
if pair_ctl b ready >/dev/null; then
	not_ok "it is not ready meanwhile"
else
	ok "it is not ready meanwhile"
fi
check "and serves alone in the end" lab_wait 20 pair_is b '.join == "alone"'
check_range "after join_timeout_s, in ms" "$(since_ms "$begin")" $((timeout_s * 1000)) $((timeout_s * 1000 + 4000))
check_is "it says so once" "$(grep -c 'did not come in time, going on without' "$LAB/poised-b.log")" 1
check "it is ready" lab_wait 10 pair_ready b

pair_poised a
check "a peer that comes later is heard at once" lab_wait 10 pair_is a '.join == "joined"'
check "both know all" lab_wait 10 eval 'pair_is a ".sending.synced and .receiving.synced" &&
	pair_is b ".sending.synced and .receiving.synced"'
pair_way b
pair_probe web 7000 5
known()
{
	[ "$(pair_flows a) $(pair_flows b)" = "5 5" ]
}
check "5 connections by b are known to a" lab_wait 10 known

# The peer goes, and poised of b dies: its connections are still there, so there is little to wait for.
lab_stop "${PAIR_POISED[a]}"
kill -KILL "${PAIR_POISED[b]}"
wait "${PAIR_POISED[b]}" 2>/dev/null
begin=${EPOCHREALTIME/[.,]/}
pair_poised b
check "no peer, but the connections of before: alone" lab_wait 20 pair_is b '.join == "alone"'
check_range "soon, in ms" "$(since_ms "$begin")" 900 $((timeout_s * 1000 - 1000))
check "and ready" lab_wait 10 pair_ready b
check_is "all connections go on" "$(pair_flows b) $(pair_mark web '"\(.connections) \(.resets)"')" "5 5 0"
check_done
