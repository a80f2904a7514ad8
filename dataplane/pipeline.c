// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See pipeline.h. Each stage is a loop over the burst, with the next stage's memory prefetched.
#include "pipeline.h"

#include <rte_prefetch.h>

#include "answer.h"
#include "transmit.h"

// After a failed search for a SNAT port the next one is short for a while: a flood of SYNs must not make the
// worker search tens of thousands of ports for each.
#define DP_SNAT_REST_MS 10u
#define DP_SNAT_SHORT 64u

static void *frame_of(const struct rte_mbuf *packet)
{
	return rte_pktmbuf_mtod(packet, void *);
}

static void *end_of(const struct rte_mbuf *packet)
{
	return rte_pktmbuf_mtod(packet, uint8_t *) + packet->data_len;
}

// Parse and classify. What has no flow to look for ends here; what another worker owns goes there.
static void stage_parse(struct dp_worker *worker, struct dp_burst *burst, uint32_t count)
{
	uint32_t kept = 0; // in a register: burst->count would be stored and loaded for every packet

	for (uint32_t i = 0; i < count; i++) {
		struct rte_mbuf *packet = burst->packets[i];
		struct poise_step *step = &burst->steps[i];
		enum poise_verdict verdict;
		uint32_t owner;

		verdict = poise_parse(frame_of(packet), end_of(packet), packet->pkt_len, &step->packet);
		if (POISE_UNLIKELY(verdict != POISE_FORWARDED)) {
			dp_drop(worker, packet, verdict);
			continue;
		}
		if (POISE_UNLIKELY(step->packet.kind != POISE_PACKET_TCP &&
				   step->packet.kind != POISE_PACKET_ICMP_ERROR)) {
			dp_answer(worker, packet, &step->packet);
			continue;
		}
		poise_classify(burst->snapshot, &worker->table, step);
		owner = worker->owners[step->place.shard];
		if (owner != worker->index) {
			dp_handoff(worker, packet, owner);
			continue;
		}
		rte_prefetch0(poise_bucket(&worker->table, &step->place, 0));
		burst->order[kept++] = (uint8_t)i;
	}
	burst->count = kept;
}

// The buckets are here: fetch the record that most likely is the flow's.
static void stage_guess(struct dp_worker *worker, struct dp_burst *burst)
{
	uint32_t count = burst->count;

	for (uint32_t n = 0; n < count; n++) {
		const struct poise_place *place = &burst->steps[burst->order[n]].place;
		const struct poise_bucket *bucket = poise_bucket(&worker->table, place, 0);
		uint32_t match = poise_bucket_match(bucket, place->signature);

		if (match)
			rte_prefetch0(poise_record(&worker->table, bucket->record[__builtin_ctz(match)]));
	}
}

static inline uint32_t find(const struct dp_worker *worker, const struct poise_step *step)
{
	return poise_table_find(&worker->table, &step->place, &step->packet.key,
				(enum poise_direction)step->direction);
}

static void stage_find(struct dp_worker *worker, struct dp_burst *burst)
{
	for (uint32_t n = 0; n < burst->count; n++) {
		uint32_t i = burst->order[n];

		burst->records[i] = find(worker, &burst->steps[i]);
	}
}

// A SYN without flow makes one. A full shard gives up its oldest half-open flow first.
static enum poise_verdict open_flow(struct dp_worker *worker, struct dp_burst *burst, uint32_t i)
{
	const struct poise_step *step = &burst->steps[i];
	uint32_t *failed_ms = &worker->snat_failed_ms[step->vip_index & (POISE_MAX_VIPS - 1)];
	bool rest = *failed_ms && burst->now_ms - *failed_ms < DP_SNAT_REST_MS;
	__u64 *counters = worker->stats->counters;
	struct poise_create create = {
		.snapshot = burst->snapshot,
		.packet = &step->packet,
		.source_mac = ((const struct poise_eth *)frame_of(burst->packets[i]))->src,
		.shards = worker->shards,
		.snat_tries = rest ? DP_SNAT_SHORT : 0,
		.now_ms = burst->now_ms,
		.vip_index = step->vip_index,
		.port_index = (uint8_t)burst->packets[i]->port,
	};
	enum poise_verdict verdict;

	for (int attempt = 0;; attempt++) {
		verdict = poise_flow_create(&worker->table, &create, &step->place, &burst->records[i]);
		counters[POISE_SNAT_PROBE] += create.snat_probes;
		if (verdict != POISE_TABLE_FULL || attempt ||
		    !dp_evict(&worker->table, step->place.shard, worker->stats, burst->now_ms))
			break;
		burst->changed = true;
	}
	if (verdict != POISE_FORWARDED) {
		if (verdict == POISE_SNAT_EXHAUSTED && !rest)
			*failed_ms = burst->now_ms | 1;
		return verdict;
	}
	burst->changed = true;
	counters[POISE_FLOW_CREATED]++;
	worker->stats->backends[create.backend_index & (POISE_MAX_BACKENDS - 1)].flows_created++;
	return POISE_FORWARDED;
}

// A SYN of the client on a flow that is closing starts anew: the old flow goes. Any other SYN is a repetition.
static bool restarts(struct dp_worker *worker, struct dp_burst *burst, uint32_t i)
{
	const struct poise_step *step = &burst->steps[i];
	const struct poise_flow *flow = poise_record(&worker->table, burst->records[i]);

	if (POISE_LIKELY(step->packet.kind != POISE_PACKET_TCP || step->direction != POISE_INWARD ||
			 poise_tcp_event(step->packet.tcp_flags) != POISE_EVENT_SYN))
		return false;
	if (!poise_state_reusable((enum poise_flow_state)flow->state)) {
		worker->stats->counters[POISE_SYN_REPEATED]++;
		return false;
	}
	dp_flow_remove(&worker->table, worker->stats, burst->records[i]);
	burst->changed = true;
	worker->stats->counters[POISE_FLOW_RESCHEDULED]++;
	return true;
}

// The fate of packet i, with its flow in records[i] when it goes on.
static enum poise_verdict decide(struct dp_worker *worker, struct dp_burst *burst, uint32_t i)
{
	const struct poise_step *step = &burst->steps[i];
	enum poise_verdict verdict;

	if (POISE_UNLIKELY(burst->changed))
		burst->records[i] = find(worker, step);
	// A packet that ends here is no sign of life of its flow.
	if (burst->records[i] && POISE_UNLIKELY(step->packet.ttl <= 1))
		return POISE_TTL_EXPIRED;
	if (burst->records[i] && !restarts(worker, burst, i)) {
		verdict = poise_account(&worker->table, poise_record(&worker->table, burst->records[i]), step,
					burst->now_ms);
		if (POISE_UNLIKELY(verdict != POISE_FORWARDED))
			worker->stats->counters[verdict]++;
		return POISE_FORWARDED;
	}
	verdict = poise_miss(burst->snapshot, step);
	if (verdict != POISE_FORWARDED)
		return verdict;
	return step->packet.ttl <= 1 ? POISE_TTL_EXPIRED : open_flow(worker, burst, i);
}

static void count_backend(struct dp_worker *worker, const struct poise_flow *flow,
			  const struct poise_step *step)
{
	struct poise_stats_backend *backend =
		&worker->stats->backends[flow->backend_index & (POISE_MAX_BACKENDS - 1)];
	uint64_t bytes = step->packet.l4 - step->packet.l3 + (uint64_t)step->packet.l4_length;

	if (step->direction == POISE_INWARD) {
		backend->packets_inward++;
		backend->bytes_inward += bytes;
	} else {
		backend->packets_outward++;
		backend->bytes_outward += bytes;
	}
}

// One packet after the other, in the order they came: a flow made for one is there for the next.
static void stage_forward(struct dp_worker *worker, struct dp_burst *burst)
{
	for (uint32_t n = 0; n < burst->count; n++) {
		uint32_t i = burst->order[n];
		struct rte_mbuf *packet = burst->packets[i];
		const struct poise_step *step = &burst->steps[i];
		const struct poise_flow *flow = NULL;
		enum poise_verdict verdict = decide(worker, burst, i);
		uint16_t port = 0;

		if (verdict == POISE_FORWARDED) {
			flow = poise_record(&worker->table, burst->records[i]);
			verdict = poise_rewrite(burst->snapshot, flow, step, frame_of(packet), end_of(packet),
						&port);
		}
		if (POISE_LIKELY(verdict == POISE_FORWARDED)) {
			count_backend(worker, flow, step);
			dp_transmit(worker, packet, port, POISE_FORWARDED);
		} else if (verdict == POISE_TTL_EXPIRED) {
			dp_answer_expired(worker, packet, step);
		} else {
			dp_drop(worker, packet, verdict);
		}
	}
}

void dp_pipeline(struct dp_worker *worker, uint32_t count)
{
	struct dp_burst *burst = &worker->burst;

	burst->changed = false;
	for (uint32_t i = 0; i < count; i++)
		rte_prefetch0(frame_of(burst->packets[i]));
	stage_parse(worker, burst, count);
	stage_guess(worker, burst);
	stage_find(worker, burst);
	stage_forward(worker, burst);
	dp_flush(worker);
}
