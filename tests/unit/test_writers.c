// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Several writers on one small table at once: no reader may use a torn record, no client may keep two flows, and at the
// end every count is exact.
#include <pthread.h>

#include <poise/expire.h>
#include <poise/path.h>

#include "check.h"
#include "writers.h"

#define WRITERS 4
#define ROUNDS 150000u

struct writer {
	struct world *world;
	uint64_t random;
	unsigned long made, joined, removed, evicted, used, torn, changed;
};

// Use the flow as a packet does, then ask whether it was that flow all the time. Only then must all have been right.
static void use_flow(struct writer *writer, struct poise_flow *flow, const struct poise_key *key, __u32 sequence)
{
	struct poise_packet packet = { .key = *key, .kind = POISE_PACKET_TCP, .tcp_flags = POISE_TCP_ACK };
	struct poise_step step = { .packet = packet, .direction = (__u8)(check_random(&writer->random) & 1) };
	struct poise_flow copy = *flow, again;

	if (!(check_random(&writer->random) % 16))
		step.packet.tcp_flags |= POISE_TCP_FIN;
	if (!(check_random(&writer->random) % 4) && step.direction == POISE_OUTWARD)
		step.packet.tcp_flags |= POISE_TCP_SYN;
	if (step.packet.tcp_flags == (POISE_TCP_FIN | POISE_TCP_SYN | POISE_TCP_ACK))
		step.packet.tcp_flags = POISE_TCP_ACK;
	poise_account(&writer->world->table, flow, &step, 1000);
	if (!poise_flow_is(flow, sequence)) {
		writer->changed++;
		return;
	}
	again = copy;
	poise_flow_differences(&again);
	writer->used++;
	writer->torn += !poise_flow_matches(&copy, POISE_INWARD, key) ||
			memcmp(again.difference, copy.difference, sizeof(again.difference)) != 0 ||
			copy.backend != writer->world->snapshot->backends[copy.backend_index & 7].address;
}

static void turn(struct writer *writer)
{
	const struct poise_table *table = &writer->world->table;
	struct poise_key key = endpoint_key((uint32_t)(check_random(&writer->random) % ENDPOINTS));
	struct poise_place place = poise_place_client(table, key.src, key.src_port);
	static const __u8 mac[6] = { 2 };
	struct poise_packet packet = { .key = key, .kind = POISE_PACKET_TCP, .tcp_flags = POISE_TCP_SYN };
	struct poise_create create = { .snapshot = writer->world->snapshot, .packet = &packet, .source_mac = mac,
				       .shards = ~0ull, .snat_tries = 64, .now_ms = 1000 };
	struct poise_found found = { 0 };

	if (!poise_table_look(table, &place, &key, POISE_INWARD, &found)) {
		if (poise_flow_create(table, &create, &place, &found.number) == POISE_FORWARDED) {
			writer->made += !create.joined;
			writer->joined += create.joined;
		} else if (poise_evict_choose(table, NULL, place.shard, 2000, 4, 64, &found)) {
			writer->evicted += (unsigned long)poise_flow_remove_if(table, poise_record(table, found.number),
									       found.number, found.sequence);
		}
	} else if (check_random(&writer->random) % 4) {
		use_flow(writer, poise_record(table, found.number), &key, found.sequence);
	} else {
		writer->removed += (unsigned long)poise_flow_remove_if(table, poise_record(table, found.number),
								       found.number, found.sequence);
	}
}

static void *write_on(void *argument)
{
	for (unsigned int round = 0; round < ROUNDS; round++)
		turn(argument);
	return NULL;
}

static void writers(enum poise_nat nat)
{
	unsigned long made = 0, torn = 0, used = 0, met = 0;
	struct writer writer[WRITERS] = { 0 };
	pthread_t threads[WRITERS];
	unsigned int twice = 0;
	struct world world;

	world_init(&world, 3, nat, 64);
	for (unsigned int i = 0; i < WRITERS; i++) {
		writer[i] = (struct writer){ .world = &world, .random = 1234567 + i };
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, write_on, &writer[i]), 0);
	}
	for (unsigned int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		made += writer[i].made;
		torn += writer[i].torn;
		used += writer[i].used;
		met += writer[i].changed + writer[i].joined;
	}
	twice = endpoints_twice(&world.table);
	printf("    %lu flows made, %lu uses, %lu times two writers met\n", made, used, met);
	CU_ASSERT(made > ROUNDS / 10 && used > ROUNDS / 10);
	CU_ASSERT_EQUAL(torn, 0);
	CU_ASSERT_EQUAL(twice, 0);
	CU_ASSERT(counts_are_exact(&world.table, nat));
	world_fini(&world);
}

// All writers answer the same SYN at the same moment, none having seen a flow: one flow must be left, every time.
struct race {
	struct world *world;
	pthread_barrier_t *start, *end;
	unsigned int *twice, *none;
};

#define RACES 4000u

static void *race_on(void *argument)
{
	struct race *race = argument;
	static const __u8 mac[6] = { 2 };

	for (uint32_t round = 0; round < RACES; round++) {
		struct poise_key key = endpoint_key(round % ENDPOINTS);
		struct poise_packet packet = { .key = key, .kind = POISE_PACKET_TCP, .tcp_flags = POISE_TCP_SYN };
		struct poise_create create = { .snapshot = race->world->snapshot, .packet = &packet, .source_mac = mac,
					       .shards = ~0ull, .snat_tries = 64, .now_ms = 1000 };
		struct poise_place place = poise_place_client(&race->world->table, key.src, key.src_port);
		struct poise_found found = { 0 };

		pthread_barrier_wait(race->start);
		poise_flow_create(&race->world->table, &create, &place, &found.number);
		if (pthread_barrier_wait(race->end) == PTHREAD_BARRIER_SERIAL_THREAD) {
			unsigned int left = endpoint_flows(&race->world->table, round % ENDPOINTS);

			*race->twice += left > 1;
			*race->none += left < 1;
			while (found.number = 0, poise_table_look(&race->world->table, &place, &key, POISE_INWARD, &found))
				poise_flow_remove(&race->world->table, poise_record(&race->world->table, found.number),
						  found.number);
		}
	}
	return NULL;
}

static void one_is_left(void)
{
	pthread_barrier_t start, end;
	pthread_t threads[WRITERS];
	unsigned int twice = 0, none = 0;
	struct world world;
	struct race race = { &world, &start, &end, &twice, &none };

	world_init(&world, 3, POISE_NAT_DNAT, 64);
	pthread_barrier_init(&start, NULL, WRITERS);
	pthread_barrier_init(&end, NULL, WRITERS);
	for (unsigned int i = 0; i < WRITERS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, race_on, &race), 0);
	for (unsigned int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(twice, 0);
	CU_ASSERT_EQUAL(none, 0);
	CU_ASSERT(counts_are_exact(&world.table, POISE_NAT_DNAT));
	pthread_barrier_destroy(&start);
	pthread_barrier_destroy(&end);
	world_fini(&world);
}

static void dnat(void)
{
	writers(POISE_NAT_DNAT);
}

static void full_nat(void)
{
	writers(POISE_NAT_FULL);
}

static const struct check_case cases[] = {
	{"one SYN at four writers", one_is_left},
	{"several writers, DNAT", dnat},
	{"several writers, full NAT", full_nat},
};

CHECK_MAIN("writers", cases)
