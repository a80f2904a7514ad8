# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The router, and what decides which balancer gets the packets: the files of configs/ha, with the paths of the lab.

infra_router()
{
	mkdir -p "$LAB/router"
	if [ "$INFRA_ENGINE" = bgp ]; then
		cp "$lab_root/configs/ha/bird/router.conf" "$LAB/router/bird.conf"
		infra_bird router
	else
		ip -n router route add 203.0.113.0/24 via 192.0.2.4
	fi
}

# infra_bird HOST: with the files in its directory.
infra_bird()
{
	infra_spawn "bird-$1" "$1" bird -f -c "$LAB/$1/bird.conf" -s "$LAB/$1/bird.ctl" -P "$LAB/$1/bird.pid"
}

# infra_ha HOST: keepalived, BIRD, and the watch that tells them about Poise.
infra_ha()
{
	local directory=$LAB/$1 conf=keepalived/keepalived.conf

	if [ "$INFRA_ENGINE" = bgp ]; then
		conf=bird/keepalived.conf
		cp "$lab_root/configs/ha/bird/bird.conf" "$directory/"
		echo "define NODE_ADDRESS = ${INFRA_FRONT[$1]};" >"$directory/node.conf"
		infra_bird "$1"
	fi
	sed "s|/run/poise/|$directory/|" "$lab_root/configs/ha/$conf" >"$directory/keepalived.conf"
	infra_spawn "keepalived-$1" "$1" keepalived --dont-fork --log-console --log-detail --vrrp --config-id "$1" \
		-f "$directory/keepalived.conf" -p "$directory/keepalived.pid" -r "$directory/vrrp.pid"
	infra_poise_ha_environment "$1"
	infra_spawn "watch-$1" "$1" env "${infra_environment[@]}" "$lab_root/configs/ha/poise-ha" watch
}

infra_poise_ha_environment()
{
	infra_environment=(POISE_HA_RUN="$LAB/$1" POISE_HA_BIRDC="birdc -s $LAB/$1/bird.ctl"
		POISE_HA_POISECTL="$LAB_BUILD/control/poisectl -s $LAB/$1/control.sock")
	[ "$INFRA_ENGINE" = bgp ] || infra_environment+=(POISE_HA_BIRDC=none)
}

# infra_poise_ha HOST drain|enable|status
infra_poise_ha()
{
	infra_poise_ha_environment "$1"
	lab_in "$1" env "${infra_environment[@]}" "$lab_root/configs/ha/poise-ha" "$2"
}

# Which balancer has an address? infra_owner [ADDRESS]: a, b, both, none.
infra_owner()
{
	local host owners=

	for host in a b; do
		ip -n "$host" -4 -o address show | grep -qF " ${1:-192.0.2.4}/" && owners=$owners$host
	done
	case $owners in
	ab) echo both ;;
	'') echo none ;;
	*) echo "$owners" ;;
	esac
}

# Who has which address of those that move.
infra_owners()
{
	local address addresses="192.0.2.4 10.20.0.1 10.20.0.4"

	[ "$INFRA_ENGINE" = bgp ] && addresses="10.20.0.1 10.20.0.4 10.20.0.5"
	for address in $addresses; do
		printf '%s=%s ' "$address" "$(infra_owner "$address")"
	done
	echo
}

# Does everybody have what is his while nothing is broken? With VRRP one of them has all.
infra_settled()
{
	case "$INFRA_ENGINE $(infra_owners)" in
	'vrrp 192.0.2.4=a 10.20.0.1=a 10.20.0.4=a '*) ;;
	'vrrp 192.0.2.4=b 10.20.0.1=b 10.20.0.4=b '*) ;;
	'bgp 10.20.0.1=a 10.20.0.4=a 10.20.0.5=b '*) infra_announced ab ;;
	*) return 1 ;;
	esac
}

# infra_announced a|b|ab|'': does the router's kernel have exactly these next hops?
infra_announced()
{
	local hops=

	hops=$(ip -n router route show 203.0.113.10 | grep -o 'via 192.0.2.[23]' | sort |
		sed -e 's/via 192.0.2.2/a/' -e 's/via 192.0.2.3/b/' | tr -d '\n')
	[ "$hops" = "$1" ]
}

# infra_owner_is HOST [ADDRESS]
infra_owner_is()
{
	[ "$(infra_owner "${2:-}")" = "$1" ]
}

# infra_host_off HOST: as if its power had failed. Nobody may say goodbye: what could is stopped, then the cables go,
# then it is killed. What lives on without cables is ended by infra_host_kill.
infra_host_off()
{
	local name pids=

	for name in "keepalived-$1" "bird-$1" "watch-$1"; do
		[ -n "${INFRA_PIDS[$name]:-}" ] || continue
		pids="$pids ${INFRA_PIDS[$name]} $(cat "/proc/${INFRA_PIDS[$name]}/task/${INFRA_PIDS[$name]}/children")"
		unset "INFRA_PIDS[$name]"
	done
	# shellcheck disable=SC2086 # a list of process ids
	{ kill -STOP $pids && infra_balancer_unplug "$1" && kill -KILL $pids && wait $pids; } 2>/dev/null
}

infra_host_kill()
{
	infra_host_off "$1"
	infra_balancer_kill "$1"
}

# infra_host_return HOST: it boots.
infra_host_return()
{
	infra_balancer_links "$1"
	rm -f "$LAB/$1/ha-fault"
	infra_balancer "$1"
	infra_ha "$1"
}
