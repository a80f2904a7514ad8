#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Every answer of poisectl as docs/json-schema.json says and on a terminal of 80 columns, the log in JSON, events that
# are followed, and names that bash completes.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open answers

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
{
	lab_config "$(lab_service web 80 'scheduler = "wrr";' "$(lab_backends 2)")"
	# A peer that is not there: of a pair there is something to tell all the same.
	echo "ha = { node = 1; listen = \"127.0.0.1:9651\"; peer = \"127.0.0.2:9651\"; join_timeout_s = 1;"
	echo "  key_file = \"$LAB/key\"; };"
} >"$LAB/poise.conf"
(umask 077 && head -c 32 /dev/urandom >"$LAB/key")
sed 's/"web2"/"web9"/' "$LAB/poise.conf" >"$LAB/new.conf"
lab_poised --log-format json
lab_ready 20 || lab_die "Poise does not become ready"
lab_requests 20 >/dev/null

poisectl -j trace -c 5 >"$LAB/trace.json" &
tracing=$!
traced()
{
	lab_requests 1
	! lab_alive "$tracing"
}
lab_wait 20 traced || lab_die "trace sees no packet"
wait "$tracing"

# complete WORDS...: what bash offers behind poisectl WORDS.
complete_names()
{
	# shellcheck disable=SC2016 # for the other bash
	lab_in lb env POISE_SOCKET="$LAB/control.sock" bash --norc -c '. "$1"; shift; COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1)); _poisectl; echo "${COMPREPLY[@]}"' \
		bash "$LAB_BUILD/control/completion/poisectl" "$LAB_BUILD/control/poisectl" "$@"
}
check_is "bash completes backends" "$(complete_names drain web)" "web1 web2 web/web1 web/web2"
check_is "bash completes the service's name in a filter" "$(complete_names flows service = w)" "web"
check_is "bash completes with another socket" "$(complete_names -s "$LAB/control.sock" weight web2)" "web2"
check_is "bash completes nothing without poised" "$(complete_names -s "$LAB/none.sock" weight web2)" ""

lab_in lb /usr/bin/python3 -B "$lab_root/tests/lib/answers.py" "$LAB_BUILD/control/poisectl" "$LAB" || check_failed=1
check_done
