// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Fates of packets, events, the flow table and the ports.
#include <stdio.h>

#include "metrics.h"

static void fates(const uint64_t *counters, struct evbuffer *out)
{
	cp_metrics_family(out, "poise_packets_total", "counter",
			  "Packets by verdict; kind is forward, pass, drop or reply. The verdicts are "
			  "described in docs/counters.md.");
	for (uint32_t i = 0; i < POISE_COUNTERS; i++) {
		enum poise_verdict_kind kind = poise_verdict_kind((enum poise_verdict)i);

		if (kind != POISE_KIND_EVENT)
			cp_metrics_count(
				out, "poise_packets_total",
				CP_LABELS({"verdict", cp_view_counter_name(i)}, {"kind", cp_view_kind_name(kind)}),
				counters[i]);
	}
	cp_metrics_family(out, "poise_flow_events_total", "counter",
			  "Events of the flow table and between workers.");
	for (uint32_t i = 0; i < POISE_COUNTERS; i++)
		if (poise_verdict_kind((enum poise_verdict)i) == POISE_KIND_EVENT)
			cp_metrics_count(out, "poise_flow_events_total",
					 CP_LABELS({"event", cp_view_counter_name(i)}), counters[i]);
}

static void flow_table(const struct cp_app *app, struct evbuffer *out)
{
	struct cp_view_flow_table table;

	cp_view_flow_table(&app->flows, app->dataplane.counts, &table);
	if (!table.present)
		return;
	cp_metrics_family(out, "poise_flow_table_used", "gauge", "Records of flows that live.");
	cp_metrics_count(out, "poise_flow_table_used", NULL, table.used);
	cp_metrics_family(out, "poise_flow_table_capacity", "gauge", "Flow records there are.");
	cp_metrics_count(out, "poise_flow_table_capacity", NULL, table.capacity);
	cp_metrics_family(out, "poise_flow_table_half_open", "gauge",
			  "Flows whose handshake is not complete.");
	cp_metrics_count(out, "poise_flow_table_half_open", NULL, table.half_open);
	cp_metrics_family(out, "poise_flow_table_expired", "gauge",
			  "Records of flows that are over and still to be removed; new flows take them.");
	cp_metrics_count(out, "poise_flow_table_expired", NULL, table.expired);
}

static void ports(const struct cp_app *app, struct evbuffer *out)
{
	static const struct {
		const char *name;
		const char *help;
		size_t offset;
	} families[] = {
		{"poise_port_rx_packets_total", "Packets received.",
		 offsetof(struct poise_stats_port, rx_packets)},
		{"poise_port_rx_bytes_total", "Bytes received.", offsetof(struct poise_stats_port, rx_bytes)},
		{"poise_port_tx_packets_total", "Packets sent.",
		 offsetof(struct poise_stats_port, tx_packets)},
		{"poise_port_tx_bytes_total", "Bytes sent.", offsetof(struct poise_stats_port, tx_bytes)},
	};

	for (size_t i = 0; i < POISE_COUNT(families); i++) {
		cp_metrics_family(out, families[i].name, "counter", families[i].help);
		for (uint32_t port = 0; port < app->config->ports_count; port++) {
			struct poise_stats_port sum;

			cp_view_port(&app->dataplane, port, &sum);
			cp_metrics_count(out, families[i].name,
					 CP_LABELS({"port", app->config->ports[port].name}),
					 *(const __u64 *)((const char *)&sum + families[i].offset));
		}
	}
}

static void missed(const struct cp_app *app, struct evbuffer *out)
{
	if (!cp_view_workers(&app->dataplane))
		return;
	cp_metrics_family(out, "poise_port_rx_missed", "gauge",
			  "Frames that the device could not keep since the dataplane started.");
	for (uint32_t port = 0; port < app->config->ports_count; port++)
		cp_metrics_count(out, "poise_port_rx_missed", CP_LABELS({"port", app->config->ports[port].name}),
				 cp_view_missed(&app->dataplane, port));
}

void cp_metrics_packets(const struct cp_app *app, struct evbuffer *out)
{
	uint64_t counters[POISE_COUNTERS];

	cp_view_counters(&app->dataplane, counters);
	fates(counters, out);
	flow_table(app, out);
	ports(app, out);
	missed(app, out);
}
