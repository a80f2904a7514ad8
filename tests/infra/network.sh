# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Hosts, switches and addresses. Two switches (bridges) in one namespace: front between router and balancers, back
# between balancers and servers. The sync link of the balancers is a cable.

INFRA_CA_NAME=www.example.test
INFRA_WEB=203.0.113.10
INFRA_STATUS=203.0.113.30
INFRA_DB_WRITE=203.0.113.20
INFRA_DB_READ=203.0.113.21
INFRA_CLIENT=198.51.100.10
INFRA_DENIED=198.51.100.66
INFRA_LIMITED=198.51.100.77
declare -A INFRA_BACK=([a]=10.20.0.2 [b]=10.20.0.3 [web1]=10.20.0.11 [web2]=10.20.0.12 [standby]=10.20.0.13
	[pg1]=10.20.0.21 [pg2]=10.20.0.22 [monitor]=10.20.0.30)
declare -A INFRA_FRONT=([router]=192.0.2.1 [a]=192.0.2.2 [b]=192.0.2.3)
declare -A INFRA_SYNC=([a]=10.30.0.1 [b]=10.30.0.2)

# infra_plug HOST DEVICE BRIDGE: a cable from the host to a switch.
infra_plug()
{
	lab_plug "$1" "$2" switch "$1-$2" "$3" && lab_host "$1" "$2"
}

# A server on the back switch; its way out is the balancers' address there.
infra_server()
{
	lab_namespace "$1" && infra_plug "$1" eth0 back &&
		ip -n "$1" address add "${INFRA_BACK[$1]}/24" dev eth0 &&
		ip -n "$1" route add default via 10.20.0.1
}

# infra_balancer_links a|b: interfaces up with their own addresses and routes; also after they were down.
infra_balancer_links()
{
	local device

	for device in front back sync; do
		ip -n "$1" link set "$device" up || return 1
	done
	ip -n "$1" address replace "${INFRA_FRONT[$1]}/24" dev front &&
		ip -n "$1" address replace "${INFRA_BACK[$1]}/24" dev back &&
		ip -n "$1" address replace "${INFRA_SYNC[$1]}/30" dev sync &&
		ip -n "$1" route replace default via "${INFRA_FRONT[router]}"
}

# As if the power had failed: nothing leaves and nothing comes in any more.
infra_balancer_unplug()
{
	printf 'link set %s down\n' front back sync | ip -n "$1" -batch -
}

infra_network()
{
	local host

	for host in switch client router a b; do
		lab_namespace "$host" || lab_die "cannot make a network namespace"
	done
	for host in front back; do
		lab_bridge switch "$host" mcast_snooping 0 || lab_die "cannot make a bridge"
	done
	lab_link client eth0 router clients && lab_host client eth0 || lab_die "cannot make a veth pair"
	infra_plug router front front || lab_die "cannot plug in the router"
	for host in "$INFRA_CLIENT" "$INFRA_DENIED" "$INFRA_LIMITED"; do
		ip -n client address add "$host/24" dev eth0
	done
	ip -n client route add default via 198.51.100.1
	ip -n router address add 198.51.100.1/24 dev clients
	ip -n router address add "${INFRA_FRONT[router]}/24" dev front
	lab_in router sysctl -qw net.ipv4.ip_forward=1 net.ipv4.fib_multipath_hash_policy=1
	lab_link a sync b sync || lab_die "cannot make the sync link"
	for host in a b; do
		infra_plug "$host" front front && infra_plug "$host" back back && infra_balancer_links "$host" ||
			lab_die "cannot plug in balancer $host"
		lab_in "$host" sysctl -qw net.ipv4.ip_forward=1
	done
	for host in web1 web2 standby pg1 pg2 monitor; do
		infra_server "$host" || lab_die "cannot make server $host"
	done
}
