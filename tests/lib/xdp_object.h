// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The XDP program loaded as poised loads it, but attached nowhere: for tests and benchmarks that run it with
// bpf_prog_test_run_opts(). One instance a port, all on the same flow table, snapshot and counters.
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <poise/table_setup.h>
#include <poise/xdp.h>

struct xdp_object {
	struct bpf_object *instances[POISE_MAX_PORTS];
	int programs[POISE_MAX_PORTS];
	int devices, counters, backends, services; // maps
	struct poise_snapshot *halves;	 // two of them
	struct poise_xdp_state *state;
	void *memory; // of the flow table
	struct poise_table table;
	unsigned int cpus;
};

static inline int xdp_object_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	// libbpf does not know the section that libxdp reads.
	return level == LIBBPF_WARN && !strstr(format, "unrecognized") ? vfprintf(stderr, format, arguments) : 0;
}

static inline void xdp_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static inline void *xdp_map(int fd, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, (bytes + page - 1) / page * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		xdp_die("mmap of a BPF map");
	return memory;
}

static inline int xdp_map_fd(struct bpf_object *object, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);

	if (fd < 0)
		xdp_die(name);
	return fd;
}

static inline void xdp_object_share(struct bpf_object *object, struct bpf_object *first)
{
	static const char *const shared[] = {"poise_flows", "poise_snapshots", "poise_state", "poise_devices",
					     "poise_counters", "poise_backends",  "poise_services"};

	for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
		if (bpf_map__reuse_fd(bpf_object__find_map_by_name(object, shared[i]), xdp_map_fd(first, shared[i])))
			xdp_die(shared[i]);
}

static inline void xdp_object_instance(struct xdp_object *object, const char *path, uint32_t port)
{
	struct poise_xdp_interface interface = {.port = port};
	struct bpf_object *instance = bpf_object__open(path);
	struct bpf_program *program;
	__u32 zero = 0;

	if (!instance)
		xdp_die(path);
	program = bpf_object__find_program_by_name(instance, "xsk_def_prog");
	if (port)
		xdp_object_share(instance, object->instances[0]);
	else
		bpf_map__set_max_entries(bpf_object__find_map_by_name(instance, "poise_flows"), object->table.lines);
	if (!program || bpf_object__load(instance))
		xdp_die(path);
	if (bpf_map_update_elem(xdp_map_fd(instance, "poise_interface"), &zero, &interface, BPF_ANY))
		xdp_die("poise_interface");
	object->instances[port] = instance;
	object->programs[port] = bpf_program__fd(program);
}

// Load the object at `path` on an empty flow table for `max_flows` flows with one instance for each port of the
// snapshot, which is put in force. Ends the process when that is not possible.
static inline void xdp_object_load(struct xdp_object *object, const char *path, uint32_t max_flows,
				   const struct poise_snapshot *snapshot)
{
	static const __u64 seed[2] = {0x243f6a8885a308d3ull, 0x13198a2e03707344ull};
	struct bpf_object *first;

	libbpf_set_print(xdp_object_print);
	memset(object, 0, sizeof(*object));
	poise_table_layout(&object->table, max_flows);
	for (uint32_t port = 0; port < snapshot->ports_count; port++)
		xdp_object_instance(object, path, port);
	first = object->instances[0];
	object->devices = xdp_map_fd(first, "poise_devices");
	object->counters = xdp_map_fd(first, "poise_counters");
	object->backends = xdp_map_fd(first, "poise_backends");
	object->services = xdp_map_fd(first, "poise_services");
	object->cpus = (unsigned int)libbpf_num_possible_cpus();
	object->memory =
		xdp_map(xdp_map_fd(first, "poise_flows"), (size_t)object->table.lines * POISE_LINE_SIZE);
	object->halves = xdp_map(xdp_map_fd(first, "poise_snapshots"), 2 * sizeof(*object->halves));
	object->state = xdp_map(xdp_map_fd(first, "poise_state"), sizeof(*object->state));
	poise_table_format(&object->table, object->memory, max_flows, seed);
	object->halves[0] = *snapshot;
	object->state->published = 1;
}

static inline void xdp_object_close(struct xdp_object *object)
{
	munmap(object->memory, (size_t)object->table.lines * POISE_LINE_SIZE);
	for (uint32_t port = POISE_MAX_PORTS; port-- > 0;)
		if (object->instances[port])
			bpf_object__close(object->instances[port]);
}

// An empty flow table again.
static inline void xdp_object_clear(struct xdp_object *object, uint32_t max_flows)
{
	__u64 seed[2] = {object->table.seed[0], object->table.seed[1]};

	memset(object->memory, 0, (size_t)object->table.lines * POISE_LINE_SIZE);
	poise_table_format(&object->table, object->memory, max_flows, seed);
}

// Let packets leave by these ports (bit n: port n) and no other. The interface behind them is loopback: a test run
// goes nowhere.
static inline void xdp_object_devices(struct xdp_object *object, uint32_t ports)
{
	const __u32 loopback = 1;

	for (__u32 port = 0; port < POISE_MAX_PORTS; port++) {
		if (ports >> port & 1) {
			if (bpf_map_update_elem(object->devices, &port, &loopback, BPF_ANY))
				xdp_die("poise_devices");
		} else {
			bpf_map_delete_elem(object->devices, &port);
		}
	}
}

// The counters, added up over all CPUs.
static inline void xdp_object_counters(const struct xdp_object *object, struct poise_xdp_counters *sum)
{
	size_t size = (sizeof(*sum) + 7) / 8 * 8;
	uint8_t *values = calloc(object->cpus, size);
	__u32 zero = 0;

	memset(sum, 0, sizeof(*sum));
	if (!values || bpf_map_lookup_elem(object->counters, &zero, values))
		xdp_die("poise_counters");
	for (unsigned int cpu = 0; cpu < object->cpus; cpu++) {
		const struct poise_xdp_counters *one = (const void *)(values + cpu * size);

		for (unsigned int i = 0; i < POISE_XDP_FATES; i++)
			sum->fates[i] += one->fates[i];
		for (unsigned int i = 0; i < POISE_COUNTERS; i++)
			sum->counters[i] += one->counters[i];
	}
	free(values);
}
