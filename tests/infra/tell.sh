# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# What `make infra` says, and the commands it takes from other terminals. Those that start or end something are done by
# the process that made the infrastructure, since that is whose end they must not outlive.

tell_map()
{
	local how="keepalived: one of A and B has everything, the other waits"

	[ "$INFRA_ENGINE" = bgp ] && how="BIRD: the router shares connections between A and B"
	cat <<-END

	   client 198.51.100.10
	     |
	   router 198.51.100.1 / 192.0.2.1              $how
	     |                  |
	   A 192.0.2.2 <-sync-> B 192.0.2.3             Poise
	     |                  |
	   --+--------+---------+---------+---------+---- 10.20.0.0/24
	     |        |         |         |         |
	   web1 .11  web2 .12  standby   pg1 .21   pg2 .22   monitor .30
	   nginx, TLS ends     .13       primary   replica   Prometheus

	   service   address             servers
	   web       $INFRA_WEB:443    web1 and web2 in turn; standby when both are gone
	   status    $INFRA_STATUS:443    web1; standby when it is gone
	   db-write  $INFRA_DB_WRITE:5432   the primary and nobody else
	   db-read   $INFRA_DB_READ:5432   the replica; the primary when there is none
	END
}

tell_recipe()
{
	cat <<-END

	From another terminal: scripts/infra join    a shell in which these work
	                       scripts/infra run COMMAND ARGUMENTS

	  look    requests 100          who answered; every request verifies the certificate
	          row "hello"           written by db-write, read back by db-read
	          a poisectl backends   also: status services flows events doctor; b poisectl ...
	          owners                which balancer has which address
	          alerts                what Prometheus warns of
	          router ip route       every host is a command: client router a b web1 web2 ...
	  break   break web1            then: requests 100; repair web1
	          drain a               a planned move; enable a
	          break a               its power fails; repair a
	          break pg1, promote    the primary dies, the replica is promoted; repair pg1 follows it
	  try     promote               without breaking pg1: two primaries, writes are refused, an alert

	Logs: $LAB. Ctrl-C ends everything.
	END
}

# The shell of the other terminal reads this at its start.
tell_commands()
{
	local host

	declare -p LAB LAB_BUILD INFRA_ENGINE INFRA_PG
	echo ". '$infra_directory/infra.sh'; . '$infra_directory/tell.sh'"
	echo "PS1='infra# '; cd '$LAB'"
	for host in client router web1 web2 standby pg1 pg2 monitor; do
		echo "$host() { lab_in $host \"\$@\"; }"
	done
	echo "a() { tell_balancer a \"\$@\"; }; b() { tell_balancer b \"\$@\"; }"
	echo 'requests() { infra_requests "${1:-100}" | lab_tally; }'
	echo 'row() { tell_row "$@"; }; owners() { infra_owners; }; alerts() { infra_alerts; }'
	for host in break repair drain enable promote; do
		echo "$host() { tell_ask $host \"\$@\"; }"
	done
	echo "export -f $(echo client router web1 web2 standby pg1 pg2 monitor a b)" '2>/dev/null'
}

tell_balancer()
{
	local host=$1

	shift
	if [ "${1:-}" = poisectl ]; then
		shift
		infra_poisectl "$host" "$@"
	else
		lab_in "$host" "$@"
	fi
}

# Write a row through the application, and read it back until the replica has it.
tell_row()
{
	local answer number i

	answer=$(infra_curl -X POST -d "${1:-hello}" /rows) || return 1
	echo "written: $answer"
	number=$(jq -r '.id // empty' <<<"$answer")
	[ -n "$number" ] || return 1
	for ((i = 0; i < 20; i++)); do
		answer=$(infra_curl -f "/rows/$number" 2>/dev/null) && break
		sleep 0.1
	done
	echo "read:    $answer"
	[ -n "$answer" ]
}

# In the other terminal: have something done, and show what it said.
tell_ask()
{
	local answer=$LAB/answer.$BASHPID

	mkfifo -m 600 "$answer" || return 1
	printf '%q ' "$answer" "$@" >"$LAB/requests.line"
	echo >>"$LAB/requests.line"
	cat "$LAB/requests.line" >"$LAB/requests"
	timeout 60 cat "$answer"
	rm -f "$answer"
}

# Do what the other terminals ask for, until this process is ended.
tell_serve()
{
	local line requests

	mkfifo -m 600 "$LAB/requests" && exec {requests}<>"$LAB/requests"
	while read -r line <&"$requests"; do
		eval "set -- $line"
		tell_do "${@:2}" >"$1" 2>&1
	done
}

tell_do()
{
	case "${1:-} ${2:-}" in
	'break a' | 'break b') infra_host_kill "$2" && echo "the power of $2 has failed" ;;
	'repair a' | 'repair b') infra_host_return "$2" && echo "$2 boots" ;;
	'break web1' | 'break web2' | 'break standby') infra_web_kill "$2" && echo "$2 is killed" ;;
	'repair web1' | 'repair web2' | 'repair standby') infra_web "$2" && echo "$2 serves" ;;
	'break pg1' | 'break pg2') infra_end "$2" QUIT && echo "$2 is killed" ;;
	'repair pg1') infra_replica pg1 pg2 && echo "pg1 follows pg2" ;;
	'repair pg2') infra_replica pg2 pg1 && echo "pg2 follows pg1" ;;
	'promote '*) infra_sql pg2 'select pg_promote()' >/dev/null && echo "pg2 is a primary" ;;
	'drain a' | 'drain b' | 'enable a' | 'enable b') infra_poise_ha "$2" "$1" && echo "done; owners tells" ;;
	*) echo "break|repair a|b|web1|web2|standby|pg1|pg2, drain|enable a|b, promote" ;;
	esac
}

# Try it without anybody watching; 0 when everything is as it should be.
tell_try()
{
	local wrong=0 tally

	tally=$(infra_requests 100 | lab_tally)
	echo "100 requests: $tally"
	[ "$tally" = "web1=50 web2=50" ] || wrong=1
	if grep -q db-write "$LAB/a/poise.conf"; then
		tell_row "a row" || wrong=1
	fi
	infra_host_kill a
	lab_wait 5 infra_request || wrong=1
	tally=$(infra_requests 100 | lab_tally)
	echo "100 requests after the power of A failed: $tally"
	[ "$tally" = "web1=50 web2=50" ] || wrong=1
	return "$wrong"
}
