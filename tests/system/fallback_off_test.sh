#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# fallback.xdp = false: what no dataplane takes is dropped and counted, and the kernel never sees it.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open fallback-off

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")" >"$LAB/poise.conf"
echo 'fallback = { xdp = false; };' >>"$LAB/poise.conf"
lab_poised
check "Poise becomes ready" lab_ready 20 all

status()
{
	poisectl -j status | jq -r "$1"
}
check_is "status says that there is no fallback" "$(status .path.fallback)" false
check_is "the dataplane serves" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
dropped_all() # what it took while a worker was late; added up once a second
{
	[ "$(lab_counter flow_created) $(status .path.frames.balanced)" = "20 $(lab_counter no_dataplane)" ]
}
check "and the program balanced nothing: what it took, it dropped" lab_wait 5 dropped_all

kill -STOP "$(lab_dataplane)"
sleep 0.3
balanced=$(lab_counter forwarded)
before=$(lab_counter no_dataplane)
check_is "the dataplane hangs: a request gets no answer, nor a reset" \
	"$(lab_in client curl -s -m 1 -o /dev/null "http://$lab_vip/"; echo $?)" 28
dropped()
{
	[ "$(lab_counter no_dataplane)" -gt "$before" ]
}
check "its packets are counted as dropped" lab_wait 5 dropped
check_is "none was forwarded" "$(($(lab_counter forwarded) - balanced))" 0
kill -CONT "$(lab_dataplane)"
serves()
{
	[ "$(lab_requests 2 | lab_tally)" = "web1=1 web2=1" ]
}
check "it goes on: served again" lab_wait 20 serves
check "it ends" lab_stop "$LAB_POISED"
check_done
