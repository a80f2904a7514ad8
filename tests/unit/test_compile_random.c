// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What must hold of every snapshot, whatever came before it: random configs, states and networks in a row; full
// tables; and snapshots with damage.
#include "compile_world.h"

#define SERVICES 24
#define BACKENDS 12

// What flows of a backend were told once, for as long as they are said to remain.
struct memory {
	uint64_t busy[POISE_MAX_BACKENDS / 64];
	uint32_t address[POISE_MAX_BACKENDS];
	uint16_t vip[POISE_MAX_BACKENDS];
};

static void random_backends(struct cp_service *service, uint64_t *seed)
{
	uint32_t first = (uint32_t)(check_random(seed) % BACKENDS);
	uint32_t count = 1 + (uint32_t)(check_random(seed) % BACKENDS);

	for (uint32_t i = 0; i < count; i++) {
		struct cp_backend *backend = &service->backends[service->backends_count++];
		uint32_t number = (first + i) % (2 * BACKENDS);

		memset(backend, 0, sizeof(*backend));
		snprintf(backend->name, sizeof(backend->name), "b%u", number);
		backend->address = htonl(0x0a000001 + number + (check_random(seed) % 8 ? 0 : 1000));
		backend->port = 80;
		backend->weight = (uint32_t)(check_random(seed) % 5);
		backend->role = check_random(seed) % 4 ? CP_ROLE_ACTIVE : CP_ROLE_STANDBY;
	}
}

static void random_config(struct cp_config *config, uint64_t *seed)
{
	uint32_t first = (uint32_t)(check_random(seed) % SERVICES);
	uint32_t count = 1 + (uint32_t)(check_random(seed) % SERVICES);

	config->services_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct cp_service *service = &config->services[config->services_count++];
		uint32_t number = (first + i) % (2 * SERVICES);

		service->backends_count = 0;
		snprintf(service->name, sizeof(service->name), "s%u", number);
		service->vip = htonl(0xcb007100 + number / 2);
		service->port = (uint16_t)(80 + number % 2);
		service->protocol = IPPROTO_TCP;
		service->scheduler = check_random(seed) % 2 ? POISE_SCHEDULER_RR : POISE_SCHEDULER_WRR;
		service->timeout_ms[0] = service->timeout_ms[1] = service->timeout_ms[2] = 1000;
		random_backends(service, seed);
	}
}

static void check_service(const struct poise_snapshot *s, const struct cp_service *service)
{
	uint16_t index = poise_vip_find(s, service->vip, htons(service->port));
	const struct poise_vip *vip;

	CU_ASSERT_NOT_EQUAL_FATAL(index, POISE_NONE16);
	CU_ASSERT_STRING_EQUAL(s->vip_names[index], service->name);
	CU_ASSERT_NOT_EQUAL(poise_vip_find(s, service->vip, 0), POISE_NONE16);
	vip = &s->vips[index];
	CU_ASSERT_EQUAL(vip->cursor, index);
	for (uint32_t i = 0; i < vip->slot_count; i++) {
		const struct poise_backend *backend = &s->backends[s->slots[vip->slot_first + i]];

		if (backend->vip != index || backend->flags != POISE_BACKEND_UP || !backend->weight ||
		    !(s->egress[backend->egress].flags & POISE_EGRESS_KNOWN))
			CU_FAIL("a slot with a backend that must take no flow of this service");
	}
}

// Flows that remain find the backend they were made with.
static void check_memory_of_flows(const struct poise_snapshot *s, const struct memory *memory)
{
	for (uint32_t b = 0; b < POISE_MAX_BACKENDS; b++) {
		if (!(memory->busy[b / 64] >> (b % 64) & 1))
			continue;
		if (b >= s->backends_count || s->backends[b].address != memory->address[b] ||
		    s->backends[b].vip != memory->vip[b] || !s->vips[memory->vip[b]].timeout_ms[0] ||
		    !(s->egress[s->backends[b].egress].flags & POISE_EGRESS_KNOWN))
			CU_FAIL("an index with flows means another backend now");
	}
}

static void remember(const struct poise_snapshot *s, struct memory *memory, uint64_t *seed)
{
	for (uint32_t b = 0; b < s->backends_count; b++) {
		uint64_t bit = 1ull << (b % 64);

		memory->address[b] = s->backends[b].address;
		memory->vip[b] = s->backends[b].vip;
		if (s->backends[b].flags & POISE_BACKEND_UP && check_random(seed) % 3 == 0)
			memory->busy[b / 64] |= bit;
		else if (check_random(seed) % 4 == 0)
			memory->busy[b / 64] &= ~bit;
	}
}

static void generations(void)
{
	static struct cp_backend backends[SERVICES][2 * BACKENDS];
	static struct cp_service services[SERVICES];
	struct cp_config *config = check_memory(sizeof(*config));
	struct memory *memory = check_memory(sizeof(*memory));
	struct cp_next_hop gateway = { htonl(0x0a0000fe), 0, { 2, 0, 0, 0, 0, 1 }, true };
	struct cp_route by_default = { 0, 0, 0, htonl(0x0a0000fe) };
	struct cp_topology topology = { .hops = &gateway, .hops_count = 1, .routes = &by_default,
					.routes_count = 1 };
	struct poise_snapshot *s = NULL;
	uint64_t seed = 42;

	config->file = "random";
	config->ports_count = 1;
	strcpy(config->ports[0].name, "p");
	config->ports[0].queues = 1;
	config->services = services;
	for (int i = 0; i < SERVICES; i++)
		services[i].backends = backends[i];
	for (int round = 0; round < 400; round++) {
		struct poise_snapshot *made;

		random_config(config, &seed);
		gateway.known = check_random(&seed) % 8;
		made = snapshot_of(config, NULL, &topology, s, memory->busy);
		CU_ASSERT_PTR_NOT_NULL_FATAL(made);
		for (uint32_t i = 0; i < config->services_count; i++)
			check_service(made, &config->services[i]);
		check_memory_of_flows(made, memory);
		remember(made, memory, &seed);
		free(s);
		s = made;
	}
	free(s);
	free(memory);
	free(config);
}

static void full_config(struct cp_config *config, struct cp_service *services, struct cp_backend *backends,
			uint32_t salt)
{
	config->file = "full";
	config->ports_count = 1;
	strcpy(config->ports[0].name, "p");
	config->ports[0].queues = 1;
	config->services = services;
	config->services_count = POISE_MAX_VIPS;
	for (uint32_t i = 0; i < POISE_MAX_VIPS; i++) {
		memset(&services[i], 0, sizeof(services[i]));
		snprintf(services[i].name, POISE_NAME_SIZE, "s%u", i + salt);
		services[i].vip = htonl(0xcb000000 + i + salt);
		services[i].port = 80;
		services[i].backends = &backends[4 * i];
		services[i].backends_count = 4;
		for (uint32_t j = 0; j < 4; j++) {
			backends[4 * i + j] = (struct cp_backend){ .address = htonl(0x0a000001 + j), .port = 80,
								   .weight = 1 };
			snprintf(backends[4 * i + j].name, POISE_NAME_SIZE, "b%u", j);
		}
	}
}

static void full_tables(void)
{
	static struct cp_backend backends[POISE_MAX_BACKENDS];
	static struct cp_service services[POISE_MAX_VIPS];
	struct cp_config *config = check_memory(sizeof(*config));
	struct cp_topology topology = {0};
	struct poise_snapshot *s, *made;
	uint64_t busy[POISE_MAX_BACKENDS / 64] = {0};

	full_config(config, services, backends, 0);
	s = snapshot_of(config, NULL, &topology, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	for (uint32_t i = 0; i < POISE_MAX_VIPS; i++) {
		uint16_t index = poise_vip_find(s, services[i].vip, htons(80));

		CU_ASSERT_EQUAL(index, vip_index(s, services[i].name));
		CU_ASSERT_EQUAL(poise_vip_find(s, services[i].vip, 0), index);
	}
	full_config(config, services, backends, 1); // one service goes, one comes, and there is no room for grace
	made = snapshot_of(config, NULL, &topology, s, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
	CU_ASSERT_EQUAL(vip_index(made, "s1024"), vip_index(s, "s0"));
	CU_ASSERT_EQUAL(vip_index(made, "s7"), vip_index(s, "s7"));
	busy[0] = 1; // a flow of s0 remains
	CU_ASSERT_PTR_NULL(snapshot_of(config, NULL, &topology, s, busy));
	free(s);
	free(made);
	config->services_count++;
	config->services = check_memory(config->services_count * sizeof(*services));
	CU_ASSERT_PTR_NULL(snapshot_of(config, NULL, &topology, NULL, NULL)); // refused, not written over
	free(config->services);
	free(config);
}

// Every address on its own, and many services on one: the hash serves both.
static void hash_of_random_addresses(void)
{
	static struct cp_backend backends[POISE_MAX_BACKENDS];
	static struct cp_service services[POISE_MAX_VIPS];
	struct cp_config *config = check_memory(sizeof(*config));
	struct cp_topology topology = {0};
	struct poise_snapshot *s = NULL;
	uint64_t seed = 99;

	full_config(config, services, backends, 0);
	for (int round = 0; round < 100; round++) {
		struct poise_snapshot *made;

		for (uint32_t i = 0; i < POISE_MAX_VIPS; i++) {
			uint32_t random = (uint32_t)check_random(&seed) | 1;

			services[i].vip = round % 3 == 2 ? htonl(0xcb007101 + i % 4) : random;
			services[i].port = (uint16_t)(1 + i);
		}
		made = snapshot_of(config, NULL, &topology, s, NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(made);
		for (uint32_t i = 0; i < POISE_MAX_VIPS; i++) {
			CU_ASSERT_EQUAL(poise_vip_find(made, services[i].vip, htons(services[i].port)),
					vip_index(made, services[i].name));
			CU_ASSERT_NOT_EQUAL(poise_vip_find(made, services[i].vip, 0), POISE_NONE16);
			CU_ASSERT_EQUAL(poise_vip_find(made, services[i].vip, htons(5000)), POISE_NONE16);
		}
		free(s);
		s = made;
	}
	free(s);
	free(config);
}

// A file or a peer may say anything: the answer is a text, and a snapshot that passes can be compiled upon.
static void damaged_snapshots(void)
{
	struct cp_config *config = config_from("%s", VDEV "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port "
					       "= 80; backends = ( { name = \"web1\"; address = \"10.0.0.1\"; } ); } );");
	struct poise_snapshot *good = snapshot_of(config, NULL, NULL, NULL, NULL), *bad = check_memory(sizeof(*bad));
	uint64_t seed = 5;
	int passed = 0;

	CU_ASSERT_PTR_NOT_NULL(cp_snapshot_check(good, sizeof(*good) - 1));
	CU_ASSERT_PTR_NOT_NULL(cp_snapshot_check(good, sizeof(*good) + 1));
	CU_ASSERT_PTR_NOT_NULL(cp_snapshot_check(good, 0));
	for (int round = 0; round < 3000; round++) {
		memcpy(bad, good, sizeof(*bad));
		for (uint64_t i = 1 + check_random(&seed) % 4; i > 0; i--) {
			uint64_t at = check_random(&seed);

			at = round % 2 ? at % offsetof(struct poise_snapshot, vips[2]) : at % sizeof(*bad);
			((uint8_t *)bad)[at] = (uint8_t)check_random(&seed);
		}
		if (cp_snapshot_check(bad, sizeof(*bad)))
			continue;
		passed++;
		if (passed % 8 == 0)
			free(snapshot_of(config, NULL, NULL, bad, NULL));
	}
	CU_ASSERT(passed > 0 && passed < 3000);
	free(bad);
	free(good);
	cp_config_free(config);
}

#define DAMAGE(field, value, text)                                                                             \
	do {                                                                                                   \
		memcpy(bad, good, sizeof(*bad));                                                               \
		bad->field = (value);                                                                          \
		CU_ASSERT_PTR_NOT_NULL(cp_snapshot_check(bad, sizeof(*bad)));                                  \
		if (cp_snapshot_check(bad, sizeof(*bad)))                                                      \
			CU_ASSERT_STRING_EQUAL(cp_snapshot_check(bad, sizeof(*bad)), text);                    \
	} while (0)

static void every_check(void)
{
	struct cp_config *config = config_from("%s", VDEV "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port "
					       "= 80; backends = ( { name = \"web1\"; address = \"10.0.0.1\"; } ); } );");
	struct poise_snapshot *good = snapshot_of(config, NULL, NULL, NULL, NULL), *bad = check_memory(sizeof(*bad));

	DAMAGE(magic, 1, "not a snapshot");
	DAMAGE(abi_version, 99, "snapshot of another version");
	DAMAGE(size, 7, "snapshot of a wrong size");
	DAMAGE(vips_count, POISE_MAX_VIPS + 1, "a count is above its limit");
	DAMAGE(slots_count, POISE_MAX_SLOTS + 1, "a count is above its limit");
	DAMAGE(ports[0].queues, 0, "a port has no or too many queues");
	DAMAGE(ports[0].queues, POISE_MAX_QUEUES + 1, "a port has no or too many queues");
	DAMAGE(ports[1].snat_count, 3, "a port has SNAT addresses that are not there");
	DAMAGE(snat[0].port, 2, "a SNAT address has a port that is not there");
	DAMAGE(snat[0].first_port, 3001, "a SNAT address has no ports");
	DAMAGE(vips[0].nat, POISE_NATS, "a service has an unknown mode");
	DAMAGE(vips[0].scheduler, POISE_SCHEDULERS, "a service has an unknown mode");
	DAMAGE(vips[0].cursor, POISE_MAX_VIPS, "a service has a cursor that is not there");
	DAMAGE(vips[0].slot_count, 2, "a service has slots that are not there");
	DAMAGE(vips[0].slot_first, UINT32_MAX, "a service has slots that are not there");
	DAMAGE(vip_hash[9], 2, "the table of addresses names a service that is not there");
	DAMAGE(backends[0].vip, 1, "a backend has a service that is not there");
	DAMAGE(backends[0].egress, POISE_MAX_EGRESS, "a backend has a next hop that is not there");
	DAMAGE(slots[0], 1, "a slot has a backend that is not there");
	DAMAGE(egress[1].port, 2, "a next hop has a port that is not there");
	DAMAGE(routes[0].port, 2, "a route has a port that is not there");
	DAMAGE(routes[0].egress, POISE_MAX_EGRESS, "a route has a next hop that is not there");
	memcpy(bad, good, sizeof(*bad));
	memset(bad->vip_names[0], 'x', POISE_NAME_SIZE);
	CU_ASSERT_STRING_EQUAL(cp_snapshot_check(bad, sizeof(*bad)), "the name of a service does not end");
	memcpy(bad, good, sizeof(*bad));
	memset(bad->backend_names[0], 'x', POISE_NAME_SIZE);
	CU_ASSERT_STRING_EQUAL(cp_snapshot_check(bad, sizeof(*bad)), "the name of a backend does not end");
	memcpy(bad, good, sizeof(*bad));
	memset(bad->ports[1].device, 'x', POISE_DEVICE_SIZE);
	CU_ASSERT_STRING_EQUAL(cp_snapshot_check(bad, sizeof(*bad)), "the name of a port does not end");
	free(bad);
	free(good);
	cp_config_free(config);
}

static const struct check_case cases[] = {
	{ "generations in a row", generations },
	{ "full tables", full_tables },
	{ "the hash finds random addresses", hash_of_random_addresses },
	{ "damaged snapshots", damaged_snapshots },
	{ "every check of a snapshot", every_check },
};

CHECK_MAIN("compile_random", cases)
