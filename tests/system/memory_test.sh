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

# Does the dataplane have huge pages? Asked of the process: others on the machine may have some as well.
huge_pages_used()
{
	grep -q "^KernelPageSize: *2048 kB" "/proc/$(lab_dataplane)/smaps" && echo some || echo none
}

for memory in huge ordinary; do
	if [ $memory = huge ] && ! lab_pages 400; then
		echo "skip - the machine gives no huge pages"
		continue
	fi
	[ $memory = huge ] || LAB_EAL='"--no-huge"'
	lab_start "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")"
	check_is "$memory memory: in use" "$(huge_pages_used)" "$([ $memory = huge ] && echo some || echo none)"
	check_is "$memory memory: 100 requests" "$(lab_requests 100 | lab_tally)" "web1=50 web2=50"
	check "$memory memory: an orderly end" lab_stop "$LAB_POISED"
	lab_pages_restore
done
check_done
