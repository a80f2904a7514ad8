// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "compile_step.h"

#define AF_XDP_PLAIN 17 // what "net_af_xdp_" and a queue's "_15" leave of a device name

// "front_1" would be the second queue of "front".
static bool ends_like_a_queue(const char *name)
{
	size_t length = strlen(name), digits = length;

	while (digits && isdigit((unsigned char)name[digits - 1]))
		digits--;
	return digits < length && digits && name[digits - 1] == '_';
}

void cp_port_device(const struct cp_config *config, uint32_t port, char device[POISE_DEVICE_SIZE])
{
	const struct cp_port *from = &config->ports[port];

	memset(device, 0, POISE_DEVICE_SIZE);
	if (config->dataplane.mode == CP_NIC_VDEV) {
		const char *vdev = from->vdev ? from->vdev : "";

		snprintf(device, POISE_DEVICE_SIZE, "%.*s", (int)strcspn(vdev, ","), vdev);
	} else if (strlen(from->name) <= AF_XDP_PLAIN && !ends_like_a_queue(from->name)) {
		snprintf(device, POISE_DEVICE_SIZE, "net_af_xdp_%s", from->name);
	} else { // no name of a port has a plus, so this is nobody else's
		snprintf(device, POISE_DEVICE_SIZE, "net_af_xdp_%.12s+%u", from->name, port);
	}
}

static int add_snat(struct cp_compile_step *step, uint32_t index)
{
	const struct cp_port *from = &step->config->ports[index];
	struct poise_snapshot *out = step->out;
	uint16_t first = from->snat_first_port, last = from->snat_last_port;

	cp_ha_snat_ports(&step->config->ha, &first, &last);
	if (out->snat_count + from->snat_count > POISE_MAX_SNAT) {
		cp_report_add(step->report, step->config->file, from->line,
			      "more than %u snat addresses on all ports, remove some", POISE_MAX_SNAT);
		return -1;
	}
	out->ports[index].snat_first = out->snat_count;
	out->ports[index].snat_count = (uint16_t)from->snat_count;
	for (uint32_t i = 0; i < from->snat_count; i++)
		out->snat[out->snat_count++] = (struct poise_snat){
			.address = from->snat[i],
			.port = (uint16_t)index,
			.first_port = first,
			.last_port = last,
		};
	return 0;
}

int cp_compile_ports(struct cp_compile_step *step)
{
	struct poise_snapshot *out = step->out;
	int error = 0;

	for (uint32_t i = 0; i < step->config->ports_count; i++) {
		const struct cp_port *from = &step->config->ports[i];
		struct poise_port *port = &out->ports[i];

		snprintf(port->name, sizeof(port->name), "%s", from->name);
		cp_port_device(step->config, i, port->device);
		port->ifindex = step->topology->links[i].ifindex;
		memcpy(port->mac, step->topology->links[i].mac, sizeof(port->mac));
		port->queues = (uint16_t)from->queues;
		error |= add_snat(step, i);
	}
	out->ports_count = (uint16_t)step->config->ports_count;
	return error;
}
