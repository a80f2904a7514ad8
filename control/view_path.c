// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Which path carries the packets: the XDP program decides it for each of them by the gate of its queue and
// the heartbeat of the worker behind it. This looks at the same memory.
#include "sync.h"
#include "view.h"
#include "xdp.h"

const char *cp_view_path_name(enum cp_view_path path)
{
	static const char *const names[CP_PATHS] = {"none", "dpdk", "xdp", "mixed"};

	return path < CP_PATHS ? names[path] : "unknown";
}

static void look(const struct cp_app *app, uint32_t port, uint32_t queue, uint64_t now_ns,
		 struct cp_view_path_state *state)
{
	const struct poise_table *table = &app->flows.table;
	uint64_t beat_ns, age_ns;
	uint32_t entry;
	const struct poise_gate *gate = poise_gate(table, port, queue, &entry);
	uint32_t worker = POISE_LOAD(gate->worker[entry]);

	state->queues++;
	if (!worker)
		return;
	state->open++;
	beat_ns = POISE_LOAD(poise_heartbeat(table, worker - 1)->beat_ns);
	age_ns = beat_ns < now_ns ? now_ns - beat_ns : 0;
	if (age_ns > state->beat_age_ns)
		state->beat_age_ns = age_ns;
	state->taken += age_ns < app->config->heartbeat_ms * 1000000ull;
}

void cp_view_path(const struct cp_app *app, uint64_t now_ns, struct cp_view_path_state *state)
{
	bool kernel = app->xdp && app->config->xdp && cp_xdp_generation(app->xdp);

	*state = (struct cp_view_path_state){0};
	for (uint32_t i = 0; app->flows.base && i < app->config->ports_count; i++)
		for (uint32_t queue = 0; queue < app->config->ports[i].queues; queue++)
			look(app, i, queue, now_ns, state);
	if (!cp_nic_mode_kernel(app->config->dataplane.mode))
		state->path = app->dataplane.state == CP_DATAPLANE_RUNNING ? CP_PATH_DPDK : CP_PATH_NONE;
	else if (state->taken == state->queues)
		state->path = CP_PATH_DPDK;
	else if (!state->taken)
		state->path = kernel ? CP_PATH_XDP : CP_PATH_NONE;
	else
		state->path = kernel ? CP_PATH_MIXED : CP_PATH_DPDK;
}

bool cp_view_current(const struct cp_app *app, const char **why)
{
	bool runs = app->dataplane.state == CP_DATAPLANE_RUNNING;
	uint64_t kernel = app->config->xdp ? cp_xdp_generation(app->xdp) : 0;
	const char *reason = NULL;

	if (!app->snapshot)
		reason = "no configuration is published yet";
	else if (runs && app->dataplane.generation != app->snapshot->generation)
		reason = "the dataplane does not use the newest configuration yet";
	else if (!runs && !kernel)
		reason = "the dataplane does not run";
	else if (!runs && kernel != app->snapshot->generation)
		reason = "the XDP program does not use the newest configuration yet";
	if (why)
		*why = reason;
	return !reason;
}

bool cp_view_up(const struct cp_app *app, const char **why)
{
	bool runs = app->dataplane.state == CP_DATAPLANE_RUNNING;

	if (cp_view_current(app, why))
		return true;
	if (!app->snapshot || !(runs || (app->config->xdp && cp_xdp_generation(app->xdp))))
		return false;
	if (cp_view_now_ns() - app->behind_since_ns >= CP_VIEW_BEHIND_NS)
		return false;
	if (why)
		*why = NULL;
	return true;
}

bool cp_view_ready(const struct cp_app *app, const char **why)
{
	return cp_view_up(app, why) && cp_sync_ready(app->sync, why);
}
