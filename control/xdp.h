// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The XDP program on the config's interfaces: one instance and one xsks_map each, all other maps shared. The
// attachment is a pinned link, so that neither poised's nor the dataplane's death takes it away, and DPDK's
// driver adopts the program instead of bringing its own.
#pragma once

#include "app.h"

// Load and attach to every port (af_xdp mode), or take over what an earlier poised left. NULL after a log line
// on failure; what ran before then runs on.
struct cp_xdp *cp_xdp_create(struct cp_app *app);

// With `remove` detach and unpin everything, else leave it working.
void cp_xdp_destroy(struct cp_xdp *xdp, bool remove);

// Take the program off all interfaces for good, ahead of cp_xdp_destroy().
void cp_xdp_detach(struct cp_xdp *xdp);

// Put a snapshot in force for the program.
void cp_xdp_publish(struct cp_xdp *xdp, const struct poise_snapshot *snapshot);

// Have the program record the packets that it balances (poise/trace.h) until this moment of CLOCK_MONOTONIC, 0: no
// more. Which packets, the flow table's control line says. NULL: there is no program.
void cp_xdp_watch(struct cp_xdp *xdp, uint64_t until_ns);

// Generation of the snapshot in force for the program; 0 before the first one.
uint64_t cp_xdp_generation(const struct cp_xdp *xdp);

// Interfaces came, went or were made anew: attach where needed. The dataplane is started again then, since its
// sockets are those of the old interface.
void cp_xdp_links_changed(struct cp_xdp *xdp);
