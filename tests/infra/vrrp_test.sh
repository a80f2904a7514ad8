#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# keepalived: one balancer has everything, and the other takes it when it dies.
. "$(dirname "$0")/infra.sh"
lab_enter "$@"
infra_open vrrp
INFRA_HASTE=yes
infra_up vrrp

check_is "one balancer has all addresses" "$(infra_owners)" "192.0.2.4=a 10.20.0.1=a 10.20.0.4=a "
infra_hold 40 200
sleep 2
check_is "Prometheus is quiet" "$(infra_alerts)" ""
infra_mark quiet
infra_host_kill a
sleep 1.5
infra_mark killed
check "the other one takes all of them" infra_owner_is b
check_is "nothing is left at the dead one" "$(infra_owners)" "192.0.2.4=b 10.20.0.1=b 10.20.0.4=b "
check_is "requests are answered" "$(infra_requests 20 | lab_tally)" "web1=10 web2=10"
check "Prometheus tells of it, and of nothing else" lab_wait 6 infra_alerts_are PoisedDown
infra_host_return a
check "it comes back" lab_wait 20 infra_balancer_ready a
sleep 2
check_is "without taking anything away" "$(infra_owners)" "192.0.2.4=b 10.20.0.1=b 10.20.0.4=b "
infra_ask move 40 3
sleep 1
check "a planned move" infra_poise_ha b drain
infra_asked move
check_is "goes back to it" "$(infra_owners)" "192.0.2.4=a 10.20.0.1=a 10.20.0.4=a "
check_range "and at most what was in flight fails" "$(infra_answers move | grep -c '^failed')" 0 4
check "the other one may have it again" infra_poise_ha b enable

# Poise alone dies, the host and keepalived live.
infra_ask die 40 4
sleep 1
infra_balancer_kill a
check "Poise dies whole: its keepalived gives everything away" lab_wait 2 infra_owner_is b
infra_asked die
failed=$(infra_answers die | grep -c '^failed')
check_range "few new connections fail" "$failed" 0 16
check "Prometheus is quiet again, but for the dead one" lab_wait 6 infra_alerts_are PoisedDown
check_done
