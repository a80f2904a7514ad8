#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# trace, capture and explain on real connections: both sides of the NAT, drops with their reason, read by tshark.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/../lab/watch.sh"
lab_enter "$@"
lab_open trace

lab_topology 2
for i in 1 2; do lab_nginx "$i"; done
lab_memory
lab_start "$(lab_service web 80 'nat = "full";' "$(lab_backends 2)")"

watch_cases dpdk
flow=$(poisectl -j flows limit=1 | jq -r '.flows[0].client')
check "explain finds a live flow" grep -q "of service web" <(poisectl explain tcp "$flow" "$lab_vip:80")

check_is "the time from SYN to SYN-ACK is known of each connection" \
	"$(poisectl -j backends | jq '[.backends[] | (.handshake.answers == .flows_total and .handshake.p50_ms > 0 and
		.handshake.p50_ms < 1000)] | all')" true
watch "$LAB/first" trace -c 1000
check_is "a second watcher is refused" "$(poisectl trace -c 1 2>&1)" "somebody else watches; one at a time"
kill "$watcher"
sleep 2.3
watch "$LAB/second" trace -c 1
lab_requests 1 >/dev/null
check "a watcher that was killed is forgotten" watched "$LAB/second"

# The program in the kernel carries what a stopped dataplane does not take.
dataplane=$(lab_dataplane)
watch "$LAB/both" -j trace service=web
lab_requests 1 >/dev/null
kill -STOP "$dataplane"
check_is "a stopped dataplane: requests go on" "$(lab_requests 2 | lab_tally)" "web1=1 web2=1"
sleep 0.3
kill -CONT "$dataplane"
kill "$watcher"
check_is "the same watcher sees packets of both paths, whole" \
	"$(jq -r 'select(.out and .verdict == "forwarded") | .path' "$LAB/both" | sort -u | xargs)" "dpdk xdp"
check "the SYNs of connections that began in the kernel as well" \
	jq -es 'map(select(.path == "xdp" and .in.flags == "S" and .service == "web")) | length == 2' "$LAB/both"

check_done
