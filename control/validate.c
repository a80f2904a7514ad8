// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdio.h>
#include <string.h>

#include "validate.h"
#include "validate_slots.h"

struct cp_address_text cp_address_text(uint32_t address)
{
	uint8_t bytes[4];
	struct cp_address_text text;

	memcpy(bytes, &address, sizeof(bytes));
	snprintf(text.text, sizeof(text.text), "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
	return text;
}

static void check_pair_of_ports(const struct cp_config *config, const struct cp_port *port,
				const struct cp_port *other, struct cp_report *report)
{
	if (port->name[0] && !strcmp(port->name, other->name))
		cp_report_add(report, config->file, port->line,
			      "port \"%s\" is there already on line %d, choose another name", port->name,
			      other->line);
	if (port->interface[0] && !strcmp(port->interface, other->interface))
		cp_report_add(report, config->file, port->line,
			      "interface %s belongs to port \"%s\" on line %d, one interface is one port",
			      port->interface, other->name, other->line);
	if (port->vdev && other->vdev && strcspn(port->vdev, ",") == strcspn(other->vdev, ",") &&
	    !strncmp(port->vdev, other->vdev, strcspn(port->vdev, ",")))
		cp_report_add(report, config->file, port->line,
			      "device %.*s belongs to port \"%s\" on line %d, one device is one port",
			      (int)strcspn(port->vdev, ","), port->vdev, other->name, other->line);
}

static void check_snat(const struct cp_config *config, struct cp_report *report)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < config->ports_count; i++) {
		const struct cp_port *port = &config->ports[i];

		total += port->snat_count;
		for (uint32_t j = 0; j < port->snat_count; j++) {
			bool again = false;

			for (uint32_t k = 0; k <= i; k++)
				for (uint32_t l = 0; l < (k < i ? config->ports[k].snat_count : j); l++)
					again |= config->ports[k].snat[l] == port->snat[j];
			if (again)
				cp_report_add(report, config->file, port->line,
					      "snat address %s is listed twice, keep one",
					      cp_address_text(port->snat[j]).text);
		}
	}
	if (total > POISE_MAX_SNAT)
		cp_report_add(report, config->file, 0, "%u snat addresses on all ports, at most %u are possible",
			      total, POISE_MAX_SNAT);
}

void cp_validate_ports(const struct cp_config *config, struct cp_report *report)
{
	if (!config->ports_count)
		cp_report_add(report, config->file, 0,
			      "no ports, add: ports = ( { name = \"front\"; interface = \"eth1\"; } );");
	for (uint32_t i = 1; i < config->ports_count; i++)
		for (uint32_t j = 0; j < i; j++)
			check_pair_of_ports(config, &config->ports[i], &config->ports[j], report);
	check_snat(config, report);
}

static void check_backends(const struct cp_config *config, const struct cp_service *service,
			   struct cp_report *report)
{
	for (uint32_t i = 1; i < service->backends_count; i++) {
		const struct cp_backend *backend = &service->backends[i];

		for (uint32_t j = 0; j < i; j++) {
			const struct cp_backend *other = &service->backends[j];

			if (backend->name[0] && !strcmp(backend->name, other->name))
				cp_report_add(report, config->file, backend->line,
					      "backend \"%s\" is there already on line %d, choose another name",
					      backend->name, other->line);
			if (backend->address && backend->address == other->address &&
			    backend->port == other->port)
				cp_report_add(report, config->file, backend->line,
					      "backend \"%s\" has the address and port of \"%s\" on line %d, "
					      "use its weight to give it more flows",
					      backend->name, other->name, other->line);
		}
	}
}

static bool any_snat(const struct cp_config *config)
{
	for (uint32_t i = 0; i < config->ports_count; i++)
		if (config->ports[i].snat_count)
			return true;
	return false;
}

void cp_validate_services(const struct cp_config *config, struct cp_report *report)
{
	bool snat = any_snat(config);

	if (!config->services_count)
		cp_report_add(report, config->file, 0,
			      "no services, add: services = ( { name = \"web\"; vip = ...; port = ...; "
			      "backends = ( ... ); } );");
	for (uint32_t i = 0; i < config->services_count; i++) {
		const struct cp_service *service = &config->services[i];

		for (uint32_t j = 0; j < i && service->name[0]; j++) {
			const struct cp_service *other = &config->services[j];

			if (!strcmp(service->name, other->name))
				cp_report_add(report, config->file, service->line,
					      "service \"%s\" is there already on line %d, choose another name",
					      service->name, other->line);
		}
		if (service->nat == POISE_NAT_FULL && !snat)
			cp_report_add(report, config->file, service->line,
				      "service \"%s\" has nat \"full\", add snat = [ \"address\" ] to the port "
				      "toward its backends", service->name);
		check_backends(config, service, report);
	}
	cp_validate_slots(config, report);
}

void cp_config_validate(const struct cp_config *config, struct cp_report *report)
{
	if (config->dataplane.mode == CP_NIC_XDP && !config->xdp)
		cp_report_add(report, config->file, config->dataplane.line,
			      "mode \"xdp\" is the fallback alone, remove fallback.xdp = false or choose another mode");
	cp_validate_ports(config, report);
	cp_validate_services(config, report);
	cp_validate_access(config, report);
	cp_validate_addresses(config, report);
	cp_validate_neighbors(config, report);
}
