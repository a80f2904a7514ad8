// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// In mode af_xdp neighbors go before what the kernel says; in mode vdev they are the whole network, so what is
// not reachable by them never will be.
#include <string.h>

#include "config_value.h"
#include "validate.h"

// The neighbor that packets to an address go to: the longest prefix.
static const struct cp_neighbor *toward(const struct cp_config *config, uint32_t address)
{
	const struct cp_neighbor *best = NULL;

	for (uint32_t i = 0; i < config->neighbors_count; i++) {
		const struct cp_neighbor *neighbor = &config->neighbors[i];

		if ((address & cp_value_mask(neighbor->prefix)) == neighbor->address &&
		    (!best || neighbor->prefix > best->prefix))
			best = neighbor;
	}
	return best;
}

static void check_reach(const struct cp_config *config, const struct cp_service *service,
			const struct cp_backend *backend, struct cp_report *report)
{
	const struct cp_neighbor *neighbor = toward(config, backend->address);
	int port;

	if (!neighbor) {
		cp_report_add(report, config->file, backend->line,
			      "no neighbor leads to backend \"%s\" at %s, add: neighbors = ( { address = \"%s\"; "
			      "mac = ...; port = ...; } );", backend->name,
			      cp_address_text(backend->address).text, cp_address_text(backend->address).text);
		return;
	}
	port = cp_config_port(config, neighbor->port);
	if (service->nat == POISE_NAT_FULL && port >= 0 && !config->ports[port].snat_count)
		cp_report_add(report, config->file, backend->line,
			      "backend \"%s\" of a service with nat \"full\" is behind port \"%s\", add snat = [ "
			      "\"address\" ] to that port", backend->name, neighbor->port);
}

static void check_neighbor(const struct cp_config *config, uint32_t index, struct cp_report *report)
{
	const struct cp_neighbor *neighbor = &config->neighbors[index];

	if (neighbor->port[0] && cp_config_port(config, neighbor->port) < 0)
		cp_report_add(report, config->file, neighbor->line,
			      "there is no port \"%s\", name one of those in \"ports\"", neighbor->port);
	for (uint32_t i = 0; i < index; i++) {
		const struct cp_neighbor *other = &config->neighbors[i];

		if (!neighbor->address && neighbor->prefix == 32)
			break; // refused by the parser
		if (neighbor->address == other->address && neighbor->prefix == other->prefix) {
			cp_report_add(report, config->file, neighbor->line,
				      "neighbor %s/%u is there already on line %d, keep one",
				      cp_address_text(neighbor->address).text, neighbor->prefix, other->line);
			break;
		}
	}
}

void cp_validate_neighbors(const struct cp_config *config, struct cp_report *report)
{
	uint32_t prefixes = 0;

	for (uint32_t i = 0; i < config->neighbors_count; i++) {
		check_neighbor(config, i, report);
		prefixes += config->neighbors[i].prefix < 32;
	}
	if (prefixes > POISE_MAX_ROUTES)
		cp_report_add(report, config->file, config->neighbors[0].line,
			      "%u neighbors with a prefix, at most %u are possible", prefixes, POISE_MAX_ROUTES);
	for (uint32_t i = 0; config->dataplane.mode == CP_NIC_VDEV && i < config->services_count; i++)
		for (uint32_t j = 0; j < config->services[i].backends_count; j++)
			if (config->services[i].backends[j].address)
				check_reach(config, &config->services[i], &config->services[i].backends[j],
					    report);
}
