#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# trace and capture where the program in the kernel carries all packets: what workers show, it shows too, and what it
# keeps from the host itself.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/../lab/watch.sh"
lab_enter "$@"
lab_open trace-xdp

lab_topology 2
for i in 1 2; do lab_nginx "$i"; done
{
	lab_config "$(lab_service web 80 'nat = "full"; deny = [ "10.1.0.9" ];' "$(lab_backends 2)")" |
		sed 's/"af_xdp"/"xdp"/'
	echo 'firewall = { default = "deny"; };'
} >"$LAB/poise.conf"
lab_poised
check "ready" lab_ready 20

watch_cases xdp

# datagram FROM: the client sends one to the balancer itself
ip -n client address add 10.1.0.9/24 dev eth0
datagram()
{
	lab_in client /usr/bin/python3 -c "import socket
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind(('$1', 5353))
link.sendto(b'x' * 1200, ('10.1.0.1', 9000))"
}
watch "$LAB/host" -j trace client=10.1.0.9 --drops -c 2
datagram 10.1.0.2
datagram 10.1.0.9
lab_in client curl -s -m 1 --interface 10.1.0.9 "http://$lab_vip/" >/dev/null
check "drops of one source alone" watched "$LAB/host"
check_is "the firewall's, which no worker sees, and the service's" \
	"$(jq -r '"\(.verdict) \(.in.kind) \(.in.source | sub(":[1-9][0-9]{4}"; ":PORT")) \(.path)"' \
		"$LAB/host" | xargs)" \
	"host_denied udp 10.1.0.9:5353 xdp denied tcp 10.1.0.9:PORT xdp"
check_is "of long ones the first bytes, and their length" "$(jq -s '.[0].in.length' "$LAB/host")" 1242

# A capture of many packets at once ends with what was asked for, and says what it has missed.
lab_spawn load client wrk -t1 -c20 -d30s "http://$lab_vip/"
load=$LAB_PID
check "a capture under load" lab_in lb timeout 10 "$LAB_BUILD/control/poisectl" -s "$LAB/control.sock" \
	capture -w "$LAB/load.pcapng" -c 2000
kill "$load"
wait "$load" 2>/dev/null
check_is "holds as many packets, each of them whole" \
	"$(tshark -r "$LAB/load.pcapng" -Y '!_ws.malformed && frame.comment contains "by the XDP program"' 2>/dev/null |
		wc -l)" 2000

# Without a watcher nothing is recorded any more, also when he was killed.
watch "$LAB/killed" trace
kill "$watcher"
sleep 2.3
state=/sys/fs/bpf/poise/$(sed 's|^/||; s|[^A-Za-z0-9-]|_|g' <<<"${LAB//\//-}" | sed 's/^-//')/poise_state
check_is "a watcher that was killed costs nothing any more" \
	"$(bpftool -j map dump pinned "$state" | jq '.[0].formatted.value.watch_until_ms')" 0

check_done
