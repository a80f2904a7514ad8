#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The web servers of the infrastructure: who answers, and what their deaths cost.
. "$(dirname "$0")/infra.sh"
lab_enter "$@"
infra_open web
INFRA_HASTE=yes
infra_up vrrp

quarter()
{
	infra_requests 250 >"$LAB/quarter.$1"
}
for i in 1 2 3 4; do
	quarter "$i" &
	quarters[i]=$!
done
wait "${quarters[@]}"
check_is "1,000 HTTPS requests, certificate verified: half each" "$(cat "$LAB"/quarter.* | lab_tally)" \
	"web1=500 web2=500"
check_is "the application speaks HTTP/2" "$(infra_curl -o /dev/null -w '%{http_version}' /)" 2
check_is "another name is refused: verified means something" "$(lab_in client curl -s -m 5 --cacert "$LAB/ca/ca.pem" \
	--resolve "other.test:443:$INFRA_WEB" https://other.test/; echo $?)" 60
check_is "the servers see the client's own address" "$(infra_curl /peer)" "$INFRA_CLIENT"
check_is "Prometheus is quiet" "$(infra_alerts)" ""

# A web server dies and comes back under load.
infra_ask load 40 60
sleep 2
infra_web_kill web1
check "a dead web server raises its alert, and no other" lab_wait 20 infra_alerts_are PoiseBackendDown
back=$(infra_second load)
infra_web web1
sleep 3
infra_enough load
infra_asked load
asked=$(infra_answers load | wc -l)
failed=$(infra_answers load | grep -c '^failed')
check_range "its death costs less than half a second's worth of requests" "$failed" 1 20
check_is "all other requests are answered" "$(infra_answers load | grep -cE '^web[12]$')" $((asked - failed))
read -r one two < <(awk -v back="$back" '$1 > back && $3 == "web1" && !end { end = $1 + 1 }
	end && $1 < end { count[$3]++ } END { print count["web1"] + 0, count["web2"] + 0 }' "$LAB/load.asked")
check_range "in its first second web1 has answered $one, web2 $two" "$one" 10 40
check_range "it returns without a burst: it gets its half" $((one - two)) -4 4
check "the alert is over" lab_wait 20 infra_alerts_are ""

# Active-passive, and what is left when all are gone.
INFRA_ADDRESS=$INFRA_STATUS
check_is "the active server of the active-passive service answers" "$(infra_requests 10 | lab_tally)" "web1=10"
infra_web_kill web1
answers()
{
	[ "$(infra_requests "$1" | lab_tally)" = "$2" ]
}
check "its standby when it is dead" lab_wait 10 answers 10 "standby=10"
INFRA_ADDRESS=
infra_web_kill web2
check "both web servers are dead: the standby serves" lab_wait 10 answers 20 "standby=20"
infra_web web1
infra_web web2
check "they come back" lab_wait 30 infra_balancer_ready a
check_is "and the standby rests" "$(infra_requests 20 | lab_tally)" "web1=10 web2=10"
INFRA_ADDRESS=$INFRA_STATUS
check_is "here too" "$(infra_requests 10 | lab_tally)" "web1=10"
check_done
