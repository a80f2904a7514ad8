#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Much data arrives unchanged, and many connections at once are no trouble.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open transfer

mebibytes=${POISE_TEST_MEBIBYTES:-512}

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)"),
	{ name = \"iperf\"; vip = \"$lab_vip\"; port = 5201; health = { type = \"none\"; };
	  backends = ( { name = \"web1\"; address = \"10.2.0.11\"; } ); }"

mkdir -p "$LAB/file"
openssl enc -aes-128-ctr -pass pass:poise -nosalt -pbkdf2 </dev/zero 2>/dev/null |
	head -c "${mebibytes}M" >"$LAB/file/big"
chmod -R a+rX "$LAB/file"
sum=$(sha256sum <"$LAB/file/big")
check_is "$mebibytes MiB to the client, same sha256" \
	"$(lab_in client curl -s --max-time 120 "http://$lab_vip/file/big" | sha256sum)" "$sum"
check_is "$mebibytes MiB to the backend are accepted" "$(lab_in client curl -s --max-time 120 -o /dev/null \
	-w '%{http_code}' -T "$LAB/file/big" "http://$lab_vip/upload/big")" 201
check_is "and have the same sha256" "$(cat "$LAB"/web[12]/www/upload/big | sha256sum)" "$sum"
rm -f "$LAB"/web[12]/www/upload/big "$LAB/file/big"

wrk=$(lab_in client wrk -t 2 -c 200 -d 5 --timeout 5 "http://$lab_vip/keep/")
check_is "200 connections at once: errors" "$(grep -E 'Socket errors|Non-2xx' <<<"$wrk")" ""
check_range "200 connections at once: requests" "$(awk '/requests in/ { print $1 }' <<<"$wrk")" 1000 100000000
check_range "connections are spread by one at most" "$(poisectl -j backends web |
	jq '[.backends[].flows_total] | max - min')" 0 1

lab_spawn iperf web1 iperf3 -s
lab_wait 15 sh -c "nsenter --net=/run/netns/web1 ss -ltn | grep -q 5201"
for direction in "" -R; do
	# shellcheck disable=SC2086 # an option or nothing
	rate=$(lab_in client iperf3 -c $lab_vip -t 3 $direction -J |
		jq '.end.sum_received.bits_per_second / 1e6 | floor')
	check_range "iperf3 $direction moves data ($rate Mbit/s)" "$rate" 50 1000000
done
check_done
