// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Who treats whose shards while a worker's beat is late.
#include "check.h"
#include "stand_in.h"
#include "world.h"

#define MS 1000000ull

static struct dp_worker *worker_of(struct world *world, uint32_t index)
{
	struct dp_worker *worker = aligned_alloc(64, (sizeof(*worker) + 63) / 64 * 64);

	memset(worker, 0, sizeof(*worker));
	worker->table = world->table;
	worker->index = index;
	worker->workers = 3;
	worker->burst.snapshot = world->snapshot;
	worker->now_ns = 1000 * MS;
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		worker->owners[shard] = worker->homes[shard] = (uint8_t)(shard % 3);
	return worker;
}

static void beat(struct world *world, uint32_t worker, uint64_t at_ns)
{
	poise_heartbeat(&world->table, worker)->beat_ns = at_ns;
}

static uint32_t owned(const struct dp_worker *worker, uint32_t by)
{
	uint32_t count = 0;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		count += worker->owners[shard] == by;
	return count;
}

static void a_late_worker_is_stood_in_for(void)
{
	struct world world;
	struct dp_worker *worker;

	world_init(&world, 2, POISE_NAT_DNAT, 64);
	world.snapshot->heartbeat_ns = 5 * MS;
	worker = worker_of(&world, 0);
	for (uint32_t i = 0; i < 3; i++)
		beat(&world, i, 995 * MS);
	dp_stand_in_look(worker);
	CU_ASSERT_EQUAL(owned(worker, 0), 22);
	beat(&world, 1, 979 * MS);
	dp_stand_in_look(worker);
	CU_ASSERT_EQUAL(owned(worker, 1), 0);
	CU_ASSERT_EQUAL(owned(worker, 2), 21);
	CU_ASSERT_EQUAL(owned(worker, 0), 43);
	beat(&world, 1, 999 * MS); // it goes on
	dp_stand_in_look(worker);
	CU_ASSERT_EQUAL(owned(worker, 1), 21);
	CU_ASSERT_EQUAL(worker->stands_in, 0);
	free(worker);
	world_fini(&world);
}

static void a_busy_machine_is_no_reason(void)
{
	struct world world;
	struct dp_worker *worker;

	world_init(&world, 2, POISE_NAT_DNAT, 64);
	world.snapshot->heartbeat_ns = 1 * MS;
	worker = worker_of(&world, 0);
	beat(&world, 1, 981 * MS); // later than its heartbeat, but not by 20 ms
	beat(&world, 2, 1000 * MS);
	dp_stand_in_look(worker);
	CU_ASSERT_EQUAL(worker->stands_in, 0);
	world.snapshot->heartbeat_ns = 100 * MS;
	beat(&world, 1, 700 * MS);
	dp_stand_in_look(worker);
	CU_ASSERT_EQUAL(worker->stands_in, 0);
	beat(&world, 1, 500 * MS);
	dp_stand_in_look(worker);
	CU_ASSERT_EQUAL(worker->stands_in, 2);
	free(worker);
	world_fini(&world);
}

static const struct check_case cases[] = {
	{"a late worker is stood in for", a_late_worker_is_stood_in_for},
	{"a busy machine is no reason", a_busy_machine_is_no_reason},
};

CHECK_MAIN("stand_in", cases)
