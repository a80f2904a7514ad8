#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The life of a backend: drain with a deadline, reset or keep, all down, slow start, what a cut link of the checks may
# take out, least connections.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open lifecycle

lab_topology 3
for i in 1 2 3; do lab_nginx "$i"; done
lab_memory
two=$(lab_backends 2)
lab_start "$(lab_service web 80 'scheduler = "rr"; drain_deadline_s = 4;' "$two"),
	$(lab_service strict 81 'on_backend_down = "reset"; all_down = "reset";' "$two"),
	$(lab_service open 82 'all_down = "fail_open";' "$two"),
	$(lab_service slow 83 'slow_start_s = 9;' "$two"),
	$(lab_service guarded 84 'max_ejected_percent = 40; ejection_interval_s = 12;' "$(lab_backends 3)"),
	$(lab_service least 85 'scheduler = "lc";' "$two"),
	$(lab_service hash 86 'scheduler = "maglev";' "$two")"

state_is()
{
	[ "$(lab_backend_field "$1" "$2" state)" = "$3" ]
}

# hold NAME PORT: a client that stays connected; its end is written to $LAB/NAME: "reset" or "closed".
cat >"$LAB/hold.py" <<'END'
import socket
import sys
link = socket.create_connection((sys.argv[1], int(sys.argv[2])))
link.send(b"GET /keep/ HTTP/1.1\r\nHost: x\r\n\r\n")
data = link.recv(65536).decode()
with open(sys.argv[3], "w") as file:
    print("web1" if "web1" in data else "web2" if "web2" in data else "other", file=file)
try:
    while link.recv(65536):
        pass
    end = "closed"
except ConnectionResetError:
    end = "reset"
with open(sys.argv[3], "a") as file:
    print(end, file=file)
END

hold()
{
	lab_spawn "$1" client python3 "$LAB/hold.py" "$lab_vip" "$2" "$LAB/$1.end"
	lab_wait 10 test -s "$LAB/$1.end"
}

ended()
{
	[ "$(sed -n 2p "$LAB/$1.end")" = "$2" ]
}

# Both backends have a connection now, whoever got the first.
hold one 80
hold two 80
first=one
[ "$(head -n 1 "$LAB/one.end")" = web1 ] || first=two
other=$([ $first = one ] && echo two || echo one)

poisectl drain web/web1 >/dev/null
check_range "drain takes the deadline of the file" "$(lab_backend_field web web1 drain_left_s)" 2 4
check_is "no new flow" "$(lab_requests 10 | lab_tally)" "web2=10"
check_is "the flow it has goes on" "$(lab_backend_field web web1 flows_active)" 1
check "and is reset at the deadline, unasked" lab_wait 15 ended $first reset
check "not the other's" test "$(wc -l <"$LAB/$other.end")" = 1
check "both sides were told" test "$(lab_counter reset_sent)" -ge 1
poisectl enable web/web1 >/dev/null
check "enabled again it serves" lab_wait 10 state_is web web1 up

hold keep 82
hold strict1 81
hold strict2 81
lab_nginx_kill 1
lab_nginx_kill 2
lab_wait 15 state_is strict web1 down
lab_wait 15 state_is strict web2 down
check "all down: a SYN is refused at once" \
	test "$(lab_in client curl -s -m 2 -o /dev/null -w '%{exitcode}' "http://$lab_vip:81/")" = 7
check "by Poise" test "$(lab_counter refused)" -ge 1
check_is "all down: dropped" "$(lab_in client curl -s -m 1 -o /dev/null -w '%{exitcode}' "http://$lab_vip:80/")" 28
check_is "fail open: all are used" \
	"$(poisectl -j services | jq '.services[] | select(.service == "open") | .backends_up')" 2

lab_nginx 2
check "one comes back" lab_wait 15 state_is slow web2 up
sleep 2
lab_nginx 1
lab_wait 15 state_is slow web1 up
# The half would be 25. Its share grows by a tenth a second.
check_range "a slow start gets a tenth at first" "$(lab_requests 50 "http://$lab_vip:83/" | grep -c web1)" 1 17
check_range "and says so" "$(lab_backend_field slow web1 share_percent)" 10 80

# Cuts the checks of all three, which go through the balancer's kernel, and not the way of the packets.
lab_in lb nft 'table ip cut { chain output { type filter hook output priority 0; tcp dport 80 drop; }; }'
guarded()
{
	poisectl -j backends guarded | jq -r '[([.backends[] | select(.held)] | length),
		([.backends[] | select(.state == "down")] | length)] | join(" ")'
}
two_held() { [ "$(guarded)" = "2 1" ]; }
check "a cut link takes out one of three, two are held" lab_wait 10 two_held
check_is "and every request is served by those" \
	"$(lab_requests 20 "http://$lab_vip:84/" | grep -c web)" 20
lab_in lb nft delete table ip cut
check "and all come back" lab_wait 20 lab_is_ready 15

check_is "least connections: both serve" \
	"$(lab_requests 20 "http://$lab_vip:85/" | lab_tally | tr ' ' '\n' | grep -c =)" 2
lab_wait 25 state_is hash web1 up
check_range "maglev: both serve" "$(lab_requests 100 "http://$lab_vip:86/" | grep -c web1)" 20 80
check_done
