#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# What was recorded on the sync link, or is forged, or of another version, is refused, counted, and said in one line.
. "$(dirname "$0")/../lab/lab.sh"
. "$(dirname "$0")/../lab/pair.sh"
lab_enter "$@"
lab_open pair-refused

pair_topology
for i in 1 2; do
	lab_spawn "probe-web$i" "web$i" "$LAB_BUILD/tests/faults/probe" serve 7000
done
backends='{ name = "web1"; address = "10.2.0.11"; }, { name = "web2"; address = "10.2.0.12"; }'
services=$(pair_service web 7000 'nat = "dnat";' "$backends")
pair_files xdp "$services"
lab_spawn tcpdump b tcpdump -Z root -U -i sync -w "$LAB/sync.pcap" "tcp dst port 9651 and src ${PAIR_SYNC[a]}"
lab_wait 10 grep -q 'listening on' "$LAB/tcpdump.log" || lab_die "tcpdump does not listen"
pair_begin || lab_die "the balancers do not become ready"
pair_way a
pair_probe web 7000 5
known()
{
	[ "$(pair_flows b)" = 5 ]
}
check "5 connections by a are known to b" lab_wait 20 known
lab_stop "${PAIR_POISED[a]}" QUIT # the program in the kernel goes on

refused()
{
	[ "$(pair_sync b ".refused.$1")" -ge 1 ]
}
before=$(pair_sync b .receiving.flows_received)
# say REPLAY|FORGE|NOISE|VERSION: a connection from a's address.
say()
{
	lab_in a timeout 40 /usr/bin/python3 - "$1" "$LAB/sync.pcap" <<-'END'
	import socket, struct, sys
	sys.dont_write_bytecode = True
	from scapy.all import TCP, Raw, rdpcap
	segments = {}
	for packet in rdpcap(sys.argv[2]):
	    if TCP in packet and Raw in packet:
	        segments.setdefault(packet[TCP].sport, {})[packet[TCP].seq] = bytes(packet[Raw])
	stream = max((b"".join(data for _, data in sorted(parts.items())) for parts in segments.values()), key=len)
	assert stream[:4] == b"PSYC" and len(stream) > 300
	what = {"REPLAY": stream, "FORGE": stream[:60] + bytes([stream[60] ^ 1]) + stream[61:112],
	        "NOISE": b"GET / HTTP/1.1\r\n\r\n" * 4,
	        "VERSION": stream[:4] + struct.pack(">H", 9) + stream[6:112]}[sys.argv[1]]
	with socket.create_connection(("10.9.0.2", 9651), 5, ("10.9.0.1", 0)) as peer:
	    try:
	        peer.sendall(what)
	        while peer.recv(4096):
	            pass
	    except ConnectionError:
	        pass
	END
}
for what in REPLAY:replay FORGE:forgery NOISE:noise VERSION:other_version; do
	say "${what%:*}"
	check "${what#*:}: refused and counted" lab_wait 10 refused "${what#*:}"
done
check_is "another version: one line says so" "$(grep -c 'speaks version 9 of the protocol, this one 1' \
	"$LAB/poised-b.log")" 1
check_is "nothing of it was taken" "$(pair_sync b .receiving.flows_received) $(pair_flows b)" "$before 5"
check_is "the metrics have it" "$(lab_in b curl -s http://127.0.0.1:9650/metrics |
	grep -cE '^poise_sync_refused_total\{reason="(replay|forgery|noise|other_version)"\} [1-9]')" 4

pair_config a xdp "$services" | sed 's/node = 0/node = 1/' >"$LAB/a/poise.conf"
pair_poised a
check "two of one number: refused and counted" lab_wait 20 refused same_node
check "both say so in one line" lab_wait 15 eval "grep -q 'is node 1 as well' '$LAB/poised-a.log' &&
	grep -q 'is node 1 as well' '$LAB/poised-b.log'"
pair_config a xdp "$services" >"$LAB/a/poise.conf"
check "a reload puts it right" pair_ctl a reload
check "and they sync" lab_wait 20 pair_is a '.sending.synced and .receiving.synced'
chmod 644 "$LAB/key"
open_key='poise.conf:[0-9]*: key_file .* can be read or written by others: chmod 600'
check_is "a key that others may read is refused, with the line of the file" \
	"$(pair_ctl a reload 2>&1 | grep -c "$open_key")" 1
check_is "what runs goes on" "$(pair_sync a .sending.connected)" true
check_is "no connection was harmed" "$(pair_mark web '"\(.connections) \(.resets) \(.corrupt)"')" "5 0 0"
check_done
