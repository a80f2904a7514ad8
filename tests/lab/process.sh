# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Running things in the namespaces of a lab.

# lab_in NAMESPACE COMMAND...: run and wait. Not `ip netns exec`: that mounts another /sys and hides bpffs.
lab_in()
{
	local namespace=$1

	shift
	nsenter --net="/run/netns/$namespace" -- "$@"
}

# lab_spawn NAME NAMESPACE COMMAND...: run in the background, output in $LAB/NAME.log, process id in $LAB_PID.
# The process gets SIGTERM should this shell vanish, and no Ctrl-C of the terminal. Never call in a subshell.
lab_spawn()
{
	local name=$1 namespace=$2

	shift 2
	setsid setpriv --pdeathsig TERM nsenter --net="/run/netns/$namespace" -- "$@" \
		>>"$LAB/$name.log" 2>&1 </dev/null &
	LAB_PID=$!
	LAB_PIDS+=("$LAB_PID")
}

# Is process PID there and not a zombie?
lab_alive()
{
	local state

	state=$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null) || return 1
	[ -n "$state" ] && [ "$state" != Z ]
}

# lab_stop PID [SIGNAL]: end a process of lab_spawn and wait for it; after 10 seconds by force, which returns 1.
lab_stop()
{
	local i

	kill "-${2:-TERM}" "$1" 2>/dev/null
	for ((i = 0; i < 100; i++)); do
		if ! lab_alive "$1"; then
			wait "$1" 2>/dev/null
			return 0
		fi
		sleep 0.1
	done
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 1
}

# Last started first, so that Poise is given the time to clean up while its neighbours still live.
lab_stop_all()
{
	local i

	for ((i = ${#LAB_PIDS[@]} - 1; i >= 0; i--)); do
		lab_alive "${LAB_PIDS[i]}" && lab_stop "${LAB_PIDS[i]}"
	done
	LAB_PIDS=()
}

# lab_wait SECONDS COMMAND...: until the command succeeds; 1 when it did not for all of these seconds. How long it took
# proves nothing about Poise, since the machine may be busy: be generous, and where time is the point, measure it.
lab_wait()
{
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))

	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -ge "$end" ] && return 1
		sleep 0.1
	done
}
