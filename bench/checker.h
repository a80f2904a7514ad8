// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Looks at what is about to leave, as a callback on the transmit queue: counts all, checks one packet of so
// many in full (addresses, ports, both checksums computed anew). One for each queue.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CHECKER_EVERY 1000u

struct checker {
	uint64_t sent;	    // packets
	uint64_t checked;   // of them in full
	uint64_t wrong;	    // of those
	uint32_t countdown; // packets until the next one
	uint32_t backends;  // of the configuration
	bool full;	    // full NAT
	bool translated;    // by Poise; else only the flow's number must still be there
	const char *why;    // of the last wrong one
};

// The callback: rte_eth_add_tx_callback(port, queue, checker_send, checker).
struct rte_mbuf;
uint16_t checker_send(uint16_t port, uint16_t queue, struct rte_mbuf **packets, uint16_t count,
		      void *checker);
