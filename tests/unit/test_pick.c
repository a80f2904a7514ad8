// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Round robin is exact: at any time the flows of any two backends of equal weight differ by at most one,
// over all workers, over reloads, and refused flows do not bend the order.
#include <pthread.h>

#include "world.h"

static int spread(const uint32_t *counts, unsigned int count)
{
	uint32_t low = UINT32_MAX, high = 0;

	for (unsigned int i = 0; i < count; i++) {
		low = counts[i] < low ? counts[i] : low;
		high = counts[i] > high ? counts[i] : high;
	}
	return (int)(high - low);
}

static void exact_at_any_time(void)
{
	for (uint16_t backends = 1; backends <= 9; backends++) {
		uint32_t counts[9] = {0};
		struct world world;
		unsigned int bad = 0;
		__u32 number;

		world_init(&world, backends, POISE_NAT_DNAT, 10000);
		for (uint32_t i = 0; i < 5000; i++) {
			bad += world_connect(&world, WORLD_CLIENT + i, (uint16_t)(1 + i), ~0ull, &number) !=
			       POISE_FORWARDED;
			counts[poise_record(&world.table, number)->backend_index]++;
			bad += spread(counts, backends) > 1;
		}
		CU_ASSERT_EQUAL(bad, 0);
		world_fini(&world);
	}
}

// Slots that poised has laid out for weights are served in their order.
static void slots_in_order(void)
{
	static const __u16 layout[] = {0, 0, 1, 0, 2, 0, 0};
	struct world world;
	unsigned int bad = 0;

	world_init(&world, 3, POISE_NAT_DNAT, 100);
	memcpy(world.snapshot->slots + 50, layout, sizeof(layout));
	world.snapshot->vips[0].slot_first = 50;
	world.snapshot->vips[0].slot_count = POISE_COUNT(layout);
	for (unsigned int i = 0; i < 70; i++)
		bad += poise_pick(world.snapshot, &world.snapshot->vips[0], poise_cursor(&world.table, 0), NULL, 0) !=
		       layout[i % POISE_COUNT(layout)];
	CU_ASSERT_EQUAL(bad, 0);
	world_fini(&world);
}

// A reload is another snapshot over the same table: the turn goes on.
static void reload_keeps_the_turn(void)
{
	struct world world;
	struct poise_snapshot *other = check_memory(sizeof(*other));
	uint32_t counts[3] = {0};
	__u32 number;

	world_init(&world, 3, POISE_NAT_DNAT, 1000);
	for (uint32_t i = 0; i < 400; i++) {
		CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, (uint16_t)(1 + i), ~0ull, &number),
				POISE_FORWARDED);
		counts[poise_record(&world.table, number)->backend_index]++;
		if (i % 7 == 3) {
			struct poise_snapshot *swap = world.snapshot;

			*other = *swap;
			other->generation++;
			world.snapshot = other;
			other = swap;
		}
		CU_ASSERT(spread(counts, 3) <= 1);
	}
	free(other);
	world_fini(&world);
}

// A flow refused for lack of room takes no turn.
static void refusals_take_no_turn(void)
{
	struct world world;
	unsigned int made = 0;
	__u32 number;

	world_init(&world, 2, POISE_NAT_DNAT, 64);
	for (uint32_t i = 0; i < 20000; i++)
		made += world_connect(&world, WORLD_CLIENT + i, 77, ~0ull, &number) == POISE_FORWARDED;
	CU_ASSERT(made < 20000);
	CU_ASSERT_EQUAL(poise_cursor(&world.table, 0)->next, made);
	world.snapshot->vips[0].slot_count = 0;
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 1, ~0ull, &number), POISE_NO_BACKEND);
	CU_ASSERT_EQUAL(poise_cursor(&world.table, 0)->next, made);
	world_fini(&world);
}

static void services_have_their_own_turn(void)
{
	struct world world;
	struct poise_vip other;

	world_init(&world, 4, POISE_NAT_DNAT, 100);
	other = world.snapshot->vips[0];
	other.cursor = POISE_MAX_VIPS - 1;
	for (unsigned int i = 0; i < 12; i++) {
		CU_ASSERT_EQUAL(
			poise_pick(world.snapshot, &world.snapshot->vips[0], poise_cursor(&world.table, 0), NULL, 0),
			i % 4);
		if (i % 3 == 0)
			CU_ASSERT_EQUAL(
				poise_pick(world.snapshot, &other, poise_cursor(&world.table, other.cursor), NULL, 0),
				i / 3 % 4);
	}
	world_fini(&world);
}

static void turn_wraps(void)
{
	struct world world;
	struct poise_cursor *cursor;

	world_init(&world, 2, POISE_NAT_DNAT, 100);
	cursor = poise_cursor(&world.table, 0);
	cursor->next = ~0ull;
	CU_ASSERT_EQUAL(poise_pick(world.snapshot, &world.snapshot->vips[0], cursor, NULL, 0), 1);
	CU_ASSERT_EQUAL(poise_pick(world.snapshot, &world.snapshot->vips[0], cursor, NULL, 0), 0);
	world_fini(&world);
}

struct picker {
	struct world *world;
	uint32_t counts[3];
	uint32_t failed;
	uint32_t first;
	pthread_t thread;
};

#define PICKER_FLOWS 30000u

static void *pick_many(void *argument)
{
	struct picker *picker = argument;
	__u32 number;

	for (uint32_t i = 0; i < PICKER_FLOWS; i++) {
		if (world_connect(picker->world, picker->first + i, 99, ~0ull, &number) != POISE_FORWARDED)
			picker->failed++;
		else
			picker->counts[poise_record(&picker->world->table, number)->backend_index]++;
	}
	return NULL;
}

// Several writers on one table (the fallback's case): exact in total, no record given out twice.
static void exact_over_threads(void)
{
	struct picker pickers[4];
	uint32_t counts[3] = {0}, used = 0;
	struct world world;

	world_init(&world, 3, POISE_NAT_DNAT, 200000);
	for (unsigned int i = 0; i < 4; i++) {
		pickers[i] = (struct picker){.world = &world, .first = WORLD_CLIENT + i * 1000000};
		CU_ASSERT_EQUAL(pthread_create(&pickers[i].thread, NULL, pick_many, &pickers[i]), 0);
	}
	for (unsigned int i = 0; i < 4; i++) {
		pthread_join(pickers[i].thread, NULL);
		CU_ASSERT_EQUAL(pickers[i].failed, 0);
		for (unsigned int k = 0; k < 3; k++)
			counts[k] += pickers[i].counts[k];
	}
	CU_ASSERT_EQUAL(counts[0] + counts[1] + counts[2], 4 * PICKER_FLOWS);
	CU_ASSERT(spread(counts, 3) <= 1);
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		used += poise_shard(&world.table, shard)->used;
	CU_ASSERT_EQUAL(used, 4 * PICKER_FLOWS);
	world_fini(&world);
}

static const struct check_case cases[] = {
	{"exact at any time", exact_at_any_time},
	{"slots in their order", slots_in_order},
	{"a reload keeps the turn", reload_keeps_the_turn},
	{"refusals take no turn", refusals_take_no_turn},
	{"services have their own turn", services_have_their_own_turn},
	{"the turn wraps", turn_wraps},
	{"exact over threads", exact_over_threads},
};

CHECK_MAIN("pick", cases)
