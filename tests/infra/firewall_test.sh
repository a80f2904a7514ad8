#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Who is kept out of the infrastructure: a denied source, one that wants more than its share, and everybody who is no
# server from the databases.
. "$(dirname "$0")/infra.sh"
lab_enter "$@"
infra_open firewall
# shellcheck disable=SC2034 # for monitor.sh
INFRA_HASTE=yes
infra_up vrrp

# ask SOURCE ADDRESS: the exit status of curl; 28 is silence, 7 would be a refusal
ask()
{
	lab_in client curl -s -m 2 -o /dev/null --interface "$1" --cacert "$LAB/ca/ca.pem" \
		--resolve "$INFRA_CA_NAME:443:$2" "https://$INFRA_CA_NAME/"
	echo $?
}

counter()
{
	infra_poisectl a -j counters --all | jq --arg name "$1" '.counters[] | select(.counter == $name) | .value'
}

ulimit -n 4096
check_is "a denied source gets nothing" "$(ask "$INFRA_DENIED" "$INFRA_WEB")" 28
check_is "but from a service that does not deny it" "$(ask "$INFRA_DENIED" "$INFRA_STATUS")" 0
check_is "others are served" "$(ask "$INFRA_CLIENT" "$INFRA_WEB")" 0
check_range "it is counted" "$(counter denied)" 1 100

scraped()
{
	[ "$(infra_query 'count(up == 1)' | awk '{ print $NF }')" = 2 ]
}
check "Prometheus has seen both before" lab_wait 15 scraped
sleep 2
check_is "and is quiet" "$(infra_alerts)" ""
infra_ask others 20 4
sleep 1
accepted=$(lab_in client /usr/bin/python3 "$infra_directory/burst.py" "$INFRA_LIMITED" "$INFRA_WEB" 443 1500)
check_range "a source that wants 1,500 connections at once gets its 300 a second" "$accepted" 250 620
infra_asked others
# The turns are shared with the one that is limited, so the halves need not be equal.
check_is "nobody else is affected" "$(infra_answers others | grep -c '^web[12]$')" 80
check_range "it is counted" "$(counter source_rate)" 500 3000
check "and raises its alert" lab_wait 12 infra_alerts_have PoiseSourcesLimited

check_is "the databases give nothing to somebody from outside" \
	"$(lab_in client curl -s -m 2 telnet://$INFRA_DB_WRITE:5432 </dev/null; echo $?)" 28
check "the servers are served" eval 'infra_curl -f -X POST -d row /rows | grep -q server'

# The balancer's own programs are for the back network.
lab_spawn own a /usr/bin/python3 -m http.server 8080 --directory "$LAB/a"
own()
{
	lab_in "$1" curl -s -m 2 -o /dev/null "http://$2:8080/"
	echo $?
}
lab_wait 5 lab_in a curl -s -o /dev/null http://127.0.0.1:8080/
check_is "a program of the balancer's host is reached from the back network" "$(own web1 "${INFRA_BACK[a]}")" 0
check_is "and not from outside" "$(own router "${INFRA_FRONT[a]}") $(own client "${INFRA_FRONT[a]}")" "28 28"

sed -i 's|deny = \[ "198.51.100.66" \]|deny = [ ]|' "$LAB/a/poise.conf"
check "a reload without the list" infra_poisectl a reload
check_is "serves the source" "$(ask "$INFRA_DENIED" "$INFRA_WEB")" 0
sed -i 's|deny = \[ \]|deny = [ "198.51.100.0/25" ]|' "$LAB/a/poise.conf"
check "a reload with a larger one" infra_poisectl a reload
check_is "denies it, and its neighbours" \
	"$(ask "$INFRA_DENIED" "$INFRA_WEB") $(ask "$INFRA_CLIENT" "$INFRA_WEB")" "28 28"
check_done
