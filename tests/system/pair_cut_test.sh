#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The sync link is cut while both balancers serve: no harm is done, and afterwards both know everything again.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/../lab/pair.sh"
lab_enter "$@"
lab_open pair-cut

pair_topology
lab_namespace other
pair_plug fronts other other eth0 10.1.0.7/24
lab_host other eth0
ip -n other route add "$pair_vip/32" via "${PAIR_FRONT[b]}"
for i in 1 2; do
	ip -n "web$i" route add 10.1.0.7/32 via "${PAIR_BACK[b]}"
	lab_spawn "probe-web$i" "web$i" "$LAB_BUILD/tests/faults/probe" serve 7000
	lab_spawn "probe-full$i" "web$i" "$LAB_BUILD/tests/faults/probe" serve 7001
done
backends='{ name = "web1"; address = "10.2.0.11"; }, { name = "web2"; address = "10.2.0.12"; }'
pair_files xdp "$(pair_service dnat 7000 'nat = "dnat";' "$backends"),
	$(pair_service full 7001 'nat = "full"; timeouts = { closing_s = 1; };' "$backends")"
pair_begin || lab_die "the balancers do not become ready"
pair_way a
pair_probe ends 7001 10
pair_probe stays 7001 10
both_have()
{
	[ "$(pair_flows a)" = "$1" ] && [ "$(pair_flows b)" = "$1" ]
}
check "20 connections by a are known to b" lab_wait 20 both_have 20

ip -n a link set sync down
check "the link is cut: both notice" lab_wait 20 eval \
	'pair_is a ".sending.connected == false" && pair_is b ".receiving.connected == false"'
check "and both stay ready" eval 'pair_ctl a ready && pair_ctl b ready'
kill "${PAIR_PROBE[ends]}"
wait "${PAIR_PROBE[ends]}" 2>/dev/null
pair_probe new 7000 10
pair_probe split 7000 10 other
sleep 1
check_is "each serves a client of its own meanwhile" "$(pair_mark new .connections) $(pair_mark split .connections)" \
	"10 10"
check_is "they do not know each other's" "$(pair_flows a client=10.1.0.7) $(pair_flows b client=10.1.0.2)" "0 20"
# Replies to the shared source address go to a, which must not take them for its own.
for ((i = 0; i < 20; i++)); do
	lab_in other timeout 0.2 bash -c "exec 3<>/dev/tcp/$pair_vip/7001" 2>/dev/null &
done
sleep 0.1
ports()
{
	pair_ctl "$1" -j flows service=full "client=$2" limit=1000 | jq -c '[.flows[].snat | split(":")[1] | tonumber]'
}
at_a=$(ports a 10.1.0.2)
at_b=$(ports b 10.1.0.7)
check_is "source ports of the two are of different halves" \
	"$(jq -nc --argjson a "$at_a" --argjson b "$at_b" \
		'[($a | length > 0), ($b | length > 0), ($a | all(. < 16896)), ($b | all(. >= 16896))]')" \
	"[true,true,true,true]"
sleep 1

ip -n a link set sync up
again()
{
	[ "$(pair_flows a client=10.1.0.7)" = 10 ] && [ "$(pair_flows b client=10.1.0.2 service=dnat)" = 10 ] &&
		[ "$(pair_flows b client=10.1.0.2 service=full)" = 10 ]
}
check "the link is back: both know everything, and what ended is gone" lab_wait 20 again
check_is "in a new session" "$(pair_sync a '.sending.sessions > 1') $(pair_sync b '.sending.sessions > 1')" "true true"
for i in stays new split; do
	check_is "connections of $i: none was harmed" \
		"$(pair_mark $i '"\(.connections) \(.resets) \(.corrupt)"')" "10 0 0"
done
check_is "nothing collided" "$(pair_sync a .receiving.fates.collision) $(pair_sync b .receiving.fates.collision)" "0 0"

# A planned change: not before the peer has everything.
pair_probe last 7001 10
sleep 0.3
check "withdraw" pair_ctl a withdraw
not_ready()
{
	! pair_ctl a ready
}
check "a is not ready soon" lab_wait 10 not_ready
pair_way b
sleep 1
check_is "the newest connections go on by b" "$(pair_settled last)" "0 0 10 true true"
pair_ctl a announce >/dev/null
check "announce makes it ready again" pair_ctl a ready
check_done
