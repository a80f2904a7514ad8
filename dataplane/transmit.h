// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Packets leave a worker here: to a device's queue, to the worker that owns the queue or the flow, or back to
// the pool. A packet is counted under its fate exactly once, where it ends. Hot: included by the worker's
// files only.
#pragma once

#include <rte_ethdev.h>

#include "worker.h"

static inline void dp_drop(struct dp_worker *worker, struct rte_mbuf *packet, enum poise_verdict verdict)
{
	worker->stats->counters[verdict]++;
	rte_pktmbuf_free(packet);
}

// What a device or ring did not take.
static inline void dp_drop_rest(struct dp_worker *worker, struct rte_mbuf **packets, uint32_t count,
				enum poise_verdict verdict)
{
	worker->stats->counters[verdict] += count;
	rte_pktmbuf_free_bulk(packets, count);
}

static inline void dp_transmit_device(struct dp_worker *worker, struct dp_transmit *transmit, uint32_t port)
{
	struct poise_stats_port *stats = &worker->stats->ports[port];
	uint32_t count = transmit->count, answers = transmit->answers, sent;
	uint64_t bytes = transmit->bytes; // a sent packet belongs to the driver, so this was added up before

	sent = rte_eth_tx_burst(transmit->device, transmit->queue, transmit->packets, (uint16_t)count);
	if (POISE_UNLIKELY(sent < count)) // the first try may have made room
		sent += rte_eth_tx_burst(transmit->device, transmit->queue, transmit->packets + sent,
					 (uint16_t)(count - sent));
	if (POISE_UNLIKELY(sent < count)) {
		answers &= (1u << sent) - 1;
		for (uint32_t i = sent; i < count; i++)
			bytes -= transmit->packets[i]->pkt_len;
		dp_drop_rest(worker, transmit->packets + sent, count - sent, POISE_TX_FULL);
	}
	worker->stats->counters[POISE_FORWARDED] += sent - (uint32_t)__builtin_popcount(answers);
	for (; POISE_UNLIKELY(answers); answers &= answers - 1)
		worker->stats->counters[transmit->verdicts[__builtin_ctz(answers)]]++;
	stats->tx_packets += sent;
	stats->tx_bytes += bytes;
}

// The queue is another worker's: it gets the packets with port and fate written on them.
static inline void dp_transmit_owner(struct dp_worker *worker, struct dp_transmit *transmit, uint32_t port)
{
	uint32_t count = transmit->count, sent;

	for (uint32_t i = 0; i < count; i++) {
		transmit->packets[i]->port = (uint16_t)port;
		transmit->packets[i]->packet_type = POISE_FORWARDED;
		if (transmit->answers >> i & 1)
			transmit->packets[i]->packet_type = transmit->verdicts[i];
	}
	sent = rte_ring_mp_enqueue_burst(worker->transmit_rings[transmit->owner],
					 (void *const *)transmit->packets, count, NULL);
	worker->stats->counters[POISE_TRANSMIT_HANDOFF] += sent;
	if (POISE_UNLIKELY(sent < count))
		dp_drop_rest(worker, transmit->packets + sent, count - sent, POISE_HANDOFF_FULL);
}

static inline void dp_transmit_flush(struct dp_worker *worker, uint32_t port)
{
	struct dp_transmit *transmit = &worker->transmit[port];

	if (transmit->owner == worker->index)
		dp_transmit_device(worker, transmit, port);
	else
		dp_transmit_owner(worker, transmit, port);
	transmit->count = transmit->answers = 0;
	transmit->bytes = 0;
	worker->transmit_pending &= ~(1u << port);
}

// Send `packet` by a logical port below worker->ports. A packet that came in leaves at most once, and a burst ends with
// dp_flush(), so there is room.
static inline struct dp_transmit *dp_transmit_add(struct dp_worker *worker, struct rte_mbuf *packet, uint32_t port)
{
	struct dp_transmit *transmit = &worker->transmit[port];

	transmit->packets[transmit->count++] = packet;
	transmit->bytes += packet->pkt_len;
	worker->transmit_pending |= 1u << port;
	return transmit;
}

// Forward `packet` by a logical port; counted when it has gone.
static inline void dp_transmit(struct dp_worker *worker, struct rte_mbuf *packet, uint32_t port)
{
	if (POISE_LIKELY(port < worker->ports))
		dp_transmit_add(worker, packet, port);
	else
		dp_drop(worker, packet, POISE_NO_NEXT_HOP);
}

// Send a packet that is something else than forwarded, counted as `verdict` when it has gone.
static inline void dp_transmit_as(struct dp_worker *worker, struct rte_mbuf *packet, uint32_t port,
				  enum poise_verdict verdict)
{
	struct dp_transmit *transmit;

	if (verdict == POISE_FORWARDED || POISE_UNLIKELY(port >= worker->ports)) {
		dp_transmit(worker, packet, port);
		return;
	}
	transmit = dp_transmit_add(worker, packet, port);
	transmit->verdicts[transmit->count - 1] = (uint8_t)verdict;
	transmit->answers |= 1u << (transmit->count - 1);
}

// Give a packet to the worker that owns its flow. mbuf->port tells it the logical port it came in by.
static inline void dp_handoff(struct dp_worker *worker, struct rte_mbuf *packet, uint32_t owner)
{
	struct dp_handoff *handoff = &worker->handoff[owner];

	handoff->packets[handoff->count++] = packet; // at most a burst, flushed with it
	worker->handoff_pending |= 1u << owner;
}

static inline void dp_handoff_flush(struct dp_worker *worker, uint32_t owner)
{
	struct dp_handoff *handoff = &worker->handoff[owner];
	uint32_t count = handoff->count;
	uint32_t sent = rte_ring_mp_enqueue_burst(worker->handoff_rings[owner],
						  (void *const *)handoff->packets, count, NULL);

	worker->stats->counters[POISE_HANDOFF] += sent;
	if (POISE_UNLIKELY(sent < count))
		dp_drop_rest(worker, handoff->packets + sent, count - sent, POISE_HANDOFF_FULL);
	handoff->count = 0;
	worker->handoff_pending &= ~(1u << owner);
}

// End of a burst: nothing stays behind.
static inline void dp_flush(struct dp_worker *worker)
{
	while (worker->transmit_pending)
		dp_transmit_flush(worker, (uint32_t)__builtin_ctz(worker->transmit_pending));
	while (worker->handoff_pending)
		dp_handoff_flush(worker, (uint32_t)__builtin_ctz(worker->handoff_pending));
}
