#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# What the dataplane does for services, the XDP program does alone: full NAT, path MTU discovery, weights, drain.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open xdp_paths

lab_topology 2
lab_far
for i in 1 2; do lab_nginx "$i"; done
weighted='{ name = "web1"; address = "10.2.0.11"; port = 80; weight = 3; },
	{ name = "web2"; address = "10.2.0.12"; port = 80; weight = 1; }'
lab_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)"),
	$(lab_service full 81 'scheduler = "rr"; nat = "full";' "$(lab_backends 2)"),
	$(lab_service weighted 82 'scheduler = "wrr";' "$weighted")" |
	sed 's/mode = "af_xdp"/mode = "xdp"/' >"$LAB/poise.conf"
lab_poised
lab_ready 20 all || lab_die "Poise does not become ready"

check_is "full NAT: exact round robin" "$(lab_requests 40 "http://$lab_vip:81/" | lab_tally)" "web1=20 web2=20"
check_is "weights 3 and 1" "$(lab_requests 40 "http://$lab_vip:82/" | lab_tally)" "web1=30 web2=10"

check_is "from each SYN to its SYN-ACK the time was taken" \
	"$(poisectl -j backends | jq '[.backends[].handshake | .answers, .syn_ack_repeated] | add')" 80
check_is "milliseconds at most, and not nothing" "$(poisectl -j backends |
	jq '[.backends[] | select(.handshake.answers > 0).handshake.p50_ms | . > 0 and . < 200] | all')" true

mkdir -p "$LAB/file" && head -c 6M /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
sum=$(sha256sum <"$LAB/file/data")
check_is "web1 and web2 know of no smaller MTU" \
	"$({ ip -n web1 route get 10.9.0.2; ip -n web2 route get 10.9.0.2; } | grep -c 'mtu 1300')" 0
for port in 80 81; do
	# far tells the backend nothing of its small link: its own MTU, so its MSS, is 1500.
	check_is "port $port: a download by a smaller MTU arrives" \
		"$(lab_in far curl -s -m 20 "http://$lab_vip:$port/file/data" | sha256sum)" "$sum"
done
check "web1 or web2 learnt the path's MTU for the client" sh -c \
	"{ ip -n web1 route get 10.9.0.2; ip -n web2 route get 10.9.0.2; } | grep -q 'mtu 1300'"
check "and for the balancer's address, of full NAT" sh -c \
	"{ ip -n web1 route get 10.2.0.1; ip -n web2 route get 10.2.0.1; } | grep -q 'mtu 1300'"

# drain: flows stay, new ones go elsewhere
slow=()
for i in 1 2; do
	lab_spawn "slow$i" client curl -s -m 30 --limit-rate 3M -o "$LAB/slow$i" "http://$lab_vip/file/data"
	slow+=("$LAB_PID")
done
sleep 0.5
poisectl drain web/web1 >/dev/null
check_is "drained: new connections go to the other" "$(lab_requests 20 | lab_tally)" "web2=20"
for i in 1 2; do
	wait "${slow[i - 1]}"
	check_is "download $i, begun before, is whole" "$? $(sha256sum <"$LAB/slow$i")" "0 $sum"
done
poisectl enable web/web1 >/dev/null
check_is "enabled again" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
check_is "no dataplane had a part in it" \
	"$(poisectl -j status | jq -r '"\(.path.carries) \(.path.frames.redirected)"')" \
	"xdp 0"
check "it ends" lab_stop "$LAB_POISED"
check_done
