# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Two balancers, a and b, before the same backends, with a sync link between them:
#
#   client ---- fronts ---- a, b ---- backs ---- web1, web2
#   10.1.0.2   (bridge)    front: 10.1.0.1, 10.1.0.3    (bridge)   10.2.0.11, 10.2.0.12
#                          back:  10.2.0.1, 10.2.0.3
#                          sync:  10.9.0.1, 10.9.0.2
#
# The service address 10.50.0.100 and the source address 10.60.0.1 of full NAT are routed to a or b: pair_way.

pair_vip=10.50.0.100
pair_snat=10.60.0.1
declare -A PAIR_FRONT=([a]=10.1.0.1 [b]=10.1.0.3) PAIR_BACK=([a]=10.2.0.1 [b]=10.2.0.3)
declare -A PAIR_SYNC=([a]=10.9.0.1 [b]=10.9.0.2) PAIR_NODE=([a]=0 [b]=1) PAIR_OTHER=([a]=b [b]=a)
declare -A PAIR_POISED=()

# pair_plug BRIDGE PORT NAMESPACE DEVICE ADDRESS
pair_plug()
{
	lab_plug "$3" "$4" "$1" "$2" br0 && ip -n "$3" address add "$5" dev "$4" || lab_die "cannot make a veth pair"
}

pair_topology()
{
	local i

	for i in client a b web1 web2 fronts backs; do
		lab_namespace "$i" || lab_die "cannot make a network namespace"
	done
	lab_bridge fronts br0 && lab_bridge backs br0 || lab_die "cannot make a bridge"
	pair_plug fronts client client eth0 10.1.0.2/24
	lab_host client eth0
	for i in a b; do
		pair_plug fronts "to-$i" "$i" front "${PAIR_FRONT[$i]}/24"
		pair_plug backs "to-$i" "$i" back "${PAIR_BACK[$i]}/24"
		lab_in "$i" sysctl -qw net.ipv4.ip_forward=1
	done
	for i in 1 2; do
		pair_plug backs "web$i" "web$i" eth0 "10.2.0.$((10 + i))/24"
		lab_host "web$i" eth0
	done
	lab_link a sync b sync || lab_die "cannot make a veth pair"
	for i in a b; do
		ip -n "$i" address add "${PAIR_SYNC[$i]}/30" dev sync
	done
	(umask 077 && openssl rand -hex 32 >"$LAB/key")
}

# pair_way a|b: the way of all traffic.
pair_way()
{
	local i

	ip -n client route replace "$pair_vip/32" via "${PAIR_FRONT[$1]}"
	for i in 1 2; do
		ip -n "web$i" route replace default via "${PAIR_BACK[$1]}"
	done
}

# pair_service NAME PORT KEYS BACKENDS
pair_service()
{
	cat <<-END
	  { name = "$1"; vip = "$pair_vip"; port = $2; $3
	    health = { type = "tcp"; interval_ms = 200; timeout_ms = 200; rise = 2; fall = 3; };
	    backends = ( $4 ); }
	END
}

# pair_config a|b MODE SERVICES [HA-KEYS]: the whole file, on stdout.
pair_config()
{
	cat <<-END
	dataplane = { mode = "$2"; max_flows = 65536; eal = [ $LAB_EAL ]; };
	ports = ( { name = "front"; interface = "front"; },
	  { name = "back"; interface = "back"; snat = [ "$pair_snat" ]; } );
	services = (
	$3
	);
	metrics = { listen = "127.0.0.1:9650"; };
	control = { socket = "$LAB/$1/control.sock"; };
	ha = { node = ${PAIR_NODE[$1]}; listen = "${PAIR_SYNC[$1]}:9651"; key_file = "$LAB/key"; interface = "sync";
	  peer = "${PAIR_SYNC[${PAIR_OTHER[$1]}]}:9651"; ${4:-} };
	END
}

# pair_poised a|b: start poised on $LAB/a/poise.conf; process id in PAIR_POISED[a].
pair_poised()
{
	lab_spawn "poised-$1" "$1" "$LAB_BUILD/control/poised" -c "$LAB/$1/poise.conf" --foreground
	PAIR_POISED[$1]=$LAB_PID
}

# pair_ctl a|b ARGUMENTS...
pair_ctl()
{
	local node=$1

	shift
	lab_in "$node" "$LAB_BUILD/control/poisectl" -s "$LAB/$node/control.sock" "$@"
}

# pair_sync a|b FILTER: what jq makes of the sync's document.
pair_sync()
{
	pair_ctl "$1" -j sync | jq -r "$2"
}

# pair_is a|b FILTER: is it true?
pair_is()
{
	[ "$(pair_sync "$1" "$2")" = true ]
}

pair_backends_up()
{
	[ "$(pair_ctl "$1" -j backends | jq '[.backends[].state == "up"] | all and length > 0')" = true ]
}

pair_ready()
{
	pair_ctl "$1" ready && pair_backends_up "$1"
}

# pair_flows a|b FILTER...: how many established flows there are.
pair_flows()
{
	local node=$1

	shift
	pair_ctl "$node" -j flows state=established "$@" limit=0 | jq .matched
}

# pair_kill a|b: the host dies: no process, no program, no link.
pair_kill()
{
	local pid

	pid=$(pair_ctl "$1" -j status | jq -r '.dataplane.pid // 0')
	kill -KILL "${PAIR_POISED[$1]}" && wait "${PAIR_POISED[$1]}" 2>/dev/null
	[ "$pid" = 0 ] || kill -KILL "$pid"
	for pid in front back; do
		ip -n "$1" link set "$pid" xdpgeneric off 2>/dev/null
		ip -n "$1" link set "$pid" down
	done
	ip -n "$1" link set sync down
}

# pair_revive a|b: it comes back with nothing in memory.
pair_revive()
{
	local device

	rm -rf "/sys/fs/bpf/poise"/*-"$1" "$LAB/$1"/*.sock "$LAB/$1"/snapshot.bin
	for device in front back sync; do
		ip -n "$1" link set "$device" up
	done
	pair_poised "$1"
}

# pair_probe NAME PORT CONNECTIONS [NAMESPACE]: long-lived connections of a client, 300 messages a second in all;
# process id in PAIR_PROBE[NAME].
declare -A PAIR_IN=() PAIR_OUT=() PAIR_PROBE=()
pair_probe()
{
	local in out

	mkfifo "$LAB/$1.in" "$LAB/$1.out"
	setsid setpriv --pdeathsig TERM nsenter --net="/run/netns/${4:-client}" -- \
		"$LAB_BUILD/tests/faults/probe" run "$pair_vip" "$2" "$3" 300 0 \
		<"$LAB/$1.in" >"$LAB/$1.out" 2>"$LAB/$1.log" &
	PAIR_PROBE[$1]=$!
	LAB_PIDS+=("$!")
	exec {in}>"$LAB/$1.in" {out}<"$LAB/$1.out"
	PAIR_IN[$1]=$in
	PAIR_OUT[$1]=$out
}

# pair_mark NAME FILTER: what a probe has seen since the last mark.
pair_mark()
{
	local line

	echo "mark now" >&"${PAIR_IN[$1]}"
	read -r -t 10 line <&"${PAIR_OUT[$1]}" || return 1
	jq -r "$2" <<<"$line"
}

# pair_settled NAME: what a probe has seen since the last mark, as "RESETS CORRUPT CONNECTIONS ENOUGH QUIET": more than
# 200 answers, and less than 20 messages under way. On a machine that stood still for a moment there are more of these
# than that, until they are answered.
pair_settled()
{
	local total="[0,0,0,0,0]" i

	for ((i = 0; i < 50; i++)); do
		total=$(pair_mark "$1" ".resets, .corrupt, .connections, .answered, .waiting" |
			jq -sc --argjson t "$total" \
			'[$t[0] + .[0], $t[1] + .[1], .[2], $t[3] + .[3], .[4]]') || return 1
		[ "$(jq '.[3] > 200 and .[4] < 20' <<<"$total")" = true ] && break
		sleep 0.1
	done
	jq -r '"\(.[0]) \(.[1]) \(.[2]) \(.[3] > 200) \(.[4] < 20)"' <<<"$total"
}

# pair_files MODE SERVICES: the configurations of both.
pair_files()
{
	local i

	for i in a b; do
		mkdir -p "$LAB/$i"
		pair_config "$i" "$1" "$2" >"$LAB/$i/poise.conf"
	done
}

# pair_begin: both balancers, by their files, until both are ready.
pair_begin()
{
	local i

	pair_poised a
	pair_poised b
	for i in a b; do
		lab_wait 20 pair_ready "$i" || {
			tail -n 20 "$LAB"/poised-*.log >&2
			pair_ctl "$i" ready >&2
			return 1
		}
	done
}
