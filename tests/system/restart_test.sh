#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Processes die, start twice, end: what the network and the system see of it.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open restart

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
services=$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")
lab_start "$services"
dataplane=$(lab_dataplane)
check "the dataplane is a process" lab_alive "$dataplane"

second=$(lab_in lb "$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --foreground 2>&1)
check_is "a second poised is refused" $? 1
check_is "in one line" "$(wc -l <<<"$second")" 1
sed "s|$LAB/control.sock|$LAB/other/control.sock|; s/9650/9651/" "$LAB/poise.conf" >"$LAB/other.conf"
check_is "a second poised with another socket on the same interfaces is refused" \
	"$(lab_in lb timeout 20 "$LAB_BUILD/control/poised" -c "$LAB/other.conf" --foreground >"$LAB/other.log" 2>&1
	echo $?)" 1
check_is "and harms nothing" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"

# poised dies; the dataplane goes on and is taken over
lab_in client curl -s --limit-rate 1M -o "$LAB/nothing" "http://$lab_vip/" # warms the neighbour tables
lab_spawn wrk client wrk -t 1 -c 10 -d 6 --timeout 5 "http://$lab_vip/"
wrk=$LAB_PID
sleep 0.5
kill -KILL "$LAB_POISED"
wait "$LAB_POISED" 2>/dev/null
check_is "poised is killed, requests go on" "$(lab_requests 20 | grep -c '^web[12]$')" 20
lab_poised
check "a new poised becomes ready" lab_ready 20
check_is "it adopts the dataplane" "$(lab_dataplane)" "$dataplane"
wait "$wrk"
check_is "no request failed meanwhile" "$(grep -E 'Socket errors|Non-2xx' "$LAB/wrk.log")" ""
check_is "no health flip" "$(grep -cE 'web[12].*(down|unhealthy)' "$LAB/poised.log")" 0
check_is "exact" "$(lab_requests 100 | lab_tally)" "web1=50 web2=50"

# the dataplane dies; poised starts another on the same flow table
mkdir -p "$LAB/file" && head -c 6M /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
lab_spawn slow client curl -s -m 60 --limit-rate 1M -o "$LAB/slow" "http://$lab_vip/file/data"
slow=$LAB_PID
sleep 0.5
dataplane=$(lab_dataplane)
kill -KILL "$dataplane"
restarted()
{
	local pid

	pid=$(lab_dataplane) && [ "$pid" != null ] && [ "$pid" != "$dataplane" ] && lab_is_ready
}
check "the dataplane is killed, poised starts another" lab_wait 30 restarted
check_is "requests work again" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
wait "$slow"
check_is "a connection from before goes on, unchanged" "$? $(sha256sum <"$LAB/slow")" "0 $(sha256sum <"$LAB/file/data")"

# the end: nothing is left
dataplane=$(lab_dataplane)
check "SIGTERM ends poised" lab_stop "$LAB_POISED"
check "the dataplane ended too" sh -c "! kill -0 $dataplane"
check_is "no pin is left" "$(find /sys/fs/bpf -mindepth 1 -not -name '*.debug' | tr '\n' ' ')" ""
check_is "no XDP program is left" "$(lab_in lb ip -details link show | grep -c xdp)" 0
check_is "no socket is left" "$(find "$LAB" -maxdepth 1 -type s)" ""
lab_poised
check "poised starts again" lab_ready 20
check_is "and works" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
check_done
