#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# One of two workers hangs, the other goes on: at its own queue the XDP program takes over, at the other worker's queue
# that worker stands in, since its flows would else wait in a ring that nobody empties.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open hung

lab_topology 2 2
lab_nginx 1
lab_nginx 2
lab_memory
lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")" "workers = 2;" "queues = 2;"

# The thread that runs a worker: as DPDK names it, by the worker's lcore.
thread_of()
{
	local lcore task

	lcore=$(poisectl -j status | jq ".workers[$1].lcore")
	for task in /proc/"$(lab_dataplane)"/task/*; do
		grep -Eq "^(lcore-worker-|rte-worker-)$lcore\$" "$task/comm" && basename "$task"
	done
}

# Stop one thread alone, as a debugger does, while COMMAND runs: a signal would stop the whole process.
hang_thread()
{
	local thread=$1

	shift
	/usr/bin/python3 - "$thread" "$@" <<'END'
import ctypes
import os
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
SEIZE, INTERRUPT, DETACH, ALL_THREADS = 0x4206, 0x4207, 17, 0x40000000
thread = int(sys.argv[1])
if libc.ptrace(SEIZE, thread, None, None) or libc.ptrace(INTERRUPT, thread, None, None):
    sys.exit("ptrace: " + os.strerror(ctypes.get_errno()))
os.waitpid(thread, ALL_THREADS)
status = subprocess.run(sys.argv[2:]).returncode
libc.ptrace(DETACH, thread, None, None)
sys.exit(status)
END
}

in_client()
{
	echo nsenter --net=/run/netns/client -- curl -s --max-time 10 --connect-timeout 3 -w '%{http_code}\n' \
		-o /dev/null
}

for worker in 0 1; do
	thread=$(thread_of "$worker")
	[ -n "$thread" ] || continue # the main lcore runs it: it cannot be stopped alone
	check_is "100 requests before worker $worker hangs" "$(lab_requests 100 | grep -c '^web[12]$')" 100
	# shellcheck disable=SC2046 # a list of words
	check_is "100 requests while it hangs" \
		"$(hang_thread "$thread" $(in_client) "http://$lab_vip/?[1-100]" | grep -c 200)" 100
	hung=yes
	check_is "100 requests after it went on" "$(lab_requests 100 | grep -c '^web[12]$')" 100
done
check "a worker was made to hang" [ "${hung:-}" = yes ]
check_done
