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

static void check_snat(const struct cp_config *config, const struct cp_service *service, uint32_t snat,
		       struct cp_report *report)
{
	if (service->vip == snat)
		cp_report_add(report, config->file, service->line,
			      "service \"%s\" has the vip %s, which is a snat address too, choose another",
			      service->name, cp_address_text(snat).text);
	for (uint32_t i = 0; i < service->backends_count; i++)
		if (service->backends[i].address == snat)
			cp_report_add(report, config->file, service->backends[i].line,
				      "backend \"%s\" has the address %s, which is a snat address too, choose "
				      "another", service->backends[i].name, cp_address_text(snat).text);
}

void cp_validate_addresses(const struct cp_config *config, struct cp_report *report)
{
	for (uint32_t i = 0; i < config->services_count; i++) {
		const struct cp_service *service = &config->services[i];

		for (uint32_t j = 0; j < i; j++)
			check_vips(config, service, &config->services[j], report);
		for (uint32_t j = 0; j < config->services_count; j++)
			check_backends(config, service, &config->services[j], report);
		for (uint32_t j = 0; j < config->ports_count; j++)
			for (uint32_t k = 0; k < config->ports[j].snat_count; k++)
				check_snat(config, service, config->ports[j].snat[k], report);
	}
}
