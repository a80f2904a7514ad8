#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A backend that dies leaves the rotation within interval * fall + timeout, and comes back.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open health

lab_topology 3
for i in 1 2 3; do lab_nginx "$i"; done
lab_memory
standby='{ name = "web3"; address = "10.2.0.13"; port = 80; role = "standby"; }'
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)"),
	$(lab_service spare 81 'scheduler = "rr";' \
	"{ name = \"web2\"; address = \"10.2.0.12\"; port = 80; }, $standby")"

state()
{
	lab_backend_field "$1" "$2" state
}

state_is()
{
	[ "$(state "$1" "$2")" = "$3" ]
}

check_is "all are up, web3 stands by" "$(state web web1) $(state web web2) $(state spare web3)" "up up standby"
check_is "the standby gets nothing" "$(lab_requests 10 "http://$lab_vip:81/" | lab_tally)" "web2=10"

lab_nginx_kill 2
killed=$(date +%s.%N)
check "web2 is found dead" lab_wait 10 state_is web web2 down
# interval 200 ms * fall 3 + timeout 200 ms, and 300 ms for a machine that does other things as well
check_range "in time, as the event tells, in ms" "$(poisectl -j events 100 | jq --arg killed "$killed" '.events |
	map(select(.kind == "backend-down" and .service == "web" and .backend == "web2"))[-1].time |
	((.[:19] + "Z" | fromdate) + (.[19:23] | tonumber) - ($killed | tonumber)) * 1000 | floor')" -20 1100
check "by the other service too" lab_wait 10 state_is spare web2 down
check_is "no request fails afterwards" "$(lab_requests 100 | lab_tally)" "web1=100"
check_is "the standby serves" "$(lab_requests 10 "http://$lab_vip:81/" | lab_tally)" "web3=10"

lab_nginx 2
check "web2 comes back" lab_wait 15 lab_is_ready 4
check_is "exact again" "$(lab_requests 100 | lab_tally)" "web1=50 web2=50"
check_is "the standby rests" "$(lab_requests 10 "http://$lab_vip:81/" | lab_tally)" "web2=10"

ip -n web1 link set eth0 down
check "a host that vanishes from the network is found" lab_wait 20 state_is web web1 down
check_is "no request fails afterwards" "$(lab_requests 20 | lab_tally)" "web2=20"
ip -n web1 link set eth0 up
ip -n web1 route replace default via 10.2.0.1
check "and is taken back" lab_wait 20 state_is web web1 up
check_is "exact again" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"

lab_nginx_kill 1
lab_nginx_kill 2
lab_wait 15 state_is web web1 down
lab_wait 15 state_is web web2 down
check_is "no backend at all: no answer" "$(lab_in client curl -s -m 1 http://$lab_vip/; echo $?)" 28
counted()
{
	[ "$(lab_counter no_backend)" -gt 0 ]
}
check "which is counted" lab_wait 5 counted
check_done
