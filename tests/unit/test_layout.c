// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Golden layout: a shared struct or counter list that changes shape without a new POISE_ABI_VERSION would be
// misread by a program of the other version. Who changes a number here raises the version.
#include <poise/path.h>
#include <poise/reply.h>
#include <poise/stats.h>
#include <poise/table_setup.h>
#include <poise/wire.h>

#include "check.h"

static void sizes(void)
{
	CU_ASSERT_EQUAL(POISE_ABI_VERSION, 7);
	CU_ASSERT_EQUAL(sizeof(struct poise_flow), 64);
	CU_ASSERT_EQUAL(offsetof(struct poise_heartbeat, namespace_inode), 32);
	CU_ASSERT_EQUAL(sizeof(struct poise_bucket), 64);
	CU_ASSERT_EQUAL(sizeof(struct poise_shard), 64);
	CU_ASSERT_EQUAL(sizeof(struct poise_cursor), 64);
	CU_ASSERT_EQUAL(sizeof(struct poise_table_header), 64);
	CU_ASSERT_EQUAL(sizeof(struct poise_vip), 64);
	CU_ASSERT_EQUAL(sizeof(struct poise_backend), 16);
	CU_ASSERT_EQUAL(sizeof(struct poise_egress), 16);
	CU_ASSERT_EQUAL(sizeof(struct poise_route), 12);
	CU_ASSERT_EQUAL(sizeof(struct poise_snat), 12);
	CU_ASSERT_EQUAL(sizeof(struct poise_port), 88);
	CU_ASSERT_EQUAL(sizeof(struct poise_stats), 192);
	CU_ASSERT_EQUAL(sizeof(struct poise_stats_backend), 256);
	CU_ASSERT_EQUAL(sizeof(struct poise_stats_service), 64);
	CU_ASSERT_EQUAL(sizeof(struct poise_source_line), 64);
	CU_ASSERT_EQUAL(sizeof(struct poise_wire_header), 16);
	CU_ASSERT_EQUAL(sizeof(struct poise_wire_welcome), 72);
	CU_ASSERT_EQUAL(sizeof(struct poise_wire_result), 192);
}

static void snapshot_offsets(void)
{
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, ports), 64);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, snat), 64 + 16 * 88);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, vips), 64 + 16 * 88 + 64 * 12);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, vip_hash),
			offsetof(struct poise_snapshot, vips) + 65536);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, egress),
			offsetof(struct poise_snapshot, vip_hash) + 8192);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, backends),
			offsetof(struct poise_snapshot, egress) + 131072);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, routes),
			offsetof(struct poise_snapshot, backends) + 65536);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, slots),
			offsetof(struct poise_snapshot, routes) + 12288);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, vip_names),
			offsetof(struct poise_snapshot, slots) + 262144);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, access),
			offsetof(struct poise_snapshot, vip_names) + 32768 + 131072);
	CU_ASSERT_EQUAL(offsetof(struct poise_snapshot, glance),
			offsetof(struct poise_snapshot, pass) + 128 * 16);
}

// The list's names are usable as metric and JSON keys, and every verdict has a kind.
static void counters(void)
{
	static const char *const names[] = {
#define POISE_COUNTER(NAME, name, kind, help) #name,
#include <poise/counters.def>
#undef POISE_COUNTER
	};
	static const char *const helps[] = {
#define POISE_COUNTER(NAME, name, kind, help) help,
#include <poise/counters.def>
#undef POISE_COUNTER
	};

	CU_ASSERT_EQUAL(POISE_COUNT(names), POISE_COUNTERS);
	CU_ASSERT_STRING_EQUAL(names[POISE_FORWARDED], "forwarded");
	for (size_t i = 0; i < POISE_COUNT(names); i++) {
		CU_ASSERT_EQUAL(strspn(names[i], "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(names[i]));
		CU_ASSERT(strlen(helps[i]) > 10 && !strpbrk(helps[i], "\"\\\n"));
		for (size_t k = 0; k < i; k++)
			CU_ASSERT_STRING_NOT_EQUAL(names[i], names[k]);
	}
	CU_ASSERT_EQUAL(poise_verdict_kind(POISE_FORWARDED), POISE_KIND_FORWARD);
	CU_ASSERT_EQUAL(poise_verdict_kind(POISE_RUNT), POISE_KIND_DROP);
	CU_ASSERT_EQUAL(poise_verdict_kind(POISE_NOT_OURS), POISE_KIND_PASS);
	CU_ASSERT_EQUAL(poise_verdict_kind(POISE_ARP_ANSWERED), POISE_KIND_REPLY);
	CU_ASSERT_EQUAL(poise_verdict_kind(POISE_FLOW_CREATED), POISE_KIND_EVENT);
	CU_ASSERT_EQUAL(poise_verdict_kind(POISE_COUNTERS), POISE_KIND_DROP);
}

static const struct check_case cases[] = {
	{"sizes", sizes},
	{"offsets in the snapshot", snapshot_offsets},
	{"counters", counters},
};

CHECK_MAIN("layout", cases)
