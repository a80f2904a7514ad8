#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A thousand backends, each checked once a second, half by TCP and half by HTTP: the checks come on time, poisectl is
# answered meanwhile, memory is bounded, and a hundred that die at once are found.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open many_checks

count=1000
lab_topology 1
lab_spawn server web1 /usr/bin/python3 -B "$lab_root/tests/lib/many_checks.py" 10000 $count "$LAB"
server=$LAB_PID
lab_wait 10 grep -q listening "$LAB/server.log" || lab_die "the server does not start: $(cat "$LAB/server.log")"

# service NUMBER KIND: 250 backends, on every second port of a half of them all
service()
{
	local first=$((10000 + ($1 > 1) * 500 + $1 % 2)) i

	echo "{ name = \"$2$1\"; vip = \"$lab_vip\"; port = $((80 + $1));"
	echo "health = { type = \"$2\"; interval_ms = 1000; timeout_ms = 900;" \
		"rise = 1; fall = 2; jitter_percent = 0; };"
	for ((i = 0; i < count / 4; i++)); do
		printf '%s{ name = "b%d"; address = "10.2.0.11"; port = %d; }' "$([ $i = 0 ] && echo 'backends = ( ' ||
			echo ', ')" "$i" $((first + 2 * i))
	done
	echo ' ); }'
}
lab_config "$(service 0 tcp), $(service 1 http), $(service 2 tcp), $(service 3 http)" |
	sed 's/mode = "af_xdp"/mode = "xdp"/' >"$LAB/poise.conf"
lab_poised
check "all are up" lab_wait 30 lab_is_ready $count

of_process() # FIELD of /proc/PID/status, KiB
{
	awk -v what="$1:" '$1 == what { print $2 }' "/proc/$LAB_POISED/status"
}
cpu_ms()
{
	awk '{ print ($14 + $15) * 10 }' "/proc/$LAB_POISED/stat"
}
probes()
{
	poisectl -j backends | jq '[.backends[].check.probes] | add'
}

sleep 1
memory=$(of_process VmRSS)
probed=$(probes)
cpu=$(cpu_ms)
kill -USR1 $server
begin=$(date +%s%N)
asked=0 late=0 slowest=0 lists=0
while [ $(($(date +%s%N) - begin)) -lt 6000000000 ]; do
	for verb in status backends "backends tcp0" services; do
		start=$(date +%s%N)
		# shellcheck disable=SC2086 # a verb and its argument
		poisectl -j $verb >"$LAB/answer"
		took=$((($(date +%s%N) - start) / 1000000))
		if [ "$verb" = backends ]; then # 640 kB
			[ $took -gt $lists ] && lists=$took
		else
			asked=$((asked + 1))
			[ $took -gt $slowest ] && slowest=$took
			[ $took -gt 100 ] && late=$((late + 1))
		fi
		sleep 0.05
	done
done
kill -USR2 $server
lab_wait 5 test -s "$LAB/span"
probed=$(($(probes) - probed))
span()
{
	jq "$1" "$LAB/span"
}
due=$(span '.seconds | floor')
echo "in $(span .seconds) s: $probed probes, a port was asked $(span .least) to $(span .most) times;" \
	"pauses: 99th percentile $(span .p99_ms) ms, longest $(span .most_ms) ms"
echo "poisectl: $asked answers, slowest $slowest ms, $late above 100; all backends $lists ms;" \
	"poised: $(($(cpu_ms) - cpu)) ms of CPU, $memory -> $(of_process VmRSS) KiB, at most $(of_process VmHWM)"
check_range "every backend was checked each second" "$(span .least)" $((due - 1)) $((due + 2))
check_range "and none more often" "$(span .most)" $((due - 1)) $((due + 2))
check_range "99 of 100 pauses are a second, but for 100 ms" "$(span .p99_ms)" 900 1100
check_range "none is two, in ms" "$(span .most_ms)" 900 1900
check_range "poisectl was asked all the time" $asked 20 1000
check_range "and answered within 100 ms, but for one of 20 that a busy machine holds up" $late 0 $((asked / 20))
check_range "with all thousand within half a second" $lists 1 500
check_range "memory stays, but for 8 MiB" $(($(of_process VmRSS) - memory)) -65536 8192
check_range "and is less than 128 MiB" "$(of_process VmHWM)" 1000 131072
check_is "no backend was taken for dead" "$(grep -c ' is down' "$LAB/poised.log")" 0

down()
{
	[ "$(poisectl -j backends | jq '[.backends[] | select(.state == "down")] | length')" = $((count / 10)) ]
}
killed=$(date +%s.%N)
kill -HUP $server
check "a hundred die at once, and are found" lab_wait 20 down
check_range "within two intervals and a half, in ms" "$(poisectl -j events 1024 | jq --arg killed "$killed" '.events |
	map(select(.kind == "backend-down"))[-1].time |
	((.[:19] + "Z" | fromdate) + (.[19:23] | tonumber) - ($killed | tonumber)) * 1000 | floor')" 0 2500
check "it ends" lab_stop "$LAB_POISED"
check_done
