// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The flow table against a plain array as reference: every flow that should be there is found from both
// sides, nothing else is, and after any churn the counts are right and all memory can be used again.
#include "world.h"

struct model {
	uint32_t client;
	uint16_t port;
	__u32 number; // 0: not there
};

static struct poise_flow *record(const struct world *world, __u32 number)
{
	return poise_record(&world->table, number);
}

static __u32 find_inward(const struct world *world, uint32_t client, uint16_t port)
{
	struct poise_key key = {.src = POISE_BE32(client),
				.dst = POISE_BE32(WORLD_VIP),
				.src_port = POISE_BE16(port),
				.dst_port = POISE_BE16(WORLD_VIP_PORT)};
	struct poise_place place = poise_place_client(&world->table, key.src, key.src_port);

	return poise_table_find(&world->table, &place, &key, POISE_INWARD);
}

// Look the reply up as the data path does: by SNAT endpoint or by client endpoint.
static __u32 find_outward(const struct world *world, const struct poise_flow *flow)
{
	struct poise_key key = poise_flow_reply_key(flow);
	struct poise_place place = flow->flags & POISE_FLOW_FULL_NAT
					   ? poise_place_snat(&world->table, &key)
					   : poise_place_client(&world->table, key.dst, key.dst_port);

	return poise_table_find(&world->table, &place, &key, POISE_OUTWARD);
}

static unsigned int shard_sum(const struct world *world, size_t offset)
{
	unsigned int sum = 0;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		sum += *(uint32_t *)((uint8_t *)poise_shard(&world->table, shard) + offset);
	return sum;
}

#define SHARD_SUM(world, field) shard_sum(world, offsetof(struct poise_shard, field))

// Entries in all buckets, and the sum of overflow marks.
static void bucket_sums(const struct world *world, unsigned int *entries, unsigned int *overflow)
{
	*entries = *overflow = 0;
	for (uint32_t line = world->table.bucket_first; line < world->table.record_first; line++) {
		struct poise_bucket *bucket = POISE_TABLE_LINE(&world->table, line);

		for (unsigned int i = 0; i < POISE_BUCKET_SLOTS; i++)
			*entries += bucket->record[i] != 0;
		*overflow += bucket->overflow;
	}
}

static void expect_empty(const struct world *world)
{
	unsigned int entries, overflow;

	bucket_sums(world, &entries, &overflow);
	CU_ASSERT_EQUAL(entries, 0);
	CU_ASSERT_EQUAL(overflow, 0);
	CU_ASSERT_EQUAL(SHARD_SUM(world, used), 0);
	CU_ASSERT_EQUAL(SHARD_SUM(world, half_open), 0);
}

static void found_from_both_sides(void)
{
	for (int nat = POISE_NAT_DNAT; nat <= POISE_NAT_FULL; nat++) {
		struct world world;
		__u32 number;

		world_init(&world, 2, (enum poise_nat)nat, 1000);
		CU_ASSERT_EQUAL(find_inward(&world, WORLD_CLIENT, 40000), 0);
		CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 40000, ~0ull, &number), POISE_FORWARDED);
		CU_ASSERT_NOT_EQUAL(number, 0);
		CU_ASSERT_EQUAL(find_inward(&world, WORLD_CLIENT, 40000), number);
		CU_ASSERT_EQUAL(find_outward(&world, record(&world, number)), number);
		CU_ASSERT_EQUAL(find_inward(&world, WORLD_CLIENT, 40001), 0);
		CU_ASSERT_EQUAL(find_inward(&world, WORLD_CLIENT + 1, 40000), 0);
		CU_ASSERT_EQUAL(SHARD_SUM(&world, used), 1);
		CU_ASSERT_EQUAL(SHARD_SUM(&world, half_open), 1);
		poise_flow_remove(&world.table, record(&world, number), number);
		CU_ASSERT_EQUAL(find_inward(&world, WORLD_CLIENT, 40000), 0);
		expect_empty(&world);
		world_fini(&world);
	}
}

// Random connects and removals; each step the outcome must be that of the model.
static void churn(enum poise_nat nat, uint32_t endpoints, uint32_t max_flows, unsigned int rounds)
{
	struct model *models = check_memory(endpoints * sizeof(*models));
	unsigned int bad = 0, live = 0, refused = 0, entries, overflow;
	struct world world;
	uint64_t state = 77 + (uint64_t)nat;

	world_init(&world, 3, nat, max_flows);
	for (uint32_t i = 0; i < endpoints; i++) {
		models[i].client = WORLD_CLIENT + i / 50;
		models[i].port = (uint16_t)(1024 + i % 50);
	}
	for (unsigned int round = 0; round < rounds; round++) {
		struct model *model = &models[check_random(&state) % endpoints];
		__u32 found = find_inward(&world, model->client, model->port);

		bad += found != model->number;
		if (found) {
			struct poise_flow *flow = record(&world, found);

			bad += flow->client != POISE_BE32(model->client) || flow->sequence & 1;
			bad += find_outward(&world, flow) != found;
			poise_flow_remove(&world.table, flow, found);
			model->number = 0;
			live--;
		} else if (world_connect(&world, model->client, model->port, ~0ull, &model->number) ==
			   POISE_FORWARDED) {
			live++;
		} else {
			model->number = 0;
			refused++;
		}
	}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT_EQUAL(SHARD_SUM(&world, used), live);
	CU_ASSERT_EQUAL(SHARD_SUM(&world, half_open), live);
	bucket_sums(&world, &entries, &overflow);
	CU_ASSERT_EQUAL(entries, nat == POISE_NAT_FULL ? 2 * live : live);
	if (max_flows >= endpoints)
		CU_ASSERT_EQUAL(refused, 0);
	for (uint32_t i = 0; i < endpoints; i++) {
		bad += find_inward(&world, models[i].client, models[i].port) != models[i].number;
		if (models[i].number)
			poise_flow_remove(&world.table, record(&world, models[i].number), models[i].number);
	}
	CU_ASSERT_EQUAL(bad, 0);
	expect_empty(&world);
	world_fini(&world);
	free(models);
}

static void churn_dnat(void)
{
	churn(POISE_NAT_DNAT, 20000, 20000, 600000);
}

static void churn_full(void)
{
	churn(POISE_NAT_FULL, 20000, 20000, 600000);
}

// Much more demand than room: refusals must leave no trace.
static void churn_overfull(void)
{
	churn(POISE_NAT_DNAT, 20000, 500, 400000);
	churn(POISE_NAT_FULL, 20000, 500, 400000);
}

// T1: fill until nothing fits, for sizes small and large. All promised flows fit before the first refusal;
// refusals change nothing; one removal makes room for one flow of that shard.
static void full(enum poise_nat nat, uint32_t max_flows)
{
	unsigned int made = 0, first_refusal = 0, used, entries, overflow, after;
	struct world world;
	__u32 number, last = 0;

	world_init(&world, 4, nat, max_flows);
	world.snapshot->snat[0].first_port = 1;
	world.snapshot->snat[0].last_port = 65535;
	for (uint32_t i = 0; i < 2 * max_flows + 4000; i++) {
		enum poise_verdict verdict = world_connect(&world, WORLD_CLIENT + i / 30000,
							   (uint16_t)(1024 + i % 30000), ~0ull, &number);

		if (verdict == POISE_FORWARDED) {
			made++;
			last = number;
		} else if (!first_refusal) {
			first_refusal = made;
		}
		if (verdict != POISE_FORWARDED && verdict != POISE_TABLE_FULL)
			CU_FAIL("a full table is called by its name");
	}
	CU_ASSERT(first_refusal >= max_flows);
	CU_ASSERT(made <= world.table.records_per_shard * POISE_SHARDS);
	used = SHARD_SUM(&world, used);
	CU_ASSERT_EQUAL(used, made);
	bucket_sums(&world, &entries, &overflow);
	CU_ASSERT_EQUAL(entries, nat == POISE_NAT_FULL ? 2 * made : made);
	poise_flow_remove(&world.table, record(&world, last), last);
	for (after = 0; after < 4000; after++)
		if (world_connect(&world, WORLD_CLIENT - 1, (uint16_t)(1024 + after), ~0ull, &number) ==
		    POISE_FORWARDED)
			break;
	CU_ASSERT(after < 4000);
	CU_ASSERT_EQUAL(SHARD_SUM(&world, used), used);
	world_fini(&world);
}

static void full_table(void)
{
	static const uint32_t sizes[] = {64, 1024, 20000, 150000};

	for (size_t i = 0; i < POISE_COUNT(sizes); i++) {
		full(POISE_NAT_DNAT, sizes[i]);
		full(POISE_NAT_FULL, sizes[i]);
	}
}

// Two thousand flows of one bucket: an insertion gives up after its bounded probe, and whatever went in
// comes out again.
static void one_bucket(void)
{
	struct poise_place place = {.shard = 7, .bucket = 3, .signature = 9};
	unsigned int entries, overflow, entered = 0;
	struct world world;

	world_init(&world, 1, POISE_NAT_DNAT, 100000);
	place.home = world.table.bucket_first + place.shard * world.table.buckets_per_shard + place.bucket;
	for (__u32 number = 1; number <= 2000; number++)
		entered += !poise_table_insert(&world.table, &place, number);
	CU_ASSERT_EQUAL(entered, POISE_PROBE_MAX * POISE_BUCKET_SLOTS);
	CU_ASSERT_EQUAL(poise_shard(&world.table, 7)->probe_worst, POISE_PROBE_MAX - 1);
	CU_ASSERT_EQUAL(poise_table_remove(&world.table, &place, 1999), -1);
	for (__u32 number = POISE_PROBE_MAX * POISE_BUCKET_SLOTS; number; number--)
		CU_ASSERT_EQUAL(poise_table_remove(&world.table, &place, number), 0);
	bucket_sums(&world, &entries, &overflow);
	CU_ASSERT_EQUAL(entries, 0);
	CU_ASSERT_EQUAL(overflow, 0);
	world_fini(&world);
}

// The eight buckets of an endpoint are different ones and all in its shard, wherever it starts.
static void probes_stay_in_the_shard(void)
{
	uint64_t state = 12;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 200000; round++) {
		struct poise_table table;
		struct poise_place place;
		uint32_t first, lines[POISE_PROBE_MAX];

		poise_table_layout(&table, 1 + (uint32_t)(check_random(&state) % (1u << (1 + round % 28))));
		place.shard = round % POISE_SHARDS;
		place.bucket = (uint32_t)(check_random(&state) % table.buckets_per_shard);
		if (round & 1)
			place.bucket = table.buckets_per_shard - 1;
		place.signature = round & 2 ? 0xffff : (uint16_t)(1 + check_random(&state) % 0xffff);
		first = table.bucket_first + place.shard * table.buckets_per_shard;
		place.home = first + place.bucket;
		for (uint32_t probe = 0; probe < POISE_PROBE_MAX; probe++) {
			lines[probe] = poise_bucket_line(&table, &place, probe);
			bad += lines[probe] < first || lines[probe] >= first + table.buckets_per_shard;
			for (uint32_t other = 0; other < probe; other++)
				bad += lines[other] == lines[probe];
		}
	}
	CU_ASSERT_EQUAL(bad, 0);
}

// A record that is being changed is no flow to a reader.
static void hidden_is_absent(void)
{
	struct world world;
	__u32 number;

	world_init(&world, 1, POISE_NAT_DNAT, 1000);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 1, ~0ull, &number), POISE_FORWARDED);
	CU_ASSERT_EQUAL(find_inward(&world, WORLD_CLIENT, 1), number);
	CU_ASSERT(poise_flow_claim(record(&world, number), record(&world, number)->sequence));
	CU_ASSERT_EQUAL(find_inward(&world, WORLD_CLIENT, 1), 0);
	poise_record_publish(record(&world, number));
	CU_ASSERT_EQUAL(find_inward(&world, WORLD_CLIENT, 1), number);
	CU_ASSERT_EQUAL(record(&world, number)->sequence & 1, 0);
	world_fini(&world);
}

// A SYN of client port 5 to a second service with the backends of the first one.
struct second_service {
	struct world world;
	struct poise_vip *vip;
	struct poise_packet packet;
	struct poise_create create;
	struct poise_place place;
	__u32 first, second; // records: port 5 to the first service, connected; to the second, not yet
};

static void second_service_init(struct second_service *self)
{
	static const __u8 mac[6];

	*self = (struct second_service){.packet = {.kind = POISE_PACKET_TCP, .tcp_flags = POISE_TCP_SYN}};
	world_init(&self->world, 2, POISE_NAT_DNAT, 1000);
	self->vip = &self->world.snapshot->vips[1];
	*self->vip = self->world.snapshot->vips[0];
	self->vip->port = POISE_BE16(81);
	self->vip->cursor = 1;
	self->packet.key = (struct poise_key){POISE_BE32(WORLD_CLIENT), self->vip->address, POISE_BE16(5),
					      self->vip->port};
	self->create = (struct poise_create){.snapshot = self->world.snapshot, .packet = &self->packet,
					     .source_mac = mac, .shards = ~0ull, .vip_index = 1};
	self->place = poise_place_client(&self->world.table, self->packet.key.src, self->packet.key.src_port);
	CU_ASSERT_EQUAL(world_connect(&self->world, WORLD_CLIENT, 5, ~0ull, &self->first), POISE_FORWARDED);
}

static enum poise_verdict second_service_connect(struct second_service *self)
{
	return poise_flow_create(&self->world.table, &self->create, &self->place, &self->second);
}

// The same client endpoint to several services is several flows.
static void one_client_two_services(void)
{
	struct second_service to;
	struct world *world = &to.world;

	second_service_init(&to);
	to.vip->slot_first = 1;
	to.vip->slot_count = 1;
	CU_ASSERT_EQUAL(second_service_connect(&to), POISE_FORWARDED);
	CU_ASSERT_NOT_EQUAL(to.first, to.second);
	CU_ASSERT_EQUAL(find_inward(world, WORLD_CLIENT, 5), to.first);
	CU_ASSERT_EQUAL(poise_table_find(&world->table, &to.place, &to.packet.key, POISE_INWARD), to.second);
	CU_ASSERT_EQUAL(find_outward(world, record(world, to.first)), to.first);
	CU_ASSERT_EQUAL(find_outward(world, record(world, to.second)), to.second);
	world_fini(world);
}

// One client port toward two services with the same backends: the replies of a flow that lives stay its own, one that
// is over gives way.
static void one_port_one_backend(void)
{
	struct second_service to;
	struct world *world = &to.world;

	second_service_init(&to);
	record(world, to.first)->state = POISE_STATE_ESTABLISHED;
	// The other backend takes it.
	CU_ASSERT_EQUAL(second_service_connect(&to), POISE_FORWARDED);
	CU_ASSERT_NOT_EQUAL(record(world, to.first)->backend, record(world, to.second)->backend);
	CU_ASSERT_EQUAL(find_outward(world, record(world, to.first)), to.first);
	CU_ASSERT_EQUAL(find_outward(world, record(world, to.second)), to.second);
	CU_ASSERT_EQUAL(poise_flow_remove(&world->table, record(world, to.second), to.second), 1);
	// With only the backend that the port is in use toward there is no way.
	to.vip->slot_first = record(world, to.first)->backend_index;
	to.vip->slot_count = 1;
	CU_ASSERT_EQUAL(second_service_connect(&to), POISE_SNAT_EXHAUSTED);
	CU_ASSERT_EQUAL(find_outward(world, record(world, to.first)), to.first);
	record(world, to.first)->state = POISE_STATE_CLOSING;
	CU_ASSERT_EQUAL(second_service_connect(&to), POISE_FORWARDED);
	CU_ASSERT_EQUAL(find_outward(world, record(world, to.second)), to.second);
	CU_ASSERT_EQUAL(find_inward(world, WORLD_CLIENT, 5), 0);
	world_fini(world);
}

static void attach(void)
{
	struct poise_table view = {0};
	struct poise_table_header *header, good;
	struct world world;
	size_t bytes;

	world_init(&world, 1, POISE_NAT_DNAT, 1000);
	bytes = (size_t)world.table.lines * POISE_LINE_SIZE;
	header = world.memory;
	CU_ASSERT_PTR_NULL(poise_table_attach(&view, world.memory, bytes));
	CU_ASSERT_EQUAL(memcmp(&view, &world.table, sizeof(view)), 0);
	CU_ASSERT_PTR_NOT_NULL(poise_table_attach(&view, world.memory, bytes - 1));
	CU_ASSERT_PTR_NOT_NULL(poise_table_attach(&view, world.memory, 0));
	CU_ASSERT_PTR_NOT_NULL(poise_table_attach(&view, world.memory, sizeof(*header) - 1));
	good = *header;
	// Any damaged word of the header that matters is noticed; the seed may be anything.
	for (size_t at = 0; at < sizeof(*header); at += 4) {
		if (at >= offsetof(struct poise_table_header, seed) &&
		    at < offsetof(struct poise_table_header, shard_first))
			continue;
		for (unsigned int bit = 0; bit < 32; bit++) {
			*header = good;
			*(uint32_t *)((uint8_t *)header + at) ^= 1u << bit;
			CU_ASSERT_PTR_NOT_NULL(poise_table_attach(&view, world.memory, bytes));
		}
	}
	world_fini(&world);
}

// What is fetched ahead is what is taken: never used records, freed ones, and none of a full shard.
static void next_record(void)
{
	struct poise_table *table;
	struct world world;
	__u32 next, number = 0, taken = 0;

	world_init(&world, 2, POISE_NAT_DNAT, 64);
	table = &world.table;
	while ((next = poise_record_next(table, 3))) {
		number = poise_record_allocate(table, 3);
		CU_ASSERT_EQUAL(number, next);
		if (++taken % 5)
			continue;
		poise_record_free(table, 3, number);
		CU_ASSERT_EQUAL(poise_record_next(table, 3), number);
		CU_ASSERT_EQUAL(poise_record_allocate(table, 3), number);
	}
	CU_ASSERT_EQUAL(taken, table->records_per_shard);
	CU_ASSERT_EQUAL(poise_record_allocate(table, 3), 0);
	world_fini(&world);
}

static void layouts(void)
{
	struct poise_table large;

	// 10 million flows in 80 bytes each, all in.
	CU_ASSERT((uint64_t)poise_table_layout(&large, 10000000) * POISE_LINE_SIZE <= 80ull * 10000000);
	for (uint32_t flows = 1; flows <= 1u << 26; flows = flows * 3 + 1) {
		struct poise_table table;
		uint32_t lines = poise_table_layout(&table, flows);

		CU_ASSERT(table.records_per_shard * (uint64_t)POISE_SHARDS >= flows);
		CU_ASSERT_EQUAL(lines, table.record_first + POISE_SHARDS * table.records_per_shard);
		CU_ASSERT(table.buckets_per_shard >= POISE_PROBE_MAX);
		// Room for two entries of each record.
		CU_ASSERT(table.buckets_per_shard * POISE_BUCKET_SLOTS * 10ull >= table.records_per_shard * 2 * 11ull);
	}
}

static const struct check_case cases[] = {
	{"found from both sides", found_from_both_sides},
	{"churn, DNAT", churn_dnat},
	{"churn, full NAT", churn_full},
	{"churn with refusals", churn_overfull},
	{"full table", full_table},
	{"one bucket for all", one_bucket},
	{"probes stay inside the shard", probes_stay_in_the_shard},
	{"a hidden record is absent", hidden_is_absent},
	{"one client, two services", one_client_two_services},
	{"one client port, one backend, two services", one_port_one_backend},
	{"the next record", next_record},
	{"attaching", attach},
	{"layouts", layouts},
};

CHECK_MAIN("table", cases)
