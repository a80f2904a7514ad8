#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A million flows, made by the data path from a capture. Clients who ask for them, some of which never read the answer,
# hurt nobody: others are answered in time, health checks begin in time, memory is bounded, the counts are right.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open many_flows

flows=1000000
tool=$lab_root/tests/lib/many_flows.py
lab_namespace lb
ip -n lb address add 10.10.0.13/32 dev lo
/usr/bin/python3 "$tool" capture "$LAB/in.pcap" $flows
cat >"$LAB/poise.conf" <<END
dataplane = { mode = "vdev"; max_flows = 1048576; eal = [ "--no-huge", "-m", "256" ]; };
ports = ( { name = "wire"; vdev = "net_pcap0,rx_pcap=$LAB/in.pcap,tx_pcap=/dev/null"; mac = "02:00:00:00:00:01"; } );
services = (
  { name = "web"; vip = "203.0.113.10"; port = 80; health = { type = "none"; }; timeouts = { half_open_s = 3600; };
    backends = ( { name = "web1"; address = "10.10.0.11"; }, { name = "web2"; address = "10.10.0.12"; } ); },
  { name = "checked"; vip = "203.0.113.11"; port = 80;
    health = { type = "tcp"; interval_ms = 100; timeout_ms = 100; };
    backends = ( { name = "server"; address = "10.10.0.13"; } ); }
);
neighbors = ( { address = "0.0.0.0/0"; mac = "02:00:00:00:02:01"; port = "wire"; } );
metrics = { listen = "127.0.0.1:9650"; };
control = { socket = "$LAB/control.sock"; };
END
lab_spawn listener lb /usr/bin/python3 "$tool" listen 10.10.0.13 "$LAB/checks"
lab_poised
lab_ready 20 || lab_die "Poise does not become ready"

all_there()
{
	[ "$(poisectl -j flows limit=0 | jq .matched)" = $flows ]
}
check "the data path made $flows flows" lab_wait 60 all_there || poisectl counters
lab_in lb /usr/bin/python3 "$tool" ask "$LAB/control.sock" "$LAB_POISED" 5 >"$LAB/found"
found()
{
	jq "$1" "$LAB/found"
}
echo "$(found .answers) answers of 10000 flows; others waited $(found .p99_ms) ms at the 99th percentile," \
	"$(found .most_ms) ms at most, $(found .asked) times; $(found .more_mib) MiB more"
check_range "flows were answered meanwhile" "$(found .answers)" 5 100000
check_is "each answer had what was asked for" "$(found .rows)" 10000
check_range "others were answered within 100 ms" "$(found .p99_ms)" 0 100
check_range "memory is bounded, MiB" "$(found .more_mib)" 0 128
read -r checks late gap < <(awk -v begin="$(found .begin)" -v end="$(found .end)" '$1 >= begin && $1 <= end {
	if (last) { gap = $1 - last; if (gap > most) most = gap; if (gap > 0.25) late++; n++ } last = $1 }
	END { printf "%d %d %d\n", n, late, most * 1000 }' "$LAB/checks")
echo "$checks checks meanwhile, $late more than 250 ms after the one before, $gap ms at most"
check_range "checks of 100 ms went on" "$checks" 30 100
check_range "on time, but for what a busy machine holds up" "$late" 0 $((checks / 20 + 1))
check_range "no pause was long, in ms" "$gap" 1 1000
check_is "half of them at each backend" "$(poisectl -j flows backend=web1 limit=0 | jq .matched)" $((flows / 2))
check_is "one client's is found" "$(poisectl -j flows client=100.64.1.2 | jq -r '.flows[].client')" "100.64.1.2:40000"
told()
{
	[ "$(lab_in lb curl -s http://127.0.0.1:9650/metrics |
		awk '/^poise_service_flows_active\{service="web"\}/ { printf "%d", $2 }')" = $flows ]
}
check "the metrics have all of them" lab_wait 10 told
check_done
