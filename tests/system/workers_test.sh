#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Two workers, with one queue and with two, share one exact order.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open workers

# one QUEUES: everything that must hold, on a network of its own
one()
{
	local wrk

	lab_topology 2 "$1"
	lab_nginx 1
	lab_nginx 2
	lab_memory
	lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)"),
		$(lab_service full 81 'scheduler = "rr"; nat = "full";' "$(lab_backends 2)")" \
		"workers = 2;" "queues = $1;"
	check_is "$1 queues: two workers run" "$(poisectl -j status | jq '.workers | length')" 2
	check_is "$1 queues: 300 requests" "$(lab_requests 300 | lab_tally)" "web1=150 web2=150"
	check_is "$1 queues: 100 requests with full NAT" \
		"$(lab_requests 100 "http://$lab_vip:81/" | lab_tally)" "web1=50 web2=50"
	for port in 80 81; do
		wrk=$(lab_in client wrk -t 2 -c 100 -d 2 --timeout 5 "http://$lab_vip:$port/")
		check_is "$1 queues, port $port: no error" "$(grep -E 'Socket errors|Non-2xx' <<<"$wrk")" ""
		check_range "$1 queues, port $port: requests" \
			"$(awk '/requests in/ { print $1 }' <<<"$wrk")" 200 100000000
	done
	check_range "$1 queues: flows differ by one at most" "$(poisectl -j backends web |
		jq '[.backends[].flows_total] | max - min')" 0 1
	check_range "$1 queues: packets were handed over" \
		"$(lab_counter handoff)" 1 100000000
	check_is "$1 queues: packets lost between workers" "$(lab_counter handoff_full)" 0
	lab_stop_all
	for namespace in client lb switch web1 web2; do ip netns delete $namespace; done
}

one 1
one 2
check_done
