#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Requests one after the other are spread exactly, and the client sees nothing but the service address.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open spread

lab_topology 3
for i in 1 2 3; do lab_nginx "$i"; done
lab_memory
lab_start "$(lab_service two 80 'scheduler = "rr";' "$(lab_backends 2)"),
	$(lab_service three 81 'scheduler = "rr";' "$(lab_backends 3)")"

check_is "300 requests over two backends" "$(lab_requests 300 | lab_tally)" "web1=150 web2=150"
check_is "300 requests over three backends" \
	"$(lab_requests 300 "http://$lab_vip:81/" | lab_tally)" "web1=100 web2=100 web3=100"
check_is "two services do not share a cursor" \
	"$( { lab_requests 1; lab_requests 1 "http://$lab_vip:81/"; lab_requests 1; lab_requests 1 "http://$lab_vip:81/"
	lab_requests 1 "http://$lab_vip:81/"; } | lab_tally)" "web1=2 web2=2 web3=1"
check_is "the backend sees the client's own address" \
	"$(lab_in client curl -s "http://$lab_vip/peer")" "10.1.0.2"
check "a service address answers ARP" \
	sh -c "ip -n client neighbour show $lab_vip | grep -q lladdr"
check "a port without service on the address does not answer" \
	sh -c "! nsenter --net=/run/netns/client curl -s -m 1 http://$lab_vip:82/"
check_is "one flow in the table for each connection" \
	"$(poisectl -j services | jq '[.services[].flows_total] | add')" 606
check_done
