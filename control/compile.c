// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdlib.h>
#include <string.h>

#include "compile_step.h"

struct cp_backend_state *cp_states_find(const struct cp_states *states, const char *service,
					const char *backend)
{
	for (uint32_t i = 0; i < states->count; i++)
		if (!strcmp(states->items[i].backend, backend) && !strcmp(states->items[i].service, service))
			return &states->items[i];
	return NULL;
}

static void fill_header(struct cp_compile_step *step)
{
	struct poise_snapshot *out = step->out;

	memset(out, 0, sizeof(*out));
	out->magic = POISE_SNAPSHOT_MAGIC;
	out->abi_version = POISE_ABI_VERSION;
	out->size = sizeof(*out);
	out->heartbeat_ns = step->config->heartbeat_ms * 1000000ull;
	out->generation = step->previous ? step->previous->generation + 1 : 1;
	if (cp_nic_mode_kernel(step->config->dataplane.mode))
		out->flags |= POISE_SNAPSHOT_EXCEPTION_PATH;
	if (!step->config->xdp)
		out->flags |= POISE_SNAPSHOT_NO_FALLBACK;
}

int cp_compile(const struct cp_config *config, const struct cp_states *states,
	       const struct cp_topology *topology, const struct poise_snapshot *previous,
	       const uint64_t *busy, struct poise_snapshot *out, struct cp_report *report)
{
	struct cp_compile_step *step = calloc(1, sizeof(*step));
	int error = -1;

	if (!step) {
		cp_report_add(report, config->file, 0, "out of memory");
		return -1;
	}
	step->config = config;
	step->states = states;
	step->topology = topology;
	step->previous = previous;
	step->busy = busy;
	step->out = out;
	step->report = report;
	fill_header(step);
	if (!cp_compile_ports(step) && !cp_compile_indices(step)) {
		cp_compile_objects(step);
		cp_compile_routes(step);
		cp_compile_firewall(step);
		error = cp_compile_slots(step) | cp_compile_hash(step) | cp_compile_access(step); // all may speak
	}
	free(step);
	return error;
}

bool cp_snapshot_same(const struct poise_snapshot *a, const struct poise_snapshot *b)
{
	size_t before = offsetof(struct poise_snapshot, generation);
	size_t after = before + sizeof(a->generation);

	return !memcmp(a, b, before) &&
	       !memcmp((const char *)a + after, (const char *)b + after, sizeof(*a) - after);
}
