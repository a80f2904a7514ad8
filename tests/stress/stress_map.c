// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Both data paths on one real flow table at once: stress_map OBJECT SECONDS. The loaded XDP program runs on every CPU
// while threads of this process write the same BPF map through the headers, as a worker does that was bypassed and
// goes on. No frame may leave that mixes two flows, no client may keep two flows, every count must be exact.
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "../lib/xdp_object.h"
#include "../unit/frame.h"
#include "../unit/writers.h"

#define MAX_ACTORS 16u
#define FLOWS 64u // records; more clients than one shard has room for

struct stress {
	struct xdp_object object;
	struct world world; // its snapshot alone is used
	enum poise_nat nat;
	int over;
};

struct actor {
	struct stress *stress;
	uint64_t random;
	unsigned int number;
	unsigned long runs, left, wrong, made, joined, removed, changed;
};

static __u32 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u32)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

// A frame of a client, or the answer of one of the backends to it.
static void frame_of(struct actor *actor, struct frame *frame)
{
	static const uint8_t inward[] = {POISE_TCP_SYN, POISE_TCP_ACK, POISE_TCP_ACK, POISE_TCP_FIN | POISE_TCP_ACK,
					 POISE_TCP_RST};
	static const uint8_t outward[] = {POISE_TCP_SYN | POISE_TCP_ACK, POISE_TCP_ACK, POISE_TCP_FIN | POISE_TCP_ACK};
	uint64_t random = check_random(&actor->random);
	struct poise_key key = endpoint_key((uint32_t)(random % ENDPOINTS));
	struct frame_spec spec = {.payload = 8, .ack = 1};

	if (random >> 40 & 1) {
		spec.src = POISE_HOST32(key.src);
		spec.src_port = POISE_HOST16(key.src_port);
		spec.dst = WORLD_VIP;
		spec.dst_port = WORLD_VIP_PORT;
		spec.flags = inward[(random >> 48) % sizeof(inward)];
	} else {
		int full = actor->stress->nat == POISE_NAT_FULL;

		spec.src = WORLD_BACKEND + (uint32_t)(random >> 20) % 3;
		spec.src_port = WORLD_BACKEND_PORT;
		spec.dst = full ? WORLD_SNAT : POISE_HOST32(key.src);
		spec.dst_port = full ? (uint16_t)(1024 + (random >> 30) % 256) : POISE_HOST16(key.src_port);
		spec.flags = outward[(random >> 48) % sizeof(outward)];
	}
	frame_tcp(frame, &spec);
}

// Does a frame that leaves belong to one flow in all its parts? Ports and addresses of a client go together, as do
// the address and the link address of a backend.
static int frame_is_whole(const struct stress *stress, const uint8_t *bytes, int inward)
{
	const uint8_t *ip = bytes + 14, *client = ip + (inward ? 12 : 16);
	uint32_t address = frame_get16(client) << 16 | frame_get16(client + 2);
	uint32_t port = frame_get16(ip + (inward ? 20 : 22)), last = ip[19];

	if (!frame_valid(ip))
		return 0;
	if (inward && (last - (WORLD_BACKEND & 255) > 2 || bytes[5] != last - (WORLD_BACKEND & 255)))
		return 0; // destination and link address of different backends
	if (inward && stress->nat == POISE_NAT_FULL)
		return address == WORLD_SNAT && port >= 1024 && port <= 32767;
	return address - WORLD_CLIENT < ENDPOINTS / 8 && port - 4000 < 8;
}

static void *run_program(void *argument)
{
	struct actor *actor = argument;
	struct stress *stress = actor->stress;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(actor->number % (unsigned int)sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	while (!POISE_LOAD(stress->over)) {
		struct frame in;
		uint8_t out[FRAME_SIZE];
		int inward;

		frame_of(actor, &in);
		inward = frame_get16(in.bytes + in.l3 + 16) == WORLD_VIP >> 16;
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in.bytes, .data_size_in = in.length, .data_out = out,
			    .data_size_out = sizeof(out), .repeat = 1);
		if (bpf_prog_test_run_opts(stress->object.programs[inward ? 0 : 1], &run))
			xdp_die("bpf_prog_test_run_opts");
		actor->runs++;
		if (run.retval != 4) // XDP_REDIRECT
			continue;
		actor->left++;
		// The VIP as source says which way it went: a reply may come back as an answer to the client only.
		actor->wrong += !frame_is_whole(stress, out, inward);
	}
	return NULL;
}

static void write_once(struct actor *actor)
{
	static const __u8 mac[6] = {2};
	const struct poise_table *table = &actor->stress->object.table;
	struct poise_key key = endpoint_key((uint32_t)(check_random(&actor->random) % ENDPOINTS));
	struct poise_place place = poise_place_client(table, key.src, key.src_port);
	struct poise_step step = {.packet = {.key = key, .kind = POISE_PACKET_TCP, .tcp_flags = POISE_TCP_SYN}};
	struct poise_create create = {.snapshot = actor->stress->world.snapshot, .packet = &step.packet,
				      .source_mac = mac, .shards = ~0ull, .snat_tries = 64, .now_ms = now_ms()};
	struct poise_found found = {0};

	actor->runs++;
	if (!poise_table_look(table, &place, &key, POISE_INWARD, &found)) {
		if (poise_flow_create(table, &create, &place, &found.number) != POISE_FORWARDED)
			return;
		actor->made += !create.joined;
		actor->joined += create.joined;
	} else if (check_random(&actor->random) % 4) {
		struct poise_flow *flow = poise_record(table, found.number);

		step.packet.tcp_flags = POISE_TCP_ACK;
		step.direction = (__u8)(check_random(&actor->random) & 1);
		poise_account(table, flow, &step, create.now_ms);
		actor->changed += !poise_flow_is(flow, found.sequence);
	} else {
		actor->removed += (unsigned long)poise_flow_remove_if(table, poise_record(table, found.number),
								      found.number, found.sequence);
	}
}

static void *write_map(void *argument)
{
	struct actor *actor = argument;

	while (!POISE_LOAD(actor->stress->over))
		write_once(actor);
	return NULL;
}

static int judge(const struct stress *stress, const struct actor *actors, unsigned int programs, unsigned int writers)
{
	const char *nat = stress->nat == POISE_NAT_FULL ? "full NAT" : "DNAT";
	unsigned long runs = 0, left = 0, wrong = 0, made = 0, met = 0;
	unsigned int twice = endpoints_twice(&stress->object.table);
	struct poise_xdp_counters counters;
	int exact = counts_are_exact(&stress->object.table, stress->nat), failed;

	for (unsigned int i = 0; i < programs; i++) {
		runs += actors[i].runs;
		left += actors[i].left;
		wrong += actors[i].wrong;
	}
	for (unsigned int i = programs; i < programs + writers; i++) {
		made += actors[i].made;
		met += actors[i].joined + actors[i].changed;
	}
	xdp_object_counters(&stress->object, &counters);
	failed = wrong || twice || !exact || !left || !made || !counters.counters[POISE_FLOW_CREATED];
	printf("    %lu runs of the program, %lu frames left, %llu flows made by it, %lu by threads, met %lu times\n",
	       runs, left, (unsigned long long)counters.counters[POISE_FLOW_CREATED], made, met);
	printf("%sok - %s: %lu frames of two flows, %u clients with two flows, counts %s\n", failed ? "not " : "", nat,
	       wrong, twice, exact ? "exact" : "wrong");
	return failed;
}

static int stress_map(const char *path, unsigned int seconds, enum poise_nat nat)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN), programs = cpus < 8 ? cpus : 8;
	struct stress stress = {.nat = nat};
	struct actor actors[MAX_ACTORS];
	pthread_t threads[MAX_ACTORS];
	int failed;

	world_init(&stress.world, 3, nat, FLOWS);
	xdp_object_load(&stress.object, path, FLOWS, stress.world.snapshot);
	xdp_object_devices(&stress.object, ~0u);
	for (unsigned int i = 0; i < 2 * programs; i++) {
		actors[i] = (struct actor){.stress = &stress, .number = i, .random = 987654321 + i};
		if (pthread_create(&threads[i], NULL, i < programs ? run_program : write_map, &actors[i]))
			xdp_die("pthread_create");
	}
	sleep(seconds);
	POISE_STORE(stress.over, 1);
	for (unsigned int i = 0; i < 2 * programs; i++)
		pthread_join(threads[i], NULL);
	failed = judge(&stress, actors, programs, programs);
	xdp_object_close(&stress.object);
	world_fini(&stress.world);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned int seconds;

	if (argc != 3 || !(seconds = (unsigned int)strtoul(argv[2], NULL, 10))) {
		fprintf(stderr, "usage: stress_map OBJECT SECONDS\n");
		return 2;
	}
	return stress_map(argv[1], seconds, POISE_NAT_DNAT) | stress_map(argv[1], seconds, POISE_NAT_FULL);
}
