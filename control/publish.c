// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "publish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <poise/expire.h>

#include "lifecycle.h"
#include "lifecycle_count.h"
#include "log.h"
#include "sink_dp.h"
#include "snapshot_file.h"
#include "snapshot_map.h"
#include "unsaved.h"
#include "view.h"
#include "xdp.h"

#define COLLECT_S 10 // how often flows of removed backends are looked for
#define KERNEL_WAIT_MS 100 // the kernel's path waits that long for the dataplane, which may hang
#define BUSY_WORDS (POISE_MAX_BACKENDS / 64)

struct cp_publish {
	struct cp_app *app;
	struct event *soon;
	struct event *collect;
	struct event *kernel; // the wait for the acknowledgement is over
	struct event *due;   // something changes by time alone
	struct event *count; // each second, for scheduler lc
	bool quiet;	     // the next generation is only another count of flows
	struct poise_snapshot *scratch;
	uint64_t settled; // generation known to be that of our history in a dataplane
	char path[CP_PATH_SIZE + 16];
};

static void set_busy(uint64_t *busy, uint32_t index)
{
	busy[index / 64 % BUSY_WORDS] |= 1ull << (index % 64);
}

static void scan_flows(const struct cp_flow_memory *flows, const struct poise_snapshot *snapshot, uint64_t *busy)
{
	const struct poise_table *table = &flows->table;
	uint32_t now_ms = (uint32_t)(cp_view_now_ns() / 1000000);

	if (!flows->base)
		return;
	for (uint32_t i = 0; i < POISE_SHARDS; i++) {
		uint32_t top = POISE_LOAD(poise_shard(table, i)->used_top);

		if (top > table->records_per_shard)
			top = table->records_per_shard;
		for (uint32_t j = 0; j < top; j++) {
			const struct poise_flow *flow = poise_record(table, i * table->records_per_shard + j + 1);

			// Nobody uses a flow that is over, and without a dataplane nobody removes it either.
			if (POISE_LOAD(flow->state) != POISE_STATE_FREE && !poise_flow_expired(snapshot, flow, now_ms))
				set_busy(busy, POISE_LOAD(flow->backend_index) & (POISE_MAX_BACKENDS - 1));
		}
	}
}

// Backends whose index must not be given away. The table itself is asked, since the dataplane's counters start
// anew with each run. One that still takes flows while we look may have some by the time it is removed, so it
// is given up one round later at the earliest. Returns false when nothing of the kind can be.
static bool find_busy(const struct cp_app *app, uint64_t *busy)
{
	const struct poise_snapshot *snapshot = app->snapshot;
	bool removed = false;

	if (!snapshot)
		return false;
	memset(busy, 0, BUSY_WORDS * sizeof(*busy));
	for (uint32_t i = 0; i < snapshot->backends_count; i++) {
		removed |= snapshot->backends[i].flags & POISE_BACKEND_REMOVED;
		if (snapshot->backend_names[i][0] && !(snapshot->backends[i].flags & POISE_BACKEND_REMOVED))
			set_busy(busy, i);
	}
	if (removed)
		scan_flows(&app->flows, snapshot, busy);
	return true;
}

static int compile(struct cp_publish *publish, const struct cp_config *config, const struct cp_states *states,
		   const struct cp_topology *topology, struct cp_report *report)
{
	uint64_t busy[BUSY_WORDS];
	bool has_busy = find_busy(publish->app, busy);

	return cp_compile(config, states, topology, publish->app->snapshot, has_busy ? busy : NULL,
			  publish->scratch, report);
}

static bool has_removed(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->backends_count; i++)
		if (snapshot->backends[i].flags & POISE_BACKEND_REMOVED)
			return true;
	return false;
}

static void collect_later(struct cp_publish *publish)
{
	const struct timeval delay = {.tv_sec = COLLECT_S};

	if (publish->app->snapshot && has_removed(publish->app->snapshot))
		event_add(publish->collect, &delay);
}

static void save(const struct cp_publish *publish)
{
	cp_unsaved_result(publish->app, CP_UNSAVED_SNAPSHOT, publish->path,
			  cp_snapshot_save(publish->app->snapshot, publish->path));
}

void cp_publish_save(struct cp_app *app)
{
	save(app->publish);
}

static void hand_over(struct cp_publish *publish)
{
	struct cp_app *app = publish->app;
	const struct timeval bound = {.tv_usec = KERNEL_WAIT_MS * 1000};

	if (!app->behind_since_ns)
		app->behind_since_ns = cp_view_now_ns();
	save(publish);
	if (!app->sink || !cp_sink_dp_publish(app->sink))
		cp_publish_settled(app, 0);
	else if (app->xdp && !event_pending(publish->kernel, EV_TIMEOUT, NULL)) // many in a row do not move it
		event_add(publish->kernel, &bound);
}

static void on_kernel(evutil_socket_t fd, short what, void *context)
{
	struct cp_publish *publish = context;

	cp_publish_settled(publish->app, 0);
}

int cp_publish_try(struct cp_publish *publish, const struct cp_config *config, const struct cp_states *states,
		   const struct cp_topology *topology, struct cp_report *report)
{
	return compile(publish, config, states, topology, report);
}

static void say(const struct cp_log_subject *subject, enum cp_log_level level, const char *id, const char *text)
{
	cp_log_about(subject, level, id, "%s", text);
}

// What time has changed meanwhile, and when it does next.
static void step(struct cp_publish *publish)
{
	uint64_t now_ns = cp_view_now_ns(), wait_us;
	uint64_t due_ns = cp_lifecycle_step(publish->app->config, &publish->app->states, now_ns, say);
	struct timeval delay;

	event_del(publish->due);
	if (due_ns) {
		wait_us = due_ns > now_ns ? (due_ns - now_ns) / 1000 + 1 : 1;
		delay.tv_sec = (time_t)(wait_us / 1000000);
		delay.tv_usec = (suseconds_t)(wait_us % 1000000);
		event_add(publish->due, &delay);
	}
	if (cp_lifecycle_counts(publish->app->config) && !event_pending(publish->count, EV_TIMEOUT, NULL))
		event_add(publish->count, &(const struct timeval){.tv_sec = 1});
}

int cp_publish_now(struct cp_publish *publish, struct cp_report *report)
{
	struct cp_app *app = publish->app;
	struct poise_snapshot *before = app->snapshot;

	event_del(publish->soon);
	step(publish);
	if (compile(publish, app->config, &app->states, &app->topology, report))
		return -1;
	if (before && cp_snapshot_same(before, publish->scratch)) {
		collect_later(publish);
		return 0;
	}
	if (!before) {
		before = malloc(sizeof(*before));
		if (!before) {
			cp_report_add(report, NULL, 0, "out of memory");
			return -1;
		}
	}
	app->snapshot = publish->scratch;
	publish->scratch = before;
	if (!publish->quiet)
		cp_log(CP_LOG_INFO, "generation", "generation %llu", (unsigned long long)app->snapshot->generation);
	hand_over(publish);
	collect_later(publish);
	return 0;
}

static void on_soon(evutil_socket_t fd, short what, void *context)
{
	struct cp_publish *publish = context;
	struct cp_report report = {0};

	if (!publish->app->stopping && cp_publish_now(publish, &report))
		cp_log_report("compile", &report);
	cp_report_fini(&report);
}

static void on_count(evutil_socket_t fd, short what, void *context)
{
	struct cp_publish *publish = context;
	struct cp_app *app = publish->app;

	if (app->stopping || !cp_lifecycle_counts(app->config))
		return;
	cp_lifecycle_count(app);
	publish->quiet = !event_pending(publish->soon, EV_TIMEOUT, NULL);
	on_soon(fd, what, context);
	publish->quiet = false;
}

void cp_changed(struct cp_app *app)
{
	const struct timeval now = {0};

	if (!event_pending(app->publish->soon, EV_TIMEOUT, NULL))
		event_add(app->publish->soon, &now);
}

void cp_publish_welcome(struct cp_app *app, uint64_t generation)
{
	struct poise_snapshot *snapshot = app->snapshot;

	// An equal number may stand for another content, unless it is of our own line.
	if (!snapshot || generation < snapshot->generation || generation == app->publish->settled)
		return;
	if (!generation)
		return;
	snapshot->generation = generation + 1;
	app->behind_since_ns = cp_view_now_ns();
	save(app->publish);
}

void cp_publish_taken(struct cp_app *app)
{
	app->behind_since_ns = cp_view_current(app, NULL) ? 0 : cp_view_now_ns();
}

void cp_publish_settled(struct cp_app *app, uint64_t generation)
{
	if (!app->publish || !app->snapshot || app->stopping)
		return;
	if (generation)
		app->publish->settled = generation;
	// The kernel's path follows the dataplane, so that it does not hand over what that does not know yet. That is
	// worth a moment only: a packet of a service that only one of them knows is dropped, a change that never comes
	// is an outage.
	event_del(app->publish->kernel);
	if (app->xdp)
		cp_xdp_publish(app->xdp, app->snapshot);
	if (cp_view_current(app, NULL))
		app->behind_since_ns = 0;
}

static void load(struct cp_publish *publish)
{
	struct cp_app *app = publish->app;
	struct poise_snapshot *live = NULL;
	const char *why;
	int error = cp_snapshot_load(publish->path, &app->snapshot, &why);

	// What the kernel's path runs with is newer when the disk was full.
	if (app->pins[0] && !cp_snapshot_map_load(app->pins, &live)) {
		if (error || live->generation > app->snapshot->generation) {
			free(app->snapshot);
			app->snapshot = live;
			error = 0;
		} else {
			free(live);
		}
	}
	if (!error) {
		publish->settled = app->snapshot->generation;
		cp_log(CP_LOG_INFO, "generation-continued", "continuing after generation %llu",
		       (unsigned long long)app->snapshot->generation);
	} else if (error != -ENOENT) {
		cp_log(CP_LOG_WARNING, "snapshot-foreign", "%s %s, starting without it", publish->path, why);
	}
}

struct cp_publish *cp_publish_create(struct cp_app *app)
{
	struct cp_publish *publish = calloc(1, sizeof(*publish));

	if (!publish)
		return NULL;
	publish->app = app;
	publish->scratch = malloc(sizeof(*publish->scratch));
	publish->soon = event_new(app->base, -1, 0, on_soon, publish);
	publish->collect = event_new(app->base, -1, 0, on_soon, publish);
	publish->kernel = event_new(app->base, -1, 0, on_kernel, publish);
	publish->due = event_new(app->base, -1, 0, on_soon, publish);
	publish->count = event_new(app->base, -1, 0, on_count, publish);
	if (!publish->scratch || !publish->soon || !publish->collect || !publish->due || !publish->count ||
	    !publish->kernel) {
		cp_publish_destroy(publish, false);
		return NULL;
	}
	snprintf(publish->path, sizeof(publish->path), "%s/snapshot.bin", app->run_dir);
	load(publish);
	return publish;
}

void cp_publish_destroy(struct cp_publish *publish, bool remove)
{
	if (!publish)
		return;
	if (remove)
		unlink(publish->path);
	if (publish->soon)
		event_free(publish->soon);
	if (publish->collect)
		event_free(publish->collect);
	if (publish->kernel)
		event_free(publish->kernel);
	if (publish->due)
		event_free(publish->due);
	if (publish->count)
		event_free(publish->count);
	free(publish->scratch);
	free(publish);
}
