#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A dataplane that crashes again and again stays away; one that is restarted as planned loses nothing.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open crash-loop

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
services=$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")

# The real one, unless the file is there: then it dies as a bug would make it, once it has started.
cat >"$LAB/dataplane" <<END
#!/bin/bash
[ -e "$LAB/broken" ] || exec "$LAB_BUILD/dataplane/poise-dataplane" "\$@"
kill -SEGV \$\$
END
chmod +x "$LAB/dataplane"
export POISE_DATAPLANE=$LAB/dataplane
lab_start "$services"
status()
{
	poisectl -j status | jq -r "$1"
}

# planned restarts under load
lab_spawn probe client ping -q -i 0.002 -c 1000 "$lab_vip"
probe=$LAB_PID
lab_spawn wrk client wrk -t 1 -c 10 -d 5 --timeout 5 "http://$lab_vip/keep/"
wrk=$LAB_PID
sleep 0.3
before=$(lab_dataplane)
check "poisectl restart" poisectl restart
other()
{
	[ "$(lab_dataplane)" != "$before" ] && lab_is_ready && [ "$(status .path.carries)" = dpdk ]
}
check "another dataplane takes over" lab_wait 20 other
before=$(lab_dataplane)
check "poisectl restart, again" poisectl restart
check "another one again" lab_wait 20 other
wait "$probe"
check_is "two planned restarts: no packet of 1000 lost" \
	"$(grep -oE '[0-9]+ received' "$LAB/probe.log")" "1000 received"
wait "$wrk"
check_is "and no request failed" "$(grep -E 'Socket errors|Non-2xx' "$LAB/wrk.log")" ""
check_is "they were planned" "$(lab_in lb curl -s http://127.0.0.1:9650/metrics |
	grep -E '^poise_dataplane_ends_total' | sort)" 'poise_dataplane_ends_total{reason="failed"} 0
poise_dataplane_ends_total{reason="killed"} 0
poise_dataplane_ends_total{reason="planned"} 2'

# the crash loop
touch "$LAB/broken"
lab_spawn wrk2 client wrk -t 1 -c 10 -d 8 --timeout 5 "http://$lab_vip/keep/"
wrk=$LAB_PID
kill -SEGV "$(lab_dataplane)"
looping()
{
	[ "$(status .dataplane.crash_loop)" = true ]
}
check "after some ends it is a crash loop" lab_wait 25 looping
check_is "said once" "$(grep -c 'ended 5 times within 30 seconds' "$LAB/poised.log")" 1
check_is "the kernel carries" "$(status '(.ready | tostring) + " " + .path.carries + " " + .dataplane.state')" \
	"true xdp backoff"
check_range "the next start is seconds away" "$(status '.dataplane.next_start_s | floor')" 3 300
check_is "status says so to people" "$(poisectl status | grep -c 'crash loop, next start in')" 1
check_is "an alarm for Prometheus" "$(lab_in lb curl -s http://127.0.0.1:9650/metrics |
	grep '^poise_dataplane_crash_loop')" "poise_dataplane_crash_loop 1"
check_is "served, exactly" "$(lab_requests 40 | lab_tally)" "web1=20 web2=20"
wait "$wrk"
check_is "no request failed meanwhile" "$(grep -E 'Socket errors|Non-2xx' "$LAB/wrk2.log")" ""

# repaired
rm "$LAB/broken"
check "poisectl restart does not wait" poisectl restart
before=0
check "the dataplane is back" lab_wait 20 other
check_is "no crash loop any more" "$(status .dataplane.crash_loop)" false
check_is "served" "$(lab_requests 20 | lab_tally)" "web1=10 web2=10"
check_done
