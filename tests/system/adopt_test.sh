#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# poised dies and comes back, again and again: packets, verdicts and flows do not notice. A flow table that is not
# ours is kept and not used.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open adopt

lab_topology 3
lab_nginx 1
lab_nginx 2
lab_memory
services=$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 3)")
lab_config "$services" >"$LAB/poise.conf"
lab_poised
check "ready; web3 has no server" lab_ready 20 2
dataplane=$(lab_dataplane)
generation()
{
	poisectl -j status | jq .generation.wanted
}
before=$(generation)
program()
{
	lab_in lb ip -details -j link show front | jq '.[0].xdp.prog.id'
}

# 500 numbered packets a second answered by the data path, requests, and poised killed five times
lab_spawn probe client ping -q -i 0.002 -c 4000 "$lab_vip"
probe=$LAB_PID
lab_spawn wrk client wrk -t 1 -c 20 -d 9 --timeout 5 "http://$lab_vip/keep/"
wrk=$LAB_PID
: >"$LAB/all.log"
for i in 1 2 3 4 5; do
	sleep 0.4
	kill -KILL "$LAB_POISED"
	wait "$LAB_POISED" 2>/dev/null
	sleep 0.4
	mv "$LAB/poised.log" "$LAB/killed$i.log"
	lab_poised
	lab_ready 20 2 || not_ok "start $i does not become ready"
done
wait "$probe"
check_is "five kills of poised: no packet of 4000 lost" "$(grep -oE '[0-9]+ received' "$LAB/probe.log")" "4000 received"
wait "$wrk"
check_is "no request failed" "$(grep -E 'Socket errors|Non-2xx' "$LAB/wrk.log")" ""
check_is "the dataplane is the same" "$(lab_dataplane)" "$dataplane"
check_is "the generation too: no verdict flipped" "$(generation)" "$before"
check_is "no line about a flip" \
	"$(cat "$LAB"/killed[2-5].log "$LAB/poised.log" | grep -cE 'web/web[12] .*is (up|down)')" 0
check_is "what was down is down" "$(lab_backend_field web web3 state)" down
check_is "exact" "$(lab_requests 40 | lab_tally)" "web1=20 web2=20"

# another build of the XDP program takes the place of the first, with its maps
old=$(program)
cp "$LAB_BUILD/bpf/poise_xdp.bpf.o" "$LAB/newer.bpf.o"
lab_spawn slow client curl -s -m 30 --limit-rate 2M -o "$LAB/slow" "http://$lab_vip/file/data"
lab_stop "$LAB_POISED" QUIT
check_is "poised alone ends on SIGQUIT; requests go on" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
lab_spawn probe2 client ping -q -i 0.002 -c 1000 "$lab_vip"
probe=$LAB_PID
POISE_BPF_OBJECT=$LAB/newer.bpf.o lab_poised
check "ready with another XDP object" lab_ready 20 2
check_is "it is another program" "$([ "$(program)" != "$old" ] && echo other)" other
wait "$probe"
check_is "no packet of 1000 lost by the change" "$(grep -oE '[0-9]+ received' "$LAB/probe2.log")" "1000 received"

# twice
check_is "a second poised is refused" \
	"$(lab_in lb "$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --foreground >/dev/null 2>&1; echo $?)" 1
check_is "a second dataplane on the same socket is refused" \
	"$(lab_in lb timeout 20 "$LAB_BUILD/dataplane/poise-dataplane" --no-huge --no-pci --no-shconf \
		-m 64 --lcores 0@0 \
		--file-prefix "adopt$$" -- --control "$LAB/dataplane.sock" >/dev/null 2>&1; echo $?)" 1
check_is "and harms nothing" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"

# what is not a flow table is kept, and another one made
check "all ends" lab_stop "$LAB_POISED"
pins=/sys/fs/bpf/poise/$(sed 's|^/||; s|[^A-Za-z0-9-]|_|g' <<<"${LAB//\//-}" | sed 's/^-//')
mkdir -p "$pins" && bpftool map create "$pins/flows" type array key 4 value 8 entries 4 name foreign
lab_poised
check "a foreign map in the place of the flow table: ready all the same" lab_ready 20 2
check_is "it is kept, and the log says where" \
	"$(grep -c "is refused: not a flow table; it is kept as $pins/flows-aside-" "$LAB/poised.log") $(
	ls "$pins" | grep -c '^flows-aside-')" "1 1"
check_is "works" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
sed -i 's/max_flows = 65536/max_flows = 131072/' "$LAB/poise.conf"
check_is "a reload with another max_flows says what is needed" \
	"$(poisectl reload 2>&1 | grep -c 'keeps its size: stop poised with SIGTERM')" 1
check "it ends" lab_stop "$LAB_POISED"
check_is "what was kept outlives a clean stop" "$(ls "$pins")" "$(ls "$pins" | grep '^flows-aside-')"
rm -f "$pins"/flows-aside-*
check_done
