// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Receive side scaling of a device: spread connections over its queues and, where full-NAT replies come in, give
// each reply to the queue of its owner (steer.h). What a device cannot do is left out: a packet in the wrong queue
// goes through the hand-off ring. Cold: main lcore.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

#define DP_RSS_KEY_MOST 64u // bytes; devices know 40 and 52

struct dp_rss {
	uint8_t key[DP_RSS_KEY_MOST];
	uint32_t key_bytes; // 0: the device's own key
	uint64_t hash;	    // RTE_ETH_RSS_*, 0: the device spreads nothing
};

// What the device `info` tells about should do with `queues` queues; written into *configuration as well, which
// points to *rss. `replies`: the port has SNAT addresses.
void dp_rss_plan(struct dp_rss *rss, const struct rte_eth_dev_info *info, uint32_t queues, bool replies,
		 struct rte_eth_conf *configuration);

// Give a started device key and indirection table. `owners`: worker of each shard; queue q is polled by worker q
// modulo `workers`. Returns true when replies arrive at their owners.
bool dp_rss_apply(const struct dp_rss *rss, uint16_t device, const struct rte_eth_dev_info *info, uint32_t queues,
		  const uint8_t *owners, uint32_t workers);
