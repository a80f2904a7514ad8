#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The kernel has the service's address, and nothing of Poise runs: it must not say a word to clients.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open guard

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
services=$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")
lab_in lb sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.all.forwarding=0
lab_start "$services"

has_guard()
{
	lab_in lb nft list tables 2>/dev/null | grep -q poise
}
has_no_guard()
{
	! has_guard
}
check "neither the kernel's address nor routed: no guard" has_no_guard
ip -n lb address add "$lab_vip/32" dev front
check "the kernel gets the address: a guard" lab_wait 15 has_guard
check_is "status says so" "$(poisectl -j status | jq -r .guard)" on
lab_in lb nft flush ruleset
check "somebody flushes all rules: it comes back" lab_wait 15 has_guard
ip -n lb address del "$lab_vip/32" dev front
check "the address goes: so does the guard" lab_wait 15 has_no_guard
lab_in lb sysctl -qw net.ipv4.ip_forward=1
check "the kernel routes: a guard" lab_wait 15 has_guard
ip -n lb address add "$lab_vip/32" dev front

# Other traffic of the host, on the same address too.
mkdir "$LAB/own" && echo own >"$LAB/own/index.html"
lab_spawn own lb python3 -m http.server 8080 --directory "$LAB/own"
lab_wait 15 lab_in client curl -sf -o /dev/null http://10.1.0.1:8080/
check_is "the host's own services are reached" "$(lab_in client curl -s http://10.1.0.1:8080/)" own
check_is "also by the service's address" "$(lab_in client curl -s "http://$lab_vip:8080/")" own

mkdir -p "$LAB/file" && head -c 8M /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
lab_spawn tcpdump client tcpdump -nl --immediate-mode -i eth0 \
	"(src host $lab_vip and tcp[tcpflags] & tcp-rst != 0) or (icmp[0] == 3)"
dump=$LAB_PID
lab_wait 15 grep -q 'listening on' "$LAB/tcpdump.log"
lab_spawn slow client curl -s -m 40 --limit-rate 2M -o "$LAB/slow" "http://$lab_vip/file/data"
slow=$LAB_PID
sleep 1

# Everything of Poise goes but the memory of its flows.
kill -KILL "$LAB_POISED" "$(lab_dataplane)"
wait "$LAB_POISED" 2>/dev/null
rm /sys/fs/bpf/poise/*/link_*
check_is "no XDP program is left" "$(lab_in lb ip -details link show | grep -c xdp)" 0
check "the guard stands" has_guard
check_is "a new connection is not refused, it waits" \
	"$(lab_in client curl -s -m 1.5 -o /dev/null "http://$lab_vip/"; echo $?)" 28
lab_poised
check "poised starts again" lab_ready 20
wait "$slow"
check_is "the connection goes on, unchanged" "$? $(sha256sum <"$LAB/slow")" "0 $(sha256sum <"$LAB/file/data")"
check_is "no reset and no unreachable reached the client" "$(grep -c 'IP ' "$LAB/tcpdump.log")" 0
check "poised ends" lab_stop "$LAB_POISED"
check "and takes the guard away" has_no_guard
check_is "without it the kernel refuses" \
	"$(lab_in client curl -s -m 2 -o /dev/null "http://$lab_vip/"; echo $?)" 7
saw()
{
	grep -q 'IP ' "$LAB/tcpdump.log"
}
check "which tcpdump would have seen" lab_wait 10 saw
lab_stop "$dump"
check_done
