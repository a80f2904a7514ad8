# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Balancers a and b: poised and its dataplane, each with its files in $LAB/a and $LAB/b. Their configuration is
# configs/ha/poise.conf, with the changes that it names itself.

# infra_balancer_config HOST: on stdout. INFRA_MODE: af_xdp (default) or xdp.
infra_balancer_config()
{
	local changes=(-e "s|/run/poise/|$LAB/$1/|" -e "s|/etc/poise/|$LAB/etc/|"
		-e "s|mode = \"af_xdp\"|mode = \"${INFRA_MODE:-af_xdp}\"|" -e "s|10\.20\.0\.2:|${INFRA_BACK[$1]}:|"
		-e 's|max_flows = [0-9]*|max_flows = 65536|')

	[ "$1" = b ] && changes+=(-e 's|node = 0|node = 1|'
		-e "/listen = /s|${INFRA_SYNC[a]}|${INFRA_SYNC[b]}|" -e "/peer = /s|${INFRA_SYNC[b]}|${INFRA_SYNC[a]}|")
	case $INFRA_ENGINE$1 in
	bgpa) changes+=(-e 's|nat = "dnat"|nat = "full"|' -e 's|"10\.20\.0\.4" \]|"10.20.0.4", "10.20.0.5" ]|') ;;
	bgpb) changes+=(-e 's|nat = "dnat"|nat = "full"|' -e 's|"10\.20\.0\.4" \]|"10.20.0.5", "10.20.0.4" ]|') ;;
	esac
	sed "${changes[@]}" "$lab_root/configs/ha/poise.conf"
}

# infra_balancer HOST: start poised, which starts the dataplane.
infra_balancer()
{
	mkdir -p "$LAB/$1" "$LAB/etc"
	cp "$LAB/ca/ca.pem" "$LAB/etc/"
	(umask 077 && echo poise >"$LAB/etc/db.password" &&
		{ [ -f "$LAB/etc/sync.key" ] || openssl rand -hex 32 >"$LAB/etc/sync.key"; })
	[ -f "$LAB/$1/poise.conf" ] || infra_balancer_config "$1" >"$LAB/$1/poise.conf"
	[ -x "$LAB_BUILD/control/poised" ] || lab_die "no poised in $LAB_BUILD; build first"
	infra_spawn "poised-$1" "$1" "$LAB_BUILD/control/poised" -c "$LAB/$1/poise.conf" --foreground
}

# infra_poisectl HOST ARGUMENTS...
infra_poisectl()
{
	local host=$1

	shift
	lab_in "$host" "$LAB_BUILD/control/poisectl" -s "$LAB/$host/control.sock" "$@"
}

infra_balancer_ready()
{
	[ "$(infra_poisectl "$1" -j status | jq '.ready and .generation.wanted == (if .dataplane.state == "off"
		then .path.xdp_generation elif .dataplane.state == "running" then .generation.acknowledged
		else null end)')" = true ] &&
		[ "$(infra_poisectl "$1" -j backends | jq '.backends | length > 0 and
			all(.state | IN("up", "standby"))')" = true ]
}

infra_balancer_ready_or_dead()
{
	infra_balancer_ready "$1" || ! lab_alive "${INFRA_PIDS[poised-$1]}"
}

infra_balancer_wait()
{
	lab_wait 30 infra_balancer_ready_or_dead "$1" && lab_alive "${INFRA_PIDS[poised-$1]}" && return 0
	tail -n 15 "$LAB/poised-$1.log" >&2
	infra_poisectl "$1" backends >&2
	lab_die "balancer $1 does not become ready"
}

# infra_balancer_kill HOST: both daemons and the XDP programs, as if Poise had never been there.
infra_balancer_kill()
{
	local dataplane

	dataplane=$(infra_poisectl "$1" -j status | jq -r '.dataplane.pid // empty')
	# shellcheck disable=SC2086 # perhaps there is no dataplane
	kill -KILL "${INFRA_PIDS[poised-$1]}" $dataplane 2>/dev/null
	rm -f /sys/fs/bpf/poise/*-"$1"/link_*
	{ wait "${INFRA_PIDS[poised-$1]}"; } 2>/dev/null
	unset "INFRA_PIDS[poised-$1]"
}
