#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A backend that goes up and down is held down until it is steady; clients that get no answer have it checked at once.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open flap

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory

# service NAME PORT HEALTH-KEYS
service()
{
	cat <<-END
	  { name = "$1"; vip = "$lab_vip"; port = $2; health = { type = "http"; path = "/healthz"; $3 };
	    backends = ($(lab_backends 2) ); }
	END
}
lab_start "$(service flap 80 'interval_ms = 200; timeout_ms = 200; rise = 1; fall = 1; damping_s = 3;'),
	$(service slow 81 'interval_ms = 4000; timeout_ms = 500; rise = 1; fall = 5; passive = true;'),
	$(service plain 82 'interval_ms = 4000; timeout_ms = 500; rise = 1; fall = 5;')"

state_is()
{
	[ "$(lab_backend_field "$1" web1 state)" = "$2" ]
}

web1()
{
	poisectl -j backends "$1" | jq -r ".backends[] | select(.backend == \"web1\") | $2"
}

# clients of a service whose server has gone, for two seconds
lab_nginx_kill 1
for ((i = 0; i < 40; i++)); do
	lab_in client curl -s -m 0.3 "http://$lab_vip:81/" "http://$lab_vip:82/" >/dev/null
	sleep 0.05
done
check "clients were refused, and counted" test "$(web1 slow .handshake.syn_refused)" -ge 3
check "a backend that refuses clients is checked at once, and taken out" lab_wait 10 state_is slow down
check_is "the log says why" "$(grep -c 'slow/web1: clients get no answer' "$LAB/poised.log")" 1
check_is "without passive it is still believed" "$(lab_backend_field plain web1 state)" up
check_is "clients are served by the other" \
	"$(for i in 1 2 3 4; do lab_in client curl -s -m 2 "http://$lab_vip:81/"; done | sort | uniq -c | tr -s ' ')" \
	" 4 web2"
lab_nginx 1
check "a good result brings it back" lab_wait 15 state_is slow up
check_is "and clears the suspicion" "$(web1 slow .check.suspect)" false

# up and down again, three falls with the one above
for i in 1 2; do
	check "fall $i: up before" lab_wait 15 state_is flap up
	lab_nginx_kill 1
	check "fall $i: down" lab_wait 15 state_is flap down
	lab_nginx 1
done
healthy()
{
	[ "$(web1 flap .check.healthy)" = true ]
}
lab_wait 5 healthy
if [ "$(web1 flap .check.damped_s)" = 0 ]; then # the first fall was long ago
	lab_wait 5 state_is flap up
	lab_nginx_kill 1
	lab_wait 5 state_is flap down
	lab_nginx 1
	lab_wait 5 healthy
fi
check "its check is good, and it is held down" state_is flap down
check_is "the table says why" \
	"$(lab_backend_field flap web1 reason | grep -c '^goes up and down too often, held down for')" 1
check "and for how long" test "$(web1 flap .check.damped_s)" -ge 1
check_is "the log too" "$(grep -c 'flap/web1 goes up and down too often' "$LAB/poised.log")" 1
check_is "new connections go to the other" "$(lab_requests 6 | lab_tally)" "web2=6"
poisectl reload >/dev/null
check_is "a reload does not free it" "$(lab_backend_field flap web1 state)" down
check "steady for a while it serves again" lab_wait 30 state_is flap up
check_is "as the log says" "$(grep -c 'flap/web1 has been steady' "$LAB/poised.log")" 1
check_is "web2 was never held" "$(grep -c 'web2 goes up and down' "$LAB/poised.log")" 0
check_done
