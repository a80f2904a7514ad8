# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Results of a system test: one line "ok - TEXT" or "not ok - TEXT" a case, which tests/run counts.

check_failed=0

ok()
{
	echo "ok - $*"
}

not_ok()
{
	echo "not ok - $*"
	check_failed=$((check_failed + 1))
}

# check TEXT COMMAND...: the command succeeds. Its output is shown when it does not.
check()
{
	local text=$1 output

	shift
	if output=$("$@" 2>&1); then
		ok "$text"
	else
		not_ok "$text"
		printf '%s\n' "$output" | tail -n 12 | sed 's/^/    /'
		return 1
	fi
}

# check_is TEXT GOT WANTED
check_is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1: got '$2', wanted '$3'"
		return 1
	fi
}

# check_range TEXT GOT LOWEST HIGHEST
check_range()
{
	if [ "${2:-x}" -ge "$3" ] 2>/dev/null && [ "$2" -le "$4" ]; then
		ok "$1"
	else
		not_ok "$1: got '$2', wanted $3 to $4"
		return 1
	fi
}

# Last line of a test: shows the logs when something failed.
check_done()
{
	local log

	[ "$check_failed" = 0 ] && exit 0
	for log in "$LAB"/poised*.log; do
		[ -f "$log" ] && echo "--- ${log##*/}" && tail -n 30 "$log"
	done
	exit 1
}
