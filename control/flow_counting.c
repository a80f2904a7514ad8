// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "flow_counting.h"

#include "flow_counts.h"
#include "view.h"

#define LARGE_MS 20  // a slice takes one or two: a tenth of the time at most
#define SMALL_MS 500 // then somebody else counts, when asked

static void arm(struct cp_app *app, unsigned ms)
{
	const struct timeval pause = {.tv_usec = ms * 1000};

	evtimer_add(app->counting, &pause);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
	struct cp_app *app = context;

	arm(app, app->dataplane.counts && cp_flow_counts_step(app->dataplane.counts, cp_view_now_ns()) ? LARGE_MS
												       : SMALL_MS);
}

struct event *cp_flow_counting_create(struct cp_app *app)
{
	app->counting = evtimer_new(app->base, on_time, app);
	if (app->counting)
		arm(app, SMALL_MS);
	return app->counting;
}
