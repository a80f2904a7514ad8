#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The doctor finds what was made wrong on purpose, and nothing else.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open doctor

lab_topology 2
lab_nginx 1
lab_nginx 2
services=$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")
lab_config "$services" >"$LAB/poise.conf"

# doctor [ARGUMENTS]: without a running poised; JSON in $LAB/doctor, exit status printed
doctor()
{
	lab_in lb "$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --doctor \
		--log-format json "$@" >"$LAB/doctor" 2>"$LAB/err"
	echo $?
}
# finding SUBJECT WORDS: state of the first finding about it that has the words
finding()
{
	jq -r --arg subject "$1" --arg words "$2" \
		'[.findings[] | select(.subject == $subject and (.finding | contains($words)))][0].state // "none"' \
		"$LAB/doctor"
}
check_is "a good host: nothing wrong, exit status 0" \
	"$(doctor) $(jq -c '[.healthy, .running, .wrong]' "$LAB/doctor")" \
	"0 [true,false,0]"
check_is "the kernel takes the XDP program" "$(finding "XDP program" "takes it")" ok
check_is "native XDP is told from the driver" "$(finding front "native XDP")" ok
check_is "a dying dataplane is seen by its signal" "$(finding signals "gets the signal")" ok
check_is "veth has its note" "$(finding front "veth:")" note
check_is "it leaves nothing: no program, no pins" \
	"$(lab_in lb ip -details link show | grep -c xdp) $(find /sys/fs/bpf -mindepth 2 | wc -l)" "0 0"
check_is "without the program that sees signals: a note, nothing wrong" \
	"$(POISE_SIGNAL_OBJECT=$LAB/none doctor) $(finding signals "alone, 5 ms later: there is no $LAB/none")" "0 note"
check_is "poisectl without poised: one line, exit status 1" \
	"$(poisectl doctor 2>&1 | wc -l) $(poisectl doctor >/dev/null 2>&1; echo $?)" "1 1"

# things made wrong
ip -n lb link set back down
ip -n lb link set front mtu 1400
lab_in lb ethtool -K front rx-gro-hw on >/dev/null 2>&1
sed -i 's/10.2.0.1"/10.2.0.99"/; s/max_flows = 65536/max_flows = 268435456/
	s/name = "back"; interface = "back";/name = "back"; interface = "back"; queues = 3;/' "$LAB/poise.conf"
lab_in lb sysctl -qw net.ipv4.conf.front.rp_filter=1 net.ipv4.conf.all.rp_filter=0
lab_link lb wide switch wide 3
sed -i 's/name = "front"; interface = "front"/name = "front"; interface = "wide"; queues = 1/' "$LAB/poise.conf"
doctor >/dev/null
check_is "how a driver spreads frames to its queues cannot be known here" "$(finding wide "spreads frames")" note
check_is "queues that are not taken" "$(finding wide "takes 1 of 3 queues")" note
ip -n lb link del wide
check_is "an interface that is gone" "$(doctor >/dev/null; finding wide "no such interface")" wrong
sed -i 's/interface = "wide"; queues = 1/interface = "front"/' "$LAB/poise.conf"
clang -O2 -target bpf -x c -c - -o "$LAB/foreign.o" <<-'END'
	__attribute__((section("xdp"), used)) int foreign(void *frame) { return 2; }
END
ip -n lb link set dev front xdpdrv obj "$LAB/foreign.o" sec xdp
check_is "made wrong: exit status 1" "$(doctor)" 1
check_is "somebody else's XDP program" "$(finding front "somebody else")" wrong
ip -n lb link set dev front xdpdrv off
doctor >/dev/null
check_is "a strict reverse path filter" "$(finding front "rp_filter 1")" note
check_is "the judgement of huge pages fits its numbers" "$(jq -r '.findings[] | select(.subject == "huge pages") |
	[.state, (.finding | scan("[0-9]+") | tonumber)] |
	if .[0] == "note" then .[1] < .[2] else .[1] >= .[2] end' "$LAB/doctor")" true
check_is "an interface is down" "$(finding back "is down")" wrong
check_is "too many queues are wanted" "$(finding back "wants 3 queues")" wrong
check_is "a snat address is nobody's" "$(finding back "snat address 10.2.0.99")" wrong
check_is "the judgement of memory fits its numbers" "$(jq -r '.findings[] | select(.subject == "memory") |
	[.state, (.finding | scan("[0-9]+") | tonumber)] |
	if .[0] == "wrong" then .[1] + 64 > .[2] else .[2] + 64 <= .[1] end' "$LAB/doctor")" true
check_is "MTUs differ" "$(finding back "MTU 1500")" note
check_is "everything wrong has a remedy" \
	"$(jq '[.findings[] | select(.state == "wrong" and .remedy == "")] | length' "$LAB/doctor")" 0
ip -n lb link set back up
ip -n lb link set front mtu 1500

# not root
check_is "without privileges: said, not crashed" \
	"$(lab_in lb setpriv --reuid 65534 --clear-groups \
		"$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --doctor 2>&1 |
		grep -c 'privileges.*missing')" "$([ -r "$LAB/poise.conf" ] && echo 1)"

# no BPF for this process
less=(setpriv --bounding-set -sys_admin,-bpf --inh-caps -sys_admin,-bpf)
unable()
{
	lab_in lb "${less[@]}" "$LAB_BUILD/control/poised" -c "$LAB/poise.conf" "$@"
}
lab_config "$services" >"$LAB/poise.conf"
said=$(unable --foreground 2>&1)
check_is "no BPF, mode af_xdp: refused" "$?" 1
check_is "in one line, which names the doctor" \
	"$(wc -l <<<"$said") $(grep -c 'mode af_xdp needs XDP.*poised --doctor' <<<"$said")" "1 1"
check_is "which explains" "$(unable --doctor | grep -cE '^wrong +(privileges|BPF) ')" 2
sed 's|/run/poise/|'"$LAB"'/|' "$lab_root/configs/vdev.conf" >"$LAB/vdev.conf"
grep -q socket "$LAB/vdev.conf" || echo "control = { socket = \"$LAB/vdev/control.sock\"; };" >>"$LAB/vdev.conf"
lab_spawn vdev lb "${less[@]}" "$LAB_BUILD/control/poised" -c "$LAB/vdev.conf" --foreground
vdev=$LAB_PID
runs()
{
	lab_in lb "$LAB_BUILD/control/poisectl" -s "$LAB/vdev/control.sock" version
}
check "no BPF, mode vdev: runs" lab_wait 20 runs
lab_stop "$vdev"

# with a running one
lab_config "$services" >"$LAB/poise.conf"
lab_memory
lab_poised
check "poised becomes ready" lab_ready 20
lab_wait 10 lab_carries dpdk
poisectl -j doctor >"$LAB/doctor"
check_is "poisectl doctor: nothing wrong" "$? $(jq -c '[.healthy, .running]' "$LAB/doctor")" "0 [true,true]"
check_is "it knows the path" "$(finding path "dpdk")" ok
check_is "it sees the attachment" "$(finding front "attached, native")" ok
check_is "it sees the guard" "$(finding guard "in place")" ok
ip -n lb address add "$lab_vip/32" dev front
poisectl -j doctor >"$LAB/doctor"
check_is "a service address of the kernel's is noted" "$(finding web "also the kernel's")" note
check_is "text is for people" "$(poisectl doctor | grep -c '^nothing wrong$')" 1

# leftovers
kill -KILL "$LAB_POISED" "$(lab_dataplane)"
wait "$LAB_POISED" 2>/dev/null
doctor >/dev/null
check_is "pins of a dead run" "$(finding pins "earlier run")" note
check_is "its sockets" "$(finding "control socket" gone) $(finding "dataplane socket" gone)" "note note"
lab_poised
check "the next poised takes over" lab_ready 20
check "it ends" lab_stop "$LAB_POISED"
check_done
