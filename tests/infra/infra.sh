# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# The whole infrastructure on one machine, each host a network namespace of its own. For `make infra` and for the tests
# beside this file; bash, as root.
#
#   . tests/infra/infra.sh
#   lab_enter "$@"
#   infra_open NAME        # directory, traps: from here on everything is cleaned up at exit, half started or whole
#   infra_up vrrp|bgp      # everything, ready to serve
#
# Names of hosts are those in docs/infrastructure.md, and so are the addresses.

infra_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$infra_directory/../lab/lab.sh"
. "$infra_directory/network.sh"
. "$infra_directory/web.sh"
. "$infra_directory/database.sh"
. "$infra_directory/balancer.sh"
. "$infra_directory/ha.sh"
. "$infra_directory/monitor.sh"
. "$infra_directory/load.sh"

declare -A INFRA_PIDS=() # process ids by name

infra_open()
{
	lab_open "$1"
	chmod a+x "$LAB"
	trap infra_close EXIT
}

# PostgreSQL waits for its clients when it is told to end by SIGTERM.
infra_close()
{
	local status=$?

	infra_end pg1 INT
	infra_end pg2 INT
	(exit "$status")
	lab_close
}

# infra_spawn NAME HOST COMMAND...: as lab_spawn; the process id is kept under the name.
infra_spawn()
{
	lab_spawn "$@"
	INFRA_PIDS[$1]=$LAB_PID
}

# infra_end NAME [SIGNAL]
infra_end()
{
	[ -n "${INFRA_PIDS[$1]:-}" ] && lab_stop "${INFRA_PIDS[$1]}" "${2:-TERM}"
	unset "INFRA_PIDS[$1]"
}

# infra_up ENGINE: vrrp (keepalived, active-passive) or bgp (BIRD, active-active). Dies with a log's end.
infra_up()
{
	INFRA_ENGINE=$1
	infra_network
	infra_authority
	infra_database_start
	infra_web web1
	infra_web web2
	infra_web standby
	lab_memory || true
	infra_balancer a
	infra_balancer b
	infra_router
	infra_ha a
	[ "$INFRA_ENGINE" = bgp ] || lab_wait 20 infra_owner_is a || lab_die "A does not take the addresses"
	infra_ha b
	infra_monitor
	infra_balancer_wait a
	infra_balancer_wait b
	lab_wait 20 infra_settled || lab_die "the balancers' addresses are with: $(infra_owners)"
	lab_wait 20 infra_request || lab_die "no answer from the web service: $(infra_request 2>&1 | tail -n 1)"
}
