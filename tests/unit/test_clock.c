// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Time from the TSC: the right rate, never backwards, and never from a base that is half old and half new.
#include <pthread.h>
#include <time.h>

#include "check.h"
#include "clock.h"

#define HZ 2500000000ull // 0.4 ns a tick

static void follows_the_ticks(void)
{
	struct dp_clock clock;
	struct dp_time time = { 0 };
	uint64_t year;

	dp_clock_init(&clock, HZ, 1000, 5000000);
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 1000), 5000000);
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 1000 + HZ / 1000), 5999999); // a millisecond, rounded down
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 1000 + HZ) / 1000, 1004999999 / 1000);
	// A year on one base: no overflow. The rounded rate is less than a nanosecond a second off.
	year = dp_time_ns(&time, &clock, 1000 + HZ * 31536000) - 5000000;
	CU_ASSERT(year <= 31536000 * DP_NS_PER_SECOND && year > 31536000 * (DP_NS_PER_SECOND - 1));
}

static void never_goes_back(void)
{
	struct dp_clock clock;
	struct dp_time time = { 0 };
	uint64_t late;

	dp_clock_init(&clock, HZ, 1000, 5000000);
	late = dp_time_ns(&time, &clock, 1000 + HZ);
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 1000 + HZ / 2), late); // the TSC of another core is behind
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 0), late);		 // even before the base
	dp_clock_sync(&clock, 1000 + HZ, 6000000); // the kernel says that much less time has passed
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 1000 + HZ), late);
	CU_ASSERT(dp_time_ns(&time, &clock, 1000 + 3 * HZ) > late);
}

static void learns_the_rate(void)
{
	struct dp_clock clock;
	struct dp_time time = { 0 };
	uint64_t scale;

	dp_clock_init(&clock, HZ, 0, 0);
	scale = clock.base.scale;
	dp_clock_sync(&clock, HZ / 2, 400000000); // less than a second: the calibration is better
	CU_ASSERT_EQUAL(clock.base.scale, scale);
	dp_clock_sync(&clock, HZ * 10, 11 * DP_NS_PER_SECOND); // ticks are a tenth longer than thought
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, HZ * 10), 11 * DP_NS_PER_SECOND);
	CU_ASSERT_EQUAL((dp_time_ns(&time, &clock, HZ * 20) + 500) / 1000, 22 * DP_NS_PER_SECOND / 1000);
	dp_clock_sync(&clock, 0, 40 * DP_NS_PER_SECOND); // a TSC that was set back gives no rate
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 0), 40 * DP_NS_PER_SECOND);
}

// While the main lcore writes, the worker goes on with what it has.
static void keeps_its_copy_meanwhile(void)
{
	struct dp_clock clock;
	struct dp_time time = { 0 };

	dp_clock_init(&clock, DP_NS_PER_SECOND, 0, 0);
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 100), 100);
	clock.sequence++; // as dp_clock_sync() does, stopped in its middle
	clock.base.tsc = 1ull << 60;
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 200), 200);
	clock.base.ns = 1ull << 60;
	clock.sequence++;
	CU_ASSERT_EQUAL(dp_time_ns(&time, &clock, 300), 1ull << 60);
}

struct race {
	// The base lies in two cache lines, so that half of it is new at times.
	uint8_t before[POISE_LINE_SIZE - offsetof(struct dp_clock, base.ns)];
	struct dp_clock clock;
	uint32_t end;
} POISE_ALIGNED;

// Every base is a point of one line, ns = 8 * tsc, far from the last one.
static void *write_bases(void *context)
{
	struct race *race = context;
	uint64_t random = 1;

	while (!POISE_LOAD(race->end)) {
		uint64_t tsc = check_random(&random) >> 20;

		dp_clock_sync(&race->clock, tsc, 8 * tsc);
	}
	return NULL;
}

static void no_torn_base(void)
{
	static struct race race;
	uint64_t random = 2, wrong = 0, changes = 0;
	time_t end = time(NULL) + 2;
	uint32_t last = 0;
	pthread_t writer;

	dp_clock_init(&race.clock, DP_NS_PER_SECOND / 8, 0, 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&writer, NULL, write_bases, &race), 0);
	// Until the base has changed often enough under our eyes; with a single CPU it hardly ever does.
	while (changes < 100000 && time(NULL) < end) {
		for (int i = 0; i < 1000; i++) {
			struct dp_time fresh = { 0 }; // a new worker each time, so that it takes the base
			uint64_t tsc = 1ull << 45 | check_random(&random) >> 20;
			uint64_t ns = dp_time_ns(&fresh, &race.clock, tsc);

			if (!fresh.base.scale)
				continue; // it was just being changed
			changes += fresh.sequence != last;
			last = fresh.sequence;
			wrong += ns != 8 * tsc;
		}
	}
	POISE_STORE(race.end, 1);
	pthread_join(writer, NULL);
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(changes > 0);
}

static const struct check_case cases[] = {
	{ "follows the ticks", follows_the_ticks },
	{ "never goes back", never_goes_back },
	{ "learns the rate", learns_the_rate },
	{ "keeps its copy meanwhile", keeps_its_copy_meanwhile },
	{ "no torn base", no_torn_base },
};

CHECK_MAIN("clock", cases)
