#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The databases of the infrastructure, used by the application through the balancers: who gets writes and reads, and
# what becomes of them when the primary dies, and when it comes back as a second one.
. "$(dirname "$0")/infra.sh"
lab_enter "$@"
infra_open database
INFRA_HASTE=yes
infra_up vrrp

# write TEXT: the answer of the application
write()
{
	infra_curl -X POST -d "$1" /rows
}

# read NUMBER FIELD: until the row is there
read_back()
{
	local i

	for ((i = 0; i < 100; i++)); do
		infra_curl -f "/rows/$1" 2>/dev/null | jq -r ".$2" && return
		sleep 0.1
	done
}

# rows HOST: how many rows this very server has
rows()
{
	infra_sql "$1" 'select count(*) from rows' app
}

answer=$(write "first row")
number=$(jq -r .id <<<"$answer")
check_is "a row is written by the write address, at the primary" "$(jq -r .server <<<"$answer")" "${INFRA_BACK[pg1]}"
check_is "and read back by the read address" "$(read_back "$number" text)" "first row"
check_is "from the replica" "$(read_back "$number" server)" "${INFRA_BACK[pg2]}"
infra_ask many 20 2 /rows "many"
infra_asked many
check_is "40 writes: all reach the primary, none a replica" \
	"$(infra_answers many | jq -r .server | lab_tally)" "${INFRA_BACK[pg1]}=40"
check_is "Prometheus is quiet" "$(infra_alerts)" ""

infra_end pg2 INT
reads_from()
{
	[ "$(infra_curl "/rows/$number" | jq -r .server)" = "${INFRA_BACK[$1]}" ]
}
check "the replica dies: the primary is the last resort for reads" lab_wait 20 reads_from pg1
check "which raises its alert, and no other" lab_wait 20 infra_alerts_are PoiseBackendDown
infra_pg pg2
check "the replica is back: reads are its again" lab_wait 20 reads_from pg2

# The primary dies, and the replica is promoted.
infra_ask writes 10 12 /rows "while it dies"
sleep 2
kill -KILL "${INFRA_PIDS[pg1]}"
{ wait "${INFRA_PIDS[pg1]}"; } 2>/dev/null
sleep 1
infra_sql pg2 'select pg_promote()' >"$LAB/promoted"
promoted=$(infra_second writes)
infra_asked writes
check_is "pg_promote promotes" "$(cat "$LAB/promoted")" t
first=$(awk -v from="$promoted" '$1 >= from && /"id"/ { print int(($1 - from) * 1000); exit }' "$LAB/writes.asked")
check_range "writes go to the new primary within 2 s of its promotion (ms)" "$first" 0 2000
check_is "and all after that" "$(infra_answers writes "$(awk -v t="$promoted" 'BEGIN { print t + 2 }')" |
	jq -r '.server // "none"' 2>&1 | sort -u)" "${INFRA_BACK[pg2]}"
check_is "none ever reached a server that only reads" "$(grep -c 'read-only' "$LAB/writes.asked")" 0
check_is "what was acknowledged by the new one is there" "$(infra_answers writes | grep -c "${INFRA_BACK[pg2]}")" \
	"$(infra_sql pg2 "select count(*) from rows where text = 'while it dies' and id > (select max(id) from rows) -
		$(infra_answers writes | grep -c "${INFRA_BACK[pg2]}")" app)"

# The old primary comes back and knows nothing of it.
infra_end pg1
infra_pg pg1
before=$(rows pg1)
check "the old primary comes back as a second one: an alert" lab_wait 20 infra_alerts_have PoiseTwoPrimaries
infra_poisectl a services >"$LAB/services"
check "poisectl says so too" grep -qi primar "$LAB/services"
infra_ask split 10 2 /rows "with two primaries"
infra_asked split
check_is "writes are refused" "$(infra_answers split | grep -c '^failed: HTTP/1.1 503')" 20
check_is "and the second primary has got none" "$(rows pg1)" "$before"
infra_end pg1 INT
writes_to()
{
	[ "$(write after | jq -r .server)" = "${INFRA_BACK[$1]}" ]
}
check "it is stopped: writes go on" lab_wait 20 writes_to pg2
infra_replica pg1 pg2
check "it comes back as a replica: it serves reads" lab_wait 20 reads_from pg1
check "and nothing is wrong any more" lab_wait 20 infra_alerts_are ""
check_done
