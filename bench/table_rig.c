// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// table_rig EAL-OPTIONS -- SNAPSHOT FLOWS: the flow table alone, beside rte_hash with the same keys and
// records of the same size. Both have FLOWS flows, looked for in bursts of 32 in random order; what is found
// is compared with what was entered. rte_hash has one key a flow: a balancer needs two, one for each
// direction.
//
// One command a line, one line of JSON as answer:
//   run poise|hash hit|miss|churn MS     churn: the oldest flow goes, a new one comes
//   run poise|hash fill 0                empty, then enter all flows
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_cycles.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_prefetch.h>

#include <poise/path.h>

#include "permutation.h"
#include "rig.h"
#include "traffic.h"

#define BURST 32u

struct table_rig {
	struct dp_memory memory;
	struct poise_table *table;
	struct poise_snapshot *snapshot;
	struct rte_hash *hash;
	struct poise_flow *records; // of rte_hash, by its positions
	uint32_t *numbers;	    // Poise: record of each flow, for churn
	uint32_t flows;
	uint32_t oldest; // flow number; oldest .. oldest + flows - 1 are in the tables
	uint32_t hash_oldest;
	struct permutation permutation;
};

static void *memory(size_t bytes)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		rig_die("memory", "not enough");
	madvise(base, bytes, MADV_HUGEPAGE);
	return base;
}

static inline struct poise_key key_of(uint32_t number)
{
	struct bench_flow flow = bench_flow(number, BENCH_BACKENDS);

	return (struct poise_key){
		.src = __builtin_bswap32(flow.client),
		.dst = __builtin_bswap32(bench_vip()),
		.src_port = __builtin_bswap16(flow.client_port),
		.dst_port = __builtin_bswap16(BENCH_VIP_PORT),
	};
}

// The stages of dp_pipeline(): bucket, record, compare.
static uint32_t poise_find(const struct table_rig *self, const struct poise_key *keys, uint32_t count)
{
	struct poise_place places[BURST];
	uint32_t found = 0;

	for (uint32_t i = 0; i < count; i++) {
		places[i] = poise_place_client(self->table, keys[i].src, keys[i].src_port);
		rte_prefetch0(poise_bucket(self->table, &places[i], 0));
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct poise_bucket *bucket = poise_bucket(self->table, &places[i], 0);
		uint32_t match = poise_bucket_match(bucket, places[i].signature);

		if (match)
			rte_prefetch0(poise_record(self->table, bucket->record[__builtin_ctz(match)]));
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = poise_table_find(self->table, &places[i], &keys[i], POISE_INWARD);

		found += number && poise_record(self->table, number)->state != POISE_STATE_FREE;
	}
	return found;
}

static uint32_t hash_find(const struct table_rig *self, const struct poise_key *keys, uint32_t count)
{
	const void *pointers[BURST];
	int32_t positions[BURST];
	uint32_t found = 0;

	for (uint32_t i = 0; i < count; i++)
		pointers[i] = &keys[i];
	rte_hash_lookup_bulk(self->hash, pointers, count, positions);
	for (uint32_t i = 0; i < count; i++)
		if (positions[i] >= 0)
			rte_prefetch0(&self->records[positions[i]]);
	for (uint32_t i = 0; i < count; i++)
		found += positions[i] >= 0 && self->records[positions[i]].state != POISE_STATE_FREE;
	return found;
}

static void poise_add(struct table_rig *self, uint32_t first, uint32_t count)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0x0c, 1};
	struct poise_packet packets[BURST];
	struct poise_place places[BURST];

	for (uint32_t i = 0; i < count; i++) {
		packets[i] = (struct poise_packet){.key = key_of(first + i), .tcp_flags = POISE_TCP_SYN};
		places[i] = poise_place_client(self->table, packets[i].key.src, packets[i].key.src_port);
		rte_prefetch0(poise_bucket(self->table, &places[i], 0));
	}
	for (uint32_t i = 0; i < count; i++) {
		struct poise_create create = {.snapshot = self->snapshot,
					      .packet = &packets[i],
					      .source_mac = mac,
					      .shards = ~0ull,
					      .now_ms = 1};

		if (poise_flow_create(self->table, &create, &places[i],
				      &self->numbers[(first + i) % self->flows]) != POISE_FORWARDED)
			rig_die("flow table", "a flow was refused");
	}
}

static void poise_drop(struct table_rig *self, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) // as the sweep does, which knows the next record
		rte_prefetch0(poise_record(self->table, self->numbers[(first + i) % self->flows]));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = self->numbers[(first + i) % self->flows];

		poise_flow_remove(self->table, poise_record(self->table, number), number);
	}
}

static void hash_add(struct table_rig *self, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct poise_key key = key_of(first + i);
		int32_t position = rte_hash_add_key(self->hash, &key);

		if (position < 0)
			rig_die("rte_hash", "a flow was refused");
		self->records[position] = (struct poise_flow){
			.client = key.src, .client_port = key.src_port, .state = POISE_STATE_SYN_SENT};
	}
}

static void hash_drop(struct table_rig *self, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct poise_key key = key_of(first + i);

		if (rte_hash_del_key(self->hash, &key) < 0)
			rig_die("rte_hash", "a flow is missing");
	}
}

static void look(struct table_rig *self, bool poise, bool hit, uint64_t *done, uint64_t *found)
{
	uint32_t first = poise ? self->oldest : self->hash_oldest;
	struct poise_key keys[BURST];

	for (uint32_t i = 0; i < BURST; i++)
		keys[i] = key_of(first + permutation_next(&self->permutation) + (hit ? 0 : self->flows));
	*found += poise ? poise_find(self, keys, BURST) : hash_find(self, keys, BURST);
	*done += BURST;
}

static void churn(struct table_rig *self, bool poise, uint64_t *done)
{
	uint32_t *oldest = poise ? &self->oldest : &self->hash_oldest, count = BURST;

	if (count > self->flows)
		count = self->flows;
	if (poise) {
		poise_drop(self, *oldest, count);
		poise_add(self, *oldest + self->flows, count);
	} else {
		hash_drop(self, *oldest, count);
		hash_add(self, *oldest + self->flows, count);
	}
	*oldest += count;
	*done += count;
}

// Returns ns of the entering alone.
static unsigned long long fill(struct table_rig *self, bool poise, bool empty_first)
{
	uint32_t first = poise ? self->oldest : self->hash_oldest;
	unsigned long long begin;

	for (uint32_t i = 0; empty_first && i < self->flows; i += BURST) {
		uint32_t count = self->flows - i < BURST ? self->flows - i : BURST;

		if (poise)
			poise_drop(self, first + i, count);
		else
			hash_drop(self, first + i, count);
	}
	begin = rig_thread_ns();
	for (uint32_t i = 0; i < self->flows; i += BURST) {
		uint32_t count = self->flows - i < BURST ? self->flows - i : BURST;

		if (poise)
			poise_add(self, first + i, count);
		else
			hash_add(self, first + i, count);
	}
	return rig_thread_ns() - begin;
}

static void run(struct table_rig *self, bool poise, const char *what, uint32_t ms)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * ms, done = 0, found = 0;
	unsigned long long begin = rig_thread_ns(), ns;
	bool hit = !strcmp(what, "hit");

	if (!strcmp(what, "fill")) {
		ns = fill(self, poise, true);
		done = self->flows;
	} else {
		do {
			for (uint32_t i = 0; i < 16; i++) {
				if (!strcmp(what, "churn"))
					churn(self, poise, &done);
				else
					look(self, poise, hit, &done, &found);
			}
		} while (rte_rdtsc() < end);
		ns = rig_thread_ns() - begin;
		if (strcmp(what, "churn") && found != (hit ? done : 0))
			rig_die(what, "other flows were found than entered");
	}
	printf("{\"cpu_ns\": %llu, \"operations\": %llu, \"bytes\": %zu}\n", ns, (unsigned long long)done,
	       self->memory.bytes);
}

static void prepare(struct table_rig *self, const char *path)
{
	struct rte_hash_parameters parameters = {.name = "flows",
						 .key_len = sizeof(struct poise_key),
						 .hash_func = rte_hash_crc,
						 .socket_id = SOCKET_ID_ANY};
	struct dp_error error;

	// Room for one in eight more in both: churn moves flows between the shards.
	parameters.entries = self->flows + self->flows / 8 + 1024;
	self->hash = rte_hash_create(&parameters);
	if (!self->hash)
		rig_die("rte_hash", "cannot be made");
	self->records = memory(((size_t)parameters.entries + 1) * sizeof(*self->records));
	self->numbers = memory((size_t)self->flows * sizeof(*self->numbers));
	if (dp_snapshot_load(path, &self->snapshot, &error) ||
	    dp_memory_create(&self->memory, parameters.entries, &error))
		rig_die("table", error.text);
	self->table = &self->memory.table;
	permutation_init(&self->permutation, self->flows, 12345);
	fill(self, true, false);
	fill(self, false, false);
	printf("{\"ready\": true}\n");
}

int main(int argc, char **argv)
{
	static struct table_rig self;
	char line[128], who[16], what[16];
	unsigned int ms;
	int split = rig_eal(argc, argv);

	if (argc - split != 3) {
		fputs("usage: table_rig EAL-OPTIONS -- SNAPSHOT FLOWS\n", stderr);
		return 2;
	}
	self.flows = (uint32_t)strtoul(argv[split + 2], NULL, 10);
	prepare(&self, argv[split + 1]);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "run %15s %15s %u", who, what, &ms) != 3)
			rig_die("not a command", line);
		run(&self, !strcmp(who, "poise"), what, ms);
	}
	fflush(stdout);
	_Exit(0);
}
