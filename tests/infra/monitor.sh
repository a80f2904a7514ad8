# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Prometheus on host monitor, with the alert rules that come along. Both balancers are one job.

# Tests cannot wait as long as an operator can: with INFRA_HASTE every alert that waits, waits 2 seconds.
infra_monitor()
{
	mkdir -p "$LAB/prometheus"
	sed -E "${INFRA_HASTE:+s/for: .*/for: 2s/}" "$lab_root/configs/prometheus/poise.rules.yml" \
		>"$LAB/prometheus/poise.rules.yml"
	sed -E -e 's/(scrape|evaluation)_interval: 5s/\1_interval: 1s/' \
		-e "s/targets: .*/targets: [\"${INFRA_BACK[a]}:9650\", \"${INFRA_BACK[b]}:9650\"]/" \
		"$lab_root/configs/prometheus/prometheus.yml" >"$LAB/prometheus/prometheus.yml"
	infra_spawn prometheus monitor prometheus --config.file="$LAB/prometheus/prometheus.yml" --log.level=warn \
		--storage.tsdb.path="$LAB/prometheus/data" --web.listen-address=127.0.0.1:9090
}

# infra_query EXPRESSION: samples as "LABELS... VALUE", one a line.
infra_query()
{
	lab_in monitor curl -s -m 5 -G http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" |
		jq -r '.data.result[] | "\(.metric | del(.__name__, .job) | to_entries | map("\(.key)=\(.value)") |
			join(" ")) \(.value[1])"'
}

# Names of the alerts that fire, each once, on one line.
infra_alerts()
{
	lab_in monitor curl -s -m 5 http://127.0.0.1:9090/api/v1/alerts |
		jq -r '.data.alerts[] | select(.state == "firing") | .labels.alertname' |
		LC_ALL=C sort -u | paste -sd ' '
}

# infra_alerts_are NAMES: do exactly these fire, in the order of the alphabet?
infra_alerts_are()
{
	[ "$(infra_alerts)" = "$1" ]
}

# infra_alerts_have NAME: is this among them?
infra_alerts_have()
{
	infra_alerts | grep -qw "$1"
}
