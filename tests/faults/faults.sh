# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Faults under load: a lab with a probe of long-lived connections, short connections and a large transfer, and what an
# event did to them. The service address is an address of the kernel as well: the harder case, since a kernel that got
# a packet of the service would answer with a reset. After lab.sh.
#
#   faults_open CONNECTIONS MESSAGES-A-SECOND CONNECTS-A-SECOND
#   faults_event NAME COMMAND...    # one line of JSON in $LAB/scores
#   faults_score NAME FILTER        # of jq
#   faults_close

FAULTS_PORT=7000

# progress TEXT: for who has a terminal to show it on.
progress()
{
	:
}

faults_cores=
faults_first=()

# What is measured is Poise and not who waits for whose core: the worker has the last CPU for itself, as it should,
# everything else of the lab the others, and the probe and its servers run before the rest there. With a single CPU
# nothing is done. Call before anything is started.
faults_own_core()
{
	local list first last cpus=()

	for list in $(awk '/^Cpus_allowed_list/ { gsub(",", " ", $2); print $2 }' /proc/self/status); do
		first=${list%-*} last=${list#*-}
		while [ "$first" -le "$last" ]; do
			cpus+=("$((first++))")
		done
	done
	[ ${#cpus[@]} -gt 1 ] || return 0
	faults_cores=" cores = \"${cpus[-1]}\";"
	unset 'cpus[-1]'
	taskset -pc "$(IFS=,; echo "${cpus[*]}")" $$ >/dev/null
	chrt --fifo 1 true 2>/dev/null && faults_first=(chrt --fifo 1)
}

faults_config()
{
	local health='health = { type = "tcp"; interval_ms = 200; timeout_ms = 200; rise = 2; fall = 10; };'

	cat <<-END
	dataplane = { mode = "af_xdp"; max_flows = 262144; spawn = true; eal = [ $LAB_EAL ];$faults_cores };
	ports = (
	  { name = "front"; interface = "front"; },
	  { name = "back"; interface = "back"; snat = [ "10.2.0.1" ]; }
	);
	services = (
	  { name = "probe"; vip = "$lab_vip"; port = $FAULTS_PORT; $health timeouts = { closing_s = 5; };
	    backends = ( { name = "web1"; address = "10.2.0.11"; }, { name = "web2"; address = "10.2.0.12"; } ); },
	  { name = "web"; vip = "$lab_vip"; port = 80; nat = "full"; $health
	    backends = ( { name = "web1"; address = "10.2.0.11"; }, { name = "web2"; address = "10.2.0.12"; }${1:-} ); }
	);
	fallback = { xdp = true; heartbeat_ms = ${FAULTS_HEARTBEAT:-5}; };
	metrics = { listen = "127.0.0.1:9650"; };
	control = { socket = "$LAB/control.sock"; };
	END
}

# Count what must never reach a client: a reset that the balancer's own kernel made has a whole time to live. One that a
# backend sent came through the balancer; it answers a segment that was late for a connection both ends had closed.
faults_watch_client()
{
	lab_in client nft -f - <<-END
	table inet watch {
		counter resets { }
		counter backend_resets { }
		counter unreachable { }
		chain input {
			type filter hook input priority -300;
			tcp flags & rst == rst ip ttl 64 counter name resets
			tcp flags & rst == rst ip ttl != 64 counter name backend_resets
			icmp type destination-unreachable counter name unreachable
		}
	}
	END
}

faults_counted()
{
	lab_in client nft -j list counter inet watch "$1" | jq '[.nftables[].counter // empty] | .[0].packets'
}

faults_retransmitted()
{
	lab_in "$1" awk '/^Tcp: [0-9]/ { print $13 }' /proc/self/net/snmp
}

# Segments that the other end says it had already: sent again for nothing, because others overtook them.
faults_spurious()
{
	lab_in "$1" awk '/^TcpExt:/ { if (!names) names = split($0, name); else for (i = 2; i <= NF; i++)
		if (name[i] == "TCPDSACKRecvSegs") print $i }' /proc/self/net/netstat
}

# Retransmissions of the client and of the servers, of both without need; resets and ICMP errors that the client got.
faults_network()
{
	printf '%s %s %s %s %s %s\n' "$(faults_retransmitted client)" \
		$(($(faults_retransmitted web1) + $(faults_retransmitted web2))) \
		$(($(faults_spurious client) + $(faults_spurious web1) + $(faults_spurious web2))) \
		"$(faults_counted resets)" "$(faults_counted backend_resets)" "$(faults_counted unreachable)"
}

faults_memory() # of a process, KiB
{
	awk '/^VmRSS:/ { print $2 }' "/proc/$1/status" 2>/dev/null || echo 0
}

# Leftovers that an event must not add to, of this lab alone, since others may use the machine too: pins, huge pages,
# processes.
faults_left()
{
	local pid pids size pages=0

	pids=$(ip netns pids lb)
	for pid in $pids; do
		size=$(awk '/^HugetlbPages:/ { print $2 / 1024 }' "/proc/$pid/status" 2>/dev/null)
		pages=$((pages + ${size:-0}))
	done
	printf '%s pins, %s MiB of huge pages, %s files of huge pages, %s processes\n' \
		"$(find /sys/fs/bpf -type f | wc -l)" "$pages" "$(find /run/hugepages -type f | wc -l)" \
		"$(wc -w <<<"$pids")"
}

faults_start_poised()
{
	pushd "$LAB" >/dev/null || return 1 # where cores are left
	lab_poised
	popd >/dev/null || return 1
}

faults_open()
{
	local i

	lab_topology 2
	ip -n lb address add "$lab_vip/32" dev lo
	for i in 1 2; do
		lab_nginx "$i"
		lab_spawn "probe-web$i" "web$i" "${faults_first[@]}" \
			"$LAB_BUILD/tests/faults/probe" serve "$FAULTS_PORT"
	done
	lab_memory
	mkdir -p "$LAB/file"
	head -c "${FAULTS_FILE:-32M}" /dev/urandom >"$LAB/file/data" && chmod -R a+rX "$LAB/file"
	faults_sum=$(sha256sum <"$LAB/file/data")
	faults_config >"$LAB/poise.conf"
	faults_start_poised
	lab_ready 20 all || { tail -n 20 "$LAB/poised.log" >&2; lab_die "Poise does not become ready"; }
	lab_in client sysctl -qw net.ipv4.ip_local_port_range="10000 60999" net.ipv4.tcp_tw_reuse=1
	faults_watch_client
	lab_spawn resets client tcpdump -Z root -lnni eth0 -tttt "tcp[tcpflags] & tcp-rst != 0 or icmp[icmptype] == 3"
	lab_in client curl -s -o /dev/null "http://$lab_vip/" # warms the neighbour tables
	mkfifo "$LAB/probe.in" "$LAB/probe.out"
	lab_spawn_probe "$@"
	exec 8>"$LAB/probe.in" 9<"$LAB/probe.out"
	sleep 3
}

lab_spawn_probe()
{
	setsid setpriv --pdeathsig TERM nsenter --net=/run/netns/client -- \
		"${faults_first[@]}" "$LAB_BUILD/tests/faults/probe" run "$lab_vip" "$FAULTS_PORT" "$1" "$2" "$3" \
		<"$LAB/probe.in" >"$LAB/probe.out" 2>"$LAB/probe.log" &
	LAB_PIDS+=("$!")
}

faults_mark()
{
	local line

	echo "mark $1" >&8
	read -r -t 10 line <&9 || return 1
	echo "$line"
}

# The large transfer, again and again until the file "over" is there; a line for each: good or bad.
faults_transfers()
{
	: >"$LAB/transfers"
	while [ ! -e "$LAB/over" ]; do
		if lab_in client curl -sf -m 60 --limit-rate 8M "http://$lab_vip/file/data" | sha256sum |
			grep -qxF "$faults_sum"; then
			echo good
		else
			echo bad
		fi >>"$LAB/transfers"
	done
}

# Wait until workers carry everything again. Prints the seconds, or -1.
faults_native()
{
	local begin=$EPOCHREALTIME i

	for ((i = 0; i < 400; i++)); do
		if [ "$(poisectl -j status 2>/dev/null | jq -r .path.carries 2>/dev/null)" = dpdk ]; then
			awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f\n", b - a }'
			return
		fi
		sleep 0.03
	done
	echo -1
}

# faults_event NAME COMMAND...
faults_event()
{
	local name=$1 before after left native log transfers line status
	local -a numbers

	shift
	rm -f "$LAB/over"
	faults_transfers &
	transfers=$!
	left=$(faults_left)
	log=$(wc -l <"$LAB/poised.log")
	before="$(faults_network) $(faults_memory "$LAB_POISED") $(faults_memory "$(lab_dataplane)")"
	faults_mark begin >/dev/null || lab_die "the probe does not answer: $(cat "$LAB/probe.log")"
	sleep 1
	"$@" >>"$LAB/events.log" 2>&1
	status=$?
	native=$(faults_native)
	sleep "${FAULTS_SETTLE:-2}"
	line=$(faults_mark "$name") || lab_die "the probe does not answer: $(cat "$LAB/probe.log")"
	: >"$LAB/over"
	wait "$transfers"
	after="$(faults_network) $(faults_memory "$LAB_POISED") $(faults_memory "$(lab_dataplane)")"
	read -ra numbers <<<"$before $after"
	jq -c --arg left "$left" --arg left_after "$(faults_left)" --argjson native "$native" \
		--argjson good "$(grep -c good "$LAB/transfers")" --argjson bad "$(grep -c bad "$LAB/transfers")" \
		--argjson status "$status" \
		--argjson flips "$(tail -n +$((log + 1)) "$LAB/poised.log" | grep -c ' is down')" \
		--argjson client "$((numbers[8] - numbers[0]))" --argjson servers "$((numbers[9] - numbers[1]))" \
		--argjson spurious "$((numbers[10] - numbers[2]))" --argjson rst "$((numbers[11] - numbers[3]))" \
		--argjson backend_rst "$((numbers[12] - numbers[4]))" \
		--argjson unreachable "$((numbers[13] - numbers[5]))" \
		--argjson poised "$((numbers[14] - numbers[6]))" --argjson dataplane "$((numbers[15] - numbers[7]))" \
		'. + {status: $status, native_s: $native, transfers: $good, transfers_bad: $bad, flips: $flips,
		retransmitted_client: $client, retransmitted_servers: $servers, retransmitted_spurious: $spurious,
		lost: .late, resets_seen: $rst, backend_resets_seen: $backend_rst,
		unreachable_seen: $unreachable, poised_growth_kib: $poised, dataplane_growth_kib: $dataplane,
		left: $left, left_after: $left_after}' <<<"$line" | tee -a "$LAB/scores" >"$LAB/score"
}

# What a jq filter makes of an event's line.
faults_score()
{
	jq -r --arg event "$1" "select(.event == \$event) | $2" "$LAB/scores"
}

faults_close()
{
	exec 8>&- 9<&-
}

# The events.

fault_none()
{
	sleep 2
}

fault_kill()
{
	kill -KILL "$(lab_dataplane)"
	sleep 1
}

fault_core()
{
	prlimit --core=unlimited --pid "$(lab_dataplane)"
	kill -SEGV "$(lab_dataplane)"
	sleep 1
}

fault_hang()
{
	local pid

	pid=$(lab_dataplane)
	kill -STOP "$pid"
	sleep 1
	kill -CONT "$pid"
}

fault_restart()
{
	poisectl restart
	sleep 1
}

fault_poised_kill()
{
	kill -KILL "$LAB_POISED"
	wait "$LAB_POISED" 2>/dev/null
	sleep "${1:-0}"
	faults_start_poised
	lab_ready 20 all
}

# COUNT reloads, each with another file than before.
fault_reloads()
{
	local i

	faults_config ', { name = "web3"; address = "10.2.0.11"; port = 8081; weight = 2; }' >"$LAB/other.conf"
	cp "$LAB/poise.conf" "$LAB/first.conf"
	for ((i = 1; i <= $1; i++)); do
		cp "$LAB/$([ $((i % 2)) = 1 ] && echo other || echo first).conf" "$LAB/poise.conf"
		poisectl reload >/dev/null || return 1
		[ $((i % 20)) != 0 ] || progress "$i of $1 reloads"
	done
	cp "$LAB/first.conf" "$LAB/poise.conf"
	poisectl reload
}
