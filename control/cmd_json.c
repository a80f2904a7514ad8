// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_json.h"

const char *cp_endpoint(uint32_t address, uint32_t port, char *text)
{
	char host[INET_ADDRSTRLEN] = "";

	inet_ntop(AF_INET, &address, host, sizeof(host));
	if (port)
		snprintf(text, CP_ENDPOINT_SIZE, "%s:%u", host, port & 0xffff);
	else
		snprintf(text, CP_ENDPOINT_SIZE, "%s", host);
	return text;
}

// JSON is UTF-8; a file name or a line of a broken file need not be.
json_t *cp_json_text(const char *text)
{
	json_t *value = *text ? json_string(text) : json_null();
	char *copy;

	if (value)
		return value;
	copy = strdup(text);
	for (char *byte = copy; byte && *byte; byte++) {
		if (*byte & 0x80)
			*byte = '?';
	}
	value = copy ? json_string(copy) : NULL;
	free(copy);
	return value;
}

static const char *nat_name(enum poise_nat nat)
{
	switch (nat) {
#define POISE_NAT(NAME, name, help) \
	case POISE_NAT_##NAME:      \
		return #name;
#include <poise/modes.def>
#undef POISE_NAT
	case POISE_NATS:
		break;
	}
	return "unknown";
}

static const char *scheduler_name(enum poise_scheduler scheduler)
{
	switch (scheduler) {
#define POISE_SCHEDULER(NAME, name, pick, help) \
	case POISE_SCHEDULER_##NAME:            \
		return #name;
#include <poise/schedulers.def>
#undef POISE_SCHEDULER
	case POISE_SCHEDULERS:
		break;
	}
	return "unknown";
}

// Merge the traffic's keys into `object`, which is given back, or NULL when either is missing.
static json_t *with_traffic(json_t *object, const struct cp_view_traffic *traffic)
{
	json_t *more = json_pack(
		"{sI sI sI sI sI sI}", "flows_active", (json_int_t)traffic->flows_active, "flows_total",
		(json_int_t)traffic->flows_created, "packets_in", (json_int_t)traffic->packets_inward,
		"packets_out", (json_int_t)traffic->packets_outward, "bytes_in",
		(json_int_t)traffic->bytes_inward, "bytes_out", (json_int_t)traffic->bytes_outward);

	if (object && (!more || json_object_update(object, more))) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	return object;
}

static json_t *unserved_json(const struct cp_view_traffic *traffic)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < POISE_UNSERVED; i++)
		json_object_set_new(object, cp_view_unserved_name(i), json_integer((json_int_t)traffic->unserved[i]));
	return object;
}

json_t *cp_json_service(const struct cp_view_service *service)
{
	const struct cp_service *config = service->config;
	char vip[CP_ENDPOINT_SIZE], endpoint[CP_ENDPOINT_SIZE];
	json_t *object =
		json_pack("{ss ss si ss ss ss ss si si}", "service", config->name, "vip",
			  cp_endpoint(config->vip, 0, vip), "port", (int)config->port, "endpoint",
			  cp_endpoint(config->vip, config->port, endpoint), "protocol", "tcp", "nat",
			  nat_name(config->nat), "scheduler", scheduler_name(config->scheduler),
			  "backends_up", (int)service->up, "backends_total", (int)service->configured);

	if (object)
		json_object_set_new(object, "alarm",
				    service->two_primaries ? json_string("two_primaries") : json_null());
	if (object)
		json_object_set_new(object, "unserved", unserved_json(&service->traffic));
	return with_traffic(object, &service->traffic);
}

static json_t *check_json(const struct cp_view_backend *backend)
{
	const struct cp_check_view *check = &backend->check;
	uint64_t now_ns = cp_view_now_ns();
	double since =
		check->since_ns && check->since_ns < now_ns ? (double)(now_ns - check->since_ns) / 1e9 : 0;

	if (!backend->checked)
		return json_null();
	return json_pack("{sb sb si sf sf sI sI so si sb}", "known", check->known, "healthy", check->healthy,
			 "streak", (int)check->streak, "last_ms", check->last_us / 1e3, "since_s", since,
			 "probes", (json_int_t)check->probes, "failures", (json_int_t)check->failures,
			 "last_failure", cp_json_text(check->reason), "damped_s", (int)check->damped_s, "suspect",
			 (int)check->suspect);
}

// Microseconds as milliseconds with three digits.
static double rounded(double us)
{
	return (double)(uint64_t)(us + 0.5) / 1e3;
}

static json_t *handshake_json(const struct cp_view_traffic *traffic)
{
	return json_pack("{sI sf sf sf sI sI sI}", "answers", (json_int_t)traffic->answers, "mean_ms",
			 rounded(traffic->answers ? (double)traffic->latency_us / (double)traffic->answers : 0),
			 "p50_ms", rounded(cp_view_latency_us(traffic, 0.5)), "p99_ms",
			 rounded(cp_view_latency_us(traffic, 0.99)), "syn_repeated",
			 (json_int_t)traffic->syn_repeated, "syn_ack_repeated", (json_int_t)traffic->syn_ack_repeated,
			 "syn_refused", (json_int_t)traffic->syn_refused);
}

static json_t *lag_json(const struct cp_view_backend *backend, uint64_t value)
{
	return backend->lag_known ? json_integer((json_int_t)value) : json_null();
}

// What the life cycle has to say about a backend.
static json_t *with_lifecycle(json_t *object, const struct cp_view_backend *backend)
{
	json_t *more = json_pack("{sb sb si so so}", "held", backend->held, "resetting", backend->resetting,
				 "share_percent", (int)backend->share_percent, "drain_left_s",
				 backend->drain_left_s < 0 ? json_null() : json_integer(backend->drain_left_s),
				 "database", json_null());

	if (more && backend->database != CP_NODE_UNKNOWN)
		json_object_set_new(more, "database",
				    json_pack("{ss sb so so}", "role", cp_node_role_name(backend->database),
					      "rival", backend->rival, "lag_ms",
					      lag_json(backend, backend->lag_ms), "lag_bytes",
					      lag_json(backend, backend->lag_bytes)));
	if (object && more)
		json_object_update(object, more);
	json_decref(more);
	return object;
}

json_t *cp_json_backend(const struct cp_view_backend *backend)
{
	char address[CP_ENDPOINT_SIZE], endpoint[CP_ENDPOINT_SIZE];
	json_t *object = json_pack("{ss ss ss si ss ss so si sb so}", "service", backend->service, "backend",
				   backend->name, "address", cp_endpoint(backend->address, 0, address),
				   "port", (int)backend->port, "endpoint",
				   cp_endpoint(backend->address, backend->port, endpoint), "state",
				   cp_view_state_name(backend->state), "reason",
				   cp_json_text(backend->reason), "weight", (int)backend->weight,
				   "weight_by_operator", backend->weight_set, "check", check_json(backend));

	if (object && backend->checked && backend->check.probes)
		json_object_set_new(object, "check_ms", json_real(backend->check.last_us / 1e3));
	if (object && backend->traffic.answers)
		json_object_set_new(object, "syn_ms", json_real(rounded(cp_view_latency_us(&backend->traffic, 0.5))));
	if (object)
		json_object_set_new(object, "handshake", handshake_json(&backend->traffic));
	return with_traffic(with_lifecycle(object, backend), &backend->traffic);
}
