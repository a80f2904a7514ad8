#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# No dataplane at all: the program in the kernel carries the services, and poised says so.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open fallback-only

lab_topology 2
lab_nginx 1
lab_nginx 2
services=$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")
lab_config "$services" | sed "s/mode = \"af_xdp\"/mode = \"xdp\"/" >"$LAB/poise.conf"
lab_poised
check "poised becomes ready" lab_ready 20

status()
{
	poisectl -j status | jq -r "$1"
}
check_is "mode xdp: ready" "$(status .ready)" true
check_is "the kernel carries the packets" "$(status .path.carries)" xdp
check_is "there is no dataplane" "$(status '.dataplane.state + " " + (.dataplane.pid | tostring)')" "off 0"
check_is "status says so to people" "$(poisectl status | grep -c '^path        xdp: ')" 1
check_is "the log says so" "$(grep -c 'carries all services' "$LAB/poised.log")" 1
check_is "exact round robin" "$(lab_requests 100 | lab_tally)" "web1=50 web2=50"
check_is "the metrics say so" \
	"$(lab_in lb curl -s http://127.0.0.1:9650/metrics | grep -E '^poise_path\{path="xdp"\}|^poise_up ')" \
	"poise_up 1
poise_path{path=\"xdp\"} 1"
check_range "the packets are counted by path" "$(status .path.frames.balanced)" 500 5000
check_is "none went to a dataplane" "$(status .path.frames.redirected)" 0
check_range "and by verdict" "$(lab_counter forwarded)" 500 5000
check_range "and by backend" "$(lab_backend_field web web1 flows_total)" 50 51
check_is "restart is refused, in one line" "$(poisectl restart 2>&1; echo $?)" \
	"not restarted: mode xdp has no dataplane
1"
check "drain works" poisectl drain web/web1
check_is "and is used" "$(lab_requests 20 | lab_tally)" "web2=20"
poisectl enable web/web1 >/dev/null

# A connection outlives poised, which outlives nothing here but itself.
mkdir -p "$LAB/file" && head -c 6M /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
lab_spawn slow client curl -s -m 30 --limit-rate 2M -o "$LAB/slow" "http://$lab_vip/file/data"
slow=$LAB_PID
sleep 0.5
kill -KILL "$LAB_POISED"
wait "$LAB_POISED" 2>/dev/null
check_is "poised is killed: requests go on" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
lab_poised
check "another becomes ready" lab_ready 20
wait "$slow"
check_is "a download goes through it all" "$? $(sha256sum <"$LAB/slow")" "0 $(sha256sum <"$LAB/file/data")"
check "it ends" lab_stop "$LAB_POISED"
check_is "no pin is left" "$(find /sys/fs/bpf -mindepth 1 -not -name '*.debug' | tr '\n' ' ')" ""
check_is "no XDP program is left" "$(lab_in lb ip -details link show | grep -c xdp)" 0

# A dataplane that somebody else starts and has not started yet.
lab_config "$services" | sed 's/spawn = true/spawn = false/' >"$LAB/poise.conf"
lab_poised
serves()
{
	[ "$(status '.ready and .path.carries == "xdp"')" = true ] &&
		lab_requests 4 | lab_tally | grep -q 'web1=2 web2=2'
}
check "spawn = false and none there: the kernel serves" lab_wait 20 serves
check_is "restart names who has to do it" "$(poisectl restart 2>&1 | grep -c 'dataplane.spawn is false')" 1
check "it ends" lab_stop "$LAB_POISED"

# Mode and fallback that exclude each other.
lab_config "$services" | sed 's/mode = "af_xdp"/mode = "xdp"/; $a fallback = { xdp = false; };' >"$LAB/poise.conf"
check_is "mode xdp without its only path is refused" \
	"$("$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --check 2>&1 | grep -c 'is the fallback alone')" 1
check_done
