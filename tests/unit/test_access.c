// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Which sources a service serves: what poised compiles and the data path searches says the same as the rule that is
// written down, the longest prefix decides, looked up one by one.
#include <poise/access.h>

#include "access.h"
#include "compile_world.h"
#include "config_value.h"

#define SERVICE "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; %s"                                  \
		"backends = ( { name = \"a\"; address = \"10.0.0.1\"; } ); health = { type = \"none\"; }; } );\n"

static struct poise_snapshot *scratch;

// By the written rule.
static bool denied_by_rule(const struct cp_access *access, uint32_t source)
{
	struct cp_access_rule rule;

	return cp_access_decides(access, source, &rule) ? rule.deny : access->allow.count > 0;
}

// By the data path's search of what was compiled, placed somewhere in the array.
static void put(const struct cp_access *access, uint32_t at)
{
	struct poise_vip *vip = &scratch->vips[0];
	struct cp_access_bounds bounds;

	CU_ASSERT_EQUAL_FATAL(cp_access_bounds(access, &bounds), 0);
	CU_ASSERT_FATAL(at + bounds.count <= POISE_MAX_ACCESS);
	for (uint32_t i = 1; i < bounds.count; i++)
		CU_ASSERT(bounds.bounds[i] > bounds.bounds[i - 1]);
	memcpy(&scratch->access[at], bounds.bounds, bounds.count * sizeof(uint32_t));
	vip->access_first = at;
	vip->access_count = bounds.count;
	vip->flags = (uint8_t)(POISE_VIP_ACCESS | (bounds.deny_lowest ? POISE_VIP_DENY_LOWEST : 0));
	free(bounds.bounds);
}

static void agree(const struct cp_access *access, uint32_t host)
{
	uint32_t source = htonl(host);

	CU_ASSERT_EQUAL(poise_access_denied(scratch, 0, source), denied_by_rule(access, source));
}

// At each end of each prefix and beside it, where a mistake would be.
static void agree_at_ends(const struct cp_access *access, const struct cp_prefixes *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		uint32_t first = ntohl(list->items[i].address);
		uint32_t last = first | ~ntohl(cp_value_mask(list->items[i].length));

		agree(access, first);
		agree(access, first - 1);
		agree(access, last);
		agree(access, last + 1);
	}
}

static void fill(struct cp_prefixes *list, uint32_t count, uint32_t shortest, uint64_t *random)
{
	list->items = check_memory(count * sizeof(*list->items));
	list->count = count;
	for (uint32_t i = 0; i < count; i++) {
		list->items[i].length = shortest + (uint32_t)(check_random(random) % (33 - shortest));
		list->items[i].address =
			htonl((uint32_t)check_random(random)) & cp_value_mask(list->items[i].length);
	}
}

static void random_lists(void)
{
	uint64_t random = 1;

	scratch = check_memory(sizeof(*scratch));
	for (uint32_t round = 0; round < 300; round++) {
		struct cp_access access = {0};

		// Short prefixes lie within each other, long ones apart; now and then none at all.
		fill(&access.allow, (uint32_t)(check_random(&random) % 40) * (round % 3 != 0), round % 2 ? 0 : 16, &random);
		fill(&access.deny, (uint32_t)(check_random(&random) % 40), round % 2 ? 0 : 16, &random);
		put(&access, (uint32_t)(check_random(&random) % 1000));
		agree_at_ends(&access, &access.allow);
		agree_at_ends(&access, &access.deny);
		agree(&access, 0);
		agree(&access, UINT32_MAX);
		for (uint32_t i = 0; i < 200; i++)
			agree(&access, (uint32_t)check_random(&random));
		free(access.allow.items);
		free(access.deny.items);
	}
	free(scratch);
}

// As many as fit, at the end of the array: the search neither stops early nor runs over.
static void full(void)
{
	struct cp_access access = {0};

	scratch = check_memory(sizeof(*scratch));
	access.deny.count = POISE_MAX_ACCESS / 2;
	access.deny.items = check_memory(access.deny.count * sizeof(*access.deny.items));
	for (uint32_t i = 0; i < access.deny.count; i++)
		access.deny.items[i] = (struct cp_prefix){ .address = htonl((2 * i + 1) << 8), .length = 24 };
	put(&access, 0);
	CU_ASSERT_EQUAL(scratch->vips[0].access_count, POISE_MAX_ACCESS);
	for (uint32_t i = 0; i < access.deny.count; i++) {
		uint32_t first = (2 * i + 1) << 8;

		CU_ASSERT_FALSE(poise_access_denied(scratch, 0, htonl(first - 1)));
		CU_ASSERT_TRUE(poise_access_denied(scratch, 0, htonl(first)));
		CU_ASSERT_TRUE(poise_access_denied(scratch, 0, htonl(first + 255)));
		CU_ASSERT_FALSE(poise_access_denied(scratch, 0, htonl(first + 256)));
	}
	free(access.deny.items);
	free(scratch);
}

static void written(const char *lists, const char *source, bool denied)
{
	struct cp_config *config = config_from(VDEV SERVICE, lists);
	struct poise_snapshot *snapshot = snapshot_of(config, NULL, NULL, NULL, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
	CU_ASSERT_EQUAL(poise_access_denied(snapshot, 0, inet_addr(source)), denied);
	if (poise_access_denied(snapshot, 0, inet_addr(source)) != denied)
		fprintf(stderr, "%s: %s\n", lists, source);
	CU_ASSERT_EQUAL(!snapshot->access_version, !strchr(lists, '"')); // an empty list is none
	free(snapshot);
	cp_config_free(config);
}

static void from_files(void)
{
	written("", "192.0.2.1", false);
	written("allow = [ ]; ", "192.0.2.1", false);
	written("allow = [ \"0.0.0.0/0\" ]; ", "255.255.255.255", false);
	written("deny = [ \"0.0.0.0/0\" ]; ", "0.0.0.0", true);
	written("deny = [ \"0.0.0.0/0\" ]; ", "255.255.255.255", true);
	written("allow = [ \"192.0.2.1\" ]; ", "192.0.2.1", false);
	written("allow = [ \"192.0.2.1\" ]; ", "192.0.2.2", true);
	written("deny = [ \"10.0.0.0/8\" ]; allow = [ \"0.0.0.0/0\", \"10.1.0.0/16\" ]; ", "10.1.2.3", false);
	written("deny = [ \"10.0.0.0/8\" ]; allow = [ \"0.0.0.0/0\", \"10.1.0.0/16\" ]; ", "10.2.2.3", true);
	written("deny = [ \"10.0.0.0/8\" ]; allow = [ \"0.0.0.0/0\", \"10.1.0.0/16\" ]; ", "11.0.0.0", false);
	written("deny = [ \"128.0.0.0/1\", \"0.0.0.0/1\" ]; allow = [ \"255.255.255.255\" ]; ", "255.255.255.255", false);
	written("deny = [ \"192.0.2.0/24\", \"192.0.2.0/24\" ]; ", "192.0.2.9", true);
	written("deny = [ \"192.0.2.0/24\", \"192.0.2.0/24\" ]; ", "192.0.3.0", false);
}

#define TWO(list)                                                                                                      \
	VDEV "services = ( { name = \"a\"; vip = \"203.0.113.1\"; port = 80; deny = [ \"" list "\" ];\n"                  \
	     "backends = ( { name = \"x\"; address = \"10.0.0.1\"; } ); },\n"                                          \
	     "{ name = \"b\"; vip = \"203.0.113.1\"; port = 81; deny = [ \"192.0.2.128/25\", \"192.0.2.0/25\" ];\n"    \
	     "limits = { new_flows_per_source_s = 3; flows_per_source = 7; };\n"                                      \
	     "backends = ( { name = \"x\"; address = \"10.0.0.1\"; } ); } );\n"

// Lists that say the same share their place, however they are written, and the version is of what they say.
static void shared_and_stable(void)
{
	struct poise_snapshot *snapshot = NULL;
	uint64_t version;

	next(&snapshot, TWO("192.0.2.0/24"), NULL);
	version = snapshot->access_version;
	CU_ASSERT_NOT_EQUAL(version, 0);
	CU_ASSERT_EQUAL(snapshot->vips[0].access_count, 2);
	CU_ASSERT_EQUAL(snapshot->vips[1].access_count, 2);
	CU_ASSERT_EQUAL(snapshot->vips[0].access_first, snapshot->vips[1].access_first);
	CU_ASSERT_EQUAL(snapshot->vips[1].source_flows, 7);
	CU_ASSERT_EQUAL(snapshot->vips[1].source_interval, 341333);
	CU_ASSERT_EQUAL(snapshot->vips[0].source_interval, 0);
	next(&snapshot, TWO("192.0.2.0/24"), NULL);
	CU_ASSERT_EQUAL(snapshot->access_version, version);
	next(&snapshot, TWO("192.0.3.0/24"), NULL);
	CU_ASSERT_NOT_EQUAL(snapshot->access_version, version);
	CU_ASSERT_NOT_EQUAL(snapshot->vips[0].access_first, snapshot->vips[1].access_first);
	free(snapshot);
}

static const struct check_case cases[] = {
	{"random lists", random_lists},
	{"as many as fit", full},
	{"from files", from_files},
	{"shared and stable", shared_and_stable},
};

CHECK_MAIN("access", cases)
