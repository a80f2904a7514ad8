// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Writes a fresh frame into every packet that net_null "receives" (it never writes data itself), as a
// callback on the receive queue. One stamper for each queue, used by the lcore that polls it.
#pragma once

#include <poise/table.h>

#include "permutation.h"
#include "traffic.h"

enum stamper_pattern {
	STAMPER_OFF,	 // no packets at all
	STAMPER_UNIFORM, // established flows, each once a period, in the order of a full-period permutation
	STAMPER_ZIPF,	 // established flows, by popularity (exponent 1)
	STAMPER_SEQUENTIAL, // established flows in the order of their creation
	STAMPER_OPEN,	    // the handshakes: SYN of all, SYN-ACK of all, ACK of all; then off
	STAMPER_LIFE,	    // new connections all the time, six packets each
	STAMPER_FLOOD,	    // SYNs of ever new clients
	STAMPER_LISTED,	    // established flows of the list, see stamper_list()
	STAMPER_PATTERNS,
};

#define STAMPER_PACKETS 6u // of a connection's life
#define STAMPER_GAP 4096u  // connections that begin between two packets of one
#define STAMPER_ZIPF_SIZE (1u << 20)
#define STAMPER_SIZES 12u // of which one is drawn for each packet; all the same, or a mix

struct stamper {
	enum stamper_pattern pattern; // main: w  lcore: r
	uint32_t backends;	      // of the configuration
	uint32_t flows;		      // numbers 0..flows-1 are established
	uint32_t first;		      // where OPEN begins; LIFE and FLOOD take numbers from here on
	uint64_t position;	      // packets of this pattern so far
	uint64_t written;	      // packets altogether
	struct permutation permutation;
	uint64_t random;
	uint16_t sizes[STAMPER_SIZES]; // of frames of established flows
	uint32_t *zipf; // STAMPER_ZIPF_SIZE flow numbers
	uint32_t *list; // flow numbers
	uint32_t listed;
	// OPEN, when set: only flows whose shard is one of ours (several workers, no handing over).
	const struct poise_table *table;
	uint64_t shards;
	struct bench_frame templates[BENCH_KINDS];
	uint32_t ip_sums[BENCH_KINDS], tcp_sums[BENCH_KINDS];
};

// Ready for numbers below `flows`. Returns 0 or -ENOMEM.
int stamper_init(struct stamper *stamper, uint32_t flows, uint32_t backends, uint64_t seed);

// Begin a pattern. `first` is for OPEN, LIFE and FLOOD.
void stamper_begin(struct stamper *stamper, enum stamper_pattern pattern, uint32_t first);

// List the established flows in the order of a permutation: all, or only those whose shard in the table is one of ours.
// They cost the same to go through, so workers that get only their own packets can be compared with one that gets all,
// and with those that hand over. Returns 0 or -ENOMEM. Not while LISTED is under way.
int stamper_list(struct stamper *stamper, const struct poise_table *table);

// Sizes of the frames of established flows: a number of bytes from 64 to 1514, or "imix" for 64, 594 and 1514 as 7 to 4
// to 1. What is behind the first 64 bytes is zero, as net_null has it. Returns 0 or -EINVAL.
int stamper_size(struct stamper *stamper, const char *size);

// The callback itself: rte_eth_add_rx_callback(port, queue, stamper_receive, stamper).
struct rte_mbuf;
uint16_t stamper_receive(uint16_t port, uint16_t queue, struct rte_mbuf **packets, uint16_t count,
			 uint16_t most, void *stamper);

enum stamper_pattern stamper_pattern(const char *name);
