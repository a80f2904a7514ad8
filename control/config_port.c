// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <string.h>

#include "config_parts.h"
#include "config_value.h"

// A kernel interface's name: 1 to 15 bytes, no slash, no blank, no colon.
static void parse_interface(struct cp_read *read, struct cp_port *port)
{
	const char *text = cp_read_string(read, "interface");

	if (!text)
		return;
	if (!*text || strlen(text) >= sizeof(port->interface) || strpbrk(text, "/: \t\r\n,") ||
	    !strcmp(text, ".") || !strcmp(text, "..")) {
		cp_read_fail(read, "interface", "interface \"%s\" is no name of an interface, see \"ip link\"",
			     text);
		return;
	}
	strcpy(port->interface, text);
}

static void parse_snat(struct cp_read *read, struct cp_port *port)
{
	uint32_t first = 1024, last = 32767, count;
	config_setting_t *list = cp_read_list(read, "snat", POISE_MAX_SNAT, &count);

	for (uint32_t i = 0; i < count; i++) {
		const char *text = config_setting_get_string_elem(list, (int)i), *unfit;
		uint32_t address;

		if (!text || !cp_value_address(text, &address)) {
			cp_read_fail(read, "snat", "snat entry number %u must be an IPv4 address in quotes", i + 1);
			continue;
		}
		unfit = cp_value_address_unfit(address);
		if (unfit)
			cp_read_fail(read, "snat", "snat address %s: %s, choose another", text, unfit);
		else
			port->snat[port->snat_count++] = address;
	}
	cp_read_range(read, "snat_ports", 1, UINT16_MAX, &first, &last);
	port->snat_first_port = (uint16_t)first;
	port->snat_last_port = (uint16_t)last;
}

// Which keys say where the port is follows from the mode.
static void check_mode(struct cp_read *read, enum cp_nic_mode mode)
{
	if (!read->group)
		return;
	if (cp_nic_mode_kernel(mode)) {
		cp_read_required(read, "interface");
		if (cp_read_get(read, "vdev"))
			cp_read_fail(read, "vdev", "vdev is for mode \"vdev\", remove it or change the mode");
		if (cp_read_get(read, "mac"))
			cp_read_fail(read, "mac", "mac is for mode \"vdev\", the interface has its own: remove it");
	} else if (mode == CP_NIC_VDEV) {
		cp_read_required(read, "vdev");
		if (cp_read_get(read, "interface"))
			cp_read_fail(read, "interface", "interface is for the modes \"af_xdp\" and \"xdp\", "
				     "remove it or change the mode");
	}
}

// "net_pcap0,rx_pcap=...": the device's name goes up to the first comma.
static void parse_vdev(struct cp_read *read, struct cp_port *port)
{
	size_t length;

	if (!cp_read_copy(read, "vdev", &port->vdev))
		return;
	length = strcspn(port->vdev, ",");
	if (!length || length >= POISE_DEVICE_SIZE || strcspn(port->vdev, " \t\r\n") != strlen(port->vdev))
		cp_read_fail(read, "vdev", "vdev is \"%s\", begin it with a device of at most %u characters "
			     "such as \"net_pcap0,...\" and use no blanks", port->vdev, POISE_DEVICE_SIZE - 1);
}

static void parse_port(const struct cp_read *root, config_setting_t *setting, uint32_t index,
		       enum cp_nic_mode mode, struct cp_port *port)
{
	struct cp_read read;
	char title[64];

	cp_read_title(title, sizeof(title), "port", setting, index);
	cp_read_begin(&read, root, setting, "%s", title);
	port->line = read.line;
	port->queues = 1;
	cp_read_name(&read, port->name);
	parse_interface(&read, port);
	parse_vdev(&read, port);
	cp_read_mac(&read, "mac", port->mac);
	cp_read_number(&read, "queues", 1, POISE_MAX_QUEUES, &port->queues);
	parse_snat(&read, port);
	check_mode(&read, mode);
	cp_read_unsupported(&read, "pci");
	cp_read_unsupported(&read, "address");
	cp_read_end(&read);
}

void cp_parse_ports(struct cp_read *root, struct cp_config *config)
{
	config_setting_t *list = cp_read_list(root, "ports", POISE_MAX_PORTS, &config->ports_count);

	for (uint32_t i = 0; i < config->ports_count; i++)
		parse_port(root, config_setting_get_elem(list, i), i, config->dataplane.mode,
			   &config->ports[i]);
}
