#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The dataplane is killed, stopped and hung under real traffic: the XDP program carries on, and gives the traffic
# back. No connection, no request and no byte may be lost.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open fallback

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
mkdir -p "$LAB/file" && head -c 12M /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
sum=$(sha256sum <"$LAB/file/data")
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")"

# What the XDP programs did so far: fates PASSED, REDIRECTED, BALANCED are the first three words of every CPU.
fate()
{
	bpftool -j map dump pinned "$(find /sys/fs/bpf -name poise_counters)" | python3 -c '
import json, sys
word = 8 * int(sys.argv[1])
print(sum(int.from_bytes(bytes(int(byte, 16) for byte in cpu["value"][word:word + 8]), "little")
          for cpu in json.load(sys.stdin)[0]["values"]))' "$1"
}

# under TEXT COMMAND...: a download and wrk run while COMMAND happens in their middle. Nothing may fail.
under()
{
	local text=$1 slow wrk before

	shift
	before=$(fate 2)
	lab_spawn slow client curl -s -m 60 --limit-rate 3M -o "$LAB/slow" "http://$lab_vip/file/data"
	slow=$LAB_PID
	: >"$LAB/wrk.log"
	lab_spawn wrk client wrk -t 1 -c 20 -d 4 --timeout 5 "http://$lab_vip/keep/"
	wrk=$LAB_PID
	: >"$LAB/new.log"
	sleep 1
	"$@"
	lab_requests 100 >"$LAB/new.log" # connections that are opened meanwhile
	wait "$wrk"
	check_is "$text: wrk had no error" "$? $(grep -E 'Socket errors|Non-2xx' "$LAB/wrk.log")" "0 "
	check_is "$text: new connections succeed" "$(grep -c '^web[12]$' "$LAB/new.log")" 100
	wait "$slow"
	check_is "$text: the download is whole" "$? $(sha256sum <"$LAB/slow")" "0 $sum"
	check "$text: the XDP program carried packets" [ "$(fate 2)" -gt "$before" ]
}

restarted()
{
	local pid

	pid=$(lab_dataplane) && [ "$pid" != null ] && [ "$pid" != "$dataplane" ] && lab_is_ready
}

# Do new requests go through the dataplane, and none through the XDP program?
taken_back()
{
	local balanced

	balanced=$(fate 2)
	[ "$(lab_requests 10 | grep -c '^web[12]$')" = 10 ] && [ "$(fate 2)" = "$balanced" ]
}

kill_it()
{
	dataplane=$(lab_dataplane)
	kill -KILL "$dataplane"
}

stop_it()
{
	dataplane=$(lab_dataplane)
	kill -STOP "$dataplane"
	sleep 1
	kill -CONT "$dataplane"
}

lab_in client curl -s -o "$LAB/nothing" "http://$lab_vip/" # warms the neighbour tables
check "with a dataplane alive, it carries the traffic" lab_wait 5 taken_back
under "killed" kill_it
check "poised starts another dataplane" lab_wait 20 restarted
check "which takes the traffic back" lab_wait 10 taken_back
under "stopped for a second" stop_it
check_is "the stopped dataplane was not replaced" "$(lab_dataplane)" "$dataplane"
check "it takes the traffic back" lab_wait 10 taken_back
check_is "round robin is exact" "$(lab_requests 100 | lab_tally)" "web1=50 web2=50"
check_is "flows half open at the end" "$(poisectl -j status | jq .flow_table.half_open)" 0
check_done
