# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The network of a lab:
#
#   client ---------- lb ---------- switch ---- web1, web2, ...
#   10.1.0.2/24   front  back     (bridge)      10.2.0.11, .12, ...
#               10.1.0.1  10.2.0.1              default route by 10.2.0.1
#
# The service address 10.1.0.100 belongs to no kernel; Poise answers for it.

lab_vip=10.1.0.100

lab_namespace()
{
	ip netns add "$1" && ip -n "$1" link set lo up
}

# lab_link NAMESPACE DEVICE NAMESPACE DEVICE [QUEUES]: a veth pair, both ends up, no IPv6.
lab_link()
{
	local queues="numtxqueues ${5:-1} numrxqueues ${5:-1}"

	# shellcheck disable=SC2086 # a list of words
	ip -n "$1" link add "$2" $queues type veth peer name "$4" $queues netns "$3" || return 1
	lab_in "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=1" 2>/dev/null
	lab_in "$3" sysctl -qw "net.ipv6.conf.$4.disable_ipv6=1" 2>/dev/null
	ip -n "$1" link set "$2" up && ip -n "$3" link set "$4" up
}

# A host's interface: veth hands packets over with the checksum left to hardware that does not exist; a
# translated packet must carry a real one.
lab_host()
{
	lab_in "$1" ethtool -K "$2" tx off >/dev/null
}

# The peer of an interface that XDP sends to: without GRO (or a program) veth drops such frames silently.
lab_peer()
{
	lab_in "$1" ethtool -K "$2" gro on >/dev/null
}

# lab_bridge NAMESPACE DEVICE [OPTIONS...]: a switch that forwards at once.
lab_bridge()
{
	ip -n "$1" link add "$2" type bridge forward_delay 0 "${@:3}" && ip -n "$1" link set "$2" up
}

# lab_plug NAMESPACE DEVICE SWITCH PORT BRIDGE: a cable from an interface to a port of a bridge in namespace SWITCH.
lab_plug()
{
	lab_link "$1" "$2" "$3" "$4" && ip -n "$3" link set "$4" master "$5" && lab_peer "$3" "$4"
}

# lab_backend NUMBER: namespace webNUMBER behind the switch.
lab_backend()
{
	lab_namespace "web$1" &&
		lab_link "web$1" eth0 switch "web$1" &&
		ip -n switch link set "web$1" master br0 &&
		ip -n "web$1" address add "10.2.0.$((10 + $1))/24" dev eth0 &&
		ip -n "web$1" route add default via 10.2.0.1 &&
		lab_host "web$1" eth0
}

# lab_far: a host 10.9.0.2 behind client, which routes for it over a link with an MTU of 1300. After lab_topology.
lab_far()
{
	lab_namespace far && lab_link far eth0 client far || lab_die "cannot make the far host"
	ip -n far address add 10.9.0.2/24 dev eth0
	ip -n far route add default via 10.9.0.1
	ip -n client address add 10.9.0.1/24 dev far
	ip -n client link set far mtu 1300
	lab_in client sysctl -qw net.ipv4.ip_forward=1
	ip -n lb route add 10.9.0.0/24 via 10.1.0.2
	lab_host far eth0
	lab_host client far
}

# lab_topology [BACKENDS [QUEUES]]: everything in the picture.
lab_topology()
{
	local i

	for i in client lb switch; do
		lab_namespace "$i" || lab_die "cannot make a network namespace"
	done
	lab_link client eth0 lb front "${2:-1}" && lab_link lb back switch lb "${2:-1}" ||
		lab_die "cannot make a veth pair"
	lab_bridge switch br0 || lab_die "cannot make a bridge"
	ip -n switch link set lb master br0
	ip -n client address add 10.1.0.2/24 dev eth0
	ip -n client route add default via 10.1.0.1
	ip -n lb address add 10.1.0.1/24 dev front
	ip -n lb address add 10.2.0.1/24 dev back
	lab_in lb sysctl -qw net.ipv4.ip_forward=1
	lab_host client eth0
	lab_peer client eth0
	lab_peer switch lb
	for ((i = 1; i <= ${1:-2}; i++)); do
		lab_backend "$i" || lab_die "cannot make backend $i"
	done
}
