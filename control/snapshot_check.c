// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The data path masks what it indexes, so no snapshot can make it read outside; this finds one that would
// make it read nonsense.
#include <string.h>

#include <poise/glance.h>

#include "compile.h"

static bool terminated(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

static const char *check_header(const struct poise_snapshot *snapshot, size_t bytes)
{
	if (bytes < offsetof(struct poise_snapshot, ports) || snapshot->magic != POISE_SNAPSHOT_MAGIC)
		return "not a snapshot";
	if (snapshot->abi_version != POISE_ABI_VERSION)
		return "snapshot of another version";
	if (snapshot->size != sizeof(*snapshot) || bytes != sizeof(*snapshot))
		return "snapshot of a wrong size";
	if (snapshot->ports_count > POISE_MAX_PORTS || snapshot->vips_count > POISE_MAX_VIPS ||
	    snapshot->backends_count > POISE_MAX_BACKENDS || snapshot->egress_count > POISE_EGRESS_LAST ||
	    snapshot->routes_count > POISE_MAX_ROUTES || snapshot->snat_count > POISE_MAX_SNAT ||
	    snapshot->slots_count > POISE_MAX_SLOTS || snapshot->pass_count > POISE_MAX_PASS)
		return "a count is above its limit";
	return NULL;
}

static const char *check_ports(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->ports_count; i++) {
		const struct poise_port *port = &snapshot->ports[i];

		if (!terminated(port->name, sizeof(port->name)) || !terminated(port->device, sizeof(port->device)))
			return "the name of a port does not end";
		if (!port->queues || port->queues > POISE_MAX_QUEUES)
			return "a port has no or too many queues";
		if (port->snat_first + port->snat_count > snapshot->snat_count)
			return "a port has SNAT addresses that are not there";
	}
	for (uint32_t i = 0; i < snapshot->snat_count; i++) {
		const struct poise_snat *snat = &snapshot->snat[i];

		if (snat->port >= snapshot->ports_count)
			return "a SNAT address has a port that is not there";
		if (!snat->first_port || snat->first_port > snat->last_port)
			return "a SNAT address has no ports";
	}
	return NULL;
}

static const char *check_vips(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->vips_count; i++) {
		const struct poise_vip *vip = &snapshot->vips[i];

		if (!terminated(snapshot->vip_names[i], POISE_NAME_SIZE))
			return "the name of a service does not end";
		if (vip->nat >= POISE_NATS || vip->scheduler >= POISE_SCHEDULERS)
			return "a service has an unknown mode";
		if (vip->access_first > POISE_MAX_ACCESS || vip->access_count > POISE_MAX_ACCESS - vip->access_first)
			return "a service has lists that are not there";
		if (vip->cursor >= POISE_MAX_VIPS)
			return "a service has a cursor that is not there";
		if (vip->slot_first > snapshot->slots_count ||
		    vip->slot_count > snapshot->slots_count - vip->slot_first)
			return "a service has slots that are not there";
	}
	for (uint32_t i = 0; i < POISE_VIP_HASH_SIZE; i++)
		if (snapshot->vip_hash[i] > snapshot->vips_count)
			return "the table of addresses names a service that is not there";
	if (!poise_glance_sound(snapshot))
		return "the table of endpoints does not fit the services";
	return NULL;
}

static const char *check_backends(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->backends_count; i++) {
		const struct poise_backend *backend = &snapshot->backends[i];

		if (!terminated(snapshot->backend_names[i], POISE_NAME_SIZE))
			return "the name of a backend does not end";
		if (!snapshot->backend_names[i][0] && !backend->address)
			continue; // nobody's
		if (backend->vip >= snapshot->vips_count)
			return "a backend has a service that is not there";
		if (backend->egress >= snapshot->egress_count)
			return "a backend has a next hop that is not there";
	}
	for (uint32_t i = 0; i < snapshot->slots_count; i++)
		if (snapshot->slots[i] >= snapshot->backends_count)
			return "a slot has a backend that is not there";
	return NULL;
}

static const char *check_ways(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->egress_count; i++)
		if (snapshot->egress[i].flags & (POISE_EGRESS_KNOWN | POISE_EGRESS_RESETTING) &&
		    snapshot->egress[i].port >= snapshot->ports_count)
			return "a next hop has a port that is not there";
	for (uint32_t i = 0; i < snapshot->routes_count; i++) {
		const struct poise_route *route = &snapshot->routes[i];

		if (route->port >= snapshot->ports_count)
			return "a route has a port that is not there";
		if (route->egress != POISE_NONE16 && route->egress >= snapshot->egress_count)
			return "a route has a next hop that is not there";
	}
	return NULL;
}

const char *cp_snapshot_check(const struct poise_snapshot *snapshot, size_t bytes)
{
	const char *wrong = check_header(snapshot, bytes);

	if (!wrong)
		wrong = check_ports(snapshot);
	if (!wrong)
		wrong = check_vips(snapshot);
	if (!wrong)
		wrong = check_backends(snapshot);
	return wrong ? wrong : check_ways(snapshot);
}
