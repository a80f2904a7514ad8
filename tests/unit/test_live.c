// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Snapshots from outside: only whole, sealed and consistent ones are taken, whatever else somebody sends.
#include "live.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "world.h"

static struct poise_snapshot *good(void)
{
	struct poise_snapshot *snapshot;
	struct world world;

	world_init(&world, 3, POISE_NAT_FULL, 64);
	snapshot = world.snapshot;
	world.snapshot = NULL;
	world_fini(&world);
	snapshot->routes_count = 2;
	snapshot->routes[0] = (struct poise_route){ .egress = POISE_NONE16, .port = 0 };
	snapshot->routes[1] = (struct poise_route){ .egress = 1, .port = 1 };
	for (uint32_t i = 0; i < 2; i++) {
		snprintf(snapshot->ports[i].name, POISE_NAME_SIZE, "port%u", i);
		snprintf(snapshot->ports[i].device, POISE_DEVICE_SIZE, "net_null%u", i);
	}
	return snapshot;
}

#define REFUSES(change)                                                                                      \
	do {                                                                                                 \
		struct poise_snapshot *s = good();                                                           \
		CU_ASSERT_PTR_NULL(dp_snapshot_check(s, sizeof(*s)));                                        \
		change;                                                                                      \
		CU_ASSERT_PTR_NOT_NULL(dp_snapshot_check(s, sizeof(*s)));                                    \
		free(s);                                                                                     \
	} while (0)

static void refuses_wrong_headers(void)
{
	struct poise_snapshot *snapshot = good();

	CU_ASSERT_PTR_NOT_NULL(dp_snapshot_check(snapshot, sizeof(*snapshot) - 1));
	CU_ASSERT_PTR_NOT_NULL(dp_snapshot_check(snapshot, 0));
	free(snapshot);
	REFUSES(s->magic++);
	REFUSES(s->abi_version++);
	REFUSES(s->size--);
	REFUSES(s->ports_count = 0);
	REFUSES(s->ports_count = POISE_MAX_PORTS + 1);
	REFUSES(s->vips_count = POISE_MAX_VIPS + 1);
	REFUSES(s->backends_count = POISE_MAX_BACKENDS + 1);
	REFUSES(s->egress_count = POISE_EGRESS_LAST + 1);
	REFUSES(s->routes_count = POISE_MAX_ROUTES + 1);
	REFUSES(s->snat_count = POISE_MAX_SNAT + 1);
	REFUSES(s->slots_count = POISE_MAX_SLOTS + 1);
}

static void refuses_wrong_indices(void)
{
	REFUSES(memset(s->ports[1].name, 'x', POISE_NAME_SIZE));
	REFUSES(memset(s->ports[1].device, 'x', POISE_DEVICE_SIZE));
	REFUSES(s->ports[0].device[0] = 0);
	REFUSES(s->ports[0].queues = 0);
	REFUSES(s->ports[0].queues = POISE_MAX_QUEUES + 1);
	REFUSES(s->ports[1].snat_first = 1);
	REFUSES(s->ports[1].snat_count = 0xffff);
	REFUSES(s->snat[0].port = 2);
	REFUSES(s->snat[0].first_port = 0);
	REFUSES(s->snat[0].last_port = 1);
	REFUSES(s->vips[0].nat = POISE_NATS);
	REFUSES(s->vips[0].scheduler = POISE_SCHEDULERS);
	REFUSES(s->vips[0].cursor = POISE_MAX_VIPS);
	REFUSES(s->vips[0].slot_first = 1);
	REFUSES(s->vips[0].slot_first = 0xffffffff);
	REFUSES(s->vips[0].slot_count = 0xffffffff);
	REFUSES(memset(s->vip_names[0], 'x', POISE_NAME_SIZE));
	REFUSES(s->vip_hash[17] = 2);
	REFUSES(s->glance_mask = POISE_GLANCE_SIZE);
	REFUSES(s->glance[3] ^= 1); // an endpoint that is no service's, or none where one is
	REFUSES(s->slots[2] = 3);
	REFUSES(s->backends[1].egress = 4);
	REFUSES(s->backends[1].vip = POISE_MAX_VIPS);
	REFUSES(memset(s->backend_names[2], 'x', POISE_NAME_SIZE));
	REFUSES(s->egress[1].port = 2);
	REFUSES(s->routes[1].egress = 4);
	REFUSES(s->routes[0].port = 2);
}

static int make_file(const void *data, size_t bytes, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CU_ASSERT(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, data, bytes), (ssize_t)bytes);
	if (seals)
		CU_ASSERT_EQUAL(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void takes_only_sealed(void)
{
	static const int too_few[] = { 0, F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_SHRINK, F_SEAL_GROW | F_SEAL_SHRINK,
				       F_SEAL_WRITE | F_SEAL_GROW };
	struct poise_snapshot *snapshot = good(), *taken = NULL;
	struct dp_error error;
	int fd, ends[2];

	for (size_t i = 0; i < sizeof(too_few) / sizeof(too_few[0]); i++) {
		fd = make_file(snapshot, sizeof(*snapshot), too_few[i]);
		CU_ASSERT_EQUAL(dp_snapshot_take(fd, &taken, &error), -EPERM);
		close(fd);
	}
	fd = make_file(snapshot, sizeof(*snapshot), F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	CU_ASSERT_EQUAL(dp_snapshot_take(fd, &taken, &error), 0);
	CU_ASSERT_EQUAL(memcmp(taken, snapshot, sizeof(*snapshot)), 0);
	dp_snapshot_free(taken);
	close(fd);
	fd = make_file(snapshot, sizeof(*snapshot) - 8, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	CU_ASSERT_EQUAL(dp_snapshot_take(fd, &taken, &error), -EINVAL);
	close(fd);
	CU_ASSERT_EQUAL(pipe(ends), 0);
	CU_ASSERT_EQUAL(dp_snapshot_take(ends[0], &taken, &error), -EINVAL);
	close(ends[0]);
	close(ends[1]);
	CU_ASSERT(dp_snapshot_take(-1, &taken, &error) < 0);
	free(snapshot);
}

// Noise behind a good header: refused or harmless, never read out of bounds (AddressSanitizer watches).
static void survives_noise(void)
{
	struct poise_snapshot *snapshot = good();
	uint64_t random = 7;

	for (uint32_t round = 0; round < 200; round++) {
		struct poise_snapshot *copy = check_copy(snapshot, sizeof(*snapshot));

		for (uint32_t i = 0; i < 1 + round / 4; i++)
			((uint8_t *)copy)[check_random(&random) % (i & 1 ? 64 : sizeof(*copy))] =
				(uint8_t)check_random(&random);
		dp_snapshot_check(copy, sizeof(*copy));
		free(copy);
	}
	free(snapshot);
}

static void reads_files(void)
{
	struct poise_snapshot *snapshot = good(), *read = NULL;
	char path[] = P_tmpdir "/poise-test-XXXXXX";
	struct dp_error error = { .text = "" };
	int fd = mkstemp(path);

	CU_ASSERT(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, snapshot, sizeof(*snapshot)), (ssize_t)sizeof(*snapshot));
	CU_ASSERT_EQUAL(dp_snapshot_load(path, &read, &error), 0);
	CU_ASSERT_EQUAL(memcmp(read, snapshot, sizeof(*snapshot)), 0);
	dp_snapshot_free(read);
	CU_ASSERT_EQUAL(ftruncate(fd, 100), 0);
	CU_ASSERT_EQUAL(dp_snapshot_load(path, &read, &error), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.text, path));
	close(fd);
	unlink(path);
	CU_ASSERT_EQUAL(dp_snapshot_load(path, &read, &error), -ENOENT);
	CU_ASSERT_EQUAL(dp_snapshot_load("/", &read, &error), -EINVAL);
	free(snapshot);
}

static void knows_its_ports(void)
{
	static const uint8_t mac[6] = { 2, 9, 9, 9, 9, 9 }, zero[6] = { 0 };
	struct poise_snapshot *a = good(), *b = good();

	CU_ASSERT_TRUE(dp_snapshot_same_ports(a, b));
	b->generation = 99;
	memset(b->ports[1].mac, 0, 6);
	CU_ASSERT_TRUE(dp_snapshot_same_ports(a, b));
	b->ports[1].queues = 2;
	CU_ASSERT_FALSE(dp_snapshot_same_ports(a, b));
	b->ports[1].queues = 1;
	b->ports[1].device[0] = 'x';
	CU_ASSERT_FALSE(dp_snapshot_same_ports(a, b));
	b->ports_count = 1;
	CU_ASSERT_FALSE(dp_snapshot_same_ports(a, b));
	// An address from the configuration stays; an open one becomes the device's.
	dp_snapshot_fill_mac(a, 1, mac);
	CU_ASSERT_EQUAL(memcmp(a->ports[1].mac, mac, 6) != 0, 1);
	memset(a->ports[1].mac, 0, 6);
	memset(a->egress[1].src_mac, 0, 6);
	dp_snapshot_fill_mac(a, 1, mac);
	CU_ASSERT_EQUAL(memcmp(a->ports[1].mac, mac, 6), 0);
	CU_ASSERT_EQUAL(memcmp(a->egress[1].src_mac, mac, 6), 0);
	CU_ASSERT_EQUAL(memcmp(a->egress[2].src_mac, mac, 6) != 0, 1);
	CU_ASSERT_EQUAL(memcmp(a->egress[0].src_mac, zero, 6), 0); // port 0's
	free(a);
	free(b);
}

static void maps_tables(void)
{
	struct dp_memory own = { 0 }, mapped = { 0 };
	struct dp_error error;
	int fd;

	CU_ASSERT_EQUAL(dp_memory_create(&own, 1000, &error), 0);
	CU_ASSERT_EQUAL(own.bytes, (size_t)own.table.lines * POISE_LINE_SIZE);
	fd = make_file(own.base, own.bytes, 0);
	CU_ASSERT_EQUAL(dp_memory_map(&mapped, fd, own.bytes, &error), 0);
	CU_ASSERT_EQUAL(mapped.table.lines, own.table.lines);
	CU_ASSERT_EQUAL(mapped.table.seed[1], own.table.seed[1]);
	dp_memory_fini(&mapped);
	CU_ASSERT_PTR_NULL(mapped.base);
	CU_ASSERT_EQUAL(dp_memory_map(&mapped, fd, own.bytes + 4096, &error), -EINVAL); // shorter than said
	CU_ASSERT_EQUAL(dp_memory_map(&mapped, fd, own.bytes - 64, &error), -EINVAL);  // less than its header says
	CU_ASSERT_EQUAL(dp_memory_map(&mapped, fd, 0, &error), -EINVAL);
	CU_ASSERT_EQUAL(dp_memory_map(&mapped, fd, UINT64_MAX, &error), -EINVAL);
	CU_ASSERT(dp_memory_map(&mapped, -1, own.bytes, &error) < 0);
	CU_ASSERT_PTR_NULL(mapped.base);
	close(fd);
	dp_memory_fini(&own);
}

static const struct check_case cases[] = {
	{ "wrong headers are refused", refuses_wrong_headers },
	{ "wrong indices are refused", refuses_wrong_indices },
	{ "only sealed snapshots are taken", takes_only_sealed },
	{ "noise is survived", survives_noise },
	{ "files are read whole", reads_files },
	{ "ports are compared and completed", knows_its_ports },
	{ "flow tables are mapped with care", maps_tables },
};

CHECK_MAIN("live", cases)
