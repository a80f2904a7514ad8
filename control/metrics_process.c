// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// poised, the dataplane's process and its workers.
#include <stdio.h>

#include "metrics.h"

static void one(struct evbuffer *out, const char *name, const char *type, const char *help, double value)
{
	cp_metrics_family(out, name, type, help);
	cp_metrics_real(out, name, NULL, value);
}

static void generations(const struct cp_app *app, struct evbuffer *out)
{
	cp_metrics_family(out, "poise_generation", "gauge", "Configuration generation in use, by data path.");
	cp_metrics_count(out, "poise_generation", CP_LABELS({"path", "dpdk"}), app->dataplane.generation);
	cp_metrics_family(out, "poise_generation_wanted", "gauge", "Newest configuration generation.");
	cp_metrics_count(out, "poise_generation_wanted", NULL, app->snapshot ? app->snapshot->generation : 0);
	cp_metrics_family(out, "poise_reloads_total", "counter", "Reloads of the configuration file.");
	cp_metrics_count(out, "poise_reloads_total", CP_LABELS({"result", "done"}), app->reloads);
	cp_metrics_count(out, "poise_reloads_total", CP_LABELS({"result", "failed"}), app->reloads_failed);
}

enum worker_value { LOOPS, BUSY_LOOPS, IDLE, HEARTBEAT, GENERATION };

static double read_worker(const struct poise_stats_worker *worker, enum worker_value value, uint64_t now_ns)
{
	uint64_t heartbeat_ns;

	switch (value) {
	case LOOPS:
		return (double)POISE_LOAD(worker->loops);
	case BUSY_LOOPS:
		return (double)POISE_LOAD(worker->busy_loops);
	case IDLE:
		return (double)POISE_LOAD(worker->idle_ns) / 1e9;
	case HEARTBEAT:
		heartbeat_ns = POISE_LOAD(worker->heartbeat_ns);
		return heartbeat_ns && heartbeat_ns < now_ns ? (double)(now_ns - heartbeat_ns) / 1e9 : 0;
	case GENERATION:
		return (double)POISE_LOAD(worker->generation);
	}
	return 0;
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
		{"poise_worker_heartbeat_age_seconds", "gauge", "Time since the worker's last sign of life.",
		 HEARTBEAT},
		{"poise_worker_generation", "gauge", "Configuration generation the worker uses.", GENERATION},
	};
	uint32_t count = cp_view_workers(&app->dataplane);
	uint64_t now_ns = cp_view_now_ns();

	for (size_t i = 0; count && i < POISE_COUNT(families); i++) {
		cp_metrics_family(out, families[i].name, families[i].type, families[i].help);
		for (uint32_t w = 0; w < count; w++) {
			char worker[12];

			snprintf(worker, sizeof(worker), "%u", w);
			cp_metrics_real(
				out, families[i].name, CP_LABELS({"worker", worker}),
				read_worker(&app->dataplane.stats->worker[w], families[i].value, now_ns));
		}
	}
}

void cp_metrics_process(const struct cp_app *app, struct evbuffer *out)
{
	const struct cp_dataplane_link *link = &app->dataplane;
	uint64_t now_ns = cp_view_now_ns();

	cp_metrics_family(out, "poise_build_info", "gauge", "Versions of the running programs.");
	cp_metrics_count(out, "poise_build_info",
			 CP_LABELS({"version", POISE_VERSION}, {"dataplane_version", link->version}), 1);
	one(out, "poise_up", "gauge", "1 while the dataplane runs with the newest configuration.",
	    cp_view_ready(app, NULL));
	one(out, "poise_uptime_seconds", "gauge", "Time since poised started.",
	    (double)(now_ns - app->started_ns) / 1e9);
	generations(app, out);
	cp_metrics_family(out, "poise_dataplane_state", "gauge", "1 for the state the dataplane is in.");
	for (int state = CP_DATAPLANE_DOWN; state <= CP_DATAPLANE_BACKOFF; state++)
		cp_metrics_count(out, "poise_dataplane_state",
				 CP_LABELS({"state", cp_view_dataplane_name((enum cp_dataplane_state)state)}),
				 link->state == (enum cp_dataplane_state)state);
	one(out, "poise_dataplane_restarts_total", "counter", "Starts of the dataplane after the first.",
	    link->restarts);
	workers(app, out);
}
