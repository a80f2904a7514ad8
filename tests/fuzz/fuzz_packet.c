// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// libFuzzer: frames, one behind the other, on their way through the contract: parse, classify, find, create, account,
// rewrite, answer, expire, on a table that is full soon. Each is in a buffer of its own length, so that
// AddressSanitizer sees the first byte beside it. packet_check.h says what must hold.
//
// An input is any number of: a byte (low half: port, next three bits: time that passes, last bit: sweep), the length
// in two bytes, little endian (upper five bits: how much more is in a second segment, in 16 bytes), the frame.
// POISE_FUZZ_SNAPSHOT names a file of `poised --compile`.
#include <poise/reply.h>
#include <poise/table_setup.h>

#include "live.h"
#include "packet_check.h"
#include "sweep.h"

#define MAX_FLOWS 1u // a shard then has 17 records

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct poise_snapshot *snapshot;
	struct poise_table table;
	size_t bytes;
	void *memory, *copy; // the table, and as it was before the frame
	struct poise_stats_worker stats;
	struct dp_sweep sweep;
	uint32_t now_ms;
};

static struct world world;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *file = getenv("POISE_FUZZ_SNAPSHOT");
	struct dp_error error = { .text = "POISE_FUZZ_SNAPSHOT is not set" };

	if (!file || dp_snapshot_load(file, &world.snapshot, &error)) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	world.bytes = (size_t)poise_table_layout(&world.table, MAX_FLOWS) * POISE_LINE_SIZE;
	world.memory = aligned_alloc(POISE_LINE_SIZE, world.bytes);
	world.copy = malloc(world.bytes);
	if (!world.memory || !world.copy)
		exit(1);
	return 0;
}

static void begin(void)
{
	static const __u64 seed[2] = { 0x0123456789abcdefull, 0xfedcba9876543210ull };

	memset(world.memory, 0, world.bytes);
	memset(&world.stats, 0, sizeof(world.stats));
	poise_table_format(&world.table, world.memory, MAX_FLOWS, seed);
	world.now_ms = 0xfffffff0u; // wraps soon
	dp_sweep_init(&world.sweep, &world.table, ~0ull, world.now_ms);
}

static enum poise_verdict open_flow(struct poise_step *step, uint8_t *frame, uint8_t port, __u32 *number)
{
	struct poise_create create = {
		.snapshot = world.snapshot,
		.packet = &step->packet,
		.source_mac = frame + 6,
		.shards = ~0ull,
		.now_ms = world.now_ms,
		.vip_index = step->vip_index,
		.port_index = port,
	};
	enum poise_verdict verdict = poise_miss(world.snapshot, step);

	if (verdict != POISE_FORWARDED)
		return verdict;
	MUST(step->packet.kind == POISE_PACKET_TCP && step->vip_index != POISE_NONE16);
	MUST(step->packet.tcp_flags & POISE_TCP_SYN);
	MUST(!(step->packet.tcp_flags & (POISE_TCP_ACK | POISE_TCP_RST | POISE_TCP_FIN)));
	if (step->packet.ttl <= 1)
		return POISE_TTL_EXPIRED;
	verdict = poise_flow_create(&world.table, &create, &step->place, number);
	if (verdict == POISE_TABLE_FULL &&
	    dp_evict(&world.table, step->place.shard, &world.stats, world.now_ms))
		verdict = poise_flow_create(&world.table, &create, &step->place, number);
	return verdict;
}

// What the short lanes make of a packet of a known flow.
struct short_lane {
	int taken;
	enum poise_verdict verdict, event;
	uint16_t out;
	uint8_t bytes[2048];
	struct poise_flow flow;
	struct poise_shard shard;
};

// Send a copy of the frame down the lane that the dataplane would choose; flow and shard are as before afterwards.
static void try_short(struct short_lane *lane, const struct packet_frame *frame, const struct poise_step *step,
		      struct poise_flow *flow)
{
	enum poise_direction direction = (enum poise_direction)step->direction;
	struct poise_shard *shard = poise_shard(&world.table, flow->shard);
	struct poise_plain *plain = (void *)lane->bytes;
	struct poise_flow flow_before = *flow;
	struct poise_shard shard_before = *shard;

	lane->taken = poise_quick_form((const void *)frame->bytes, frame->length, frame->wire);
	if (!lane->taken)
		return;
	memcpy(lane->bytes, frame->bytes, frame->length);
	lane->taken = poise_lane(plain) != POISE_LANE_ANY;
	MUST(lane->taken || plain->ip.ttl <= 1 || plain->tcp.flags & POISE_TCP_SYN);
	if (!lane->taken)
		return;
	MUST(poise_known_matches(flow, flow->sequence, direction, plain));
	lane->verdict = lane->event = POISE_FORWARDED;
	lane->out = POISE_NONE16;
	if (poise_lane(plain) != POISE_LANE_QUICK ||
	    !poise_quick_forward(world.snapshot, flow, direction, plain, world.now_ms, &lane->out))
		lane->verdict = poise_known_forward(world.snapshot, &world.table, flow, direction, plain, world.now_ms,
						    &lane->event, &lane->out);
	lane->flow = *flow;
	lane->shard = *shard;
	*flow = flow_before;
	*shard = shard_before;
}

// The general way has come to the same.
static void same_as_short(const struct short_lane *lane, const struct packet_frame *frame, enum poise_verdict verdict,
			  enum poise_verdict event, const struct poise_flow *flow, uint16_t out)
{
	if (!lane->taken)
		return;
	MUST(lane->verdict == verdict && lane->event == event && lane->out == out);
	MUST(!memcmp(lane->bytes, frame->bytes, frame->length));
	MUST(!memcmp(&lane->flow, flow, sizeof(*flow)));
	MUST(!memcmp(&lane->shard, poise_shard(&world.table, flow->shard), sizeof(lane->shard)));
}

// The order of the dataplane's decide() and forward().
static enum poise_verdict forward(struct poise_step *step, const struct packet_frame *frame, uint8_t port)
{
	static struct packet_before before;
	static struct short_lane lane;
	enum poise_verdict verdict = poise_classify(world.snapshot, &world.table, step), event = POISE_FORWARDED;
	struct poise_flow *flow;
	uint16_t out = POISE_NONE16;
	__u32 number;

	MUST(verdict == POISE_FORWARDED);
	number = poise_table_find(&world.table, &step->place, &step->packet.key, (enum poise_direction)step->direction);
	if (number && step->packet.ttl <= 1)
		return POISE_TTL_EXPIRED;
	flow = number ? poise_record(&world.table, number) : NULL;
	if (flow && step->packet.kind == POISE_PACKET_TCP && step->direction == POISE_INWARD &&
	    poise_tcp_event(step->packet.tcp_flags) == POISE_EVENT_SYN &&
	    poise_state_reusable((enum poise_flow_state)flow->state)) {
		dp_flow_remove(&world.table, &world.stats, number, poise_record(&world.table, number)->sequence);
		number = 0;
	}
	lane.taken = 0;
	if (number) {
		try_short(&lane, frame, step, flow);
		event = poise_account(&world.table, flow, step, world.now_ms);
	} else {
		verdict = open_flow(step, frame->bytes, port, &number);
	}
	if (verdict != POISE_FORWARDED)
		return verdict;
	flow = poise_record(&world.table, number);
	packet_keep(&before, frame, &step->packet);
	verdict = poise_rewrite(world.snapshot, flow, step, frame->bytes, frame->bytes + frame->length, &out);
	if (verdict == POISE_FORWARDED) {
		MUST(out < world.snapshot->ports_count);
		packet_translated(&before, frame, step, flow);
	} else {
		MUST(!memcmp(frame->bytes, before.bytes, frame->length));
	}
	same_as_short(&lane, frame, verdict, event, flow, out);
	return verdict;
}

static void answer_expired(const struct poise_step *step, const uint8_t *frame)
{
	uint8_t out[POISE_TIME_EXCEEDED_HEADER + POISE_TIME_EXCEEDED_QUOTE];
	uint32_t quote = step->packet.l4 - step->packet.l3 + 8u;

	if (step->packet.kind != POISE_PACKET_TCP || step->vip_index == POISE_NONE16)
		return;
	MUST(quote <= POISE_TIME_EXCEEDED_QUOTE);
	MUST(poise_build_time_exceeded(out, frame + step->packet.l3, quote, step->packet.key.dst) <= sizeof(out));
}

static void one_frame(const struct packet_frame *frame, uint8_t port)
{
	const struct poise_snapshot *snapshot = world.snapshot;
	struct poise_step step = { .vip_index = POISE_NONE16 };
	uint8_t *bytes = frame->bytes, *end = bytes + frame->length;
	enum poise_verdict verdict = poise_parse(bytes, end, frame->wire, &step.packet);

	packet_parsers(frame, verdict, &step.packet);
	memcpy(world.copy, world.memory, world.bytes);
	if (verdict == POISE_FORWARDED && step.packet.kind == POISE_PACKET_ARP)
		verdict = poise_reply_arp(snapshot, bytes, end, step.packet.l3, snapshot->ports[port].mac, 1);
	else if (verdict == POISE_FORWARDED && step.packet.kind == POISE_PACKET_ICMP_ECHO)
		verdict = poise_reply_echo(snapshot, bytes, end, &step.packet, snapshot->ports[port].mac);
	else if (verdict == POISE_FORWARDED)
		verdict = forward(&step, frame, port);
	MUST((unsigned int)verdict < POISE_COUNTERS && poise_verdict_kind(verdict) != POISE_KIND_EVENT);
	if (verdict == POISE_TTL_EXPIRED)
		answer_expired(&step, bytes);
	// What is not forwarded leaves no trace: but a flow may have given way, a port been looked for, or the next
	// hop of a new flow not be known yet.
	if (verdict != POISE_FORWARDED && verdict != POISE_TABLE_FULL && verdict != POISE_SNAT_EXHAUSTED &&
	    verdict != POISE_NO_NEXT_HOP)
		MUST(!memcmp(world.copy, world.memory, world.bytes));
}

static void end(void)
{
	table_audit(&world.table);
	for (uint32_t i = 1; i <= POISE_SHARDS * world.table.records_per_shard; i++)
		if (((struct poise_flow *)poise_record(&world.table, i))->state != POISE_STATE_FREE)
			dp_flow_remove(&world.table, &world.stats, i, poise_record(&world.table, i)->sequence);
	table_audit(&world.table);
	for (uint32_t line = world.table.bucket_first; line < world.table.record_first; line++)
		MUST(!((struct poise_bucket *)POISE_TABLE_LINE(&world.table, line))->overflow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	while (size > 3) {
		uint32_t length = (uint32_t)(data[1] | data[2] << 8) & 2047, more = (uint32_t)(data[2] >> 3) * 16;
		uint8_t what = data[0];
		struct packet_frame frame;

		data += 3;
		size -= 3;
		if (length > size)
			length = (uint32_t)size;
		frame = (struct packet_frame){ malloc(length ? length : 1), length, length + more };
		if (!frame.bytes)
			exit(1);
		memcpy(frame.bytes, data, length);
		world.now_ms += 1u << (what >> 4 & 7) * 2;
		one_frame(&frame, (uint8_t)((what & 15) % world.snapshot->ports_count));
		free(frame.bytes);
		if (what & 0x80)
			dp_sweep_run(&world.sweep, &world.table, world.snapshot, &world.stats, world.now_ms, 2048);
		data += length;
		size -= length;
	}
	end();
	return 0;
}
