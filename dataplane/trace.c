// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See trace.h. The stages know nothing of it: a packet's fate is read from what is left of it, or, when nothing is,
// from the counter that has moved.
#include "trace.h"

#include <poise/trace.h>

#include "pipeline.h"
#include "transmit.h"

// A packet before and after the stages.
struct observation {
	uint8_t in[POISE_TRACE_BYTES];
	uint32_t in_length;
	uint32_t in_captured;
	struct poise_key key;
	uint64_t counters[POISE_COUNTERS];
	const struct rte_mbuf *out; // NULL: did not leave
	uint16_t vip_index;
	uint16_t backend_index;
	uint8_t in_port;
	uint8_t out_port;
	enum poise_verdict verdict;
};

static uint32_t captured_of(const struct rte_mbuf *packet)
{
	return packet->data_len < POISE_TRACE_BYTES ? packet->data_len : POISE_TRACE_BYTES;
}

// Both ends of a frame's packet, as far as it has any: zero what is not there.
static struct poise_key key_of(void *frame, uint32_t length, uint32_t captured)
{
	struct poise_packet packet;

	poise_parse(frame, (uint8_t *)frame + captured, length, &packet);
	return packet.key;
}

static void before(const struct dp_worker *worker, struct rte_mbuf *packet, struct observation *seen)
{
	seen->in_length = packet->pkt_len;
	seen->in_captured = captured_of(packet);
	seen->in_port = (uint8_t)packet->port;
	memcpy(seen->in, rte_pktmbuf_mtod(packet, const void *), seen->in_captured);
	seen->key = key_of(seen->in, seen->in_length, seen->in_captured);
	memcpy(seen->counters, worker->stats->counters, sizeof(seen->counters));
}

static enum poise_verdict counted(const struct dp_worker *worker, const struct observation *seen)
{
	for (uint32_t verdict = POISE_FORWARDED + 1; verdict < POISE_COUNTERS; verdict++)
		if (poise_verdict_kind((enum poise_verdict)verdict) != POISE_KIND_EVENT &&
		    worker->stats->counters[verdict] != seen->counters[verdict])
			return (enum poise_verdict)verdict;
	return POISE_FORWARDED;
}

// The flow the packet is of, now that it is there.
static void find_flow(const struct dp_worker *worker, struct observation *seen)
{
	const struct poise_snapshot *snapshot = worker->burst.snapshot;
	uint16_t vip = poise_vip_find(snapshot, seen->key.dst, seen->key.dst_port);
	struct poise_place place;
	enum poise_direction direction = poise_locate(snapshot, &worker->table, &seen->key, vip, &place);
	uint32_t number = poise_table_find(&worker->table, &place, &seen->key, direction);

	seen->vip_index = vip;
	seen->backend_index = POISE_NONE16;
	if (!number)
		return;
	seen->vip_index = poise_record(&worker->table, number)->vip_index;
	seen->backend_index = poise_record(&worker->table, number)->backend_index;
}

static void after(const struct dp_worker *worker, struct observation *seen)
{
	const struct dp_transmit *transmit;

	seen->out = NULL;
	find_flow(worker, seen);
	if (worker->handoff_pending) {
		seen->verdict = POISE_HANDOFF;
		return;
	}
	if (!worker->transmit_pending) {
		seen->verdict = counted(worker, seen);
		return;
	}
	seen->out_port = (uint8_t)__builtin_ctz(worker->transmit_pending);
	transmit = &worker->transmit[seen->out_port];
	seen->out = transmit->packets[transmit->count - 1];
	seen->verdict = transmit->answers >> (transmit->count - 1) & 1 ?
				(enum poise_verdict)transmit->verdicts[transmit->count - 1] :
				POISE_FORWARDED;
}

static void write_record(const struct dp_worker *worker, const struct observation *seen, uint64_t position, bool out)
{
	struct poise_trace_record *record =
		POISE_TABLE_LINE(&worker->table, poise_trace_line(&worker->table, position));
	uint32_t captured = out ? captured_of(seen->out) : seen->in_captured;

	POISE_STORE(record->sequence, 0);
	POISE_BARRIER();
	record->at_ns = worker->now_ns;
	record->length = out ? seen->out->pkt_len : seen->in_length;
	record->captured = (uint16_t)captured;
	record->vip_index = seen->vip_index;
	record->backend_index = seen->backend_index;
	record->side = out ? POISE_TRACE_OUT : POISE_TRACE_IN;
	record->path = POISE_TRACE_DPDK;
	record->port = out ? seen->out_port : seen->in_port;
	record->actor = (uint8_t)worker->index;
	record->verdict = (uint8_t)seen->verdict;
	memcpy(record + 1, out ? rte_pktmbuf_mtod(seen->out, const uint8_t *) : seen->in, captured);
	POISE_STORE_RELEASE(record->sequence, position + 1);
}

static void record(const struct dp_worker *worker, const struct observation *seen)
{
	const struct poise_trace_control *control = poise_trace_control(&worker->table);
	struct poise_trace_head *head = poise_trace_head(&worker->table);
	struct poise_key out = seen->key;
	uint64_t position;

	if (seen->out)
		out = key_of(rte_pktmbuf_mtod(seen->out, void *), seen->out->pkt_len, captured_of(seen->out));
	if (!poise_trace_wanted(control, &seen->key, &out, seen->vip_index, seen->backend_index, seen->verdict))
		return;
	position = POISE_FETCH_ADD(&head->next, seen->out ? 2ull : 1ull);
	write_record(worker, seen, position, false);
	if (seen->out)
		write_record(worker, seen, position + 1, true);
}

void dp_trace_burst(struct dp_worker *worker, uint32_t count)
{
	struct rte_mbuf *packets[DP_BURST];
	struct observation seen;

	memcpy(packets, worker->burst.packets, count * sizeof(*packets));
	for (uint32_t i = 0; i < count; i++) {
		before(worker, packets[i], &seen);
		worker->burst.packets[0] = packets[i];
		dp_pipeline_stages(worker, 1);
		after(worker, &seen);
		record(worker, &seen);
		dp_flush(worker); // the mbuf is the driver's from here on
	}
}
