// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// poised, the dataplane's process and its workers.
#include <stdio.h>

#include "api.h"
#include "guard.h"
#include "metrics.h"
#include "xdp.h"
#include "xdp_stats.h"

static void one(struct evbuffer *out, const char *name, const char *type, const char *help, double value)
{
	cp_metrics_family(out, name, type, help);
	cp_metrics_real(out, name, NULL, value);
}

static void generations(const struct cp_app *app, struct evbuffer *out)
{
	cp_metrics_family(out, "poise_generation", "gauge", "Configuration generation in use, by data path.");
	cp_metrics_count(out, "poise_generation", CP_LABELS({"path", "dpdk"}), app->dataplane.generation);
	if (app->xdp)
		cp_metrics_count(out, "poise_generation", CP_LABELS({"path", "xdp"}), cp_xdp_generation(app->xdp));
	cp_metrics_family(out, "poise_generation_wanted", "gauge", "Newest configuration generation.");
	cp_metrics_count(out, "poise_generation_wanted", NULL, app->snapshot ? app->snapshot->generation : 0);
	cp_metrics_family(out, "poise_reloads_total", "counter", "Reloads of the configuration file.");
	cp_metrics_count(out, "poise_reloads_total", CP_LABELS({"result", "done"}), app->reloads);
	cp_metrics_count(out, "poise_reloads_total", CP_LABELS({"result", "failed"}), app->reloads_failed);
}

enum worker_value { LOOPS, BUSY_LOOPS, IDLE, GENERATION };

static double read_worker(const struct poise_stats_worker *worker, enum worker_value value)
{
	switch (value) {
	case LOOPS:
		return (double)POISE_LOAD(worker->loops);
	case BUSY_LOOPS:
		return (double)POISE_LOAD(worker->busy_loops);
	case IDLE:
		return (double)POISE_LOAD(worker->idle_ns) / 1e9;
	case GENERATION:
		return (double)POISE_LOAD(worker->generation);
	}
	return 0;
}

static void heartbeats(const struct cp_app *app, uint32_t count, struct evbuffer *out)
{
	uint64_t now_ns = cp_view_now_ns();

	if (count)
		cp_metrics_family(out, "poise_worker_heartbeat_age_seconds", "gauge",
				  "Time since the worker's last sign of life.");
	for (uint32_t w = 0; w < count; w++) {
		uint64_t beat_ns = cp_view_beat_ns(&app->flows, w);
		char worker[12];

		snprintf(worker, sizeof(worker), "%u", w);
		cp_metrics_real(out, "poise_worker_heartbeat_age_seconds", CP_LABELS({"worker", worker}),
				beat_ns && beat_ns < now_ns ? (double)(now_ns - beat_ns) / 1e9 : 0);
	}
}

static void workers(const struct cp_app *app, struct evbuffer *out)
{
	static const struct {
		const char *name;
		const char *type;
		const char *help;
		enum worker_value value;
	} families[] = {
		{"poise_worker_loops_total", "counter", "Rounds of the worker's loop.", LOOPS},
		{"poise_worker_busy_loops_total", "counter", "Rounds that found packets.", BUSY_LOOPS},
		{"poise_worker_idle_seconds_total", "counter", "Time slept for want of packets.", IDLE},
		{"poise_worker_generation", "gauge", "Configuration generation the worker uses.", GENERATION},
	};
	uint32_t count = cp_view_workers(&app->dataplane);

	for (size_t i = 0; count && i < POISE_COUNT(families); i++) {
		cp_metrics_family(out, families[i].name, families[i].type, families[i].help);
		for (uint32_t w = 0; w < count; w++) {
			char worker[12];

			snprintf(worker, sizeof(worker), "%u", w);
			cp_metrics_real(
				out, families[i].name, CP_LABELS({"worker", worker}),
				read_worker(&app->dataplane.stats->worker[w], families[i].value));
		}
	}
	heartbeats(app, count, out);
}

static void ends(const struct cp_dataplane_link *link, struct evbuffer *out)
{
	static const char *const reasons[] = {"planned", "killed", "failed"};

	cp_metrics_family(out, "poise_dataplane_ends_total", "counter", "Ends of the dataplane by reason.");
	for (size_t i = 0; i < POISE_COUNT(reasons); i++)
		cp_metrics_count(out, "poise_dataplane_ends_total", CP_LABELS({"reason", reasons[i]}), link->ends[i]);
}

static void paths(const struct cp_app *app, struct evbuffer *out)
{
	struct cp_view_path_state state;

	cp_view_path(app, cp_view_now_ns(), &state);
	cp_metrics_family(out, "poise_path", "gauge", "1 for the path that carries the packets of services.");
	for (int path = CP_PATH_NONE; path < CP_PATHS; path++)
		cp_metrics_count(out, "poise_path", CP_LABELS({"path", cp_view_path_name((enum cp_view_path)path)}),
				 state.path == (enum cp_view_path)path);
	if (app->dataplane.xdp) {
		struct poise_xdp_counters counters;
		const __u64 *fates = counters.fates;

		cp_xdp_stats_counters(app->dataplane.xdp, &counters);
		cp_metrics_family(out, "poise_xdp_frames_total", "counter",
				  "Frames by what the XDP program did: gave them to the dataplane, balanced them, or "
				  "left them to the kernel.");
		cp_metrics_count(out, "poise_xdp_frames_total", CP_LABELS({"fate", "redirected"}),
				 fates[POISE_XDP_REDIRECTED]);
		cp_metrics_count(out, "poise_xdp_frames_total", CP_LABELS({"fate", "balanced"}),
				 fates[POISE_XDP_BALANCED]);
		cp_metrics_count(out, "poise_xdp_frames_total", CP_LABELS({"fate", "passed"}), fates[POISE_XDP_PASSED]);
	}
	one(out, "poise_gates_open", "gauge", "Queues whose packets a worker takes.", state.open);
	one(out, "poise_gate_beat_age_seconds", "gauge",
	    "Time since the oldest last beat of a worker behind a gate.",
	    (double)state.beat_age_ns / 1e9);
}

static void load(const struct cp_app *app, struct evbuffer *out)
{
	const struct cp_load *readings = app->api ? cp_api_load(app->api) : NULL;
	uint32_t count = cp_view_workers(&app->dataplane);
	uint64_t now_ns = cp_view_now_ns();

	if (!count)
		return;
	cp_metrics_family(out, "poise_worker_load_ratio", "gauge",
			  "Share of the last second in which the worker handled packets, 0 to 1.");
	for (uint32_t w = 0; w < count; w++) {
		char worker[12];

		snprintf(worker, sizeof(worker), "%u", w);
		cp_metrics_real(out, "poise_worker_load_ratio", CP_LABELS({"worker", worker}),
				cp_load_busy(readings, &app->dataplane, w, now_ns));
	}
}

void cp_metrics_process(const struct cp_app *app, struct evbuffer *out)
{
	const struct cp_dataplane_link *link = &app->dataplane;
	uint64_t now_ns = cp_view_now_ns();

	cp_metrics_family(out, "poise_build_info", "gauge", "Versions of the running programs.");
	cp_metrics_count(out, "poise_build_info",
			 CP_LABELS({"version", POISE_VERSION}, {"dataplane_version", link->version}), 1);
	one(out, "poise_up", "gauge", "1 while a data path carries the services.",
	    cp_view_up(app, NULL));
	one(out, "poise_uptime_seconds", "gauge", "Time since poised started.",
	    (double)(now_ns - app->started_ns) / 1e9);
	generations(app, out);
	cp_metrics_family(out, "poise_dataplane_state", "gauge", "1 for the state the dataplane is in.");
	for (int state = CP_DATAPLANE_DOWN; state < CP_DATAPLANE_STATES; state++)
		cp_metrics_count(out, "poise_dataplane_state",
				 CP_LABELS({"state", cp_view_dataplane_name((enum cp_dataplane_state)state)}),
				 link->state == (enum cp_dataplane_state)state);
	one(out, "poise_dataplane_restarts_total", "counter", "Starts of the dataplane after the first.",
	    link->restarts);
	ends(link, out);
	one(out, "poise_dataplane_crash_loop", "gauge", "1 while the dataplane ends by itself again and again.",
	    link->crash_loop);
	paths(app, out);
	one(out, "poise_guard_missing", "gauge",
	    "1 while the kernel may answer for services, and no rule keeps it off.",
	    cp_guard_state(app->guard) == CP_GUARD_FAILED);
	workers(app, out);
	load(app, out);
}
