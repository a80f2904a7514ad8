// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Services and backends. Removed backends are left out: a new one may have their name, and two samples with
// equal labels spoil a whole scrape.
#include "metrics.h"

enum value {
	UP,
	IN_ROTATION,
	WEIGHT,
	FLOWS_ACTIVE,
	FLOWS_CREATED,
	CHECK_DURATION,
	CHECK_PROBES,
	CHECK_FAILURES,
};

struct family {
	const char *name;
	const char *type;
	const char *help;
	enum value value;
};

static const struct family backend_families[] = {
	{"poise_backend_up", "gauge", "1 while the health check passes (or there is none).", UP},
	{"poise_backend_in_rotation", "gauge", "1 while the backend takes new flows.", IN_ROTATION},
	{"poise_backend_weight", "gauge", "Weight in use.", WEIGHT},
	{"poise_backend_flows_active", "gauge", "Flows that exist.", FLOWS_ACTIVE},
	{"poise_backend_flows_created_total", "counter", "Flows created.", FLOWS_CREATED},
	{"poise_check_duration_seconds", "gauge", "Duration of the last health check.", CHECK_DURATION},
	{"poise_check_probes_total", "counter", "Health checks made.", CHECK_PROBES},
	{"poise_check_failures_total", "counter", "Health checks that failed.", CHECK_FAILURES},
};

static double read_backend(const struct cp_view_backend *row, enum value value)
{
	switch (value) {
	case UP:
		return row->healthy;
	case IN_ROTATION:
		return row->state == CP_VIEW_UP;
	case WEIGHT:
		return row->weight;
	case FLOWS_ACTIVE:
		return (double)row->traffic.flows_active;
	case FLOWS_CREATED:
		return (double)row->traffic.flows_created;
	case CHECK_DURATION:
		return row->check.last_us / 1e6;
	case CHECK_PROBES:
		return (double)row->check.probes;
	case CHECK_FAILURES:
		return (double)row->check.failures;
	}
	return 0;
}

static bool shown(const struct cp_view_backend *row, enum value value)
{
	if (row->state == CP_VIEW_REMOVED)
		return false;
	return row->checked || (value != CHECK_DURATION && value != CHECK_PROBES && value != CHECK_FAILURES);
}

static void backends(const struct cp_view *view, const struct family *family, struct evbuffer *out)
{
	cp_metrics_family(out, family->name, family->type, family->help);
	for (uint32_t i = 0; i < view->backends_count; i++) {
		const struct cp_view_backend *row = &view->backends[i];

		if (shown(row, family->value))
			cp_metrics_real(out, family->name,
					CP_LABELS({"service", row->service}, {"backend", row->name}),
					read_backend(row, family->value));
	}
}

static void backend_traffic(const struct cp_view *view, struct evbuffer *out, const char *name,
			    const char *help, bool bytes)
{
	cp_metrics_family(out, name, "counter", help);
	for (uint32_t i = 0; i < view->backends_count; i++) {
		const struct cp_view_backend *row = &view->backends[i];
		const struct cp_view_traffic *traffic = &row->traffic;

		if (row->state == CP_VIEW_REMOVED)
			continue;
		cp_metrics_count(
			out, name,
			CP_LABELS({"service", row->service}, {"backend", row->name}, {"direction", "in"}),
			bytes ? traffic->bytes_inward : traffic->packets_inward);
		cp_metrics_count(
			out, name,
			CP_LABELS({"service", row->service}, {"backend", row->name}, {"direction", "out"}),
			bytes ? traffic->bytes_outward : traffic->packets_outward);
	}
}

static void service_traffic(const struct cp_view *view, struct evbuffer *out, const char *name,
			    const char *help, bool bytes)
{
	cp_metrics_family(out, name, "counter", help);
	for (uint32_t i = 0; i < view->services_count; i++) {
		const char *service = view->services[i].config->name;
		const struct cp_view_traffic *traffic = &view->services[i].traffic;

		cp_metrics_count(out, name, CP_LABELS({"service", service}, {"direction", "in"}),
				 bytes ? traffic->bytes_inward : traffic->packets_inward);
		cp_metrics_count(out, name, CP_LABELS({"service", service}, {"direction", "out"}),
				 bytes ? traffic->bytes_outward : traffic->packets_outward);
	}
}

static void service_unserved(const struct cp_view *view, struct evbuffer *out)
{
	static const char name[] = "poise_service_unserved_packets_total";

	cp_metrics_family(out, name, "counter", "Packets to the service that reached no backend, by verdict.");
	for (uint32_t i = 0; i < view->services_count; i++)
		for (uint32_t which = 0; which < POISE_UNSERVED; which++)
			cp_metrics_count(out, name,
					 CP_LABELS({"service", view->services[i].config->name},
						   {"verdict", cp_view_unserved_name(which)}),
					 view->services[i].traffic.unserved[which]);
}

static void services(const struct cp_view *view, struct evbuffer *out)
{
	static const struct {
		const char *name;
		const char *type;
		const char *help;
	} families[] = {
		{"poise_service_backends", "gauge", "Backends configured."},
		{"poise_service_backends_up", "gauge", "Backends that take new flows."},
		{"poise_service_flows_active", "gauge", "Flows that exist."},
		{"poise_service_flows_created_total", "counter", "Flows created."},
	};

	for (size_t i = 0; i < POISE_COUNT(families); i++) {
		cp_metrics_family(out, families[i].name, families[i].type, families[i].help);
		for (uint32_t s = 0; s < view->services_count; s++) {
			const struct cp_view_service *service = &view->services[s];
			const uint64_t values[] = {service->configured, service->up,
						   service->traffic.flows_active,
						   service->traffic.flows_created};

			cp_metrics_count(out, families[i].name, CP_LABELS({"service", service->config->name}),
					 values[i]);
		}
	}
	service_traffic(view, out, "poise_service_packets_total",
			"Packets forwarded; in is toward the backend.", false);
	service_traffic(view, out, "poise_service_bytes_total",
			"IP bytes forwarded; in is toward the backend.", true);
	service_unserved(view, out);
}

void cp_metrics_backends(const struct cp_view *view, struct evbuffer *out)
{
	services(view, out);
	for (size_t i = 0; i < POISE_COUNT(backend_families); i++)
		backends(view, &backend_families[i], out);
	backend_traffic(view, out, "poise_backend_packets_total",
			"Packets forwarded; in is toward the backend.", false);
	backend_traffic(view, out, "poise_backend_bytes_total",
			"IP bytes forwarded; in is toward the backend.", true);
	cp_metrics_handshakes(view, out);
	cp_metrics_lifecycle(view, out);
}
