// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The pair: readiness, both directions of the flow sync, what became of the peer's flows, who was refused.
#include "metrics.h"
#include "sync.h"

#define DIRECTION(name) CP_LABELS({"direction", name})

static void write_directions(const struct cp_sync_view *view, struct evbuffer *out)
{
	const struct cp_sync_sender_view *to = view->sender;
	const struct cp_sync_receiver_view *from = view->receiver;

	cp_metrics_family(out, "poise_sync_connected", "gauge", "1 while the peer takes our flows, or tells its own.");
	cp_metrics_count(out, "poise_sync_connected", DIRECTION("sending"), to->connected);
	cp_metrics_count(out, "poise_sync_connected", DIRECTION("receiving"), from->connected);
	cp_metrics_family(out, "poise_sync_complete", "gauge", "1 when everything was told once in this session.");
	cp_metrics_count(out, "poise_sync_complete", DIRECTION("sending"), to->whole);
	cp_metrics_count(out, "poise_sync_complete", DIRECTION("receiving"), from->whole);
	cp_metrics_family(out, "poise_sync_sessions_total", "counter", "Sessions since poised started or ha changed.");
	cp_metrics_count(out, "poise_sync_sessions_total", DIRECTION("sending"), to->sessions);
	cp_metrics_count(out, "poise_sync_sessions_total", DIRECTION("receiving"), from->sessions);
	cp_metrics_family(out, "poise_sync_flows_total", "counter", "Flows told, with repetitions, and ends of flows.");
	cp_metrics_count(out, "poise_sync_flows_total", DIRECTION("sending"), to->flows_put + to->flows_removed);
	cp_metrics_count(out, "poise_sync_flows_total", DIRECTION("receiving"), from->flows);
	cp_metrics_family(out, "poise_sync_lag_seconds", "gauge", "How long the peer took to take what it was told.");
	cp_metrics_real(out, "poise_sync_lag_seconds", NULL, (double)to->lag_ns / 1e9);
	cp_metrics_family(out, "poise_sync_pass_seconds", "gauge", "What the last walk over the flow table cost.");
	cp_metrics_real(out, "poise_sync_pass_seconds", NULL, (double)to->pass_ns / 1e9);
}

void cp_metrics_sync(const struct cp_app *app, struct evbuffer *out)
{
	struct cp_sync_view view;

	cp_metrics_family(out, "poise_ready", "gauge", "1 when routers may send traffic here.");
	cp_metrics_count(out, "poise_ready", NULL, cp_view_ready(app, NULL));
	cp_sync_view(app->sync, &view);
	if (!view.sender || !view.receiver)
		return;
	write_directions(&view, out);
	cp_metrics_family(out, "poise_sync_fates_total", "counter", "What became of the flows that the peer told.");
	for (uint32_t i = 0; i < CP_SYNC_FATES; i++)
		cp_metrics_count(out, "poise_sync_fates_total",
				 CP_LABELS({"fate", cp_sync_fate_name((enum cp_sync_fate)i)}), view.fates[i]);
	cp_metrics_family(out, "poise_sync_refused_total", "counter", "Connections on the sync link that were ended.");
	for (uint32_t i = 0; i < CP_SYNC_REFUSALS; i++)
		cp_metrics_count(out, "poise_sync_refused_total",
				 CP_LABELS({"reason", cp_sync_refusal_name((enum cp_sync_refusal)i)}),
				 view.sender->refused[i] + view.receiver->refused[i]);
}
