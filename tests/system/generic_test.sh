#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Hosts whose XDP is less than Poise would like: an interface whose driver has none (a bridge), a kernel that shows no
# BTF, one without bpf(2). What can run, runs, and says in one line what is different.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open generic

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
ip -n lb address flush dev front
ip -n lb link add plain type bridge forward_delay 0
ip -n lb link set front master plain
lab_in lb sysctl -qw net.ipv6.conf.plain.disable_ipv6=1
ip -n lb link set plain up
# With br_netfilter the guard would see bridged frames, and drop them, before the XDP program of the bridge does.
lab_in lb sysctl -qw net.bridge.bridge-nf-call-iptables=0 2>/dev/null
ip -n lb address add 10.1.0.1/24 dev plain
services=$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")
lab_config "$services" | sed 's/interface = "front"/interface = "plain"/' >"$LAB/poise.conf"
status()
{
	poisectl -j status | jq -r "$1"
}

lab_poised
check "a bridge, mode af_xdp: ready" lab_ready 20 || check_done
check_is "one line says what goes on with it" "$(grep -c '"plain" has no native XDP (' "$LAB/poised.log")" 1
check_is "and one, that the other follows" "$(grep -c '"back" gets generic mode too' "$LAB/poised.log")" 1
poisectl -j doctor >"$LAB/doctor"
check_is "the doctor explains, and is content" "$? $(jq '[.findings[] | select(.finding | contains("generic mode"))] |
	length' "$LAB/doctor")" "0 2"
check "the dataplane carries" lab_wait 10 lab_carries dpdk || check_done # what follows would only wait
balanced=$(status .path.frames.balanced)
check_is "it serves" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10" || check_done
# 140 frames at least; the program may have stood in for some milliseconds
check_range "it did, not the program" "$(($(status .path.frames.balanced) - balanced))" 0 70
mkdir -p "$LAB/file" && head -c 3M /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
lab_spawn slow client curl -s -m 30 --limit-rate 600K -o "$LAB/slow" "http://$lab_vip/file/data"
slow=$LAB_PID
sleep 0.5
dataplane=$(lab_dataplane)
kill -STOP "$dataplane"
sleep 0.1
check_is "it hangs: the program serves, also from the native interface to the other" \
	"$(lab_requests 20 | lab_tally)" "web1=10 web2=10" || check_done
check_range "as it counts" "$(status .path.frames.balanced)" 100 100000
kill -KILL "$dataplane"
back()
{
	[ "$(lab_dataplane)" != "$dataplane" ] && [ "$(status .path.carries)" = dpdk ]
}
check "killed, and back" lab_wait 30 back
check_is "the dataplane serves again" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
kill -KILL "$LAB_POISED"
wait "$LAB_POISED" 2>/dev/null
lab_poised
check "another poised takes the attachments as they are" lab_ready 20
check_is "without attaching anew" "$(grep -c 'gets generic mode too' "$LAB/poised.log")" 1
wait "$slow"
check_is "a download goes through it all" "$? $(sha256sum <"$LAB/slow")" "0 $(sha256sum <"$LAB/file/data")"
check "it ends" lab_stop "$LAB_POISED"
check_is "no XDP program is left" "$(lab_in lb ip -details link show | grep -c xdp)" 0

# a kernel that shows no BTF
mount -t tmpfs none /sys/kernel/btf
check_is "no BTF is shown" "$(ls /sys/kernel/btf)" ""
lab_poised
check "no BTF: ready" lab_ready 20
check_is "no BTF: served" "$(lab_requests 10 | lab_tally)" "web1=5 web2=5"
check_is "no BTF: the doctor has a note" \
	"$(poisectl -j doctor | jq -r '.findings[] | select(.subject == "BTF") | .state')" note
check "it ends" lab_stop "$LAB_POISED"
umount /sys/kernel/btf

# a kernel that is too old: bpf(2) is not there
cat >"$LAB/old" <<'END'
#!/usr/bin/python3
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
program = b"".join(struct.pack("HBBI", *line) for line in (
    (0x20, 0, 0, 0), (0x15, 0, 1, BPF), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7fff0000)))
memory = ctypes.create_string_buffer(program, len(program))
header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(memory)))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, header, 0, 0):
    sys.exit("no seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
END
chmod +x "$LAB/old"
check_is "no bpf(2), mode af_xdp: refused" \
	"$(lab_in lb timeout 20 "$LAB/old" "$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --foreground \
	>"$LAB/try.log" 2>&1; echo $?)" 1
check_is "in one line that names the doctor" \
	"$(grep -c . "$LAB/try.log") $(grep -c 'mode af_xdp needs XDP.*--doctor' "$LAB/try.log")" "1 1" ||
	sed 's/^/    /' "$LAB/try.log"
lab_in lb "$LAB/old" "$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --doctor >"$LAB/doctor.log" 2>&1
check_is "the doctor explains" "$(grep -cE '^wrong +BPF ' "$LAB/doctor.log")" 1 || sed 's/^/    /' "$LAB/doctor.log"
cat >"$LAB/poise.conf" <<-END
	dataplane = { mode = "vdev"; max_flows = 4096; };
	ports = ( { name = "wire"; vdev = "net_null0"; mac = "02:00:00:00:00:01"; } );
	services = ( { name = "web"; vip = "203.0.113.10"; port = 80; health = { type = "none"; };
	    backends = ( { name = "web1"; address = "10.10.0.11"; } ); } );
	neighbors = ( { address = "10.10.0.11"; mac = "02:00:00:00:01:11"; port = "wire"; } );
	metrics = { listen = ""; };
	control = { socket = "$LAB/vdev/control.sock"; };
END
LAB_BALANCER=$LAB/old
lab_poised
runs()
{
	lab_in lb "$LAB_BUILD/control/poisectl" -s "$LAB/vdev/control.sock" -j status |
		jq -e '.dataplane.state == "running"'
}
check "no bpf(2), mode vdev: runs, dataplane and all" lab_wait 30 runs
check "it ends" lab_stop "$LAB_POISED"
check_done
