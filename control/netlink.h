// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Follows the kernel's links, routes and neighbours by rtnetlink notifications and keeps app->topology; asks
// the kernel to resolve next hops that are needed and unknown. poised's thread.
#pragma once

#include "app.h"

// Read everything once into app->topology, then follow. NULL after a log line on failure.
struct cp_netlink *cp_netlink_create(struct cp_app *app);
void cp_netlink_destroy(struct cp_netlink *netlink);

// The topology for a config that is about to run (its ports are those of the running one). 0 or -errno.
int cp_netlink_topology(struct cp_netlink *netlink, const struct cp_config *config,
			struct cp_topology *topology);

// The config or the topology was replaced: resolve what it needs.
void cp_netlink_solicit(struct cp_netlink *netlink);
