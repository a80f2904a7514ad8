// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See pipeline.h. Each stage is a loop over the burst, with the next stage's memory prefetched.
#include "pipeline.h"

#include <rte_prefetch.h>

#include <poise/decide.h>
#include <poise/quick.h>

#include "answer.h"
#include "trace.h"
#include "transmit.h"

// After a failed search for a SNAT port the next one is short for a while, and after one that only found another
// worker's the search among the own ones is: a flood of SYNs must not make the worker search tens of thousands of ports
// for each.
#define DP_SNAT_REST_MS 10u
#define DP_SNAT_SHORT 64u

// How often one flow may lose its source port to another worker.
#define DP_SNAT_AGAIN 8

// Packets between the fetch of a bucket and its use.
#define DP_AHEAD 16u

static void *frame_of(const struct rte_mbuf *packet)
{
	return rte_pktmbuf_mtod(packet, void *);
}

static void *end_of(const struct rte_mbuf *packet)
{
	return rte_pktmbuf_mtod(packet, uint8_t *) + packet->data_len;
}

// Parse what is not plain. Returns false when the packet has ended here.
static bool parse_unusual(struct dp_worker *worker, struct rte_mbuf *packet, struct poise_key *key)
{
	struct poise_packet parsed;
	enum poise_verdict verdict;

	verdict = poise_parse(frame_of(packet), end_of(packet), packet->pkt_len, &parsed);
	if (verdict != POISE_FORWARDED)
		dp_drop(worker, packet, verdict);
	else if (parsed.kind != POISE_PACKET_TCP && parsed.kind != POISE_PACKET_ICMP_ERROR)
		dp_answer(worker, packet, &parsed);
	else {
		*key = parsed.key;
		return true;
	}
	return false;
}

// Parse and locate one packet, fetch the bucket of its flow. Returns false when it does not go on: what has no flow
// to look for ends here, what another worker owns goes there.
static inline bool parse(struct dp_worker *worker, struct rte_mbuf *packet, struct dp_look *look)
{
	const struct poise_snapshot *snapshot = worker->burst.snapshot;
	const struct poise_plain *plain = frame_of(packet);
	struct poise_place place;
	struct poise_key key;
	uint32_t owner;

	look->frame = frame_of(packet);
	if (POISE_LIKELY(poise_quick_form(plain, packet->data_len, packet->pkt_len))) {
		look->lane = (uint8_t)poise_lane(plain);
		look->direction = (uint8_t)poise_locate_plain(snapshot, &worker->table, plain, &place);
	} else {
		if (!parse_unusual(worker, packet, &key))
			return false;
		look->lane = POISE_LANE_ANY;
		look->direction =
			(uint8_t)poise_locate(snapshot, &worker->table, &key,
					      poise_vip_find(snapshot, key.dst, key.dst_port), &place);
	}
	owner = worker->owners[place.shard];
	if (POISE_UNLIKELY(owner != worker->index)) {
		dp_handoff(worker, packet, owner);
		return false;
	}
	look->bucket = poise_bucket(&worker->table, &place, 0);
	look->signature = place.signature;
	look->shard = (uint8_t)place.shard;
	rte_prefetch0(look->bucket);
	return true;
}

// Fetch the record that the next new flow of a shard gets: nobody has touched it for a while.
static inline void fetch_free(const struct dp_worker *worker, uint32_t shard)
{
	uint32_t number = poise_record_next(&worker->table, shard);

	if (number)
		__builtin_prefetch(poise_record(&worker->table, number), 1);
}

// The bucket is here: fetch the record that most likely is the flow's.
static inline void guess(struct dp_worker *worker, struct dp_look *look)
{
	uint32_t match = poise_bucket_match(look->bucket, look->signature);
	// Without a match any slot does: the record is compared in full.
	uint32_t number = look->bucket->record[__builtin_ctz(match | 1u << (POISE_BUCKET_SLOTS - 1))];

	if (POISE_UNLIKELY(!number)) {
		look->flow = &worker->nothing;
		if (look->lane == POISE_LANE_ANY) // a SYN, most likely: it is to make a flow
			fetch_free(worker, look->shard);
		return;
	}
	look->flow = poise_record(&worker->table, number);
	rte_prefetch0(look->flow);
}

// Parse all packets, and guess the flow of each DP_AHEAD packets later, so that fetches are spread over the
// computing and not made in one volley. Returns how many packets go on; they move up in burst->packets. *guessed
// tells for how many of them, at least half, the flow was guessed; stage_forward() goes on with it.
static uint32_t stage_find(struct dp_worker *worker, struct dp_burst *burst, uint32_t count, uint32_t *guessed)
{
	uint32_t kept = 0, done = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct rte_mbuf *packet = burst->packets[i];

		if (!parse(worker, packet, &burst->looks[kept]))
			continue;
		burst->packets[kept++] = packet;
		if (kept > DP_AHEAD)
			guess(worker, &burst->looks[done++]);
	}
	while (2 * done < kept)
		guess(worker, &burst->looks[done++]);
	*guessed = done;
	return kept;
}

static uint32_t microseconds(const struct dp_worker *worker)
{
	return (uint32_t)(worker->now_ns / 1000) | 1; // 0 would be "not known"
}

static void note_handshake(struct dp_worker *worker, const struct poise_flow *flow, uint32_t direction, uint8_t flags)
{
	poise_handshake_note(flow, (enum poise_direction)direction, flags, microseconds(worker),
			     &worker->stats->backends[flow->backend_index & (POISE_MAX_BACKENDS - 1)]);
}

// A SYN without flow makes one. A full shard gives up its oldest half-open flow first.
static enum poise_verdict open_flow(struct dp_worker *worker, const struct rte_mbuf *packet,
				    const struct poise_step *step, struct poise_found *found)
{
	struct dp_burst *burst = &worker->burst;
	uint32_t *failed_ms = &worker->snat_failed_ms[step->vip_index & (POISE_MAX_VIPS - 1)];
	uint32_t *borrowed_ms = &worker->snat_borrowed_ms[step->vip_index & (POISE_MAX_VIPS - 1)];
	bool rest = *failed_ms && burst->now_ms - *failed_ms < DP_SNAT_REST_MS;
	bool brief = *borrowed_ms && burst->now_ms - *borrowed_ms < DP_SNAT_REST_MS;
	__u64 *counters = worker->stats->counters;
	struct poise_create create = {
		.snapshot = burst->snapshot,
		.packet = &step->packet,
		.source_mac = ((const struct poise_eth *)frame_of(packet))->src,
		.shards = worker->shards,
		.snat_tries = rest ? DP_SNAT_SHORT : 0,
		.snat_own_tries = brief ? DP_SNAT_SHORT : 0,
		.now_ms = burst->now_ms,
		.now_us = microseconds(worker),
		.vip_index = step->vip_index,
		.port_index = (uint8_t)packet->port,
	};
	enum poise_verdict verdict;

	for (int attempt = 0;; attempt++) {
		verdict = poise_flow_create(&worker->table, &create, &step->place, &found->number);
		counters[POISE_SNAT_PROBE] += create.snat_probes;
		if (POISE_UNLIKELY(verdict == POISE_SNAT_EXHAUSTED) && create.snat_lost && attempt < DP_SNAT_AGAIN) {
			create.same_turn = 1;
			continue;
		}
		if (verdict != POISE_TABLE_FULL || attempt ||
		    !dp_evict(&worker->table, step->place.shard, worker->stats, burst->now_ms))
			break;
	}
	if (verdict != POISE_FORWARDED) {
		if (verdict == POISE_SNAT_EXHAUSTED && !rest)
			*failed_ms = burst->now_ms | 1;
		return verdict;
	}
	if (create.snat_borrowed && !brief)
		*borrowed_ms = burst->now_ms | 1;
	found->sequence = create.sequence;
	if (POISE_UNLIKELY(create.joined)) {
		counters[POISE_SYN_REPEATED]++;
		return POISE_FORWARDED;
	}
	counters[POISE_FLOW_CREATED]++;
	worker->stats->backends[create.backend_index & (POISE_MAX_BACKENDS - 1)].flows_created++;
	return POISE_FORWARDED;
}

// The fate of a packet; on POISE_FORWARDED *found is its flow.
static enum poise_verdict decide(struct dp_worker *worker, const struct rte_mbuf *packet,
				 const struct poise_step *step, struct poise_found *found)
{
	__u64 *counters = worker->stats->counters;
	enum poise_verdict verdict, event;
	struct poise_flow *flow;

	found->number = 0;
	poise_table_look(&worker->table, &step->place, &step->packet.key, step->direction, found);
	if (found->number) {
		flow = poise_record(&worker->table, found->number);
		if (poise_decide_notes(step))
			note_handshake(worker, flow, step->direction, step->packet.tcp_flags);
		verdict = poise_decide(worker->burst.snapshot, &worker->table, flow, step, worker->burst.now_ms,
				       &event);
		if (POISE_UNLIKELY(event != POISE_FORWARDED))
			counters[event]++;
		if (POISE_LIKELY(verdict != POISE_FLOW_RESCHEDULED))
			return verdict;
		if (dp_flow_remove(&worker->table, worker->stats, found->number, found->sequence))
			counters[POISE_FLOW_RESCHEDULED]++;
	}
	verdict = poise_decide_without(worker->burst.snapshot, step);
	return verdict == POISE_FORWARDED ? open_flow(worker, packet, step, found) : verdict;
}

static void count_backend(struct dp_worker *worker, const struct poise_flow *flow, uint32_t direction,
			  uint32_t bytes)
{
	struct poise_stats_backend *backend =
		&worker->stats->backends[flow->backend_index & (POISE_MAX_BACKENDS - 1)];

	backend->packets[direction & 1]++;
	backend->bytes[direction & 1] += bytes;
}

// The packet got no backend: count that for the service it was sent to, if it was.
static void count_unserved(struct dp_worker *worker, const struct poise_step *step, enum poise_verdict verdict)
{
	uint32_t which = poise_unserved((uint32_t)verdict);

	if (which < POISE_UNSERVED && step->vip_index != POISE_NONE16)
		worker->stats->services[step->vip_index & (POISE_MAX_VIPS - 1)].unserved[which]++;
}

// Every case, by the general parser and the whole look-up.
static void forward(struct dp_worker *worker, struct rte_mbuf *packet)
{
	const struct poise_snapshot *snapshot = worker->burst.snapshot;
	const struct poise_flow *flow = NULL;
	enum poise_verdict verdict;
	struct poise_found found;
	struct poise_step step;
	uint16_t port = 0;

	step.vip_index = POISE_NONE16;
	verdict = poise_parse(frame_of(packet), end_of(packet), packet->pkt_len, &step.packet);
	if (verdict == POISE_FORWARDED)
		verdict = poise_classify(snapshot, &worker->table, &step);
	if (verdict == POISE_FORWARDED)
		verdict = decide(worker, packet, &step, &found);
	if (verdict == POISE_FORWARDED) {
		flow = poise_record(&worker->table, found.number);
		verdict = poise_rewrite(snapshot, flow, &step, frame_of(packet), end_of(packet), &port);
		if (POISE_UNLIKELY(!poise_flow_is(flow, found.sequence))) // see forward_known()
			verdict = POISE_NO_FLOW;
	}
	if (POISE_LIKELY(verdict == POISE_FORWARDED)) {
		count_backend(worker, flow, step.direction,
			      step.packet.l4 - step.packet.l3 + (uint32_t)step.packet.l4_length);
		dp_transmit(worker, packet, port);
		return;
	}
	count_unserved(worker, &step, verdict);
	if (verdict == POISE_TTL_EXPIRED) {
		dp_answer_expired(worker, packet, &step);
	} else if (verdict == POISE_FLOW_RESET || verdict == POISE_REFUSED) {
		dp_answer_reset(worker, packet, &step, verdict);
	} else {
		dp_drop(worker, packet, verdict);
	}
}

// A plain packet of a flow that is there. Returns false when the general way is due.
static inline bool forward_known(struct dp_worker *worker, const struct dp_look *look, struct rte_mbuf *packet)
{
	const struct dp_burst *burst = &worker->burst;
	enum poise_direction direction = (enum poise_direction)(look->direction & 1);
	struct poise_plain *plain = (struct poise_plain *)look->frame;
	struct poise_flow *flow = look->flow;
	uint32_t sequence = POISE_LOAD_ACQUIRE(flow->sequence);
	enum poise_verdict verdict, event;
	uint16_t port;

	if (look->lane == POISE_LANE_ANY || !poise_known_matches(flow, sequence, direction, plain))
		return false;
	if (POISE_UNLIKELY(look->lane != POISE_LANE_QUICK ||
			   !poise_quick_forward(burst->snapshot, flow, direction, plain, burst->now_ms, &port))) {
		if (!poise_flow_visible(flow))
			return false;
		if (poise_handshake_is(plain->tcp.flags))
			note_handshake(worker, flow, direction, plain->tcp.flags);
		if (POISE_UNLIKELY(poise_flow_resetting(burst->snapshot, flow)))
			return false;
		verdict = poise_known_forward(burst->snapshot, &worker->table, flow, direction, plain, burst->now_ms,
					      &event, &port);
		if (event != POISE_FORWARDED)
			worker->stats->counters[event]++;
		if (verdict != POISE_FORWARDED) {
			dp_drop(worker, packet, verdict);
			return true;
		}
	}
	// While the two paths overlap the XDP program may have given the record away meanwhile.
	if (POISE_UNLIKELY(!poise_flow_is(flow, sequence))) {
		dp_drop(worker, packet, POISE_NO_FLOW);
		return true;
	}
	count_backend(worker, flow, direction, POISE_HOST16(plain->ip.total_length));
	dp_transmit(worker, packet, port);
	return true;
}

// One packet after the other, in the order they came: a flow made for one is there for the next. Between them the
// flows of the later half are guessed, whose buckets were asked for last.
static void stage_forward(struct dp_worker *worker, struct dp_burst *burst, uint32_t count, uint32_t guessed)
{
	for (uint32_t n = 0; n < count; n++) {
		if (guessed < count)
			guess(worker, &burst->looks[guessed++]);
		if (POISE_UNLIKELY(!forward_known(worker, &burst->looks[n], burst->packets[n])))
			forward(worker, burst->packets[n]);
	}
}

void dp_pipeline_stages(struct dp_worker *worker, uint32_t count)
{
	struct dp_burst *burst = &worker->burst;
	uint32_t guessed;

	count = stage_find(worker, burst, count, &guessed);
	stage_forward(worker, burst, count, guessed);
}

void dp_pipeline(struct dp_worker *worker, uint32_t count)
{
	if (POISE_UNLIKELY(POISE_LOAD(poise_trace_control(&worker->table)->until_ns) > worker->now_ns)) {
		dp_trace_burst(worker, count);
		return;
	}
	dp_pipeline_stages(worker, count);
	dp_flush(worker);
}
