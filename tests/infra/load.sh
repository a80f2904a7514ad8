# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Connections that live while something breaks.

# infra_hold CONNECTIONS REQUESTS-A-SECOND: begin; returns when all are there.
infra_hold()
{
	mkfifo "$LAB/hold" && exec {INFRA_HOLD}<>"$LAB/hold"
	setsid setpriv --pdeathsig TERM nsenter --net=/run/netns/client -- /usr/bin/python3 "$infra_directory/hold.py" \
		"$INFRA_CLIENT" "$INFRA_WEB" "$INFRA_CA_NAME" "$LAB/ca/ca.pem" "$1" "$2" \
		<"$LAB/hold" >"$LAB/scores" 2>"$LAB/hold.log" &
	INFRA_PIDS[hold]=$!
	LAB_PIDS+=("$!")
	INFRA_HELD=$1
	lab_wait 15 infra_hold_whole || lab_die "no connections: $(tail -n 1 "$LAB/hold.log")"
}

# Do all connections live? A mark of its own.
infra_hold_whole()
{
	infra_mark wait
	[ "$(jq -r .connections <<<"$INFRA_MARK")" = "$INFRA_HELD" ]
}

# infra_mark NAME: end a span; what happened in it is in INFRA_MARK.
infra_mark()
{
	local before i

	before=$(wc -l <"$LAB/scores")
	echo "mark $1" >&"$INFRA_HOLD"
	for ((i = 0; i < 50; i++)); do
		[ "$(wc -l <"$LAB/scores")" -gt "$before" ] && break
		sleep 0.1
	done
	INFRA_MARK=$(tail -n 1 "$LAB/scores")
}

# infra_held TEXT: since the last mark no connection has ended, and now all get answers; at the latest when a segment
# that the event took away is sent for the third time.
infra_held()
{
	local i

	infra_mark "$1"
	INFRA_EVENT=$INFRA_MARK
	echo "    $INFRA_EVENT"
	check_is "$1: no connection is reset" "$(infra_score resets)" 0
	for ((i = 0; i < 6; i++)); do
		sleep 1
		infra_mark after
		[ "$(infra_score answering) $(infra_score resets)" = "$INFRA_HELD 0" ] && break
		[ "$(infra_score resets)" = 0 ] || break
	done
	check_is "$1: all $INFRA_HELD go on" "$(infra_score answering) $(infra_score resets)" "$INFRA_HELD 0"
	INFRA_MARK=$INFRA_EVENT
}

# infra_score FIELD: of the last mark.
infra_score()
{
	jq -r ".$1" <<<"$INFRA_MARK"
}

# infra_ask NAME REQUESTS-A-SECOND SECONDS [PATH [BODY]]: new connections at a rate, in the background; answers in
# $LAB/NAME.asked, and infra_asked NAME waits for the end.
infra_ask()
{
	local name=$1

	shift
	setsid setpriv --pdeathsig TERM nsenter --net=/run/netns/client -- /usr/bin/python3 "$infra_directory/ask.py" \
		"${INFRA_SOURCE:-$INFRA_CLIENT}" "${INFRA_ADDRESS:-$INFRA_WEB}" "$INFRA_CA_NAME" "$LAB/ca/ca.pem" \
		"$@" >"$LAB/$name.asked" 2>"$LAB/$name.log" </dev/null &
	INFRA_PIDS[$name]=$!
	LAB_PIDS+=("$!")
}

# infra_enough NAME: it need not go on until its time is over. infra_asked waits for the answers.
infra_enough()
{
	kill -TERM "${INFRA_PIDS[$1]}" 2>/dev/null
}

infra_asked()
{
	wait "${INFRA_PIDS[$1]}" 2>/dev/null
	[ -s "$LAB/$1.log" ] && tail -n 3 "$LAB/$1.log"
	unset "INFRA_PIDS[$1]"
}

# infra_second NAME: how many seconds after the beginning of infra_ask it is now.
infra_second()
{
	awk -v now="$(date +%s.%N)" '{ printf "%.3f", now - $2; exit }' "$LAB/$1.asked"
}

# infra_answers NAME [FROM [TO]]: answers begun within these seconds.
infra_answers()
{
	awk -v from="${2:-0}" -v to="${3:-1000000}" '
		$1 != "begin" && $1 >= from && $1 < to { $1 = $2 = ""; sub(/^ */, ""); print }' "$LAB/$1.asked"
}
