// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// One address has one meaning: a service, a backend or a source for translation.
#include "validate.h"

static void check_vips(const struct cp_config *config, const struct cp_service *service,
		       const struct cp_service *other, struct cp_report *report)
{
	if (service->vip && service->vip == other->vip && service->port && service->port == other->port &&
	    service->protocol == other->protocol)
		cp_report_add(report, config->file, service->line,
			      "service \"%s\" listens on %s:%u as \"%s\" on line %d does, change one",
			      service->name, cp_address_text(service->vip).text, service->port, other->name,
			      other->line);
}

// A packet to an address that is both would go round in a circle.
static void check_backends(const struct cp_config *config, const struct cp_service *service,
			   const struct cp_service *other, struct cp_report *report)
{
	for (uint32_t i = 0; service->vip && i < other->backends_count; i++)
		if (other->backends[i].address == service->vip)
			cp_report_add(report, config->file, other->backends[i].line,
				      "backend \"%s\" of service \"%s\" has the address of service \"%s\" on line "
				      "%d, give the backend's own address",
				      other->backends[i].name, other->name, service->name, service->line);
}

static bool is_snat(const struct cp_config *config, uint32_t address)
{
	for (uint32_t i = 0; i < config->ports_count; i++)
		for (uint32_t j = 0; j < config->ports[i].snat_count; j++)
			if (config->ports[i].snat[j] == address)
				return true;
	return false;
}

static void check_snat(const struct cp_config *config, const struct cp_service *service,
		       struct cp_report *report)
{
	if (is_snat(config, service->vip))
		cp_report_add(report, config->file, service->line,
			      "service \"%s\" has the vip %s, which is a snat address too, choose another",
			      service->name, cp_address_text(service->vip).text);
	for (uint32_t i = 0; i < service->backends_count; i++)
		if (is_snat(config, service->backends[i].address))
			cp_report_add(report, config->file, service->backends[i].line,
				      "backend \"%s\" has the address %s, which is a snat address too, choose "
				      "another", service->backends[i].name,
				      cp_address_text(service->backends[i].address).text);
}

void cp_validate_addresses(const struct cp_config *config, struct cp_report *report)
{
	for (uint32_t i = 0; i < config->services_count; i++) {
		const struct cp_service *service = &config->services[i];

		for (uint32_t j = 0; j < i; j++)
			check_vips(config, service, &config->services[j], report);
		for (uint32_t j = 0; j < config->services_count; j++)
			check_backends(config, service, &config->services[j], report);
		check_snat(config, service, report);
	}
}
