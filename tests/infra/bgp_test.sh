#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# BIRD: both balancers carry connections, and each can carry all of them.
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
check_is "100 requests, half at each server" "$(infra_requests 100 | lab_tally)" "web1=50 web2=50"
check_range "both balancers carry some" "$(flows a)" 20 80
check_range "both" "$(flows b)" 20 80
check_is "Prometheus is quiet" "$(infra_alerts)" ""

infra_ask dead 40 4
sleep 1
infra_host_kill a
check "BFD takes the dead one out" lab_wait 1 infra_announced b
infra_asked dead
check_range "few new connections fail" "$(infra_answers dead | grep -c '^failed')" 0 20
check_is "the rest carries all" "$(infra_requests 20 | lab_tally)" "web1=10 web2=10"
infra_host_return a
check "it comes back" lab_wait 20 infra_settled
infra_ask move 40 5
sleep 1
check "a balancer is drained" infra_poise_ha a drain
check "the router has left it" infra_announced b
infra_asked move
check_is "and no new connection failed" "$(infra_answers move | grep -c '^web')" 200
infra_poise_ha a enable
check "it is back" lab_wait 10 infra_settled
check_done
