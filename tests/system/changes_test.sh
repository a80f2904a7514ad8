#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Changes with a way back: plan, apply, confirm, rollback, drift, and a disk that is full or read-only.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open changes

lab_topology 3
for i in 1 2 3; do lab_nginx "$i"; done
lab_memory
state=/run/state # the lab has its own /run
mkdir $state && mount -t tmpfs -o size=64k tmpfs $state || lab_die "cannot mount a small disk"
make_config()
{
	lab_config "$1" | sed "s|control = {|control = { state_directory = \"$state\";|"
}
three=$(make_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 3)")")
two=$(make_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")")
one=$(make_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 1)")")
echo "$three" >"$LAB/poise.conf"
echo "$two" >"$LAB/two.conf"
echo "$one" >"$LAB/one.conf"
backends()
{
	poisectl -j backends | jq '[.backends[] | select(.state != "removed")] | length'
}
has_backends()
{
	[ "$(backends)" = "$1" ]
}
lab_poised
lab_ready 20 all || lab_die "Poise does not become ready"

# Live flows: three downloads, one a backend.
mkdir -p "$LAB/file" && head -c 8M /dev/zero >"$LAB/file/slow" && chmod -R a+rX "$LAB/file"
for i in 1 2 3; do
	lab_spawn "slow$i" client curl -s --limit-rate 1M -o "$LAB/slow$i" "http://$lab_vip/file/slow"
	slow[i]=$LAB_PID
done
under_way()
{
	[ "$(poisectl -j flows state=established limit=0 | jq .matched)" -ge 3 ]
}
check "three downloads are under way" lab_wait 5 under_way
poisectl -j plan "$LAB/two.conf" >"$LAB/plan"
check_is "plan: what leaves is drained, the rest untouched" \
	"$(jq -r '"\(.flows.drained >= 1) \(.flows.untouched >= 2) \(.flows.moved) \(.flows.reset) \(.force)"' \
		"$LAB/plan")" "true true 0 0 false"
check_is "plan names the backend" "$(jq -r '.backends[] | "\(.service)/\(.backend) \(.fate)"' "$LAB/plan")" \
	"web/web3 drained"
check_is "plan changes nothing" "$(backends)" 3
check_is "a file that lacks most backends is refused by plan's account" \
	"$(poisectl -j plan "$LAB/one.conf" | jq .force)" true

# A trial that nobody confirms.
check "apply" poisectl apply "$LAB/two.conf" --confirm 3
check_is "runs" "$(backends)" 2
check "no second trial, no reload meanwhile" sh -c "! '$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' reload"
check_is "the file is not written" "$(cat "$LAB/poise.conf")" "$three"
check "comes back by itself" lab_wait 12 has_backends 3
for i in 1 2 3; do
	wait "${slow[i]}"
	check_is "download $i went through all of it" "$? $(stat -c %s "$LAB/slow$i")" "0 8388608"
done

# A trial outlives poised, and so does its end.
check "apply again" poisectl apply "$LAB/two.conf" --confirm 8
lab_stop "$LAB_POISED" KILL
lab_poised
lab_ready 20 2
check_is "after kill -9 the trial goes on" "$(backends)" 2
check "and ends" lab_wait 20 has_backends 3
poisectl apply "$LAB/two.conf" --confirm 2 >/dev/null
lab_stop "$LAB_POISED" KILL
sleep 2.2
lab_poised
lab_ready 20 all
check_is "time that passes while poised is away counts" "$(backends)" 3

check "apply, rollback" sh -c "p='$LAB_BUILD/control/poisectl -s $LAB/control.sock'
	\$p apply '$LAB/two.conf' --confirm 60 && \$p rollback"
check_is "back at once" "$(backends)" 3
check "apply, confirm" sh -c "p='$LAB_BUILD/control/poisectl -s $LAB/control.sock'
	\$p apply '$LAB/two.conf' --confirm 60 && \$p confirm"
check_is "confirmed: written to the file" "$(cat "$LAB/poise.conf")" "$two"
check "nothing to confirm any more" sh -c "! '$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' confirm"
check "rollback to the configuration before" poisectl rollback
check_is "it runs" "$(backends)" 3
check_is "and stands in the file" "$(cat "$LAB/poise.conf")" "$three"

# A file that would take most away.
cp "$LAB/one.conf" "$LAB/poise.conf"
poisectl reload >"$LAB/out" 2>&1
check_is "a shrunken file is refused" "$? $(backends)" "1 3"
check "with what to do" grep -q 'poise.conf: 2 of 3 backends would be gone; .*--force' "$LAB/out"
failed=$(poisectl -j status | jq .reloads.failed)
kill -HUP "$LAB_POISED"
check "SIGHUP is refused as well" lab_wait 15 sh -c \
	"[ \$('$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' -j status | jq .reloads.failed) -gt $failed ]"
check_is "nothing changed" "$(backends)" 3
check "with --force it is taken" poisectl reload --force
check_is "one is left" "$(backends)" 1
echo "$three" >"$LAB/poise.conf"
check "growing needs no force" poisectl reload

# A reload that only reorders and comments.
lab_wait 15 lab_is_ready 3
generation=$(poisectl -j status | jq .generation.wanted)
lab_requests 1 >"$LAB/turns"
awk 'BEGIN { print "# only a comment" } /name = "web1"/ { held = $0; next } { print }
	/name = "web2"/ && held { sub(/^ *,?/, "    ,", held); print held; held = "" }' "$LAB/poise.conf" |
	sed '0,/^ *, *{ name = "web2"/s/^ *, *{/    {/' >"$LAB/reordered"
cp "$LAB/reordered" "$LAB/poise.conf"
check "a reordered file" poisectl reload
check_is "makes no new generation" "$(poisectl -j status | jq .generation.wanted)" "$generation"
lab_requests 2 >>"$LAB/turns"
check_is "and moves no cursor" "$(lab_tally <"$LAB/turns")" "web1=1 web2=1 web3=1"

# What was set by hand.
check_is "no drift" "$(poisectl -j drift | jq -c .drift)" "[]"
poisectl drain web3 >/dev/null
poisectl weight web1 5 >/dev/null
check_is "drift" "$(poisectl -j drift | jq -r '.drift[] | "\(.name) \(.key) \(.file) \(.now)"' | paste -sd,)" \
	"web/web1 weight 1 5,web/web3 draining false true"
check "saved" poisectl drift --save "$LAB/saved.conf"
check "as a good file" poisectl check "$LAB/saved.conf"
check "not over a file" sh -c "! '$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' drift --save '$LAB/saved.conf'"
check_is "with the weights" "$(grep -c 'weight = [05];' "$LAB/saved.conf")" 2
poisectl enable web3 >/dev/null
poisectl weight web1 default >/dev/null

check_is "events tell the story" "$(poisectl -j events 1024 | jq -r '[.events[].kind] |
	map(select(IN("confirmed", "rolled-back", "reload-refused"))) | unique | join(" ")')" \
	"confirmed reload-refused rolled-back"

# A full, then a read-only disk.
head -c 128k /dev/zero >$state/ballast 2>/dev/null
echo "$two" >"$LAB/poise.conf"
check "full disk: a reload goes on" poisectl reload
check_is "it is in force" "$(backends)" 2
check "full disk: apply is refused" sh -c \
	"! '$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' apply '$LAB/one.conf' --confirm 9 --force"
check_is "nothing changed" "$(backends)" 2
rm $state/ballast
mount -o remount,ro $state
for i in 1 2 3; do
	check "read-only disk: a reload goes on" poisectl reload
done
check_is "one warning for all of them" "$(grep -c 'no way back' "$LAB/poised.log")" 1
echo "$three" >"$LAB/poise.conf"
check "the last one too" poisectl reload
lab_wait 15 lab_is_ready 3
check_is "packets do not care" "$(lab_requests 30 | lab_tally)" "web1=10 web2=10 web3=10"
check_done
