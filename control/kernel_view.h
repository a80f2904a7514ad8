// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The kernel's links, IPv4 neighbours and routes as far as the config's interfaces are concerned, read by
// rtnetlink dumps.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

struct cp_kernel_link { // of config->ports[i]
	uint32_t ifindex; // 0: not there
	uint8_t mac[6];
	bool up; // and has a carrier
};

struct cp_kernel_neighbor {
	uint32_t address; // network byte order
	uint16_t port;
	uint8_t mac[6];
	bool valid; // the kernel would send to this MAC
};

struct cp_kernel_route {
	uint32_t prefix;  // network byte order
	uint32_t gateway; // network byte order; 0: on-link
	uint32_t metric;
	uint16_t port;
	uint8_t length;
};

struct cp_kernel_view {
	struct cp_kernel_link links[POISE_MAX_PORTS];
	struct cp_kernel_neighbor *neighbors; // owned
	uint32_t neighbors_count;
	struct cp_kernel_route *routes; // owned; main table, unicast
	uint32_t routes_count;
};

// Each reads its part of the view anew and keeps the old one on failure; may block for some milliseconds.
// Neighbours and routes follow the ifindexes of the links. 0 or -errno.
int cp_kernel_read_links(const struct cp_config *config, struct cp_kernel_view *view);
int cp_kernel_read_neighbors(struct cp_kernel_view *view);
int cp_kernel_read_routes(struct cp_kernel_view *view);
void cp_kernel_view_fini(struct cp_kernel_view *view);

// Ask the kernel to find the link address of `address`, or to confirm the one it has. 0 or -errno.
int cp_kernel_solicit(uint32_t ifindex, uint32_t address);
