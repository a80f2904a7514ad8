# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Watching packets in a lab: poisectl trace and capture beside the requests that they are to show.

# It runs, and asks at once.
watcher_runs()
{
	grep -qx poisectl "/proc/$watcher/comm"
}

# watch OUT COMMAND...: start a watcher and wait until the data path knows of it
watch()
{
	local out=$1

	shift
	nsenter --net=/run/netns/lb "$LAB_BUILD/control/poisectl" -s "$LAB/control.sock" "$@" >"$out" 2>"$out.err" &
	watcher=$!
	LAB_PIDS+=("$watcher")
	lab_wait 10 watcher_runs
	sleep 0.3
}

# The watcher has ended, without a complaint.
watched()
{
	lab_wait 15 watcher_ended && [ ! -s "$1.err" ]
}

watcher_ended()
{
	! lab_alive "$watcher"
}

# watch_cases PATH: requests, a capture and a dropped packet while PATH (dpdk, xdp) carries full NAT.
watch_cases()
{
	local path=$1

	watch "$LAB/trace" trace -c 7 service=web # a connection has so many at least
	check_is "$path: a request while somebody watches" "$(lab_requests 1 | lab_tally)" "web1=1"
	check "$path: trace ends after as many packets as it was asked for" watched "$LAB/trace"
	check "$path: it shows the SYN as it came" grep -q "front .*10.1.0.2:[0-9]* > $lab_vip:80 S," "$LAB/trace"
	check "$path: and as it left" grep -Eq "back +10.2.0.1:[0-9]+ > 10.2.0.[0-9]+:80, forwarded web/web1 .$path" \
		"$LAB/trace"
	check "$path: lines fit a terminal" test "$(wc -L <"$LAB/trace")" -le 80
	lab_requests 1 >/dev/null # the turn of web2

	watch "$LAB/capture.text" capture -w "$LAB/a.pcapng" -c 7 client=10.1.0.2
	lab_requests 1 >/dev/null
	check "$path: capture ends" watched "$LAB/capture.text"
	check_is "$path: tshark reads both sides of each packet" \
		"$(tshark -r "$LAB/a.pcapng" -T fields -e frame.interface_name 2>/dev/null | sort | uniq -c | xargs)" \
		"7 back 7 front"
	check_is "$path: checksums are right on both sides" \
		"$(tshark -r "$LAB/a.pcapng" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
			-Y 'tcp.checksum.status == 0 || ip.checksum.status == 0' 2>/dev/null | wc -l)" 0
	check_is "$path: each packet has its fate as comment" \
		"$(tshark -r "$LAB/a.pcapng" -T fields -e frame.comment 2>/dev/null | grep -c 'forwarded web/web')" 14
	lab_requests 1 >/dev/null

	watch "$LAB/drops" -j trace --drops client=10.1.0.2 -c 1
	lab_in client /usr/bin/python3 -c "from scapy.all import IP, TCP, send
send(IP(dst='$lab_vip') / TCP(sport=4444, dport=80, flags='A'), verbose=False)" # a segment of no connection
	check "$path: a dropped packet is seen" watched "$LAB/drops"
	check_is "$path: with its reason" "$(jq -r '"\(.verdict) \(.in.destination) \(.out) \(.path)"' "$LAB/drops")" \
		"no_flow $lab_vip:80 null $path"
}
