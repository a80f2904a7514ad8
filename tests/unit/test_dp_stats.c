// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The stats page and the JSON file made of it: sums over workers, a descriptor that cannot write, names that need
// escapes, and no snapshot or table at all. jq reads the file, so that it is JSON and not what we take for it.
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"
#include "world.h"

static char path[] = P_tmpdir "/poise-test-XXXXXX";

static void begin(void)
{
	int fd;

	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
}

// What jq makes of the file: one line, without its end.
static const char *jq(const char *filter)
{
	static char answer[512];
	char command[768];
	FILE *pipe;

	snprintf(command, sizeof(command), "jq -c '%s' %s 2>&1", filter, path);
	pipe = popen(command, "r");
	answer[0] = 0;
	if (!pipe || !fgets(answer, sizeof(answer), pipe))
		snprintf(answer, sizeof(answer), "nothing");
	if (pipe)
		pclose(pipe);
	answer[strcspn(answer, "\n")] = 0;
	return answer;
}

static void saw(const char *filter, const char *wanted)
{
	const char *got = jq(filter);

	if (strcmp(got, wanted)) {
		fprintf(stderr, "%s: got %s, wanted %s\n", filter, got, wanted);
		CU_FAIL("another answer");
	}
}

static void fill(struct dp_stats *stats)
{
	for (uint32_t w = 0; w < 3; w++) {
		struct poise_stats_worker *worker = &stats->page->worker[w];

		worker->counters[POISE_FORWARDED] = 10 + w;
		worker->ports[0].rx_packets = 100;
		worker->ports[1].rx_packets = w;
		worker->ports[1].tx_bytes = 1ull << 62; // three of them are more than fits an int64
		worker->backends[1].flows_created = 5;
		worker->backends[1].flows_removed = w;
	}
	stats->page->worker[2].counters[POISE_RUNT] = 1ull << 53;
}

static void sums_over_workers(void)
{
	struct dp_error error;
	struct dp_stats stats;

	CU_ASSERT_EQUAL_FATAL(dp_stats_init(&stats, 3, 42, &error), 0);
	CU_ASSERT(stats.page->magic == POISE_STATS_MAGIC && stats.page->abi_version == POISE_ABI_VERSION);
	CU_ASSERT(stats.page->workers == 3 && stats.page->started_ns == 42 && stats.page->size == stats.bytes);
	CU_ASSERT_EQUAL(dp_stats_received(&stats), 0);
	fill(&stats);
	CU_ASSERT_EQUAL(dp_stats_received(&stats), 303);
	CU_ASSERT_EQUAL(dp_stats_counter(&stats, POISE_FORWARDED), 33);
	CU_ASSERT_EQUAL(dp_stats_counter(&stats, POISE_RUNT), 1ull << 53);
	dp_stats_fini(&stats);
	CU_ASSERT(!stats.page && stats.fd == -1 && stats.share_fd == -1);
	dp_stats_fini(&stats); // twice does no harm
}

static void poised_may_only_read(void)
{
	struct dp_error error;
	struct dp_stats stats;
	const struct poise_stats *theirs;

	CU_ASSERT_EQUAL_FATAL(dp_stats_init(&stats, 1, 0, &error), 0);
	CU_ASSERT_PTR_EQUAL(mmap(NULL, stats.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, stats.share_fd, 0), MAP_FAILED);
	theirs = mmap(NULL, stats.bytes, PROT_READ, MAP_SHARED, stats.share_fd, 0);
	CU_ASSERT_PTR_NOT_EQUAL_FATAL(theirs, MAP_FAILED);
	stats.page->worker[0].loops = 7;
	CU_ASSERT_EQUAL(theirs->worker[0].loops, 7);
	munmap((void *)(size_t)theirs, stats.bytes);
	CU_ASSERT(ftruncate(stats.fd, 1) && errno == EPERM); // a reader never meets the end of the file
	dp_stats_fini(&stats);
}

static void report_without_anything(void)
{
	struct dp_error error;
	struct dp_stats stats;

	begin();
	CU_ASSERT_EQUAL_FATAL(dp_stats_init(&stats, 1, 0, &error), 0);
	CU_ASSERT_EQUAL(dp_report_write(path, &stats, NULL, NULL, &error), 0);
	saw("[.generation, .ports, .backends, .totals.flows_capacity]", "[0,[],[],0]");
	saw(".counters | length", jq(".counters | keys | length"));
	dp_stats_fini(&stats);
	unlink(path);
}

static void report_of_a_world(void)
{
	struct dp_error error;
	struct dp_stats stats;
	struct world world;
	__u32 number;

	begin();
	world_init(&world, 2, POISE_NAT_DNAT, 64);
	CU_ASSERT_EQUAL_FATAL(dp_stats_init(&stats, 3, 0, &error), 0);
	fill(&stats);
	strcpy(world.snapshot->ports[0].name, "a\"b\\c\x01\x7f");
	strcpy(world.snapshot->vip_names[0], "web");
	strcpy(world.snapshot->backend_names[1], "web2");
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 5000, ~0ull, &number), POISE_FORWARDED);
	CU_ASSERT_EQUAL(dp_report_write(path, &stats, world.snapshot, &world.table, &error), 0);
	saw("[.counters.forwarded, .counters.runt, .totals.rx_packets, .totals.flows, .totals.flows_half_open]",
	    "[33,9007199254740992,303,1,1]");
	saw(".ports[0].name | explode", "[97,34,98,92,99,1,127]");
	saw("[.ports[] | .rx_packets]", "[300,3]");
	saw("[.workers[] | .counters.forwarded, .counters.runt]", "[10,null,11,null,12,9007199254740992]");
	saw("[.backends[1] | .name, .service, .flows_created, .flows_active]", "[\"web2\",\"web\",15,12]");
	dp_stats_fini(&stats);
	world_fini(&world);
	unlink(path);
}

static void report_that_cannot_be_written(void)
{
	struct dp_error error;
	struct dp_stats stats;

	CU_ASSERT_EQUAL_FATAL(dp_stats_init(&stats, 1, 0, &error), 0);
	CU_ASSERT_EQUAL(dp_report_write("/nonexistent/report", &stats, NULL, NULL, &error), -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "/nonexistent/report: "));
	CU_ASSERT_EQUAL(dp_report_write("/dev/full", &stats, NULL, NULL, &error), -EIO);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "/dev/full: cannot be written"));
	dp_stats_fini(&stats);
}

static const struct check_case cases[] = {
	{ "sums over workers", sums_over_workers },
	{ "poised may only read", poised_may_only_read },
	{ "report without anything", report_without_anything },
	{ "report of a world", report_of_a_world },
	{ "report that cannot be written", report_that_cannot_be_written },
};

CHECK_MAIN("dp_stats", cases)
