#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A denied source gets nothing, a limited one its limit, everybody else all; by the dataplane and by the XDP program
# while it hangs, and a reload changes it under way.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open firewall

denied=10.1.0.3 limited=10.1.0.4 plain=10.1.0.2
lab_topology 2
for i in "$denied" "$limited"; do ip -n client address add "$i/24" dev eth0; done
for i in 1 2; do lab_nginx "$i"; done
lab_memory
services()
{
	echo "$(lab_service web 80 "scheduler = \"rr\"; deny = [ $1 ];" "$(lab_backends 2)"),
		$(lab_service few 81 'limits = { flows_per_source = 4; }; timeouts = { closing_s = 1; };' \
			"$(lab_backends 2)"),
		$(lab_service slow 82 'limits = { new_flows_per_source_s = 5; };' "$(lab_backends 2)")"
}
lab_config "$(services "\"$denied\", \"$plain\"")" >"$LAB/both.conf"
lab_start "$(services "\"$denied\"")"
cp "$LAB/poise.conf" "$LAB/one.conf"

# connect.py SOURCE PORT COUNT: open that many connections at once, say how many are there before a SYN is repeated,
# and reset them.
cat >"$LAB/connect.py" <<'END'
import select
import socket
import struct
import sys
import time
links, done, end = [], set(), time.time() + 0.8
for _ in range(int(sys.argv[3])):
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.bind((sys.argv[1], 0))
    link.setblocking(False)
    link.connect_ex(("10.1.0.100", int(sys.argv[2])))
    links.append(link)
while time.time() < end:
    _, ready, _ = select.select([], [link for link in links if link not in done], [], 0.1)
    done.update(link for link in ready if not link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
print(len(done))
END
connections() { lab_in client python3 "$LAB/connect.py" "$@"; }
ask() { lab_in client curl -s -m "${3:-1}" -o /dev/null -w '%{exitcode}' --interface "$1" "http://$lab_vip:$2/"; }
grows() { [ "$(lab_counter "$1")" -gt "$2" ]; } # what counts elsewhere is added up once a second

# What reached no backend of the services web, few and slow: denied, beyond the flows, beyond the rate.
unserved()
{
	poisectl -j services | jq -r '.services | map({ (.service): .unserved }) | add |
		"\(.web.denied) \(.few.source_flows) \(.slow.source_rate) \(.few.denied + .slow.denied +
			.web.source_rate + .web.source_flows)"'
}

# Of all services together it is what the counters say, and each has its own.
told_apart()
{
	local now

	read -ra now <<<"$(unserved)"
	[ "${now[0]}" -gt "$1" ] && [ "${now[1]}" -gt "$2" ] && [ "${now[2]}" -gt "$3" ] && [ "${now[3]}" = 0 ] &&
		[ "${now[0]} ${now[1]} ${now[2]}" = \
			"$(lab_counter denied) $(lab_counter source_flows) $(lab_counter source_rate)" ]
}

policy()
{
	local denials rates before
	read -ra before <<<"$(unserved)"
	denials=$(lab_counter denied) rates=$(lab_counter source_rate)

	check_is "$1: a denied source gets nothing" "$(ask "$denied" 80)" 28
	check_is "$1: others are served" "$(ask "$plain" 80)" 0
	check_is "$1: it is denied by that service alone" "$(ask "$denied" 82)" 0
	check_is "$1: a source has as many flows as it may" "$(connections "$limited" 81 10)" 4
	check_is "$1: another one is not concerned" "$(connections "$plain" 81 4)" 4
	check_range "$1: a source opens as many a second as it may" "$(connections "$limited" 82 20)" 5 9
	check_is "$1: another one is not concerned" "$(connections "$plain" 82 5)" 5
	check "$1: denied is counted" lab_wait 10 grows denied "$denials"
	check "$1: the rate is counted" lab_wait 10 grows source_rate "$rates"
	check "$1: and each for its service" lab_wait 10 told_apart "${before[@]:0:3}"
}

policy "dataplane"
own='service="(web",verdict="denied|few",verdict="source_flows)"'
check_is "the metrics tell them apart" "$(lab_in lb curl -s http://127.0.0.1:9650/metrics |
	grep -cE "^poise_service_unserved_packets_total\\{$own\\} [1-9]")" 2
check "the table of services says it" grep -qE "^web: no backend got .*[0-9]+ denied" <(poisectl services)
check "explain names the rule" grep -q "denied by deny $denied" \
	<(poisectl explain tcp "$denied:40000" "$lab_vip:80")

# A connection that asks ten times a second, and writes a line for each answer.
cat >"$LAB/speak.py" <<'END'
import socket
import sys
import time
link = socket.create_connection(("10.1.0.100", 80), source_address=(sys.argv[1], 0))
with open(sys.argv[2], "w") as file:
    while True:
        link.sendall(b"GET /keep/ HTTP/1.1\r\nHost: x\r\n\r\n")
        if not link.recv(65536):
            break
        print("answer", file=file, flush=True)
        time.sleep(0.1)
END
lines_above() { [ "$(wc -l <"$1")" -gt "$2" ]; }
speaks() { lab_wait 5 lines_above "$1" "$(wc -l <"$1")"; }
silent() { local before; before=$(wc -l <"$1"); sleep 0.7; [ "$(wc -l <"$1")" = "$before" ]; }
written() { lab_wait 10 test -e "$1" && speaks "$1"; }
for i in "$plain" "$limited"; do lab_spawn "speak-$i" client python3 "$LAB/speak.py" "$i" "$LAB/speak-$i.txt"; done
check "a connection goes on" written "$LAB/speak-$plain.txt"
cp "$LAB/both.conf" "$LAB/poise.conf"
check "plan says what changes" grep -q "service web: deny +$plain" <(poisectl plan "$LAB/both.conf")
poisectl reload >/dev/null
check_is "a reload denies new connections of another source" "$(ask "$plain" 80)" 28
check "and its connection ends" lab_wait 15 silent "$LAB/speak-$plain.txt"
check "which is counted" lab_wait 10 grows flow_denied 0
check "that of others goes on" speaks "$LAB/speak-$limited.txt"
cp "$LAB/one.conf" "$LAB/poise.conf"
poisectl reload >/dev/null
check_is "a reload takes it back" "$(ask "$plain" 80 3)" 0

# A dataplane that hangs: poised ends it after ten seconds, the XDP program carries on until then.
sleep 1.2 # the half second's rate of the checks above is over
dataplane=$(lab_dataplane)
kill -STOP "$dataplane"
policy "XDP"
lab_spawn speak-xdp client python3 "$LAB/speak.py" "$plain" "$LAB/speak-xdp.txt"
written "$LAB/speak-xdp.txt"
cp "$LAB/both.conf" "$LAB/poise.conf"
poisectl reload >/dev/null
check "XDP: a reload ends the connection of a source that is denied now" lab_wait 4 silent "$LAB/speak-xdp.txt"
check_is "XDP: and denies new ones" "$(ask "$plain" 80)" 28
check_is "XDP: others are served" "$(ask "$limited" 80)" 0
kill -CONT "$dataplane" 2>/dev/null
check_done
