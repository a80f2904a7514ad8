// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A small world for unit tests: a snapshot with one service, and a flow table in plain memory.
#pragma once

#include <poise/glance.h>
#include <poise/path.h>
#include <poise/table_setup.h>

#include "check.h"

#define WORLD_VIP 0xcb00710au // 203.0.113.10
#define WORLD_VIP_PORT 443
#define WORLD_BACKEND 0x0a0a000au // 10.10.0.10 and following
#define WORLD_BACKEND_PORT 8443
#define WORLD_SNAT 0x0a0a0001u	 // 10.10.0.1
#define WORLD_CLIENT 0xc6336401u // 198.51.100.1

struct world {
	struct poise_snapshot *snapshot;
	struct poise_table table;
	void *memory;
};

// Enter a VIP the way poised does: once with its port, once with port 0.
static inline int world_hash_vip(struct poise_snapshot *snapshot, uint16_t index, __be16 port)
{
	uint32_t home = poise_vip_home(snapshot->vip_salt, snapshot->vips[index].address, port);

	for (uint32_t probe = 0; probe < POISE_VIP_PROBE; probe++) {
		__u16 *entry = &snapshot->vip_hash[(home + probe) & (POISE_VIP_HASH_SIZE - 1)];

		if (*entry)
			continue;
		*entry = (__u16)(index + 1);
		if (port)
			poise_glance_enter(snapshot, snapshot->vips[index].address, port);
		return 0;
	}
	return -1;
}

static inline void world_ports(struct poise_snapshot *snapshot)
{
	snapshot->ports_count = 2;
	for (uint8_t i = 0; i < 2; i++) {
		struct poise_port *port = &snapshot->ports[i];

		memcpy(port->mac, (const uint8_t[6]){2, 0, 0, 0, 1, i}, 6);
		port->queues = 1;
	}
	snapshot->ports[1].snat_first = 0;
	snapshot->ports[1].snat_count = 1;
	snapshot->snat_count = 1;
	snapshot->snat[0].address = POISE_BE32(WORLD_SNAT);
	snapshot->snat[0].port = 1;
	snapshot->snat[0].first_port = 1024;
	snapshot->snat[0].last_port = 32767;
}

// One service with `backends` backends behind port 1, slots in order; clients are behind port 0 and are
// answered to the link address they came from.
static inline void world_init(struct world *world, uint16_t backends, enum poise_nat nat, uint32_t max_flows)
{
	static const __u64 seed[2] = {0x243f6a8885a308d3ull, 0x13198a2e03707344ull};
	struct poise_snapshot *snapshot = check_memory(sizeof(*snapshot));
	struct poise_vip *vip = &snapshot->vips[0];

	snapshot->magic = POISE_SNAPSHOT_MAGIC;
	snapshot->abi_version = POISE_ABI_VERSION;
	snapshot->size = sizeof(*snapshot);
	snapshot->generation = 1;
	world_ports(snapshot);
	snapshot->vips_count = 1;
	vip->address = POISE_BE32(WORLD_VIP);
	vip->port = POISE_BE16(WORLD_VIP_PORT);
	vip->protocol = POISE_PROTOCOL_TCP;
	vip->nat = (__u8)nat;
	vip->slot_count = backends;
	poise_glance_begin(snapshot, 1);
	world_hash_vip(snapshot, 0, vip->port);
	world_hash_vip(snapshot, 0, 0);
	snapshot->backends_count = backends;
	snapshot->egress_count = (__u16)(backends + 1);
	snapshot->slots_count = backends;
	for (uint16_t i = 0; i < backends; i++) {
		struct poise_backend *backend = &snapshot->backends[i];
		struct poise_egress *egress = &snapshot->egress[i + 1];

		backend->address = POISE_BE32(WORLD_BACKEND + i);
		backend->port = POISE_BE16(WORLD_BACKEND_PORT);
		backend->egress = (__u16)(i + 1);
		backend->flags = POISE_BACKEND_UP;
		backend->weight = 1;
		memcpy(egress->dst_mac, (const uint8_t[6]){2, 0, 0, 0, 2, (uint8_t)i}, 6);
		memcpy(egress->src_mac, snapshot->ports[1].mac, 6);
		egress->port = 1;
		egress->flags = POISE_EGRESS_KNOWN;
		snapshot->slots[i] = i;
	}
	memset(world, 0, sizeof(*world));
	world->snapshot = snapshot;
	world->memory = aligned_alloc(POISE_LINE_SIZE,
				      (size_t)poise_table_layout(&world->table, max_flows) * POISE_LINE_SIZE);
	if (!world->memory) {
		perror("aligned_alloc");
		exit(2);
	}
	memset(world->memory, 0, (size_t)world->table.lines * POISE_LINE_SIZE);
	poise_table_format(&world->table, world->memory, max_flows, seed);
}

static inline void world_fini(struct world *world)
{
	free(world->snapshot);
	free(world->memory);
}

// Make a flow for a SYN from a client endpoint (host order). Returns the verdict; *number is the record.
static inline enum poise_verdict world_connect(struct world *world, uint32_t client, uint16_t port,
					       uint64_t shards, __u32 *number)
{
	static const __u8 mac[6] = {2, 0, 0, 0, 3, 1};
	struct poise_packet packet = {
		.key = {.src = POISE_BE32(client),
			.dst = POISE_BE32(WORLD_VIP),
			.src_port = POISE_BE16(port),
			.dst_port = POISE_BE16(WORLD_VIP_PORT)},
		.kind = POISE_PACKET_TCP,
		.tcp_flags = POISE_TCP_SYN,
		.ttl = 64,
	};
	struct poise_create create = {
		.snapshot = world->snapshot,
		.packet = &packet,
		.source_mac = mac,
		.shards = shards,
		.now_ms = 1000,
		.vip_index = 0,
		.port_index = 0,
	};
	struct poise_place place = poise_place_client(&world->table, packet.key.src, packet.key.src_port);

	*number = 0;
	return poise_flow_create(&world->table, &create, &place, number);
}
