// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Life cycle of backends: slow start, drain, resets, what was held, rival primaries.
#include "metrics.h"

static double read_value(const struct cp_view_backend *row, uint32_t value)
{
	switch (value) {
	case 0:
		return row->share_percent / 100.0;
	case 1:
		return row->held;
	case 2:
		return row->resetting;
	case 3:
		return (double)row->drain_left_s;
	case 4:
		return row->database == CP_NODE_PRIMARY;
	case 5:
		return (double)row->lag_ms / 1e3;
	default:
		return (double)row->lag_bytes;
	}
}

// Is there a value at all?
static bool has_value(const struct cp_view_backend *row, uint32_t value)
{
	if (row->state == CP_VIEW_REMOVED)
		return false;
	switch (value) {
	case 3:
		return row->drain_left_s >= 0;
	case 4:
		return row->database != CP_NODE_UNKNOWN;
	case 5:
	case 6:
		return row->lag_known;
	default:
		return true;
	}
}

void cp_metrics_lifecycle(const struct cp_view *view, struct evbuffer *out)
{
	static const struct {
		const char *name;
		const char *help;
	} families[] = {
		{"poise_backend_share_ratio", "Share of its weight that it gets; below 1 in a slow start."},
		{"poise_backend_held", "1 while the backend serves although its check fails."},
		{"poise_backend_resetting", "1 while the flows of the backend are reset."},
		{"poise_backend_drain_left_seconds", "Until the flows of a draining backend are reset."},
		{"poise_backend_primary", "1 for a database that claims to be the primary, 0 for a replica."},
		{"poise_backend_lag_seconds", "How far a replica is behind its primary."},
		{"poise_backend_lag_bytes", "What a replica has received and not yet replayed."},
	};

	for (uint32_t i = 0; i < POISE_COUNT(families); i++) {
		cp_metrics_family(out, families[i].name, "gauge", families[i].help);
		for (uint32_t j = 0; j < view->backends_count; j++) {
			const struct cp_view_backend *row = &view->backends[j];

			if (!has_value(row, i))
				continue;
			cp_metrics_real(out, families[i].name,
					CP_LABELS({"service", row->service}, {"backend", row->name}),
					read_value(row, i));
		}
	}
	cp_metrics_family(out, "poise_service_two_primaries", "gauge",
			  "1 while several backends of the service claim to be the primary.");
	for (uint32_t s = 0; s < view->services_count; s++)
		cp_metrics_count(out, "poise_service_two_primaries",
				 CP_LABELS({"service", view->services[s].config->name}),
				 view->services[s].two_primaries);
}
