#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A pair whose configurations do not match: flows that the other one could not carry are counted by their reason, and
# the others are known to it all the same.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/../lab/pair.sh"
lab_enter "$@"
lab_open pair-mismatch

pair_topology
for i in 1 2; do
	for port in 7000 7001 7002; do
		lab_spawn "probe-web$i-$port" "web$i" "$LAB_BUILD/tests/faults/probe" serve $port
	done
done
web1='{ name = "web1"; address = "10.2.0.11"; }'
both="$web1, { name = \"web2\"; address = \"10.2.0.12\"; }"
pair_files xdp "$(pair_service web 7000 'scheduler = "rr";' "$both"), $(pair_service more 7001 '' "$web1"),
	$(pair_service full 7002 'nat = "full";' "$web1")"
# b has no service on 7001, no web2, and another address to translate to.
pair_config b xdp "$(pair_service web 7000 'scheduler = "rr";' "$web1"),
	$(pair_service full 7002 'nat = "full";' "$web1")" | sed "s/$pair_snat/10.60.0.2/" >"$LAB/b/poise.conf"
pair_begin || lab_die "the balancers do not become ready"
check_is "nothing is ignored before" "$(pair_sync b .receiving.flows_ignored)" 0
pair_way a
pair_probe web 7000 6
pair_probe more 7001 4
pair_probe full 7002 2
known()
{
	[ "$(pair_flows a) $(pair_flows b)" = "12 3" ] && [ "$(pair_sync b .receiving.fates.no_source)" -ge 2 ]
}
check "of 12 connections by a, 3 can be carried by b, which knows them" lab_wait 20 known
check_is "those of the service and of the backend that it has" \
	"$(pair_ctl b -j flows limit=100 | jq -r '[.flows[] | "\(.service)/\(.backend)"] | unique | join(" ")')" \
	"web/web1"
for fate in no_service:4 no_backend:3 no_source:2; do
	check_range "the others are counted: ${fate%:*}" "$(pair_sync b ".receiving.fates.${fate%:*}")" "${fate#*:}" 100
done
check_range "and added up" "$(pair_sync b .receiving.flows_ignored)" 9 300
check_is "the metrics have it" "$(lab_in b curl -s http://127.0.0.1:9650/metrics |
	grep -cE '^poise_sync_fates_total\{fate="no_(service|backend|source)"\} [1-9]')" 3
check_is "nothing is refused: it is a peer all the same" "$(pair_sync b '[.refused[]] | add')" 0
for i in web more full; do
	check_is "no connection of $i was harmed" "$(pair_mark $i '"\(.resets) \(.corrupt)"')" "0 0"
done
check_done
