// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The SNAT ports of full-NAT flows in a table: which flows have one, and where a NIC would deliver their
// replies.
#pragma once

#include <stdint.h>

#include "../dataplane/dataplane.h"

struct snat_count {
	uint32_t range;	     // ports that the configuration gives
	uint32_t refused_at; // the first flow number that has no flow; `flows` when all have
	uint32_t with_port;  // flows that have a SNAT port
	uint32_t landed;     // of them: a NIC with the dataplane's hash key delivers the reply to the owner's
			     // queue
	uint32_t shards;     // of them: the port names a shard of the flow's owner
};

// Flows 0..flows-1. The hash is computed by DPDK's own rte_softrss().
struct snat_count snat_count(const struct dp_dataplane *dataplane, uint32_t flows, uint32_t backends);
