// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See reset.h.
#include "reset.h"

#include <poise/reset.h>

#include "transmit.h"

static void tell(struct dp_worker *worker, const struct poise_flow *flow, uint32_t sequence,
		 enum poise_direction direction, struct rte_mbuf *packet)
{
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);
	uint16_t port = 0;
	uint32_t length = poise_build_reset(worker->burst.snapshot, flow, direction, frame, &port);

	// The flow may have been given away while its addresses were read.
	if (!length || port >= worker->ports || !poise_flow_is(flow, sequence) ||
	    !rte_pktmbuf_append(packet, (uint16_t)length)) {
		rte_pktmbuf_free(packet);
		return;
	}
	dp_transmit_as(worker, packet, port, POISE_FLOW_RESET);
}

void dp_reset_flows(struct dp_worker *worker)
{
	for (uint32_t i = 0; i < worker->sweep.resets_count; i++) {
		const struct poise_found *found = &worker->sweep.resets[i];
		struct poise_flow *flow = poise_record(&worker->table, found->number);
		struct rte_mbuf *packets[2];

		if (!poise_flow_is(flow, found->sequence) ||
		    rte_pktmbuf_alloc_bulk(worker->pool, packets, 2))
			continue;
		if (!poise_flow_reset(&worker->table, flow, 1)) {
			rte_pktmbuf_free_bulk(packets, 2);
			continue;
		}
		worker->stats->counters[POISE_RESET_SENT]++;
		tell(worker, flow, found->sequence, POISE_OUTWARD, packets[0]);
		tell(worker, flow, found->sequence, POISE_INWARD, packets[1]);
	}
	worker->sweep.resets_count = 0;
	dp_flush(worker);
}
