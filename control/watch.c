// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "watch.h"

#include <stdlib.h>

#include "log.h"
#include "spawn_dataplane.h"
#include "view.h"

#define TICK_NS 1000000000ull
#define WARN_NS 3000000000ull
#define HUNG_NS 10000000000ull

struct cp_watch {
	struct cp_app *app;
	struct event *tick;
	uint64_t last_ns; // of the tick before
};

static void look(struct cp_watch *watch, uint32_t index, uint64_t now_ns)
{
	const struct poise_stats_worker *worker = &watch->app->dataplane.stats->worker[index];
	uint64_t beat_ns = cp_view_beat_ns(&watch->app->flows, index);

	if (!POISE_LOAD(worker->running) || !beat_ns || now_ns < beat_ns + WARN_NS)
		return;
	cp_log(CP_LOG_WARNING, "worker-hangs", "worker %u has not moved for %llu seconds", index,
	       (unsigned long long)((now_ns - beat_ns) / 1000000000));
	if (now_ns >= beat_ns + HUNG_NS)
		cp_spawn_again(watch->app->spawn, "a worker hangs", true);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct cp_watch *watch = context;
	uint64_t now_ns = cp_view_now_ns(), before_ns = watch->last_ns;

	watch->last_ns = now_ns;
	// When we did not run ourselves (a stopped machine), the others did not either.
	if (now_ns - before_ns > 2 * TICK_NS || watch->app->stopping)
		return;
	for (uint32_t i = 0; i < cp_view_workers(&watch->app->dataplane); i++)
		look(watch, i, now_ns);
}

struct cp_watch *cp_watch_create(struct cp_app *app)
{
	const struct timeval second = {.tv_sec = TICK_NS / 1000000000};
	struct cp_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->app = app;
	watch->tick = event_new(app->base, -1, EV_PERSIST, on_tick, watch);
	if (!watch->tick || event_add(watch->tick, &second)) {
		cp_watch_destroy(watch);
		return NULL;
	}
	return watch;
}

void cp_watch_destroy(struct cp_watch *watch)
{
	if (!watch)
		return;
	if (watch->tick)
		event_free(watch->tick);
	free(watch);
}
