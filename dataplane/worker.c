// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See worker.h.
#include "worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "pipeline.h"
#include "reset.h"
#include "stand_in.h"
#include "transmit.h"

#define DP_SWEEP_BUSY 32u  // records looked at in one turn
#define DP_SWEEP_IDLE 512u // when there is nothing else to do

static uint32_t milliseconds(uint64_t ns)
{
	return (uint32_t)(ns / DP_NS_PER_MS);
}

static void read_clock(struct dp_worker *worker)
{
	worker->now_ns = dp_time_ns(&worker->time, &worker->shared->clock, rte_rdtsc());
	worker->burst.now_ms = milliseconds(worker->now_ns);
}

void dp_worker_beat(struct dp_worker *worker)
{
	read_clock(worker);
	POISE_STORE(poise_heartbeat(&worker->table, worker->index)->beat_ns, worker->now_ns);
}

void dp_worker_begin(struct dp_worker *worker)
{
	dp_worker_beat(worker);
	dp_idle_begin(&worker->idle);
	dp_sweep_init(&worker->sweep, &worker->table, worker->shards, worker->burst.now_ms);
	worker->errors.last_ms = worker->burst.now_ms;
	POISE_STORE_RELEASE(worker->stats->running, 1);
}

static uint32_t poll_devices(struct dp_worker *worker)
{
	struct dp_burst *burst = &worker->burst;
	uint32_t total = 0;

	for (uint32_t n = 0; n < worker->receive_count; n++) {
		const struct dp_receive *receive = &worker->receive[n];
		struct poise_stats_port *stats = &worker->stats->ports[receive->port];
		uint32_t count = rte_eth_rx_burst(receive->device, receive->queue, burst->packets, DP_BURST);
		uint64_t bytes = 0;

		if (!count)
			continue;
		for (uint32_t i = 0; i < count; i++) {
			struct rte_mbuf *packet = burst->packets[i];

			rte_prefetch0(rte_pktmbuf_mtod(packet, void *));
			bytes += packet->pkt_len;
			packet->port = receive->port;
		}
		stats->rx_packets += count;
		stats->rx_bytes += bytes;
		dp_pipeline(worker, count);
		total += count;
	}
	return total;
}

// Packets that other workers received for us, and those that only we can send.
static uint32_t poll_rings(struct dp_worker *worker)
{
	struct dp_burst *burst = &worker->burst;
	uint32_t count, total;

	count = rte_ring_sc_dequeue_burst(worker->handoff_rings[worker->index], (void **)burst->packets,
					  DP_BURST, NULL);
	for (uint32_t i = 0; i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(burst->packets[i], void *));
	if (count)
		dp_pipeline(worker, count);
	total = count;
	count = rte_ring_sc_dequeue_burst(worker->transmit_rings[worker->index], (void **)burst->packets,
					  DP_BURST, NULL);
	for (uint32_t i = 0; i < count; i++)
		dp_transmit_as(worker, burst->packets[i], burst->packets[i]->port,
			       (enum poise_verdict)burst->packets[i]->packet_type);
	if (count)
		dp_flush(worker);
	return total + count;
}

uint32_t dp_worker_turn(struct dp_worker *worker)
{
	struct poise_stats_worker *stats = worker->stats;
	struct dp_burst *burst = &worker->burst;
	uint32_t packets = 0, budget;
	uint64_t before;

	dp_worker_beat(worker);
	burst->snapshot = POISE_LOAD_ACQUIRE(worker->shared->snapshot);
	if (POISE_LIKELY(POISE_LOAD(worker->shared->phase) == DP_PHASE_RUN))
		packets = poll_devices(worker);
	if (worker->workers > 1) {
		if (!(stats->loops % DP_STAND_IN_TURNS))
			dp_stand_in_look(worker);
		packets += poll_rings(worker);
	}
	budget = packets ? DP_SWEEP_BUSY : DP_SWEEP_IDLE;
	dp_sweep_run(&worker->sweep, &worker->table, burst->snapshot, stats, burst->now_ms, budget);
	if (POISE_UNLIKELY(worker->sweep.resets_count))
		dp_reset_flows(worker);
	POISE_STORE(stats->generation, burst->snapshot->generation);
	POISE_STORE(stats->loops, stats->loops + 1);
	if (packets)
		POISE_STORE(stats->busy_loops, stats->busy_loops + 1);
	before = worker->now_ns;
	if (dp_idle_turn(&worker->idle, packets + worker->sweep.more)) {
		read_clock(worker);
		stats->idle_ns += worker->now_ns - before;
	}
	return packets;
}

int dp_worker_run(void *argument)
{
	struct dp_worker *worker = argument;
	struct dp_shared *shared = worker->shared;

	dp_worker_begin(worker);
	rte_rcu_qsbr_thread_online(shared->readers, worker->index);
	while (POISE_LOAD(shared->phase) != DP_PHASE_EXIT) {
		dp_worker_turn(worker);
		rte_rcu_qsbr_quiescent(shared->readers, worker->index);
	}
	rte_rcu_qsbr_thread_offline(shared->readers, worker->index);
	POISE_STORE(worker->stats->running, 0);
	return 0;
}
