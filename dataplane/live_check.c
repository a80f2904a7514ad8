// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Every number of a snapshot against its bounds. The masks of include/poise/ keep a wrong index inside the
// arrays; this keeps it from meaning something else than its author thought.
#include <string.h>

#include <poise/glance.h>

#include "live.h"

static const char *check_header(const struct poise_snapshot *snapshot, size_t bytes)
{
	if (bytes != sizeof(*snapshot))
		return "snapshot has the wrong size";
	if (snapshot->magic != POISE_SNAPSHOT_MAGIC)
		return "not a snapshot";
	if (snapshot->abi_version != POISE_ABI_VERSION || snapshot->size != sizeof(*snapshot))
		return "snapshot of another version";
	if (snapshot->ports_count > POISE_MAX_PORTS || snapshot->vips_count > POISE_MAX_VIPS ||
	    snapshot->backends_count > POISE_MAX_BACKENDS || snapshot->egress_count > POISE_EGRESS_LAST ||
	    snapshot->routes_count > POISE_MAX_ROUTES || snapshot->snat_count > POISE_MAX_SNAT ||
	    snapshot->slots_count > POISE_MAX_SLOTS || snapshot->pass_count > POISE_MAX_PASS)
		return "snapshot counts more than fits";
	if (!snapshot->ports_count)
		return "snapshot without ports";
	return NULL;
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

static const char *check_ports(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->ports_count; i++) {
		const struct poise_port *port = &snapshot->ports[i];

		if (!terminated(port->name, sizeof(port->name)) ||
		    !terminated(port->device, sizeof(port->device)) || !port->device[0])
			return "port without a proper name";
		if (!port->queues || port->queues > POISE_MAX_QUEUES)
			return "port with a wrong number of queues";
		if (port->snat_first + (uint32_t)port->snat_count > snapshot->snat_count)
			return "port with SNAT addresses out of range";
	}
	for (uint32_t i = 0; i < snapshot->snat_count; i++) {
		const struct poise_snat *snat = &snapshot->snat[i];

		if (snat->port >= snapshot->ports_count || !snat->first_port ||
		    snat->first_port > snat->last_port)
			return "SNAT address with a wrong port or range";
	}
	return NULL;
}

static const char *check_services(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->vips_count; i++) {
		const struct poise_vip *vip = &snapshot->vips[i];

		if (vip->nat >= POISE_NATS || vip->scheduler >= POISE_SCHEDULERS)
			return "service of an unknown mode";
		if (vip->access_first > POISE_MAX_ACCESS || vip->access_count > POISE_MAX_ACCESS - vip->access_first)
			return "service with lists out of range";
		if (vip->cursor >= POISE_MAX_VIPS)
			return "service with a cursor out of range";
		if (vip->slot_first > snapshot->slots_count ||
		    vip->slot_count > snapshot->slots_count - vip->slot_first)
			return "service with slots out of range";
		if (!terminated(snapshot->vip_names[i], POISE_NAME_SIZE))
			return "service without a proper name";
	}
	for (uint32_t i = 0; i < snapshot->slots_count; i++)
		if (snapshot->slots[i] >= snapshot->backends_count)
			return "slot without backend";
	for (uint32_t i = 0; i < POISE_VIP_HASH_SIZE; i++)
		if (snapshot->vip_hash[i] > snapshot->vips_count)
			return "service index out of range";
	if (!poise_glance_sound(snapshot))
		return "table of endpoints that does not fit the services";
	return NULL;
}

// 0 stands for "none" even where there are no entries.
static bool egress_valid(const struct poise_snapshot *snapshot, uint16_t index)
{
	return !index || index < snapshot->egress_count;
}

static const char *check_backends(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->backends_count; i++) {
		const struct poise_backend *backend = &snapshot->backends[i];

		if (!egress_valid(snapshot, backend->egress))
			return "backend with a next hop out of range";
		if (backend->vip >= POISE_MAX_VIPS)
			return "backend of a service out of range";
		if (!terminated(snapshot->backend_names[i], POISE_NAME_SIZE))
			return "backend without a proper name";
	}
	return NULL;
}

static const char *check_next_hops(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->egress_count; i++)
		if (snapshot->egress[i].flags & (POISE_EGRESS_KNOWN | POISE_EGRESS_RESETTING) &&
		    snapshot->egress[i].port >= snapshot->ports_count)
			return "next hop with a port out of range";
	for (uint32_t i = 0; i < snapshot->routes_count; i++) {
		const struct poise_route *route = &snapshot->routes[i];

		if (route->port >= snapshot->ports_count)
			return "route with a port out of range";
		if (route->egress != POISE_NONE16 && !egress_valid(snapshot, route->egress))
			return "route with a next hop out of range";
	}
	return NULL;
}

const char *dp_snapshot_check(const struct poise_snapshot *snapshot, size_t bytes)
{
	const char *wrong = check_header(snapshot, bytes);

	if (!wrong)
		wrong = check_ports(snapshot);
	if (!wrong)
		wrong = check_services(snapshot);
	if (!wrong)
		wrong = check_backends(snapshot);
	if (!wrong)
		wrong = check_next_hops(snapshot);
	return wrong;
}
