#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# keepalived and flow sync: one balancer has everything, and the other takes it, with the connections, when it dies.
. "$(dirname "$0")/infra.sh"
lab_enter "$@"
infra_open vrrp
INFRA_HASTE=yes
infra_up vrrp

at_a="192.0.2.4=a 10.20.0.1=a 10.20.0.4=a "
at_b="192.0.2.4=b 10.20.0.1=b 10.20.0.4=b "
check_is "one balancer has all addresses" "$(infra_owners)" "$at_a"
infra_hold 40 200
sleep 2
check_is "Prometheus is quiet" "$(infra_alerts)" ""

# The power of a balancer fails. keepalived notices after 0.3 s, or after 3 s without the configuration's intervals; a
# busy machine adds to the first.
infra_mark quiet
infra_host_kill a
sleep 1.5
infra_held "power fails"
check_range "power fails: nobody gets an answer for less than a second" "$(jq .gap_ms <<<"$INFRA_EVENT")" 0 1000
check_is "the other one has its addresses" "$(ip -n b -4 -o address show | grep -cE ' (192.0.2.4|10.20.0.[14])/')" 3
check_is "requests are answered" "$(infra_requests 20 | lab_tally)" "web1=10 web2=10"
check "Prometheus tells of it, and of nothing else" lab_wait 20 infra_alerts_are "PoisePeerLost PoisedDown"
infra_host_return a
check "it comes back" lab_wait 30 infra_balancer_ready a
sleep 1
check_is "and takes nothing away" "$(infra_owners)" "$at_b"
infra_held "it comes back"

# Back by hand.
infra_ask move 40 4
check "a planned move" infra_poise_ha b drain
check "goes back to it" lab_wait 20 infra_owner_is a
sleep 1
infra_held "planned move"
infra_asked move
check_range "planned move: of new connections at most what is in flight fails" \
	"$(infra_answers move | grep -c '^web')" 156 160
check_is "all addresses move" "$(infra_owners)" "$at_a"
check "the other one may have it again" infra_poise_ha b enable

# Poise changes, and poised dies alone: packets go on, so nothing moves.
sed -i 's|max_lag_ms = 5000|max_lag_ms = 6000|' "$LAB/a/poise.conf"
check "a reload" infra_poisectl a reload
kill -KILL "${INFRA_PIDS[poised-a]}"
sleep 1
infra_balancer a
check "poised dies and is started again" lab_wait 30 infra_balancer_ready a
check_is "nothing moves" "$(infra_owners)" "$at_a"
infra_held "poised dies"

# The sync link is cut; then both believe that they are alone.
ip -n a link set sync down
check "the sync link is cut: an alert, no other" lab_wait 20 infra_alerts_are PoisePeerLost
infra_held "sync link cut"
check_is "nothing moves" "$(infra_owners)" "$at_a"
ip -n a link set sync up
ip -n a address replace "${INFRA_SYNC[a]}/30" dev sync
joined()
{
	infra_poisectl a sync | grep -q '^sending *synced' && infra_poisectl b sync | grep -q '^sending *synced'
}
check "it is mended: both know all again" lab_wait 20 joined
lab_in b nft -f - <<END
table ip split {
	chain input {
		type filter hook input priority 0
		ip protocol vrrp drop
	}
}
END
both="192.0.2.4=both 10.20.0.1=both 10.20.0.4=both "
is_both()
{
	[ "$(infra_owners)" = "$both" ]
}
check "split brain: both have all addresses" lab_wait 20 is_both
sleep 1
check_is "split brain: requests are answered" "$(infra_requests 20 | sort -u | paste -sd ' ')" "web1 web2"
infra_held "split brain"
lab_in b nft delete table ip split
check "it is over" lab_wait 20 infra_owner_is a
infra_held "split brain is over"
check "Prometheus is quiet again" lab_wait 20 infra_alerts_are ""

# Poise alone dies: host and keepalived live.
infra_balancer_kill a
sleep 1.5
infra_held "Poise dies whole"
check_range "Poise dies whole: nobody gets an answer for less than a second" "$(jq .gap_ms <<<"$INFRA_EVENT")" 0 1000
check_is "its keepalived has given everything away" "$(infra_owners)" "$at_b"
check_done
