#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# poised and the kernel's part of the data path: programs that are refused, maps of another shape, a dataplane that
# hangs while the configuration changes, idle flows, wishes that outlive a restart, hosts that cannot.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open xdp-control

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
timeouts='timeouts = { half_open_s = 1; established_s = 3; closing_s = 3; };'
services=$(lab_service web 80 "scheduler = \"rr\"; $timeouts" "$(lab_backends 2)")
lab_config "$services" | sed 's/mode = "af_xdp"/mode = "xdp"/' >"$LAB/poise.conf"
pins=/sys/fs/bpf/poise/$(sed 's|^/||; s|[^A-Za-z0-9-]|_|g' <<<"${LAB//\//-}" | sed 's/^-//')
status()
{
	poisectl -j status | jq -r "$1"
}
# try OPTIONS...: a poised that is expected to give up; its status
try()
{
	lab_in lb timeout 20 env "$@" "$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --foreground >"$LAB/try.log" 2>&1
	echo $?
}

# a program that the verifier refuses
check "a bad program compiles" clang -O2 -g -target bpf -I/usr/include/x86_64-linux-gnu \
	-c "$lab_root/tests/fixtures/refused.bpf.c" -o "$LAB/refused.o"
check_is "poised gives up with it" "$(try "POISE_BPF_OBJECT=$LAB/refused.o")" 1
reason='error: mode xdp needs XDP: .*refused.o cannot be loaded: .*outside of the packet'
check_is "and says the verifier's reason" "$(grep -c "$reason" "$LAB/try.log")" 1 ||
	sed 's/^/    /' "$LAB/try.log"
check_range "with the last lines of its log" "$(grep -c 'warning: verifier: ' "$LAB/try.log")" 2 12
head -c 3000 "$LAB_BUILD/bpf/poise_xdp.bpf.o" >"$LAB/cut.o"
check_is "half an object is refused" "$(try "POISE_BPF_OBJECT=$LAB/cut.o")" 1
check_is "in one line" "$(grep -c 'error: mode xdp needs XDP: ' "$LAB/try.log")" 1
check_is "nothing is left of these" "$(find /sys/fs/bpf -mindepth 1 -not -name '*.debug' | tr '\n' ' ')" ""

# pins of another version
mkdir -p "$pins"
bpftool map create "$pins/poise_state" type array key 4 value 8 entries 3 name foreign
bpftool map create "$pins/poise_former" type array key 4 value 8 entries 3 name former
lab_poised
check "ready beside maps of another version" lab_ready 20
check_is "one of another shape is kept aside, the log says where" \
	"$(grep -c "poise_state is refused: another shape .* kept as $pins/poise_state-aside-" "$LAB/poised.log") $(
	bpftool -j map show pinned "$pins"/poise_state-aside-* | jq -r .name)" "1 foreign"
check_is "one of a former name is gone" "$(ls "$pins" | grep -c former)" 0
rm -f "$pins"/poise_state-aside-*

# idle flows are no flows, though nobody sweeps
check_is "requests" "$(lab_requests 40 | lab_tally)" "web1=20 web2=20"
check_range "their flows are counted" "$(status .flow_table.used)" 40 200
gone()
{
	[ "$(status .flow_table.used) $(lab_backend_field web web1 flows_active)" = "0 0" ]
}
# The health checks go by the kernel and make no flows.
check "they are gone when their idle time is over" lab_wait 15 gone
check_range "their records wait for others" "$(status .flow_table.expired)" 40 200
check_range "ports count what the program moved" \
	"$(status '.ports[] | select(.port == "front") | .rx_packets')" 160 4000
# SYN, ACK, request and FIN at least: acknowledgements may be merged
check_range "both ways" "$(status '.ports[] | select(.port == "back") | .tx_packets')" 160 4000

# the operator's wishes
poisectl drain web/web1 >/dev/null
poisectl weight web/web2 7 >/dev/null
for signal in KILL TERM; do
	lab_stop "$LAB_POISED" $signal
	mv "$LAB/poised.log" "$LAB/before-$signal.log"
	lab_poised
	lab_ready 20 1
	check_is "drain and weight outlive SIG$signal" \
		"$(lab_backend_field web web1 state) $(lab_backend_field web web2 weight)" "draining 7"
	check_is "the log says so" "$(grep -c '2 backends keep the operator' "$LAB/poised.log")" 1
done
check_is "and are obeyed" "$(lab_requests 10 | lab_tally)" "web2=10"
poisectl enable web/web1 >/dev/null
poisectl weight web/web2 default >/dev/null
check_is "undone: no file" "$(ls "$LAB" | grep -c overrides)" 0
echo '{' >"$LAB/overrides.json"
check "a second poised is refused, lock file and socket removed" sh -c \
	"rm -f '$LAB/poised.lock' '$LAB/control.sock'; [ $(try A=b) = 1 ]"
check_is "in one line" "$(grep -c . "$LAB/try.log") $(grep -c 'another poised' "$LAB/try.log")" "1 1"
check_is "and harms nothing" "$(lab_requests 10 | lab_tally)" "web1=5 web2=5"
check "it ends" lab_stop "$LAB_POISED"

# a dataplane that hangs does not keep the kernel's path from a change
lab_config "$services" >"$LAB/poise.conf"
lab_poised
check "a file of wishes that is none: ready all the same" lab_ready 20
check_is "one line about it" "$(grep -c 'overrides.json cannot be used' "$LAB/poised.log")" 1
dataplane=$(lab_dataplane)
kill -STOP "$dataplane"
poisectl disable web/web2 >/dev/null
has_the_change()
{
	status '.path.xdp_generation == .generation.wanted and .generation.acknowledged < .generation.wanted' |
		grep -qx true
}
check "the kernel's path has the change at once" lab_wait 2 has_the_change
check_is "status tells both" \
	"$(poisectl status | grep -cE '^generation  wanted [0-9]+, dataplane [0-9]+, xdp [0-9]+$')" 1
check_is "and obeys it" "$(lab_requests 10 | lab_tally)" "web1=10"
kill -CONT "$dataplane"
caught_up()
{
	[ "$(status '.generation.acknowledged == .generation.wanted and .path.carries == "dpdk"')" = true ]
}
check "the dataplane catches up" lab_wait 20 caught_up

# what is counted is counted once
made()
{
	lab_in lb curl -s http://127.0.0.1:9650/metrics |
		awk '/^poise_backend_flows_created_total\{/ { sum += $NF } END { print sum + 0 }'
}
before=$(made)
lab_requests 20 >/dev/null
kill -KILL "$dataplane"
again()
{
	[ "$(lab_dataplane)" != "$dataplane" ] && caught_up
}
check "killed, and back" lab_wait 30 again
check_range "no flow is counted twice" "$(($(made) - before))" 0 20
check "all ends" lab_stop "$LAB_POISED"

# hosts that cannot
# Covered and not unmounted: below the laboratory's file system lies the host's.
check "the bpffs is covered" mount -t tmpfs -o ro none /sys/fs/bpf
check_is "no bpffs, and none may be mounted: refused" \
	"$(lab_in lb timeout 20 setpriv --bounding-set -sys_admin,-sys_ptrace --inh-caps -sys_admin,-sys_ptrace \
	"$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --foreground >"$LAB/try.log" 2>&1; echo $?)" 1
check_is "in one line that names the doctor" \
	"$(grep -c . "$LAB/try.log") $(grep -c 'no BPF file system on /sys/fs/bpf.*--doctor' "$LAB/try.log")" "1 1"
lab_in lb setpriv --bounding-set -sys_admin,-sys_ptrace --inh-caps -sys_admin,-sys_ptrace \
	"$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --doctor >"$LAB/doctor.log" 2>&1
check_is "the doctor knows the remedy" \
	"$(tr -s ' \n' ' ' <"$LAB/doctor.log" | grep -c 'mount -t bpf bpf /sys/fs/bpf')" 1 ||
	sed 's/^/    /' "$LAB/doctor.log"
umount /sys/fs/bpf
ip -n lb link add plain type bridge && ip -n lb link set plain up && ip -n lb address add 10.9.0.1/24 dev plain
lab_config "$services" | sed 's/mode = "af_xdp"/mode = "xdp"/; s/interface = "back"/interface = "plain"/' \
	>"$LAB/poise.conf"
mv "$LAB/poised.log" "$LAB/poised-hang.log"
lab_poised
check "an interface without native XDP: poised runs" lab_wait 10 poisectl status
check_is "one line says it is slower" "$(grep -c 'interface "plain" has no native XDP' "$LAB/poised.log")" 1
check "it ends" lab_stop "$LAB_POISED"
check_done
