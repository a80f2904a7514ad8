// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The interfaces of the ports: there, up, native XDP, queues, offloads.
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "doctor.h"
#include "ethtool.h"

static bool is_ours(uint32_t program)
{
	struct bpf_prog_info info = {0};
	__u32 length = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(program);
	bool ours;

	if (fd < 0)
		return false;
	ours = !bpf_obj_get_info_by_fd(fd, &info, &length) && !strcmp(info.name, "xsk_def_prog");
	close(fd);
	return ours;
}

// What is attached now. Returns false when nothing is.
static bool look_at_attached(struct cp_doctor *doctor, const char *name, const struct cp_interface *interface)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	char remedy[64];

	if (bpf_xdp_query((int)interface->ifindex, 0, &query) || !query.attach_mode)
		return false;
	snprintf(remedy, sizeof(remedy), "ip link set dev %.15s xdp off, if nobody needs it", name);
	if (!is_ours(query.prog_id ? query.prog_id : query.skb_prog_id))
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, name, remedy, "has an XDP program of somebody else");
	else if (query.attach_mode == XDP_ATTACHED_SKB)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, name, "a driver with native XDP",
			      "the XDP program runs in generic mode, which is slower");
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, name, NULL, "the XDP program is attached, native%s",
			      doctor->runs ? "" : "; the next poised takes it over");
	return true;
}

static void look_at_xdp(struct cp_doctor *doctor, const char *name, const struct cp_interface *interface)
{
	uint64_t needed = CP_XDP_BASIC | CP_XDP_REDIRECT;
	bool af_xdp = doctor->config->dataplane.mode == CP_NIC_AF_XDP;

	if (look_at_attached(doctor, name, interface))
		return;
	if (doctor->app && doctor->app->xdp)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, name, "restart poised (SIGQUIT, then start it)",
			      "the XDP program is not attached any more");
	else if (!interface->xdp_known)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, name, NULL,
			      "this kernel does not say whether driver %s has native XDP", interface->driver);
	else if ((interface->xdp_features & needed) != needed)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, name, "a driver with native XDP",
			      "driver %s has no native XDP: generic mode, which is slower",
			      interface->driver);
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, name, NULL, "driver %s has native XDP%s",
			      interface->driver,
			      !af_xdp					  ? ""
			      : interface->xdp_features & CP_XDP_ZEROCOPY ? ", AF_XDP without copying"
									  : ", AF_XDP with copying");
}

static void look_at_queues(struct cp_doctor *doctor, const struct cp_port *port,
			   const struct cp_interface *interface)
{
	char remedy[96];

	if (!interface->channels || doctor->config->dataplane.mode != CP_NIC_AF_XDP)
		return;
	snprintf(remedy, sizeof(remedy), "queues = %u; for port \"%s\", or ethtool -L %s combined %u",
		 interface->channels, port->name, port->interface, port->queues);
	if (port->queues > interface->channels)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, port->interface, remedy,
			      "the port wants %u queues, the interface has %u: the dataplane cannot start",
			      port->queues, interface->channels);
	else if (port->queues < interface->channels)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, port->interface, remedy,
			      "the dataplane takes %u of %u queues, the others are left to the XDP program",
			      port->queues, interface->channels);
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, port->interface, NULL, "%u queue%s, all in use",
			      port->queues, port->queues == 1 ? "" : "s");
}

// More queues help only when the card spreads frames to them.
static void look_at_spread(struct cp_doctor *doctor, const struct cp_port *port,
			   const struct cp_interface *interface)
{
	char remedy[96];

	if (interface->channels < 2 || doctor->config->dataplane.mode != CP_NIC_AF_XDP)
		return;
	snprintf(remedy, sizeof(remedy), "ethtool -X %s equal %u", port->interface, port->queues);
	if (!interface->spread)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, port->interface, "a card with RSS, or one queue: ethtool -L",
			      "driver %s does not say how it spreads frames to %u queues", interface->driver,
			      interface->channels);
	else if (interface->spread > port->queues)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, port->interface, remedy,
			      "RSS spreads frames to %u queues, the dataplane takes %u: the others are left to the "
			      "XDP program",
			      interface->spread, port->queues);
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, port->interface, NULL, "RSS spreads frames to %u queue%s",
			      interface->spread, interface->spread == 1 ? "" : "s");
}

static void look_at_offloads(struct cp_doctor *doctor, const char *name, const struct cp_interface *interface)
{
	char remedy[80];

	snprintf(remedy, sizeof(remedy), "ethtool -K %.15s lro off rx-gro-hw off", name);
	if (interface->lro || interface->gro_hardware)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, name, remedy, "%s merges packets before XDP sees them",
			      interface->lro ? "LRO" : "GRO in the card");
	if (!strcmp(interface->driver, "veth"))
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, name,
			      "at the other end ethtool -K DEV gro on; on the end hosts "
			      "ethtool -K DEV tx off",
			      "veth: whether the other end receives from XDP, and whether end hosts leave "
			      "checksums half "
			      "done, cannot be seen from here");
}

static void look_at_port(struct cp_doctor *doctor, const struct cp_port *port, uint32_t *mtu)
{
	const char *name = port->interface;
	struct cp_interface interface;
	char remedy[64];

	if (cp_interface_read(name, &interface)) {
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, name,
			      "correct the name, or enter its network namespace",
			      "there is no such interface");
		return;
	}
	snprintf(remedy, sizeof(remedy), "ip link set dev %.15s up", name);
	if (!interface.up)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, name, remedy, "is down or has no carrier");
	look_at_xdp(doctor, name, &interface);
	look_at_queues(doctor, port, &interface);
	look_at_spread(doctor, port, &interface);
	look_at_offloads(doctor, name, &interface);
	if (*mtu && interface.mtu && *mtu != interface.mtu)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, name, "the same MTU on all ports",
			      "MTU %u, another port has %u: packets that are too big are lost without a word",
			      interface.mtu, *mtu);
	*mtu = interface.mtu;
}

void cp_doctor_interfaces(struct cp_doctor *doctor)
{
	uint32_t mtu = 0;

	for (uint32_t i = 0; i < doctor->config->ports_count; i++)
		look_at_port(doctor, &doctor->config->ports[i], &mtu);
}
