#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# ICMP: ping, time to live, path MTU discovery through a router.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open icmp

lab_topology 2
lab_far
for i in 1 2; do lab_nginx "$i"; done
lab_memory
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)"),
	$(lab_service full 81 'scheduler = "rr"; nat = "full";' "$(lab_backends 2)")"

check "the service address answers ping" lab_in client ping -c 3 -i 0.2 -W 1 "$lab_vip"
check "also ping of 1400 bytes" lab_in client ping -c 1 -s 1372 -W 1 "$lab_vip"
check "and over the router" lab_in far ping -c 1 -W 1 "$lab_vip"

check "a request over the router" lab_in far curl -sf -m 5 -o /dev/null "http://$lab_vip/"
mkdir -p "$LAB/file" && head -c 4M /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
sum=$(sha256sum <"$LAB/file/data")
for port in 80 81; do
	# far tells the backend nothing of its small link: its own MTU, so its MSS, is 1500.
	check_is "port $port: a download by a smaller MTU arrives" \
		"$(lab_in far curl -s -m 20 "http://$lab_vip:$port/file/data" | sha256sum)" "$sum"
done
check "web1 or web2 learnt the path's MTU for the client" sh -c \
	"{ ip -n web1 route get 10.9.0.2; ip -n web2 route get 10.9.0.2; } | grep -q 'mtu 1300'"
check "and for the balancer's address, of full NAT" sh -c \
	"{ ip -n web1 route get 10.2.0.1; ip -n web2 route get 10.2.0.1; } | grep -q 'mtu 1300'"

before=$(lab_counter ttl_expired)
lab_in client /usr/bin/python3 - "$lab_vip" <<'END'
import socket, sys
probe = socket.socket()
probe.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
probe.settimeout(1)
try:
    probe.connect((sys.argv[1], 80))
except OSError:
    pass
END
check_range "packets whose time to live ends at the balancer are dropped and counted" \
	"$(($(lab_counter ttl_expired) - before))" 1 10
check_is "a time to live of 2 reaches the backend" "$(lab_in client /usr/bin/python3 - "$lab_vip" <<'END'
import socket, sys
probe = socket.socket()
probe.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 2)
probe.settimeout(2)
probe.connect((sys.argv[1], 80))
print("connected")
END
)" connected
check_done
