// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See rss.h.
#include "rss.h"

#include <string.h>

#include "steer.h"

#define DP_RETA_MOST 2048u // entries of an indirection table

void dp_rss_plan(struct dp_rss *rss, const struct rte_eth_dev_info *info, uint32_t queues, bool replies,
		 struct rte_eth_conf *configuration)
{
	uint32_t key_bytes = info->hash_key_size ? info->hash_key_size : DP_STEER_KEY_BYTES;

	memset(rss, 0, sizeof(*rss));
	if (queues < 2 || !(info->flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV4_TCP))
		return;
	rss->hash = RTE_ETH_RSS_NONFRAG_IPV4_TCP;
	// The table must have an entry for each shard at least.
	if (replies && key_bytes >= DP_STEER_KEY_BYTES && key_bytes <= DP_RSS_KEY_MOST &&
	    info->reta_size >= POISE_SHARDS && info->reta_size <= DP_RETA_MOST) {
		rss->key_bytes = key_bytes;
		dp_steer_key(rss->key, key_bytes);
	}
	configuration->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	configuration->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
		.rss_key = rss->key_bytes ? rss->key : NULL,
		.rss_key_len = (uint8_t)rss->key_bytes,
		.rss_hf = rss->hash,
	};
}

bool dp_rss_apply(const struct dp_rss *rss, uint16_t device, const struct rte_eth_dev_info *info, uint32_t queues,
		  const uint8_t *owners, uint32_t workers)
{
	struct rte_eth_rss_reta_entry64 table[DP_RETA_MOST / RTE_ETH_RETA_GROUP_SIZE];
	uint8_t key[DP_RSS_KEY_MOST];
	struct rte_eth_rss_conf conf = {
		.rss_key = key,
		.rss_key_len = (uint8_t)rss->key_bytes,
		.rss_hf = rss->hash,
	};

	if (!rss->key_bytes)
		return false;
	memcpy(key, rss->key, sizeof(key));
	memset(table, 0, sizeof(table));
	for (uint32_t entry = 0; entry < info->reta_size; entry++) {
		struct rte_eth_rss_reta_entry64 *group = &table[entry / RTE_ETH_RETA_GROUP_SIZE];

		group->mask = ~0ull;
		group->reta[entry % RTE_ETH_RETA_GROUP_SIZE] = dp_steer_queue(entry, owners, workers, queues);
	}
	return !rte_eth_dev_rss_hash_update(device, &conf) &&
	       !rte_eth_dev_rss_reta_update(device, table, info->reta_size);
}
