// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// libFuzzer: what a peer may say on the sync link. Any bytes are cut into messages, whatever their length; any flow is
// entered into a table that local clients and the scan of the other half use as well. The table stays sound: every
// flow is found by both of its ends, every count is right.
//
// An input is a byte (odd: bytes of a stream, even: flows) and then either the stream, or any number of: what happens
// (a byte, see act()), and 40 bytes of a flow.
#include <endian.h>

#include "../unit/world.h"
#include "packet_check.h"
#include "sync_scan.h"
#include "sync_write.h"

#define FLOWS 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world world;
static struct cp_sync_shadows shadows;
static struct cp_sync_writer writer;
static struct cp_sync_scan scan;
static uint32_t now_ms, room;

static bool emit(void *context, const struct cp_sync_flow *flow)
{
	MUST(!cp_sync_flow_wrong(flow));
	return room && room--;
}

static void set_up(void)
{
	static const __u64 seed[2] = {1, 2};

	if (!world.snapshot) {
		world_init(&world, 4, POISE_NAT_FULL, FLOWS);
		MUST(!cp_sync_shadows_init(&shadows, &world.table));
	}
	memset(world.memory, 0, (size_t)world.table.lines * POISE_LINE_SIZE);
	poise_table_format(&world.table, world.memory, FLOWS, seed);
	memset(shadows.items, 0, shadows.count * sizeof(*shadows.items));
	shadows.session = shadows.peers = shadows.round = 1;
	shadows.table = 0;
	writer = (struct cp_sync_writer){.table = world.table, .shadows = &shadows};
	scan = (struct cp_sync_scan){.table = &world.table, .shadows = &shadows, .emit = emit};
	now_ms = 0xfffff000; // wraps soon
	room = 100;
}

// Most flows should come through the first checks.
static void mend(struct cp_sync_flow *flow)
{
	flow->kind = flow->kind & 7 ? CP_SYNC_PUT : CP_SYNC_REMOVE;
	flow->state = (uint8_t)(POISE_STATE_ESTABLISHED + flow->state % (POISE_STATES - POISE_STATE_ESTABLISHED));
	flow->flags &= 3;
	flow->protocol = POISE_PROTOCOL_TCP;
	flow->age_ms = htobe32(be32toh(flow->age_ms) % 10000000);
	flow->client = POISE_BE32(WORLD_CLIENT + flow->client % 3);
	flow->client_port = POISE_BE16(1 + flow->client_port % 4);
	flow->vip = POISE_BE32(WORLD_VIP);
	flow->vip_port = POISE_BE16(WORLD_VIP_PORT);
	flow->backend = POISE_BE32(WORLD_BACKEND + flow->backend % 5);
	flow->backend_port = POISE_BE16(WORLD_BACKEND_PORT);
	if (flow->flags & CP_SYNC_FULL_NAT) {
		flow->snat = POISE_BE32(WORLD_SNAT);
		flow->snat_port = POISE_BE16(1024 + flow->snat_port % 8);
	} else {
		flow->snat = flow->client;
		flow->snat_port = flow->client_port;
	}
}

static void packet(uint32_t which, uint8_t flags)
{
	struct poise_packet data = {.kind = POISE_PACKET_TCP, .tcp_flags = flags};
	uint32_t number = 1 + which % (POISE_SHARDS * world.table.records_per_shard);
	struct poise_flow *flow = poise_record(&world.table, number);
	int opened;

	if (!poise_flow_visible(flow))
		return;
	poise_flow_track(flow, which & 0x10000 ? POISE_INWARD : POISE_OUTWARD, &data, now_ms, &opened);
	if (opened)
		poise_half_open_add(&world.table, flow->shard, -1);
}

static void act(uint8_t what, struct cp_sync_flow *flow)
{
	uint32_t number;

	now_ms += what >> 4;
	switch (what & 15) {
	case 0:
		MUST(cp_sync_write(&writer, world.snapshot, flow, now_ms) < CP_SYNC_FATES);
		break;
	case 1:
		world_connect(&world, WORLD_CLIENT + flow->client % 3, (uint16_t)(1 + flow->client_port % 4), ~0ull,
			      &number);
		break;
	case 2:
		packet(flow->client, flow->state);
		break;
	case 3:
		room = flow->state;
		cp_sync_scan_run(&scan, world.snapshot, now_ms, flow->flags * 8u);
		break;
	case 4:
		cp_sync_scan_restart(&scan);
		break;
	case 5:
		cp_sync_shadows_round(&shadows);
		cp_sync_shadows_peer(&shadows, flow->state & 1);
		break;
	case 6:
		cp_sync_write_whole(&writer);
		break;
	case 7:
		cp_sync_write_sweep(&writer, flow->state);
		break;
	case 8:
		now_ms += be32toh(flow->age_ms) & 0xffffff;
		break;
	default:
		mend(flow);
		cp_sync_write(&writer, world.snapshot, flow, now_ms);
	}
}

// The record of a packet, as a data path looks for it.
static uint32_t found_by(const struct poise_flow *flow, enum poise_direction direction)
{
	struct poise_key forth = {.src = flow->client, .dst = flow->vip, .src_port = flow->client_port,
				  .dst_port = flow->vip_port};
	struct poise_key back = poise_flow_reply_key(flow);
	struct poise_place place = poise_place_client(&world.table, flow->client, flow->client_port);

	if (direction == POISE_OUTWARD && flow->flags & POISE_FLOW_FULL_NAT)
		place = poise_place_snat(&world.table, &back);
	return poise_table_find(&world.table, &place, direction == POISE_INWARD ? &forth : &back, direction);
}

static void is_sound(void)
{
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++) {
		const struct poise_shard *line = poise_shard(&world.table, shard);
		uint32_t used = 0, half_open = 0;

		for (uint32_t i = 0; i < line->used_top; i++) {
			uint32_t number = shard * world.table.records_per_shard + i + 1;
			const struct poise_flow *flow = poise_record(&world.table, number);

			if (!poise_flow_visible(flow))
				continue;
			used++;
			half_open += (uint32_t)poise_state_half_open((enum poise_flow_state)flow->state);
			MUST(found_by(flow, POISE_INWARD) == number && found_by(flow, POISE_OUTWARD) == number);
			MUST(flow->shard == shard && flow->backend_index < world.snapshot->backends_count);
			MUST(world.snapshot->backends[flow->backend_index].address == flow->backend);
		}
		MUST(used == line->used && half_open == line->half_open);
	}
}

static void stream(const uint8_t *data, size_t size)
{
	while (size) {
		uint32_t length = 0;
		void *copy = check_copy(data, size); // so that the first byte read behind it is seen
		enum cp_sync_frame frame = cp_sync_frame(copy, size, &length);

		if (frame == CP_SYNC_FRAME_WHOLE) {
			MUST(length >= 64 && length <= size);
			for (uint32_t i = 0; cp_sync_type(copy) == CP_SYNC_FLOWS && i < cp_sync_flows(length); i++) {
				struct cp_sync_flow flow;

				memcpy(&flow, (const uint8_t *)cp_sync_body(copy) + i * sizeof(flow), sizeof(flow));
				cp_sync_write(&writer, world.snapshot, &flow, now_ms);
			}
		} else {
			length = 1;
		}
		free(copy);
		data += length;
		size -= length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_sync_flow flow;

	if (!size)
		return 0;
	set_up();
	if (data[0] & 1)
		stream(data + 1, size - 1);
	else
		for (data++, size--; size > sizeof(flow); data += 1 + sizeof(flow), size -= 1 + sizeof(flow)) {
			memcpy(&flow, data + 1, sizeof(flow));
			act(data[0], &flow);
		}
	is_sound();
	return 0;
}
