#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A build with another version of the layouts that the programs share meets a running one; and second instances, also
# when somebody removed the files that tell of the first.
. "$(dirname "$0")/../lab/lab.sh"
[ "${LAB_INSIDE:-}" = "$$" ] || OTHER=$("$lab_directory/other-version" "${POISE_BUILD:-$lab_root/build}") ||
	lab_die "cannot build another version"
export OTHER
lab_enter "$@"
lab_open upgrade

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
mkdir -p "$LAB/file" && head -c 9M /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
link()
{
	ln -sfn "$1/dataplane/poise-dataplane" "$LAB/poise-dataplane"
}
link "$LAB_BUILD"
LAB_BALANCER="env POISE_DATAPLANE=$LAB/poise-dataplane"
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")"
status()
{
	poisectl -j status | jq -r "$1"
}
pins=$(echo /sys/fs/bpf/poise/*)
lab_spawn slow client curl -s -m 90 --limit-rate 300K -o "$LAB/slow" "http://$lab_vip/file/data"
slow=$LAB_PID

# a second dataplane, and the file that would tell it of the first is gone
dataplane=$(lab_dataplane)
mapfile -d '' -t words <"/proc/$dataplane/cmdline"
lab_in lb timeout 20 "${words[@]}" >"$LAB/second.log" 2>&1
check_is "a second dataplane is refused" "$?" 1
check_is "it says why" "$(grep -c 'another instance runs' "$LAB/second.log")" 1
rm "$LAB/dataplane.sock"
lab_in lb timeout 20 "${words[@]}" >"$LAB/second.log" 2>&1 # at once
check_is "also when the first one's socket was just removed" "$?" 1 || tail -n 5 "$LAB/second.log"
check "the first one makes its socket anew" lab_wait 15 test -S "$LAB/dataplane.sock"
check_is "and harms nothing" "$(lab_requests 20 | lab_tally) $(lab_dataplane)" "web1=10 web2=10 $dataplane"
check "which carries" lab_wait 10 lab_carries dpdk
check_is "the XDP programs are where they were" "$(lab_in lb ip -details link show | grep -c 'prog/xdp')" 2
kill -KILL "$LAB_POISED"
wait "$LAB_POISED" 2>/dev/null
rm -f "$LAB/dataplane.sock" "$LAB/control.sock" "$LAB/poised.lock"
lab_poised
check "poised killed, the files that tell of both removed: the next one becomes ready" lab_ready 25
check_is "with the dataplane that was there" "$(lab_dataplane)" "$dataplane"
check "which carries" lab_wait 10 lab_carries dpdk
check_is "and serves" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"

# another version of the dataplane below a poised of this one
link "$OTHER"
dataplane=$(lab_dataplane)
poisectl restart >/dev/null
refused()
{
	grep -q 'it may be of another version' "$LAB/poised.log"
}
check "a dataplane of another version is refused" lab_wait 30 refused
check_is "by the kernel's path all goes on" "$(status .path.carries) $(lab_requests 40 | lab_tally)" \
	"xdp web1=20 web2=20"
check_is "status says what is the matter" "$(status .dataplane.error | grep -c 'another version')" 1
link "$LAB_BUILD"
native()
{
	[ "$(status '.path.carries + " " + .dataplane.state')" = "dpdk running" ]
}
check "the right one is put back: it runs" lab_wait 40 native
check_is "it serves" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
wait "$slow"
check_is "a download went through it all" "$? $(sha256sum <"$LAB/slow")" "0 $(sha256sum <"$LAB/file/data")"

# all of another version: the layout of flows is not to be understood
flows=$(bpftool -j map show pinned "$pins/flows" | jq .id)
dataplane=$(lab_dataplane)
lab_stop "$LAB_POISED" QUIT
mv "$LAB/poised.log" "$LAB/poised-before.log"
this=$LAB_BUILD
LAB_BUILD=$OTHER
link "$OTHER"
lab_poised
check "another version of everything becomes ready beside what the first one left" lab_ready 30
check_is "it is the other" "$(poisectl -j version | jq .abi)" 4096
check_is "the table that it cannot read is kept aside, one line says where" \
	"$(grep -c "flow table $pins/flows is refused: .*kept as $pins/flows-aside-" "$LAB/poised.log") $(
	bpftool -j map show pinned "$pins"/flows-aside-* | jq .id)" "1 $flows"
check "the dataplane that it cannot talk to was replaced" [ "$(lab_dataplane)" != "$dataplane" ]
check "the new one carries" lab_wait 10 lab_carries dpdk
check_is "it serves" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
check "all ends" lab_stop "$LAB_POISED"
check_is "what is left is what was put aside" "$(find "$pins" -type f | grep -vc -- -aside-)" 0
LAB_BUILD=$this
check_done
