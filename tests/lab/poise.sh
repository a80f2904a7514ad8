# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Poise in a lab: poised and its dataplane in namespace lb, control socket and config in $LAB.

LAB_EAL=

# lab_memory: reserve huge pages when the machine gives them; poised goes without when they are not there.
lab_memory()
{
	lab_pages 400
}

# lab_backends COUNT [EXTRA]: the backends of a service, each with EXTRA; made for $(...).
lab_backends()
{
	local i

	for ((i = 1; i <= $1; i++)); do
		printf '%s    { name = "web%d"; address = "10.2.0.%d"; port = 80;%s }' \
			"$([ "$i" = 1 ] || echo ,)
" "$i" $((10 + i)) "${2:+ $2}"
	done
}

# lab_service NAME PORT KEYS BACKENDS: one service on the lab's address. Three checks in a row must fail: a machine that
# stands still for the time of two is no dead backend.
lab_service()
{
	cat <<-END
	  { name = "$1"; vip = "$lab_vip"; port = $2; protocol = "tcp";
	    $3
	    health = { type = "http"; path = "/healthz"; interval_ms = 200; timeout_ms = 200; rise = 2; fall = 3; };
	    backends = ($4 );
	  }
	END
}

# lab_config SERVICES [DATAPLANE-KEYS [PORT-KEYS]]: the whole file, on stdout.
lab_config()
{
	cat <<-END
	dataplane = { mode = "af_xdp"; max_flows = 65536; spawn = true; eal = [ $LAB_EAL ]; ${2:-} };
	ports = (
	  { name = "front"; interface = "front"; ${3:-} },
	  { name = "back"; interface = "back"; ${3:-} snat = [ "10.2.0.1" ]; }
	);
	services = (
	$1
	);
	metrics = { listen = "127.0.0.1:9650"; };
	control = { socket = "$LAB/control.sock"; };
	END
}

# lab_poised [ARGUMENTS...]: start poised on $LAB/poise.conf, by the command $LAB_BALANCER if there is one (taskset);
# process id in $LAB_POISED.
lab_poised()
{
	[ -x "$LAB_BUILD/control/poised" ] || lab_die "no poised in $LAB_BUILD; build first"
	# shellcheck disable=SC2086 # a list of words
	lab_spawn poised lb ${LAB_BALANCER:-} "$LAB_BUILD/control/poised" -c "$LAB/poise.conf" --foreground "$@"
	LAB_POISED=$LAB_PID
}

# poisectl ARGUMENTS...: talk to the lab's poised.
poisectl()
{
	lab_in lb "$LAB_BUILD/control/poisectl" -s "$LAB/control.sock" "$@"
}

# Does the dataplane run with the newest generation, and are COUNT backends fine (default: all)? One that left the
# configuration and still has connections does not count.
lab_is_ready()
{
	[ "$(poisectl -j status | jq '.ready and .generation.wanted == (if .dataplane.state == "off"
		then .path.xdp_generation elif .dataplane.state == "running" then .generation.acknowledged
		else null end)')" = true ] || return 1
	[ "$(poisectl -j backends | jq --arg fine "${1:-all}" '.backends |
		map(select(.state != "removed")) | length as $all |
		(map(select(.state == "up" or .state == "standby")) | length) as $n |
		if $fine == "all" then $n == $all and $n > 0 else $n == ($fine | tonumber) end')" = true ]
}

# lab_carries dpdk|xdp: is this the path of the packets now? For lab_wait: a worker that gets no CPU for some
# milliseconds is stood in for.
lab_carries()
{
	[ "$(poisectl -j status | jq -r .path.carries)" = "$1" ]
}

# The value of one counter.
lab_counter()
{
	poisectl -j counters --all | jq --arg name "$1" '.counters[] | select(.counter == $name) | .value'
}

# lab_backend_field SERVICE BACKEND FIELD
lab_backend_field()
{
	poisectl -j backends "$1" |
		jq -r --arg name "$2" --arg field "$3" '.backends[] | select(.backend == $name) | .[$field]'
}

lab_is_ready_or_dead()
{
	lab_is_ready "$1" || ! lab_alive "$LAB_POISED"
}

# lab_ready [SECONDS [BACKENDS-FINE]]
lab_ready()
{
	lab_wait "${1:-20}" lab_is_ready_or_dead "${2:-all}" && lab_alive "$LAB_POISED"
}

# Start Poise on services (see lab_config) and wait; dies with the log when it does not come up.
lab_start()
{
	lab_config "$@" >"$LAB/poise.conf"
	lab_poised
	lab_ready 20 all || {
		tail -n 20 "$LAB/poised.log" >&2
		lab_die "Poise does not become ready"
	}
}

# Process id of the lab's dataplane.
lab_dataplane()
{
	poisectl -j status | jq -r '.dataplane.pid'
}
