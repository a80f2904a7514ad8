// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// States: of flows, and of backends.
#include "cmd_flow_filter.h"
#include "flow_counts.h"
#include "metrics.h"

static void flows(const struct cp_app *app, struct evbuffer *out)
{
	uint32_t states[POISE_STATES];

	if (!app->dataplane.counts || !cp_flow_counts_states(app->dataplane.counts, cp_view_now_ns(), states))
		return;
	cp_metrics_family(out, "poise_flows", "gauge", "Flows in the table, by state of the connection.");
	for (unsigned state = POISE_STATE_SYN_SENT; state < POISE_STATES; state++)
		cp_metrics_count(out, "poise_flows", CP_LABELS({"state", cp_flow_state_name(state)}),
				 states[state]);
}

// One sample a backend, not one for each state it could have: with thousands of backends that is a lot of
// zeros.
static void backends(const struct cp_view *view, struct evbuffer *out)
{
	cp_metrics_family(
		out, "poise_backend_state", "gauge",
		"Always 1; the label is the state the backend is in, as poisectl backends shows it.");
	for (uint32_t i = 0; i < view->backends_count; i++) {
		const struct cp_view_backend *row = &view->backends[i];

		if (row->state != CP_VIEW_REMOVED)
			cp_metrics_count(out, "poise_backend_state",
					 CP_LABELS({"service", row->service}, {"backend", row->name},
						   {"state", cp_view_state_name(row->state)}),
					 1);
	}
}

void cp_metrics_states(const struct cp_app *app, const struct cp_view *view, struct evbuffer *out)
{
	flows(app, out);
	backends(view, out);
}
