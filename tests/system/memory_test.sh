#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# With huge pages and without.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open memory

lab_topology 2
lab_nginx 1
lab_nginx 2
for memory in huge ordinary; do
	LAB_EAL='"--no-huge", "-m", "512"'
	if [ $memory = huge ]; then
		if ! lab_pages 256; then
			echo "skip - the machine gives no huge pages"
			continue
		fi
		LAB_EAL='"--in-memory", "-m", "256"'
	fi
	lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")"
	check_is "$memory memory: 100 requests" "$(lab_requests 100 | lab_tally)" "web1=50 web2=50"
	lab_stop "$LAB_POISED"
done
check_is "huge pages are given back" "$(awk '/^HugePages_Total/ { t = $2 } /^HugePages_Free/ { print t - $2 }' \
	/proc/meminfo)" 0
check_done
