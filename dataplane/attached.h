// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Is an XDP program attached to the interfaces that the AF_XDP driver is going to open? Without one libxdp
// attaches its own, which takes every packet of the interface, and stays when we are gone. Cold: before EAL.
#pragma once

#include "log.h"

enum dp_attached {
	DP_ATTACHED_OURS,  // a program that the driver will share
	DP_ATTACHED_OTHER, // another one: the driver will fail
	DP_ATTACHED_NONE,
	DP_ATTACHED_UNKNOWN, // the kernel did not say
};

// Asks the kernel about one interface, by netlink and bpf(2).
enum dp_attached dp_attached_query(const char *interface);

// Look at every net_af_xdp device among EAL's arguments. Returns 0, or -ENODEV with a line when an interface does
// not exist or, if `strict`, has no program; otherwise that is only logged.
int dp_attached_check(int count, char **arguments, int strict, struct dp_error *error);
