// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "compile_step.h"

static void fill_vip(struct cp_compile_step *step, const struct cp_service *service, uint16_t index)
{
	struct poise_vip *vip = &step->out->vips[index];

	vip->address = service->vip;
	vip->port = htons(service->port);
	vip->protocol = service->protocol;
	vip->nat = (uint8_t)service->nat;
	vip->scheduler = (uint8_t)service->scheduler;
	vip->cursor = index; // one for one, so it lives as long as the name does
	if (service->lifecycle.all_down == CP_ALL_DOWN_RESET)
		vip->flags |= POISE_VIP_REFUSES;
	memcpy(vip->timeout_ms, service->timeout_ms, sizeof(vip->timeout_ms));
	snprintf(step->out->vip_names[index], POISE_NAME_SIZE, "%s", service->name);
}

static void fill_egress(struct cp_compile_step *step, const struct cp_service *service, uint16_t index)
{
	struct poise_backend *backend = &step->out->backends[index];
	const struct cp_next_hop *hop = cp_compile_hop(step->topology, backend->address);

	backend->egress = CP_EGRESS_BACKEND(index);
	if (hop && hop->port >= step->config->ports_count)
		hop = NULL;
	cp_compile_egress(step, backend->egress, hop);
	// Without a source address to translate to, full NAT could only refuse.
	step->backend_ready[index] = hop && (!service || service->nat != POISE_NAT_FULL ||
					     step->config->ports[hop->port].snat_count);
}

static void fill_backend(struct cp_compile_step *step, const struct cp_service *service, uint16_t vip,
			 const struct cp_backend *from, uint16_t index)
{
	struct poise_backend *backend = &step->out->backends[index];

	backend->address = from->address;
	backend->port = htons(from->port);
	backend->vip = vip;
	snprintf(step->out->backend_names[index], POISE_NAME_SIZE, "%s", from->name);
	fill_egress(step, service, index);
}

void cp_compile_objects(struct cp_compile_step *step)
{
	struct poise_snapshot *out = step->out;
	uint32_t n = 0;

	for (uint32_t i = 0; i < step->config->services_count; i++) {
		const struct cp_service *service = &step->config->services[i];

		fill_vip(step, service, step->vip[i]);
		for (uint32_t j = 0; j < service->backends_count; j++, n++)
			fill_backend(step, service, step->vip[i], &service->backends[j], step->backend[n]);
	}
	for (uint32_t b = 0; b < POISE_MAX_BACKENDS; b++) {
		if (out->backends[b].flags & POISE_BACKEND_REMOVED)
			fill_egress(step, NULL, (uint16_t)b);
		if (step->backend_used[b])
			out->backends_count = (uint16_t)(b + 1);
	}
	for (uint32_t v = 0; v < POISE_MAX_VIPS; v++)
		if (step->vip_used[v])
			out->vips_count = (uint16_t)(v + 1);
}
