#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Full NAT: backends need no route back and see the balancer's address.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open full-nat

lab_topology 2
for i in 1 2; do
	lab_nginx "$i"
	ip -n "web$i" route delete default
done
lab_memory
lab_start "$(lab_service web 80 'scheduler = "rr"; nat = "full";' "$(lab_backends 2)"),
	$(lab_service direct 81 'scheduler = "rr"; nat = "dnat";' "$(lab_backends 2)")"

check "the test is a test: DNAT does not work without a route back" \
	sh -c "! nsenter --net=/run/netns/client curl -s -m 1 http://$lab_vip:81/"
check_is "300 requests" "$(lab_requests 300 | lab_tally)" "web1=150 web2=150"
check_is "the backend sees the balancer" "$(lab_in client curl -s "http://$lab_vip/peer")" "10.2.0.1"
wrk=$(lab_in client wrk -t 2 -c 200 -d 3 --timeout 5 "http://$lab_vip/keep/")
check_is "200 connections at once: errors" "$(grep -E 'Socket errors|Non-2xx' <<<"$wrk")" ""
head -c 32M /dev/urandom >"$LAB/up"
check_is "an upload is accepted" "$(lab_in client curl -s --max-time 60 -o /dev/null -w '%{http_code}' \
	-T "$LAB/up" "http://$lab_vip/upload/up")" 201
check_is "an upload arrives unchanged" "$(cat "$LAB"/web[12]/www/upload/up | sha256sum)" "$(sha256sum <"$LAB/up")"
check "the balancer's own connections still work" lab_in lb curl -sf -m 2 http://10.2.0.11/
check_done
