#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A real Prometheus scrapes a real poised, with the alerts and the queries of the dashboard that come along.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
lab_open prometheus

lab_topology 2
lab_nginx 1
lab_nginx 2
lab_memory
{
	lab_config "$(lab_service web 80 'scheduler = "rr";' "$(lab_backends 2)")"
	# One of a pair, so that all metrics are there.
	echo "ha = { node = 1; listen = \"127.0.0.1:9651\"; peer = \"127.0.0.2:9651\"; join_timeout_s = 1;"
	echo "  key_file = \"$LAB/key\"; };"
} >"$LAB/poise.conf"
(umask 077 && head -c 32 /dev/urandom >"$LAB/key")
lab_poised
lab_ready 20 || lab_die "Poise does not become ready"

mkdir "$LAB/prometheus"
cp "$lab_root/configs/prometheus/poise.rules.yml" "$LAB/prometheus/"
sed -E 's/(scrape|evaluation)_interval: 5s/\1_interval: 1s/' "$lab_root/configs/prometheus/prometheus.yml" \
	>"$LAB/prometheus/prometheus.yml"
lab_spawn prometheus lb prometheus --config.file="$LAB/prometheus/prometheus.yml" --log.level=warn \
	--storage.tsdb.path="$LAB/prometheus/data" --web.listen-address=127.0.0.1:9090
prometheus=http://127.0.0.1:9090

# query EXPRESSION: the value of its only sample, nothing when there is none
query()
{
	lab_in lb curl -s -m 5 -G "$prometheus/api/v1/query" --data-urlencode "query=$1" |
		jq -r '.data.result | if length == 1 then .[0].value[1] else empty end'
}
# is EXPRESSION VALUE
is()
{
	[ "$(query "$1")" = "$2" ]
}

check "Prometheus scrapes poised" lab_wait 20 is 'up{job="poise"}' 1
check "Poise is ready" lab_wait 10 is poise_up 1
lab_requests 40 >"$LAB/answers"
check "40 connections are seen" lab_wait 10 is 'sum(poise_service_flows_created_total{service="web"})' 40
check "half of them at each backend" lab_wait 10 is 'poise_backend_flows_created_total{backend="web1"}' 20
check_is "Prometheus warns of nothing" "$(wc -l <"$LAB/prometheus.log")" 0
check "the path is dpdk" lab_wait 10 is 'poise_path{path="dpdk"}' 1
check "connections are told by state" lab_wait 10 is 'sum(poise_flows) == bool sum(poise_flow_table_used)' 1
check "every query of dashboard and alerts is understood, and finds its metrics" \
	lab_in lb /usr/bin/python3 "$lab_directory/dashboard.py" "$prometheus"
# On a busy machine a worker may miss its beat, and a scrape see the kernel carry for a moment: pending, not raised.
# The peer is not there, which is for another test.
others='count(ALERTS{alertname!~"PoiseFallback|PoisePeerLost"} or ALERTS{alertstate="firing"})'
check_is "no alert is raised" "$(query "$others")" ""

# The page and its documentation name the same metrics.
lab_in lb curl -s -m 5 -o "$LAB/metrics" http://127.0.0.1:9650/metrics
check_is "docs/operations.md lists exactly the metrics there are" "$(
	diff <(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$LAB/metrics" | sort -u) <(
		sed -n '/^## Metrics/,/^## Files/{ /^| `poise_/{ s/^|\([^|]*\)|.*/\1/; p } }' \
			"$lab_root/docs/operations.md" | grep -o 'poise_[a-z_]*' | sort -u))" ""
check "promtool finds nothing to complain about" sh -c "promtool check metrics <'$LAB/metrics'"

# A fault is seen, and over
lab_nginx_kill 2
firing='count(ALERTS{alertname="PoiseBackendDown",service="web",backend="web2"})'
check "a dead backend raises its alert" lab_wait 20 is "$firing" 1
check "and no other one" is "$others" 1
lab_nginx 2
gone()
{
	[ -z "$(query "$firing")" ]
}
check "which goes when it is back" lab_wait 20 gone
lab_stop "$LAB_POISED" KILL
check "a killed poised raises its alert" lab_wait 20 is 'count(ALERTS{alertname="PoisedDown"})' 1
lab_poised
check "the next one is scraped" lab_wait 20 is 'up{job="poise"}' 1
check_done
