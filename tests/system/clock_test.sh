#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The wall clock steps by a day, back and forth, under poised and the dataplane: no backend is taken for dead, no flow
# expires, nothing that waits stalls. libfaketime gives these two processes another wall clock; the machine keeps its
# own, and the monotonic clock is that of the kernel.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open clock

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
library=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1)
[ -e "$library" ] || lab_die "no libfaketime"
step()
{
	echo "$1" >"$LAB/clock.new"
	mv "$LAB/clock.new" "$LAB/clock"
}
step +0
LAB_BALANCER="env LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$LAB/clock FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1"
lab_start "$(lab_service web 80 'scheduler = "rr"; slow_start_s = 1; timeouts = { established_s = 600; };' \
	"$(lab_backends 2)")"

# What poised takes for the time, as the day of its last event.
day()
{
	poisectl drain web/web1 >/dev/null && poisectl enable web/web1 >/dev/null
	poisectl -j events 1 | jq -r '.. | .time? // empty' | tail -n 1 | cut -c1-10
}
probes()
{
	poisectl -j backends web | jq '[.backends[].check.probes] | add'
}
table()
{
	poisectl -j status | jq "$1"
}
# A connection that lives all the time, and says something from time to time.
lab_spawn talk client /usr/bin/python3 -c "
import socket, time
peer = socket.create_connection(('$lab_vip', 80))
for i in range(100000):
    peer.sendall(b'GET /keep/ HTTP/1.1\r\nHost: a\r\n\r\n')
    if not peer.recv(4096).startswith(b'HTTP/1.1 200'):
        raise SystemExit('closed')
    print(i, flush=True)
    time.sleep(0.2)"
talk=$LAB_PID
sleep 1
check_is "poised has the wall clock that it is given" "$(day)" "$(date -u +%Y-%m-%d)"
dataplane=$(lab_dataplane)

for by in +86400 -86400 +0 +86400 +0; do
	established=$(table .flow_table.used)
	told=$(wc -l <"$LAB/talk.log")
	probed=$(probes)
	step "$by"
	check_is "clock $by s: poised sees it" "$(day)" "$(date -u -d "$by seconds" +%Y-%m-%d)"
	sleep 1.2
	check_range "clock $by s: health checks go on" "$(($(probes) - probed))" 6 200
	check_range "clock $by s: the connection goes on" "$(($(wc -l <"$LAB/talk.log") - told))" 4 100
	check_range "clock $by s: no flow expired" "$(($(table .flow_table.used) - established))" 0 1000
	check_is "clock $by s: requests" "$(lab_requests 20 | awk '{ n[$1]++ } END { print n["web1"] + n["web2"] }')" 20
done

# What waits for a time waits as long as it was told to.
begin=$EPOCHREALTIME
poisectl drain web/web2 --deadline 3 >/dev/null
step +86400
overdue()
{
	grep -q "the drain's 3 s are over" "$LAB/poised.log"
}
check "a drain's deadline comes" lab_wait 15 overdue
check_range "when it was to come, in ms" \
	"$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d\n", (b - a) * 1000 }')" 2500 5500
poisectl enable web/web2 >/dev/null
sed 's/rise = 2/rise = 1/' "$LAB/poise.conf" >"$LAB/trial.conf"
begin=$EPOCHREALTIME
check "a trial begins" poisectl apply "$LAB/trial.conf" --confirm 3
step -86400
over()
{
	grep -q "not confirmed in time" "$LAB/poised.log"
}
check "it ends" lab_wait 15 over
check_range "when it was to end, in ms" \
	"$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d\n", (b - a) * 1000 }')" 2500 5500
check "the connection lives" lab_alive "$talk"
check_is "no backend was taken for dead" "$(grep -c ' is down' "$LAB/poised.log")" 0
check_is "the dataplane is the same" "$(lab_dataplane)" "$dataplane"
check "and carries" lab_wait 5 lab_carries dpdk
check "all ends" lab_stop "$LAB_POISED"
check_done
