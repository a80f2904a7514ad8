// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// How backends answer SYNs, from the packets themselves: a histogram and two counters.
#include <stdio.h>

#include "metrics.h"

#define LATENCY "poise_backend_syn_latency_seconds"

static void histogram(struct evbuffer *out, const struct cp_view_backend *row)
{
	const struct cp_view_traffic *traffic = &row->traffic;
	uint64_t below = 0;
	char bound[32];

	for (uint32_t i = 0; i < POISE_LATENCY_BUCKETS; i++) {
		below += traffic->latency[i];
		if (cp_view_latency_bound_us(i))
			snprintf(bound, sizeof(bound), "%.9g", (double)cp_view_latency_bound_us(i) / 1e6);
		else
			snprintf(bound, sizeof(bound), "+Inf");
		cp_metrics_count(out, LATENCY "_bucket",
				 CP_LABELS({"service", row->service}, {"backend", row->name}, {"le", bound}), below);
	}
	cp_metrics_real(out, LATENCY "_sum", CP_LABELS({"service", row->service}, {"backend", row->name}),
			(double)traffic->latency_us / 1e6);
	cp_metrics_count(out, LATENCY "_count", CP_LABELS({"service", row->service}, {"backend", row->name}), below);
}

static uint64_t syns(const struct cp_view_traffic *traffic)
{
	return traffic->syn_repeated;
}

static uint64_t syn_acks(const struct cp_view_traffic *traffic)
{
	return traffic->syn_ack_repeated;
}

static uint64_t refusals(const struct cp_view_traffic *traffic)
{
	return traffic->syn_refused;
}

static void each(const struct cp_view *view, struct evbuffer *out, const char *name, const char *help,
		 uint64_t (*of)(const struct cp_view_traffic *traffic))
{
	cp_metrics_family(out, name, "counter", help);
	for (uint32_t i = 0; i < view->backends_count; i++) {
		const struct cp_view_backend *row = &view->backends[i];

		if (row->state != CP_VIEW_REMOVED)
			cp_metrics_count(out, name, CP_LABELS({"service", row->service}, {"backend", row->name}),
					 of(&row->traffic));
	}
}

void cp_metrics_handshakes(const struct cp_view *view, struct evbuffer *out)
{
	cp_metrics_family(out, LATENCY, "histogram", "Time from a client's SYN to the backend's SYN-ACK.");
	for (uint32_t i = 0; i < view->backends_count; i++)
		if (view->backends[i].state != CP_VIEW_REMOVED)
			histogram(out, &view->backends[i]);
	each(view, out, "poise_backend_syn_repeated_total", "SYNs that clients had to send again.", syns);
	each(view, out, "poise_backend_syn_ack_repeated_total", "SYN-ACKs that backends had to send again.",
	     syn_acks);
	each(view, out, "poise_backend_syn_refused_total", "SYNs that backends answered with a reset.", refusals);
}
