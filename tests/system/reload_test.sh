#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A reload costs no connection, and a bad file changes nothing.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open reload

lab_topology 3
for i in 1 2 3; do lab_nginx "$i"; done
lab_memory
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")"
cp "$LAB/poise.conf" "$LAB/two.conf"
lab_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 3)"),
	$(lab_service other 81 'scheduler = "rr";' "$(lab_backends 2)")" >"$LAB/three.conf"
sed 's/address = "10.2.0.12"/adress = "10.2.0.12"/' "$LAB/two.conf" >"$LAB/broken.conf"
printf 'services = ( { name = "web";' >"$LAB/cut.conf"

lab_spawn wrk-keep client wrk -t 1 -c 20 -d 9 --timeout 5 "http://$lab_vip/keep/"
keep=$LAB_PID
lab_spawn wrk-new client wrk -t 1 -c 10 -d 9 --timeout 5 "http://$lab_vip/"
new=$LAB_PID
sleep 0.5
failed=0
for ((i = 0; i < 50; i++)); do
	if ((i % 2)); then cp "$LAB/two.conf" "$LAB/poise.conf"; else cp "$LAB/three.conf" "$LAB/poise.conf"; fi
	poisectl reload --force >"$LAB/reload.out" 2>&1 || failed=$((failed + 1))
	sleep 0.05
done
check_is "50 reloads under load succeed" "$failed" 0
refused=0
for file in broken cut; do
	cp "$LAB/$file.conf" "$LAB/poise.conf"
	for ((i = 0; i < 5; i++)); do
		poisectl reload >"$LAB/reload.$file" 2>&1
		[ $? = 1 ] && refused=$((refused + 1))
	done
done
check_is "10 reloads of broken files are refused" "$refused" 10
check "with the line" grep -qE 'poise.conf:[0-9]+: .*adress' "$LAB/reload.broken"
check "of a cut file too" grep -qE 'poise.conf:[0-9]+: ' "$LAB/reload.cut"
cp "$LAB/two.conf" "$LAB/poise.conf"
before=$(poisectl -j status | jq .reloads.done)
kill -HUP "$LAB_POISED"
check "SIGHUP reloads" lab_wait 15 sh -c \
	"[ \$('$LAB_BUILD/control/poisectl' -s '$LAB/control.sock' -j status | jq .reloads.done) -gt ${before:-0} ]"
wait "$keep"
wait "$new"
for log in keep new; do
	check_is "no failed request over $log connections" \
		"$(grep -E 'Socket errors|Non-2xx' "$LAB/wrk-$log.log")" ""
	check_range "requests over $log connections" \
		"$(awk '/requests in/ { print $1 }' "$LAB/wrk-$log.log")" 200 100000000
done
check_is "still exact" "$(lab_requests 100 | lab_tally)" "web1=50 web2=50"

# The cursor of a service that a reload does not change goes on.
lab_requests 1 >"$LAB/one"
poisectl reload >/dev/null
lab_requests 1 >>"$LAB/one"
check_is "a reload does not touch the cursor" "$(lab_tally <"$LAB/one")" "web1=1 web2=1"
check_done
