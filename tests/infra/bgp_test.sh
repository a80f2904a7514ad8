#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# BIRD and flow sync: both balancers carry connections, and each can carry those of the other.
. "$(dirname "$0")/infra.sh"
lab_enter "$@"
infra_open bgp
INFRA_HASTE=yes
infra_up bgp

# flows HOST: connections that a balancer has given to web servers
flows()
{
	infra_poisectl "$1" -j services web | jq '.services[0].flows_total'
}
check "the router knows both ways" infra_announced ab
check_is "100 requests, each balancer takes the servers in turn" \
	"$(infra_requests 100 | sort -u | paste -sd ' ')" "web1 web2"
check_range "both balancers carry some: A" "$(flows a)" 20 80
check_range "both balancers carry some: B" "$(flows b)" 20 80
infra_hold 40 200
sleep 2
check_is "Prometheus is quiet" "$(infra_alerts)" ""

for host in a b; do
	check_range "connections that live: some go by $host" \
		"$(infra_poisectl "$host" -j flows state=established limit=1000 | jq '.flows | length')" 1 80
done
infra_mark quiet
before=$(date +%s%N)
infra_host_off a
until infra_announced b; do
	[ $(($(date +%s%N) - before)) -gt 3000000000 ] && break
	sleep 0.01
done
took=$((($(date +%s%N) - before) / 1000000))
infra_balancer_kill a
echo "    out of the route after $took ms"
# BFD notices after 3 packets of 50 ms. Without it BGP would take seconds, and the machine is busy.
check_range "power fails: BFD takes it out of the route (ms)" "$took" 100 1000
sleep 1
infra_held "power fails"
check_is "the rest carries all" "$(infra_requests 20 | lab_tally)" "web1=10 web2=10"
check "Prometheus tells of it, and of nothing else" lab_wait 20 infra_alerts_are "PoisePeerLost PoisedDown"
infra_host_return a
check "it comes back" lab_wait 30 infra_settled
sleep 1
infra_held "it comes back"

infra_ask move 40 6
check "a balancer is drained" infra_poise_ha a drain
check "the router has left it" infra_announced b
infra_held "drained"
infra_asked move
check_range "drained: of new connections at most what is in flight fails" \
	"$(infra_answers move | grep -c '^web')" 236 240
infra_poise_ha a enable
check "it is back" lab_wait 20 infra_settled
infra_held "it is back"
check_done
