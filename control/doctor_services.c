// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Addresses: what the kernel has of them and should or should not have, and what it does with their packets.
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "doctor.h"
#include "guard.h"
#include "nft.h"
#include "validate.h"

static bool is_local(const struct cp_guard_needs *needs, uint32_t address)
{
	for (uint32_t i = 0; i < needs->locals_count; i++)
		if (needs->locals[i] == address)
			return true;
	return false;
}

static void look_at_vips(struct cp_doctor *doctor, const struct cp_guard_needs *needs)
{
	for (uint32_t i = 0; i < doctor->config->services_count; i++) {
		const struct cp_service *service = &doctor->config->services[i];

		if (is_local(needs, service->vip))
			cp_doctor_add(doctor, CP_DOCTOR_NOTE, service->name, NULL,
				      "its address %s is also the kernel's, which needs the guard",
				      cp_address_text(service->vip).text);
	}
}

static void look_at_guard(struct cp_doctor *doctor, const struct cp_guard_needs *needs)
{
	char *rules = cp_guard_text(doctor->config, needs, "poise");
	bool needed = rules && *rules;

	free(rules);
	if (!needed)
		cp_doctor_add(doctor, CP_DOCTOR_OK, "guard", NULL,
			      "not needed: the kernel has no service address, nor routes");
	else if (!cp_nft_present())
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "guard", "apt install nftables",
			      "there is no nft: the kernel may reset connections while no data path runs");
	else if (doctor->app && cp_guard_state(doctor->app->guard) != CP_GUARD_ON)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "guard", "see the log of poised for what nft said",
			      "it is needed and not in place");
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "guard", NULL, "%s",
			      doctor->app ? "in place" : "nft is there");
}

static void look_at_snat(struct cp_doctor *doctor, const struct cp_guard_needs *needs)
{
	for (uint32_t i = 0; i < doctor->config->ports_count; i++) {
		const struct cp_port *port = &doctor->config->ports[i];
		char remedy[96];

		for (uint32_t j = 0; j < port->snat_count; j++) {
			const char *address;
			struct cp_address_text text = cp_address_text(port->snat[j]);

			if (is_local(needs, port->snat[j]))
				continue;
			address = text.text;
			snprintf(remedy, sizeof(remedy), "ip address add %s/32 dev %s", address,
				 port->interface);
			cp_doctor_add(doctor, CP_DOCTOR_WRONG, port->interface, remedy,
				      "snat address %s is not the kernel's: nobody answers ARP for it",
				      address);
		}
	}
}

static int read_setting(const char *interface, const char *key)
{
	char path[128];
	FILE *file;
	int value = -1;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", interface, key);
	file = fopen(path, "re");
	if (file && fscanf(file, "%d", &value) != 1)
		value = -1;
	if (file)
		fclose(file);
	return value;
}

static void look_at_settings(struct cp_doctor *doctor, const struct cp_guard_needs *needs)
{
	int everywhere = read_setting("all", "rp_filter");

	cp_doctor_add(doctor, CP_DOCTOR_OK, "ip_forward", NULL, "%s",
		      needs->forwarding
			      ? "on: what is no service's is routed by the kernel"
			      : "off: services do not need it; the backends' own traffic ends here");
	for (uint32_t i = 0; i < doctor->config->ports_count; i++) {
		const char *name = doctor->config->ports[i].interface;
		int own = read_setting(name, "rp_filter");
		char remedy[80];

		snprintf(remedy, sizeof(remedy), "sysctl net.ipv4.conf.%s.rp_filter=2, if a check fails", name);
		if ((own > everywhere ? own : everywhere) == 1)
			cp_doctor_add(doctor, CP_DOCTOR_NOTE, name, remedy,
				      "rp_filter 1: does not concern services, but answers to health checks that come "
				      "by another way are dropped in silence");
		else
			cp_doctor_add(doctor, CP_DOCTOR_OK, name, NULL,
				      "rp_filter %d: no answer is dropped for its way",
				      own > everywhere ? own : everywhere);
	}
}

void cp_doctor_services(struct cp_doctor *doctor)
{
	struct cp_guard_needs needs;

	if (cp_guard_read_needs(doctor->config, &needs))
		return;
	look_at_vips(doctor, &needs);
	look_at_guard(doctor, &needs);
	look_at_snat(doctor, &needs);
	look_at_settings(doctor, &needs);
	free(needs.locals);
}
