// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Look-ups in a snapshot: services, SNAT addresses, routes, and that lying indices stay inside.
#include "world.h"

// A full house: every service is found by its port, by port 0, and nothing else is found.
static void thousand_services(void)
{
	struct poise_snapshot *snapshot = check_memory(sizeof(*snapshot));
	unsigned int bad = 0, placed = 0, sure = 0;
	uint32_t salt;

	for (salt = 1; salt < 2000 && placed != 2 * POISE_MAX_VIPS; salt++) {
		memset(snapshot->vip_hash, 0, sizeof(snapshot->vip_hash));
		snapshot->vip_salt = salt;
		poise_glance_begin(snapshot, POISE_MAX_VIPS);
		for (placed = 0; placed < 2 * POISE_MAX_VIPS; placed++) {
			uint16_t i = (uint16_t)(placed / 2);

			snapshot->vips[i].address = POISE_BE32(0xcb007100 + i);
			snapshot->vips[i].port = POISE_BE16(80 + i % 7);
			if (world_hash_vip(snapshot, i, placed & 1 ? snapshot->vips[i].port : 0))
				break;
		}
	}
	CU_ASSERT_EQUAL(placed, 2 * POISE_MAX_VIPS);
	for (uint16_t i = 0; i < POISE_MAX_VIPS; i++) {
		const struct poise_vip *vip = &snapshot->vips[i];
		__be32 stranger = POISE_BE32(0x0a000000 + i);
		int own = poise_glance(snapshot, vip->address, vip->port),
		    other = poise_glance(snapshot, stranger, vip->port);

		bad += poise_vip_find(snapshot, vip->address, vip->port) != i;
		bad += poise_vip_find(snapshot, vip->address, 0) != i;
		bad += poise_vip_find(snapshot, vip->address, POISE_BE16(79)) != POISE_NONE16;
		bad += poise_vip_find(snapshot, POISE_BE32(0x0a000000 + i), vip->port) != POISE_NONE16;
		bad += poise_vip_find(snapshot, POISE_BE32(0x0a000000 + i), 0) != POISE_NONE16;
		bad += own == 0 || other == 1; // -1 is no answer
		sure += (own == 1) + (other == 0);
	}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT(sure > POISE_MAX_VIPS * 3 / 2); // few homes are shared
	CU_ASSERT(poise_glance_sound(snapshot));
	free(snapshot);
}

static void ports_of_one_address(void)
{
	struct poise_snapshot *snapshot = check_memory(sizeof(*snapshot));

	poise_glance_begin(snapshot, 3);
	for (uint16_t i = 0; i < 3; i++) {
		snapshot->vips[i].address = POISE_BE32(WORLD_VIP);
		snapshot->vips[i].port = POISE_BE16(8000 + i);
		CU_ASSERT_EQUAL(world_hash_vip(snapshot, i, snapshot->vips[i].port), 0);
	}
	CU_ASSERT_EQUAL(world_hash_vip(snapshot, 0, 0), 0);
	for (uint16_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(poise_vip_find(snapshot, POISE_BE32(WORLD_VIP), POISE_BE16(8000 + i)), i);
	CU_ASSERT_EQUAL(poise_vip_find(snapshot, POISE_BE32(WORLD_VIP), POISE_BE16(8003)), POISE_NONE16);
	CU_ASSERT_NOT_EQUAL(poise_vip_find(snapshot, POISE_BE32(WORLD_VIP), 0), POISE_NONE16);
	free(snapshot);
}

// Few services lie apart from each other, and every damage to the table is seen.
static void glances(void)
{
	struct poise_snapshot *snapshot = check_memory(sizeof(*snapshot));
	__u64 *used = NULL;
	unsigned int wrong = 0;

	poise_glance_begin(snapshot, 2);
	CU_ASSERT_EQUAL(snapshot->glance_mask, 2 * POISE_GLANCE_SPREAD - 1);
	for (uint16_t i = 0; i < 2; i++) {
		snapshot->vips[i].address = POISE_BE32(WORLD_VIP + i);
		snapshot->vips[i].port = POISE_BE16(443);
		CU_ASSERT_EQUAL(world_hash_vip(snapshot, i, snapshot->vips[i].port), 0);
		CU_ASSERT_EQUAL(world_hash_vip(snapshot, i, 0), 0);
		CU_ASSERT_EQUAL(poise_glance(snapshot, snapshot->vips[i].address, snapshot->vips[i].port), 1);
	}
	for (uint32_t address = 0; address < 100000; address++)
		wrong += poise_glance(snapshot, POISE_BE32(WORLD_CLIENT + address), POISE_BE16(443)) != 0;
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(poise_glance(snapshot, 0, 0), 0); // nor is an empty entry an endpoint
	CU_ASSERT_EQUAL(poise_glance(snapshot, ~0u, 0xffff), 0);
	CU_ASSERT(poise_glance_sound(snapshot));
	for (uint32_t i = 0; i <= snapshot->glance_mask; i++)
		if (snapshot->glance[i] != POISE_GLANCE_EMPTY)
			used = &snapshot->glance[i];
	*used ^= 1; // another address
	CU_ASSERT(!poise_glance_sound(snapshot));
	*used ^= 1;
	snapshot->glance_mask = 2 * snapshot->glance_mask;
	CU_ASSERT(!poise_glance_sound(snapshot));
	snapshot->glance_mask /= 2;
	*used |= POISE_GLANCE_SHARED; // nobody knows at a glance: no wrong answer
	CU_ASSERT(poise_glance_sound(snapshot));
	*used = POISE_GLANCE_EMPTY;
	CU_ASSERT(!poise_glance_sound(snapshot));
	free(snapshot);
}

static void snat_addresses(void)
{
	struct poise_snapshot *snapshot = check_memory(sizeof(*snapshot));

	CU_ASSERT_EQUAL(poise_snat_find(snapshot, 0), POISE_NONE16);
	snapshot->snat_count = POISE_MAX_SNAT;
	for (uint32_t i = 0; i < POISE_MAX_SNAT; i++)
		snapshot->snat[i].address = POISE_BE32(0x0a0a0001 + i);
	for (uint32_t i = 0; i < POISE_MAX_SNAT; i++)
		CU_ASSERT_EQUAL(poise_snat_find(snapshot, POISE_BE32(0x0a0a0001 + i)), i);
	CU_ASSERT_EQUAL(poise_snat_find(snapshot, POISE_BE32(0x0a0a0001 + POISE_MAX_SNAT)), POISE_NONE16);
	snapshot->snat_count = 0xffff; // a lie stays inside the array
	CU_ASSERT_EQUAL(poise_snat_find(snapshot, POISE_BE32(0x0b000000)), POISE_NONE16);
	free(snapshot);
}

static void route(struct poise_snapshot *snapshot, uint32_t prefix, uint32_t length, uint16_t egress)
{
	struct poise_route *entry = &snapshot->routes[snapshot->routes_count++];

	entry->mask = POISE_BE32(length ? ~0u << (32 - length) : 0);
	entry->prefix = POISE_BE32(prefix);
	entry->egress = egress;
}

static void routes(void)
{
	struct poise_snapshot *snapshot = check_memory(sizeof(*snapshot));

	CU_ASSERT_PTR_NULL(poise_route_find(snapshot, POISE_BE32(0x0a000001)));
	route(snapshot, 0x0a000001, 32, 1);
	route(snapshot, 0x0a000000, 24, 2);
	route(snapshot, 0x0a000000, 8, 3);
	CU_ASSERT_EQUAL(poise_route_find(snapshot, POISE_BE32(0x0a000001))->egress, 1);
	CU_ASSERT_EQUAL(poise_route_find(snapshot, POISE_BE32(0x0a0000ff))->egress, 2);
	CU_ASSERT_EQUAL(poise_route_find(snapshot, POISE_BE32(0x0affffff))->egress, 3);
	CU_ASSERT_PTR_NULL(poise_route_find(snapshot, POISE_BE32(0x0b000000)));
	route(snapshot, 0, 0, 4);
	CU_ASSERT_EQUAL(poise_route_find(snapshot, POISE_BE32(0xffffffff))->egress, 4);
	snapshot->routes_count = 0xffff;
	CU_ASSERT_EQUAL(poise_route_find(snapshot, POISE_BE32(0xc0000001))->egress, 4);
	free(snapshot);
}

// Whatever stands in the hash, a look-up reads inside the snapshot (AddressSanitizer watches).
static void noise_is_harmless(void)
{
	struct poise_snapshot *snapshot = check_memory(sizeof(*snapshot));
	uint64_t state = 31;
	unsigned int bad = 0;

	for (uint32_t i = 0; i < POISE_VIP_HASH_SIZE; i++)
		snapshot->vip_hash[i] = (__u16)check_random(&state);
	for (unsigned int round = 0; round < 200000; round++) {
		uint64_t bits = check_random(&state);
		uint16_t found = poise_vip_find(snapshot, (__be32)bits, (__be16)(bits >> 32));

		bad += found != POISE_NONE16 && found >= POISE_MAX_VIPS;
	}
	CU_ASSERT_EQUAL(bad, 0);
	free(snapshot);
}

static const struct check_case cases[] = {
	{"a thousand services", thousand_services}, {"several ports of one address", ports_of_one_address},
	{"at a glance", glances},		    {"SNAT addresses", snat_addresses},
	{"routes", routes},			    {"noise is harmless", noise_is_harmless},
};

CHECK_MAIN("snapshot", cases)
