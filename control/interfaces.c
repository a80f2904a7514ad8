// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "interfaces.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_port(int fd, const struct cp_config *config, const struct cp_port *port,
		       struct cp_report *report)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, port->interface, sizeof(request.ifr_name));
	request.ifr_name[sizeof(request.ifr_name) - 1] = 0;
	if (ioctl(fd, SIOCGIFHWADDR, &request)) {
		if (errno == ENODEV)
			cp_report_add(report, config->file, port->line,
				      "interface \"%s\" of port \"%s\" does not exist on this host",
				      port->interface, port->name);
		else
			cp_report_add(report, config->file, port->line, "interface \"%s\": %s",
				      port->interface, strerror(errno));
		return;
	}
	if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		cp_report_add(report, config->file, port->line,
			      "interface \"%s\" of port \"%s\" is not an Ethernet device", port->interface,
			      port->name);
}

int cp_interfaces_check(const struct cp_config *config, struct cp_report *report)
{
	size_t before = report->count;
	int fd;

	if (!cp_nic_mode_kernel(config->dataplane.mode))
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		cp_report_add(report, config->file, 0, "cannot look at interfaces: %s", strerror(errno));
		return -1;
	}
	for (uint32_t i = 0; i < config->ports_count; i++)
		check_port(fd, config, &config->ports[i], report);
	close(fd);
	return report->count == before ? 0 : -1;
}
