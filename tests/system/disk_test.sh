#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A full and a read-only disk below the run directory, the state directory and the log: packets do not notice, no
# backend is taken for dead, each file is complained about once, and written when there is room again.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open disk

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
disk=$LAB/disk
mkdir "$disk"
mount -t tmpfs -o size=8M tmpfs "$disk"
lab_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")" |
	sed "s|^control = .*|control = { socket = \"$disk/control.sock\"; state_directory = \"$disk/state\"; };|" \
	>"$LAB/poise.conf"
poisectl()
{
	lab_in lb "$LAB_BUILD/control/poisectl" -s "$disk/control.sock" "$@"
}
lab_poised
check "poised becomes ready" lab_ready 20
dataplane=$(lab_dataplane)

fill()
{
	head -c 20M /dev/zero >"$disk/filler" 2>/dev/null
	[ "$(stat -f -c %a "$disk")" = 0 ]
}
said() # WORDS: how many lines of the log have them
{
	grep -c "$1" "$LAB/poised.log"
}
generation()
{
	poisectl -j status | jq "$1"
}
# Everything that poised writes a file for.
changes()
{
	local name=$1

	check "$name: a reload" poisectl reload
	check "$name: a weight" poisectl weight web/web2 2
	check "$name: a drain" poisectl drain web/web1
	check_is "$name: which is in force" "$(lab_requests 6 | lab_tally)" "web2=6"
	check "$name: and over" poisectl enable web/web1
	lab_nginx_kill 2
	check "$name: a backend is down" lab_wait 20 state_is web2 down
	check_is "$name: seen" "$(lab_requests 6 | lab_tally)" "web1=6"
	lab_nginx 2
	check "$name: and up" lab_wait 20 state_is web2 up
	poisectl weight web/web2 default >/dev/null 2>&1
	check_is "$name: all packets go their way" "$(lab_requests 40 | lab_tally)" "web1=20 web2=20"
}
state_is()
{
	[ "$(lab_backend_field web "$1" state)" = "$2" ]
}
written() # all files are those of now
{
	[ "$(said 'is written again')" -ge "$1" ] && [ -s "$disk/state/running.conf" ] &&
		cmp -s "$disk/state/running.conf" "$LAB/poise.conf"
}

mkdir -p "$LAB/file" && head -c 6M /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
lab_spawn long client curl -s -m 60 --limit-rate 300K -o "$LAB/long" "http://$lab_vip/file/data"
long=$LAB_PID
check "the disk is full" fill
sed 's/rise = 2/rise = 1/' "$LAB/poise.conf" >"$LAB/next.conf" && cat "$LAB/next.conf" >"$LAB/poise.conf"
changes "full disk"
check_is "full disk: each file is complained about once" \
	"$(said 'snapshot.bin cannot be written: No space') $(said 'overrides.json cannot be written: No space') $(
	said 'running.conf cannot be written: No space')" "1 1 1"
check_is "full disk: apply is refused, since it could not keep its promise" \
	"$(poisectl apply "$LAB/poise.conf" --confirm 60 2>&1 | grep -c 'cannot be kept, so nothing is changed')" 1

# poised dies meanwhile: the next one knows what is not on the disk
before=$(generation .generation.wanted)
kill -KILL "$LAB_POISED"
wait "$LAB_POISED" 2>/dev/null
lab_poised
check "full disk: another poised becomes ready" lab_ready 20
check_is "full disk: it goes on from what the kernel's path had" \
	"$(said "continuing after generation $before") $(($(generation .generation.wanted) >= before))" "1 1"
check_is "full disk: the dataplane is the same" "$(lab_dataplane)" "$dataplane"
check_is "full disk: no backend but the one that was killed was ever down" "$(said ' is down')" 1
check_is "full disk: requests" "$(lab_requests 40 | lab_tally)" "web1=20 web2=20"
poisectl drain web/web1 >/dev/null 2>&1
poisectl enable web/web1 >/dev/null 2>&1

rm "$disk/filler"
check "there is room again: the files are written" lab_wait 25 written 1
poisectl weight web/web1 3 >/dev/null
check_is "and the next wish at once" "$(jq -c '[.[] | .weight]' "$disk/overrides.json")" "[3]"
poisectl weight web/web1 default >/dev/null

# read-only
mv "$LAB/poised.log" "$LAB/poised-full.log"
lab_stop "$LAB_POISED" QUIT
lab_poised
check "ready" lab_ready 20
# A mount of its own on top: poised has its lock open for writing below, and a real disk does not ask.
mount --bind "$disk" "$disk"
check "the disk is read-only" mount -o remount,bind,ro "$disk"
sed 's/rise = 1/rise = 2/' "$LAB/poise.conf" >"$LAB/next.conf" && cat "$LAB/next.conf" >"$LAB/poise.conf"
changes "read-only"
check_is "read-only: each file is complained about once" \
	"$(said 'snapshot.bin cannot be written: Read-only') $(said 'overrides.json cannot be written: Read-only') $(
	said 'running.conf cannot be written: Read-only')" "1 1 1"
check "it can be written again" umount "$disk"
check "the files are written" lab_wait 25 written 2
check_is "no backend but the one that was killed was down" "$(said ' is down')" 1

# nobody can read what it has to say
lab_stop "$LAB_POISED" QUIT
fill
lab_spawn poised lb sh -c "exec '$LAB_BUILD/control/poised' -c '$LAB/poise.conf' --foreground >'$disk/log' 2>&1"
LAB_POISED=$LAB_PID
check "a log on a full disk: ready" lab_ready 20
poisectl drain web/web1 >/dev/null 2>&1
check_is "a log on a full disk: obeys" "$(lab_requests 6 | lab_tally)" "web2=6"
check_is "a log on a full disk: events tell" "$(poisectl events | grep -c 'web/web1: draining')" 1
poisectl enable web/web1 >/dev/null 2>&1
rm -f "$disk/filler"
poisectl drain web/web1 >/dev/null
check_is "room again: the log goes on" "$(grep -c 'web/web1: draining' "$disk/log")" 1
poisectl enable web/web1 >/dev/null
wait "$long"
check_is "a download went through it all" "$? $(sha256sum <"$LAB/long")" "0 $(sha256sum <"$LAB/file/data")"
check "it ends" lab_stop "$LAB_POISED"
umount "$disk"
check_done
