// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Logical ports of the configuration and the DPDK devices behind them. Configured once, from the first snapshot.
// Cold: main lcore.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <poise/snapshot.h>

#include "log.h"

struct dp_queue {
	uint16_t device;
	uint16_t queue;
};

// A logical port: one device with several queues, or one device for each queue.
struct dp_port {
	const char *name; // in the first snapshot's copy
	uint8_t mac[6];	  // of the first device
	bool replies;	  // has SNAT addresses: replies of full-NAT flows come in here
	uint16_t devices[POISE_MAX_QUEUES];
	uint32_t devices_count;
	struct dp_queue receive[POISE_MAX_QUEUES];
	uint32_t receive_count;
	struct dp_queue transmit[POISE_MAX_WORKERS]; // entry n belongs to worker n
	uint32_t transmit_count;
};

struct dp_ports {
	struct dp_port ports[POISE_MAX_PORTS];
	uint32_t count;
	struct rte_mempool *pool;
	char names[POISE_MAX_PORTS][POISE_NAME_SIZE];
};

// Who gets what: queue q of a port is polled by worker q modulo `count`, shard s is owned by owners[s].
struct dp_workers {
	uint32_t count;
	const uint8_t *owners; // POISE_SHARDS of them
};

// Find, configure and start the devices of all ports. `mbufs`: packet buffers, 0: by need;
// `in_rings`: packets that may wait between workers. Returns 0 or -errno with a line that names the port.
int dp_ports_start(struct dp_ports *ports, const struct poise_snapshot *snapshot, const struct dp_workers *workers,
		   uint32_t mbufs, uint32_t in_rings, struct dp_error *error);

// Stop and close whatever was started.
void dp_ports_stop(struct dp_ports *ports);
