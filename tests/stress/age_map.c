// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Flows that end while no dataplane is there: age_map OBJECT. Nobody sweeps then, so the loaded XDP program itself has
// to see that a flow is over, and to make room in a shard that is full. Time is not waited for: the test, which has
// mapped the table, writes when a flow was seen last.
#include <time.h>

#include "../lib/xdp_object.h"
#include "../unit/frame.h"
#include "../unit/writers.h"

#define FLOWS 64u // of the table: 17 records a shard
#define SHARD 5u
#define MOST 32u
#define OUTWARD 1

struct age {
	struct xdp_object object;
	struct world world; // its snapshot alone is used
	uint16_t ports[MOST]; // of clients that live in the shard
	struct poise_xdp_counters before;
	uint32_t room; // records of a shard
	int failed;
};

static __u32 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (__u32)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static void expect(struct age *age, const char *text, long got, long want)
{
	if (got != want)
		age->failed++;
	if (got == want)
		printf("ok - %s\n", text);
	else
		printf("not ok - %s: got %ld, want %ld\n", text, got, want);
}

// How often something was counted since the last question about it.
static long counted(struct age *age, enum poise_verdict verdict)
{
	struct poise_xdp_counters now;
	long more;

	xdp_object_counters(&age->object, &now);
	more = (long)(now.counters[verdict] - age->before.counters[verdict]);
	age->before.counters[verdict] = now.counters[verdict];
	return more;
}

static struct poise_key key_of(const struct age *age, uint32_t client)
{
	return (struct poise_key){POISE_BE32(WORLD_CLIENT), POISE_BE32(WORLD_VIP), POISE_BE16(age->ports[client]),
				  POISE_BE16(WORLD_VIP_PORT)};
}

static struct poise_flow *flow_of(const struct age *age, uint32_t client)
{
	const struct poise_table *table = &age->object.table;
	struct poise_key key = key_of(age, client);
	struct poise_place place = poise_place_client(table, key.src, key.src_port);
	struct poise_found found = {0};

	return poise_table_look(table, &place, &key, POISE_INWARD, &found) ? poise_record(table, found.number) : NULL;
}

// One segment of a client, or of its backend to it. Returns 1 when it leaves.
static int segment(struct age *age, uint32_t client, uint8_t flags, int outward)
{
	const struct poise_flow *flow = flow_of(age, client);
	struct frame_spec spec = {.src = WORLD_CLIENT, .src_port = age->ports[client], .dst = WORLD_VIP,
				  .dst_port = WORLD_VIP_PORT, .flags = flags, .ack = 1};
	struct frame frame;
	uint8_t out[FRAME_SIZE];

	if (outward)
		spec = (struct frame_spec){.src = flow ? POISE_HOST32(flow->backend) : WORLD_BACKEND,
					   .src_port = WORLD_BACKEND_PORT, .dst = WORLD_CLIENT,
					   .dst_port = age->ports[client], .flags = flags, .ack = 1};
	frame_tcp(&frame, &spec);
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.bytes, .data_size_in = frame.length, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);
	if (bpf_prog_test_run_opts(age->object.programs[outward ? 1 : 0], &run))
		xdp_die("bpf_prog_test_run_opts");
	return run.retval == 4; // XDP_REDIRECT
}

static uint32_t open_some(struct age *age, uint32_t count, int establish)
{
	uint32_t opened = 0;

	for (uint32_t client = 0; client < count; client++) {
		int good = segment(age, client, POISE_TCP_SYN, 0);

		if (establish)
			good &= segment(age, client, POISE_TCP_SYN | POISE_TCP_ACK, OUTWARD) &
				segment(age, client, POISE_TCP_ACK, 0);
		opened += (uint32_t)good;
	}
	return opened;
}

static uint32_t there(const struct age *age, uint32_t count)
{
	uint32_t flows = 0;

	for (uint32_t client = 0; client < count; client++)
		flows += flow_of(age, client) != NULL;
	return flows;
}

static void begin(struct age *age)
{
	xdp_object_clear(&age->object, FLOWS);
	xdp_object_counters(&age->object, &age->before);
}

static void age_flow(struct age *age, uint32_t client, uint32_t idle_ms)
{
	POISE_STORE(flow_of(age, client)->last_seen_ms, now_ms() - idle_ms);
}

static void half_open_ones_make_room(struct age *age)
{
	begin(age);
	expect(age, "a shard takes as many half-open flows as it has room for", open_some(age, age->room, 0),
	       age->room);
	age_flow(age, 3, 5000);
	expect(age, "one more SYN into the full shard leaves", segment(age, age->room, POISE_TCP_SYN, 0), 1);
	expect(age, "one flow was evicted for it", counted(age, POISE_FLOW_EVICTED), 1);
	expect(age, "the oldest", flow_of(age, 3) == NULL, 1);
	expect(age, "all others are there", there(age, age->room + 1), age->room);
	expect(age, "a repeated SYN evicts nothing", segment(age, age->room, POISE_TCP_SYN, 0), 1);
	expect(age, "nor makes a flow", counted(age, POISE_FLOW_EVICTED) + counted(age, POISE_FLOW_CREATED),
	       age->room + 1);
	expect(age, "every count is exact", counts_are_exact(&age->object.table, POISE_NAT_DNAT), 1);
}

static void established_ones_stay(struct age *age)
{
	begin(age);
	expect(age, "a shard full of established flows", open_some(age, age->room, 1), age->room);
	expect(age, "refuses one more", segment(age, age->room, POISE_TCP_SYN, 0), 0);
	expect(age, "and says why", counted(age, POISE_TABLE_FULL), 1);
	expect(age, "none was given up", there(age, age->room), age->room);
	POISE_STORE(poise_shard(&age->object.table, SHARD)->evict, 0u);
	age_flow(age, 7, 7440 * 1000 + 1000);
	expect(age, "when one has idled for longer than its timeout", segment(age, age->room, POISE_TCP_SYN, 0), 1);
	expect(age, "it is that one which goes", flow_of(age, 7) == NULL, 1);
	expect(age, "counted as expired", counted(age, POISE_FLOW_EXPIRED), 1);
	expect(age, "not as evicted", counted(age, POISE_FLOW_EVICTED), 0);
	expect(age, "every count is exact", counts_are_exact(&age->object.table, POISE_NAT_DNAT), 1);
}

static void an_idle_flow_is_none(struct age *age)
{
	begin(age);
	expect(age, "three established flows", open_some(age, 3, 1), 3);
	age_flow(age, 0, 7440 * 1000 - 5000);
	expect(age, "data just before the timeout leaves", segment(age, 0, POISE_TCP_ACK, 0), 1);
	age_flow(age, 0, 7440 * 1000 + 1000);
	age_flow(age, 1, 7440 * 1000 + 1000);
	expect(age, "data after it does not", segment(age, 0, POISE_TCP_ACK, 0), 0);
	expect(age, "as of a flow that is not there", counted(age, POISE_NO_FLOW), 1);
	expect(age, "a SYN makes a new one at once", segment(age, 1, POISE_TCP_SYN, 0), 1);
	expect(age, "both were counted as expired", counted(age, POISE_FLOW_EXPIRED), 2);
	segment(age, 2, POISE_TCP_FIN | POISE_TCP_ACK, 0);
	segment(age, 2, POISE_TCP_FIN | POISE_TCP_ACK, OUTWARD);
	age_flow(age, 2, 240 * 1000 + 1000);
	expect(age, "the last segment of a closed flow is late", segment(age, 2, POISE_TCP_ACK, 0), 0);
	expect(age, "it had expired by the timeout of closing ones", counted(age, POISE_FLOW_EXPIRED), 1);
	expect(age, "every count is exact", counts_are_exact(&age->object.table, POISE_NAT_DNAT), 1);
}

static void find_clients(struct age *age)
{
	uint32_t found = 0;

	for (uint32_t port = 1024; port < 65535 && found < MOST; port++)
		if (poise_place_client(&age->object.table, POISE_BE32(WORLD_CLIENT), POISE_BE16(port)).shard == SHARD)
			age->ports[found++] = (uint16_t)port;
	age->room = age->object.table.records_per_shard;
	if (found < MOST || age->room >= MOST) {
		fprintf(stderr, "age_map: too few clients in one shard\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct age age;

	if (argc != 2) {
		fprintf(stderr, "usage: age_map OBJECT\n");
		return 2;
	}
	world_init(&age.world, 3, POISE_NAT_DNAT, FLOWS);
	xdp_object_load(&age.object, argv[1], FLOWS, age.world.snapshot);
	xdp_object_devices(&age.object, ~0u);
	find_clients(&age);
	half_open_ones_make_room(&age);
	established_ones_stay(&age);
	an_idle_flow_is_none(&age);
	xdp_object_close(&age.object);
	world_fini(&age.world);
	return age.failed != 0;
}
