// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_flow_filter.h"

static const char *const state_names[POISE_STATES] = {
	[POISE_STATE_FREE] = "free",
	[POISE_STATE_SYN_SENT] = "syn_sent",
	[POISE_STATE_SYN_RECEIVED] = "syn_received",
	[POISE_STATE_ESTABLISHED] = "established",
	[POISE_STATE_FIN_CLIENT] = "fin_client",
	[POISE_STATE_FIN_BACKEND] = "fin_backend",
	[POISE_STATE_CLOSING] = "closing",
	[POISE_STATE_RESET] = "reset",
};

const char *cp_flow_state_name(unsigned state)
{
	return state < POISE_STATES ? state_names[state] : "unknown";
}

const char *cp_flow_service_name(const struct poise_flow *flow, const struct poise_snapshot *snapshot)
{
	return snapshot && flow->vip_index < POISE_MAX_VIPS ? snapshot->vip_names[flow->vip_index] : "";
}

const char *cp_flow_backend_name(const struct poise_flow *flow, const struct poise_snapshot *snapshot)
{
	return snapshot && flow->backend_index < POISE_MAX_BACKENDS
		       ? snapshot->backend_names[flow->backend_index]
		       : "";
}

// A whole decimal number up to `most`, or -1.
static long number(const char *text, long most)
{
	char *end;
	long value;

	if (*text < '0' || *text > '9')
		return -1;
	value = strtol(text, &end, 10);
	return *end || value > most ? -1 : value;
}

// ADDRESS, ADDRESS:PORT or ADDRESS/LENGTH.
static int parse_client(struct cp_flow_filter *filter, const char *text)
{
	size_t length = strcspn(text, ":/");
	char host[INET_ADDRSTRLEN];
	struct in_addr address;
	long value = 0;

	if (length >= sizeof(host))
		return -1;
	memcpy(host, text, length);
	host[length] = '\0';
	if (inet_pton(AF_INET, host, &address) != 1)
		return -1;
	filter->client_mask = 0xffffffff;
	if (text[length] == ':') {
		value = number(text + length + 1, 65535);
		if (value < 1)
			return -1;
		filter->client_port = POISE_BE16(value);
	} else if (text[length] == '/') {
		value = number(text + length + 1, 32);
		if (value < 0)
			return -1;
		filter->client_mask = value ? POISE_BE32(0xffffffffu << (32 - value)) : 0;
	}
	filter->client = address.s_addr & filter->client_mask;
	return 0;
}

static int parse_state(struct cp_flow_filter *filter, const char *text)
{
	if (strcmp(text, "half_open") == 0) {
		filter->state = CP_STATE_HALF_OPEN;
		return 0;
	}
	for (__u8 state = POISE_STATE_FREE + 1; state < POISE_STATES; state++) {
		if (strcmp(text, state_names[state]) == 0) {
			filter->state = state;
			return 0;
		}
	}
	return -1;
}

static int parse_backend(struct cp_flow_filter *filter, const char *text)
{
	const char *slash = strchr(text, '/');

	if (slash) {
		if ((size_t)(slash - text) >= sizeof(filter->service_text))
			return -1;
		snprintf(filter->service_text, sizeof(filter->service_text), "%.*s", (int)(slash - text),
			 text);
		filter->service = filter->service_text;
	}
	filter->backend = slash ? slash + 1 : text;
	return *filter->backend ? 0 : -1;
}

static int parse_limit(struct cp_flow_filter *filter, const char *text)
{
	long value = number(text, CP_FLOWS_MOST);

	filter->limit = value < 0 ? 0 : (__u32)value;
	return value < 0 ? -1 : 0;
}

static int parse_one(struct cp_flow_filter *filter, const char *key, size_t length, const char *value)
{
	if (length == 7 && strncmp(key, "service", length) == 0) {
		filter->service = value;
		return *value ? 0 : -1;
	}
	if (length == 7 && strncmp(key, "backend", length) == 0)
		return parse_backend(filter, value);
	if (length == 6 && strncmp(key, "client", length) == 0)
		return parse_client(filter, value);
	if (length == 5 && strncmp(key, "state", length) == 0)
		return parse_state(filter, value);
	if (length == 5 && strncmp(key, "limit", length) == 0)
		return parse_limit(filter, value);
	return -2;
}

int cp_flow_filter_parse(struct cp_flow_filter *filter, int count, const char *const *arguments, char *error,
			 size_t size)
{
	memset(filter, 0, sizeof(*filter));
	filter->state = CP_STATE_ANY;
	filter->limit = CP_FLOWS_DEFAULT;
	for (int i = 0; i < count; i++) {
		const char *equals = strchr(arguments[i], '=');
		int status =
			equals ? parse_one(filter, arguments[i], (size_t)(equals - arguments[i]), equals + 1)
			       : -2;

		if (status == -1)
			snprintf(error, size,
				 "\"%.60s\" cannot be understood; see `poisectl help flows`",
				 arguments[i]);
		if (status == -2)
			snprintf(error, size,
				 "\"%.60s\" is none of service=, backend=, client=, state=, limit=",
				 arguments[i]);
		if (status)
			return -1;
	}
	return 0;
}

static bool state_matches(__u8 wanted, __u8 state)
{
	if (wanted == CP_STATE_ANY)
		return true;
	if (wanted == CP_STATE_HALF_OPEN)
		return poise_state_half_open((enum poise_flow_state)state);
	return wanted == state;
}

bool cp_flow_filter_match(const struct cp_flow_filter *filter, const struct poise_flow *flow,
			  const struct poise_snapshot *snapshot)
{
	if ((flow->client & filter->client_mask) != filter->client)
		return false;
	if (filter->client_port && flow->client_port != filter->client_port)
		return false;
	if (!state_matches(filter->state, flow->state))
		return false;
	if (filter->service &&
	    strncmp(cp_flow_service_name(flow, snapshot), filter->service, POISE_NAME_SIZE) != 0)
		return false;
	return !filter->backend ||
	       strncmp(cp_flow_backend_name(flow, snapshot), filter->backend, POISE_NAME_SIZE) == 0;
}
