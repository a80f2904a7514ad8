#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# What an operator does by hand: weights, drain, disable; and every verb as text and as JSON.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open operator

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
lab_start "$(lab_service web 80 'scheduler = "wrr";' \
	'{ name = "web1"; address = "10.2.0.11"; port = 80; weight = 3; },
	 { name = "web2"; address = "10.2.0.12"; port = 80; weight = 1; }')"

check_is "weights 3:1 are exact" "$(lab_requests 100 | lab_tally)" "web1=75 web2=25"
check "weight 1 for web1" poisectl weight web1 1
check_is "weights 1:1" "$(lab_requests 100 | lab_tally)" "web1=50 web2=50"
check "weight back to the file's" poisectl weight web1 default
check_is "weights 3:1 again" "$(lab_requests 40 | lab_tally)" "web1=30 web2=10"

# A download that outlasts the drain, and a connection that is kept alive.
mkdir -p "$LAB/file" && head -c 8M /dev/zero >"$LAB/file/slow" && chmod -R a+rX "$LAB/file"
for i in 1 2 3 4; do
	lab_spawn "slow$i" client curl -s --limit-rate 2M -o "$LAB/slow$i" "http://$lab_vip/file/slow"
	slow[i]=$LAB_PID
done
under_way()
{
	[ "$(poisectl -j flows state=established limit=0 | jq .matched)" -ge 4 ]
}
check "four downloads are under way" lab_wait 5 under_way
check "drain web1" poisectl drain web/web1
check_is "new requests go to the other" "$(lab_requests 20 | lab_tally)" "web2=20"
check_range "web1 keeps its flows" \
	"$(lab_backend_field web web1 flows_active)" 3 1000
for i in 1 2 3 4; do
	wait "${slow[i]}"
	check_is "download $i ends well" "$? $(stat -c %s "$LAB/slow$i")" "0 8388608"
done
check "enable web1" poisectl enable web1
check_is "web1 takes its share again" "$(lab_requests 40 | lab_tally)" "web1=30 web2=10"
check "disable web2" poisectl disable web2
check_is "a disabled backend gets nothing" "$(lab_requests 20 | lab_tally)" "web1=20"
check "enable web2" poisectl enable web2
check_is "both again" "$(lab_requests 40 | lab_tally)" "web1=30 web2=10"

for verb in status services backends flows counters "counters --drops" "counters --all" version help "help drain"; do
	# shellcheck disable=SC2086 # a verb and its argument
	check "poisectl $verb: text of at most 100 columns" \
		sh -c "'$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' $verb >'$LAB/text' && [ -s '$LAB/text' ] &&
		awk 'length > 100 { exit 1 }' '$LAB/text'"
	# shellcheck disable=SC2086
	check "poisectl -j $verb: JSON" sh -c "'$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' -j $verb | jq -e ."
done
check "poisectl check of the running file" poisectl check "$LAB/poise.conf"

exit_status()
{
	poisectl "$@" >"$LAB/out" 2>"$LAB/err"
	echo "$? $(wc -l <"$LAB/out") $([ -s "$LAB/err" ] && echo said || echo silent)"
}
check_is "an unknown verb: usage" "$(exit_status blow)" "2 0 said"
check_is "no verb: usage" "$(exit_status | cut -d' ' -f1,3)" "2 said"
check_is "too many arguments: usage" "$(exit_status status now)" "2 0 said"
check_is "an unknown backend: refused" "$(exit_status drain web9)" "1 0 said"
check_is "a weight out of range: refused" "$(exit_status weight web1 257 | cut -d' ' -f2,3)" "0 said"
check_is "a weight that is no number: refused" "$(exit_status weight web1 many | cut -d' ' -f2,3)" "0 said"
check_is "a missing file: refused" "$(exit_status check "$LAB/none.conf" | cut -d' ' -f1,3)" "1 said"
check_is "no poised: refused" "$("$LAB_BUILD/control/poisectl" -s "$LAB/none.sock" status 2>"$LAB/err"
	echo "$? $(wc -l <"$LAB/err")")" "1 1"
check_done
