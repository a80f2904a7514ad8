// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <netinet/in.h>
#include <stdlib.h>

#include "config_parts.h"

static const struct cp_choice protocols[] = {
	{ "tcp", IPPROTO_TCP, true },
	{ "udp", IPPROTO_UDP, false },
};

static const struct cp_choice nats[] = {
#define POISE_NAT(NAME, name, help) { #name, POISE_NAT_##NAME, true },
#include <poise/modes.def>
#undef POISE_NAT
};

static const struct cp_choice schedulers[] = {
#define POISE_SCHEDULER(NAME, name, pick, help) { #name, POISE_SCHEDULER_##NAME, true },
#include <poise/schedulers.def>
#undef POISE_SCHEDULER
};

// Longer would come near the wrap of the flows' 32-bit millisecond clock.
#define WEEK_S (7u * 24 * 3600)

static void parse_timeouts(struct cp_read *service_read, struct cp_service *service)
{
	uint32_t half_open = 30, established = 7440, closing = 240; // RFC 5382: 2 h 4 min and 4 min
	struct cp_read read;

	cp_read_begin(&read, service_read, cp_read_get(service_read, "timeouts"), "timeouts of %s",
		      service_read->where);
	cp_read_number(&read, "half_open_s", 1, 3600, &half_open);
	cp_read_number(&read, "established_s", 1, WEEK_S, &established);
	cp_read_number(&read, "closing_s", 1, WEEK_S, &closing);
	cp_read_end(&read);
	service->timeout_ms[POISE_TIMEOUT_HALF_OPEN] = half_open * 1000;
	service->timeout_ms[POISE_TIMEOUT_ESTABLISHED] = established * 1000;
	service->timeout_ms[POISE_TIMEOUT_CLOSING] = closing * 1000;
}

static void parse_service(const struct cp_read *root, config_setting_t *setting, uint32_t index,
			  struct cp_service *service, uint32_t *room)
{
	int protocol = IPPROTO_TCP, nat = POISE_NAT_DNAT, scheduler = POISE_SCHEDULER_RR;
	struct cp_read read;
	char title[64];

	cp_read_title(title, sizeof(title), "service", setting, index);
	cp_read_begin(&read, root, setting, "%s", title);
	service->line = read.line;
	cp_read_name(&read, service->name);
	if (cp_read_required(&read, "vip"))
		cp_read_address(&read, "vip", &service->vip);
	if (cp_read_required(&read, "port"))
		cp_read_port(&read, "port", &service->port);
	cp_read_choice(&read, "protocol", protocols, POISE_COUNT(protocols), &protocol);
	cp_read_choice(&read, "nat", nats, POISE_COUNT(nats), &nat);
	cp_read_choice(&read, "scheduler", schedulers, POISE_COUNT(schedulers), &scheduler);
	service->protocol = (uint8_t)protocol;
	service->nat = (enum poise_nat)nat;
	service->scheduler = (enum poise_scheduler)scheduler;
	cp_parse_backends(&read, service, room);
	cp_parse_health(&read, service);
	cp_parse_lifecycle(&read, service);
	cp_parse_access(&read, service);
	parse_timeouts(&read, service);
	cp_read_end(&read);
}

void cp_parse_services(struct cp_read *root, struct cp_config *config)
{
	uint32_t count, room = POISE_MAX_BACKENDS;
	config_setting_t *list = cp_read_list(root, "services", POISE_MAX_VIPS, &count);

	if (!count)
		return;
	config->services = calloc(count, sizeof(*config->services));
	if (!config->services) {
		cp_read_fail(root, "services", "out of memory");
		return;
	}
	config->services_count = count;
	for (uint32_t i = 0; i < count; i++)
		parse_service(root, config_setting_get_elem(list, i), i, &config->services[i], &room);
}
