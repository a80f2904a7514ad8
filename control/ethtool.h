// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What an interface says of itself.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CP_XDP_BASIC 0x1u // NETDEV_XDP_ACT_*
#define CP_XDP_REDIRECT 0x2u
#define CP_XDP_SEND 0x4u
#define CP_XDP_ZEROCOPY 0x8u

struct cp_interface {
	uint32_t ifindex; // 0: not there
	bool up;
	uint32_t mtu;
	char driver[32];   // empty: not known
	uint32_t channels; // receive queues; 0 not known
	uint32_t spread;   // queues that the card's hash spreads frames to; 0 not known
	bool lro;	   // packets are merged before XDP sees them
	bool gro_hardware;
	bool xdp_known; // xdp_features is told; kernels before 6.3 do not
	uint64_t xdp_features;
};

// Reads by ioctl and generic netlink; what cannot be read stays zero. 0, or -errno when there is no such interface.
int cp_interface_read(const char *name, struct cp_interface *interface);
