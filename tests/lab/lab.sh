# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# A laboratory of network namespaces for the demo, `make lab` and the system tests. bash, as root.
#
#   . tests/lab/lab.sh
#   lab_enter "$@"         # first: runs the script again in a mount namespace of its own
#   lab_open NAME          # directory, traps; from here on everything is cleaned up at exit
#   lab_topology           # network.sh: client, lb, web1, web2 ...
#
# In its mount namespace /run is a fresh tmpfs (named network namespaces, DPDK's run time files, control
# sockets) and /sys/fs/bpf a fresh bpffs. So two labs never meet, names need not be unique, and with the
# last process of a lab the kernel removes its namespaces, interfaces, pins and mounts, whatever happened.

lab_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab_root=$(cd "$lab_directory/../.." && pwd)
. "$lab_directory/process.sh"
. "$lab_directory/network.sh"
. "$lab_directory/servers.sh"
. "$lab_directory/poise.sh"
. "$lab_directory/check.sh"

lab_die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Run the calling script again, inside. Returns at once when already there.
lab_enter()
{
	[ "${LAB_INSIDE:-}" = "$$" ] && return
	[ "$(id -u)" = 0 ] || lab_die "needs root (network namespaces, AF_XDP)"
	# exec keeps the process id, so a signal to the caller's child reaches the script itself
	LAB_INSIDE=$$ exec unshare --mount --propagation private -- "$BASH" "$0" "$@"
}

# lab_open NAME: make the lab's directory $LAB, private mounts and the cleanup.
lab_open()
{
	LAB=$(mktemp -d "${TMPDIR:-/tmp}/poise-$1.XXXXXX") || lab_die "no temporary directory"
	LAB_PIDS=()
	LAB_BUILD=${POISE_BUILD:-$lab_root/build}
	LAB_PAGES_BEFORE=
	trap lab_close EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	mount -t tmpfs -o mode=755 tmpfs /run || lab_die "cannot mount a private /run"
	mkdir -p /run/netns /run/hugepages
	mount -t bpf bpf /sys/fs/bpf || lab_die "cannot mount a BPF file system; is CONFIG_BPF_SYSCALL set?"
}

# Exit trap. Ends what runs, reports what Poise did not end by itself, gives huge pages back.
lab_close()
{
	local status=$? pid

	trap '' INT TERM HUP
	trap - EXIT
	lab_stop_all
	for pid in $(lab_strays); do
		echo "${0##*/}: left behind: $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")" >&2
		kill -KILL "$pid" 2>/dev/null && [ "$status" = 0 ] && status=1
	done
	lab_pages_restore
	[ -n "${LAB_KEEP:-}" ] && echo "lab files kept in $LAB" >&2 || rm -rf "$LAB"
	exit "$status"
}

# Processes of this lab besides this shell: those in its mount namespace.
lab_strays()
{
	local own pid entry

	own=$(readlink "/proc/$$/ns/mnt")
	for entry in /proc/[0-9]*; do
		pid=${entry#/proc/}
		[ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] && continue
		[ "$(readlink "$entry/ns/mnt" 2>/dev/null)" = "$own" ] && echo "$pid"
	done
}

# lab_pages COUNT: have COUNT free huge pages of 2 MiB, if the machine can. Restored at the end.
lab_pages()
{
	local free total file=/proc/sys/vm/nr_hugepages

	free=$(awk '/^HugePages_Free:/ { print $2 }' /proc/meminfo)
	total=$(cat $file 2>/dev/null) || return 1
	if [ "${free:-0}" -lt "$1" ]; then
		LAB_PAGES_BEFORE=$total
		echo $((total - free + $1)) 2>/dev/null >$file
		free=$(awk '/^HugePages_Free:/ { print $2 }' /proc/meminfo)
		if [ "$free" -lt "$1" ]; then
			lab_pages_restore
			return 1
		fi
	fi
	mount -t hugetlbfs -o pagesize=2M hugetlbfs /run/hugepages
}

lab_pages_restore()
{
	[ -n "$LAB_PAGES_BEFORE" ] && echo "$LAB_PAGES_BEFORE" 2>/dev/null >/proc/sys/vm/nr_hugepages
	LAB_PAGES_BEFORE=
}
