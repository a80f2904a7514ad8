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

static void repeated(const struct cp_view *view, struct evbuffer *out, const char *name, const char *help, bool syn_ack)
{
	cp_metrics_family(out, name, "counter", help);
	for (uint32_t i = 0; i < view->backends_count; i++) {
		const struct cp_view_backend *row = &view->backends[i];

		if (row->state != CP_VIEW_REMOVED)
			cp_metrics_count(out, name, CP_LABELS({"service", row->service}, {"backend", row->name}),
					 syn_ack ? row->traffic.syn_ack_repeated : row->traffic.syn_repeated);
	}
}

void cp_metrics_handshakes(const struct cp_view *view, struct evbuffer *out)
{
	cp_metrics_family(out, LATENCY, "histogram", "Time from a client's SYN to the backend's SYN-ACK.");
	for (uint32_t i = 0; i < view->backends_count; i++)
		if (view->backends[i].state != CP_VIEW_REMOVED)
			histogram(out, &view->backends[i]);
	repeated(view, out, "poise_backend_syn_repeated_total", "SYNs that clients had to send again.", false);
	repeated(view, out, "poise_backend_syn_ack_repeated_total", "SYN-ACKs that backends had to send again.", true);
}
