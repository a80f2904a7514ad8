// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The XDP program of one interface: load with shared maps, attach, pin.
#pragma once

#include <stdbool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cp_xdp_port {
	char interface[16];
	uint32_t ifindex; // attached to; 0 not attached
	int link;	  // descriptor of the pinned link, -1 none
	bool generic;	  // attached in generic mode, on what the kernel made of the frame
};

// Load the object for the config's port `port_index` and attach it. Maps that are pinned in `pins` already are used,
// others are made and pinned; the flow table is `flows`. Native mode, or generic where the driver has no native one or
// port->generic asks for it; port->generic says how it came. Returns 0, or -errno with one line in `why`.
int cp_xdp_port_attach(struct cp_xdp_port *port, uint32_t port_index, const char *object, const char *pins,
		       int flows, const char *interface, uint32_t ifindex, char *why, size_t why_size);

// Close; with `remove` detach and unpin what belongs to this interface alone.
void cp_xdp_port_detach(struct cp_xdp_port *port, const char *pins, bool remove);

// Detach and unpin what an earlier poised attached to interfaces that are not among `ports` any more.
void cp_xdp_detach_others(const char *pins, const struct cp_xdp_port *ports, size_t ports_count);

// Remove pins by names that former versions used. Only after all interfaces run this version's program.
void cp_xdp_forget_former(const char *pins);

// Remove the pins of the maps that all interfaces share.
void cp_xdp_unpin_shared(const char *pins);
