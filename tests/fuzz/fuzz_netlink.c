// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// libFuzzer: any bytes as what the kernel says about a link, a neighbour or a route. Nothing is read outside of them,
// and what is taken from them can be indexed. The first byte says which it is; the message's own length is right,
// since libmnl trusts that, everything behind its header may lie.
#include "../unit/from_text.h"
#include "kernel_view.c" // its readers of messages are nobody else's business
#include "packet_check.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cp_config *config;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	config = config_from("ports = ( { name = \"front\"; interface = \"eth1\"; },"
			     " { name = \"back\"; interface = \"eth2\"; } );\n"
			     "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80;"
			     " backends = ( { name = \"near\"; address = \"10.2.0.11\"; } ); } );\n");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const mnl_cb_t callbacks[] = { read_link, read_neighbor, read_route };
	struct cp_kernel_view view = { .links = { { .ifindex = 5 }, { .ifindex = 6 } } };
	struct cp_kernel_link links[POISE_MAX_PORTS] = { 0 };
	struct reader reader = { .config = config, .view = &view };
	struct nlmsghdr *message;
	unsigned int which;

	if (size <= sizeof(*message))
		return 0;
	which = data[0] % 3;
	message = check_memory(MNL_ALIGN(size - 1)); // messages are padded, and libmnl counts on it
	memcpy(message, data + 1, size - 1);
	message->nlmsg_len = (uint32_t)(size - 1);
	reader.items = which ? NULL : links;
	callbacks[which](message, &reader);
	for (uint32_t i = 0; which && i < reader.count; i++) {
		const struct cp_kernel_neighbor *neighbor = reader.items;
		const struct cp_kernel_route *route = reader.items;

		MUST((which == 1 ? neighbor[i].port : route[i].port) < 2);
	}
	if (which)
		free(reader.items);
	free(message);
	return 0;
}
