// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// poise-dataplane's command line: what is EAL's, what is ours, and what is refused.
#include "check.h"
#include "memory.h"
#include "options.h"

#define WORDS_MAX 24

// Parse a line of words; the array lives on for options.eal.
static enum dp_options_result parse(struct dp_options *options, const char *line)
{
	static char text[512];
	static char *words[WORDS_MAX];
	enum dp_options_result result;
	int count = 0, split;

	snprintf(text, sizeof(text), "%s", line);
	memset(words, 0, sizeof(words));
	for (char *word = strtok(text, " "); word && count < WORDS_MAX - 1; word = strtok(NULL, " "))
		words[count++] = word;
	split = strstr(line, " -- ") ? 1 : 0;
	result = dp_options_parse(options, count, words);
	// main()'s words are as they were: getopt saw the program's name in place of the "--" only meanwhile.
	for (int i = 0; i < count; i++)
		split -= !strcmp(words[i], "--");
	CU_ASSERT(split <= 0);
	return result;
}

static void refused(const char *ours)
{
	struct dp_options options;
	char line[512];

	snprintf(line, sizeof(line), "poise-dataplane -l 0 -- %s", ours);
	if (parse(&options, line) != DP_OPTIONS_USAGE) {
		fprintf(stderr, "taken: %s\n", ours);
		CU_FAIL("taken");
	}
	dp_options_fini(&options);
}

static void takes_all(void)
{
	struct dp_options options;

	CU_ASSERT_EQUAL(parse(&options, "poise-dataplane -l 0,1 -- --snapshot s --mode vdev --idle adaptive --max-flows 7 "
					"--exit-when-idle 300 --stats-json j --handoff-size 64 --mbufs 4096"),
			DP_OPTIONS_RUN);
	CU_ASSERT_STRING_EQUAL(options.snapshot, "s");
	CU_ASSERT_PTR_NULL(options.control);
	CU_ASSERT_STRING_EQUAL(options.stats_json, "j");
	CU_ASSERT(!options.af_xdp && options.adaptive);
	CU_ASSERT(options.max_flows == 7 && options.exit_idle_ms == 300 && options.handoff_size == 64 &&
		  options.mbufs == 4096);
	dp_options_fini(&options);
	CU_ASSERT_PTR_NULL(options.eal);
}

static void has_defaults(void)
{
	struct dp_options options;

	CU_ASSERT_EQUAL(parse(&options, "poise-dataplane -- --control c --mode af_xdp"), DP_OPTIONS_RUN);
	CU_ASSERT_STRING_EQUAL(options.control, "c");
	CU_ASSERT(options.af_xdp && !options.adaptive && !options.exit_idle_ms && !options.mbufs);
	CU_ASSERT(options.max_flows == 1u << 20 && options.handoff_size == 2048);
	dp_options_fini(&options);
}

static void eal_gets_its_part(void)
{
	struct dp_options options;

	CU_ASSERT_EQUAL(parse(&options, "poise-dataplane -l 0 --in-memory -- --snapshot s"), DP_OPTIONS_RUN);
	CU_ASSERT_EQUAL_FATAL(options.eal_count, 5);
	CU_ASSERT_STRING_EQUAL(options.eal[3], "--in-memory");
	CU_ASSERT_STRING_EQUAL(options.eal[4], "--log-level=*:error");
	dp_options_fini(&options);
	CU_ASSERT_EQUAL(parse(&options, "poise-dataplane --log-level=8 --in-memory --no-huge -- --snapshot s"),
			DP_OPTIONS_RUN);
	CU_ASSERT_EQUAL_FATAL(options.eal_count, 4); // nothing is added
	CU_ASSERT_STRING_EQUAL(options.eal[2], "--no-shconf"); // EAL refuses --in-memory beside --no-huge
	dp_options_fini(&options);
}

static void numbers_have_ranges(void)
{
	struct dp_options options;
	char line[128];

	refused("--snapshot s --max-flows 0");
	refused("--snapshot s --max-flows -1");
	refused("--snapshot s --max-flows 1x");
	refused("--snapshot s --max-flows x");
	refused("--snapshot s --max-flows 99999999999999999999");
	refused("--snapshot s --max-flows 67108865");
	refused("--snapshot s --exit-when-idle 0");
	refused("--snapshot s --exit-when-idle 86400001");
	refused("--snapshot s --mbufs 511");
	refused("--snapshot s --mbufs 16777217");
	refused("--snapshot s --handoff-size 31");
	refused("--snapshot s --handoff-size 48"); // no power of two
	refused("--snapshot s --handoff-size 2097152");
	snprintf(line, sizeof(line), "poise-dataplane -- --snapshot s --max-flows %u", DP_MAX_FLOWS);
	CU_ASSERT_EQUAL(parse(&options, line), DP_OPTIONS_RUN);
	CU_ASSERT_EQUAL(options.max_flows, DP_MAX_FLOWS);
	dp_options_fini(&options);
}

static void words_are_known(void)
{
	struct dp_options options;

	refused("");
	refused("--snapshot s --control c");
	refused("--snapshot");
	refused("--snapshot s --mode dpdk");
	refused("--snapshot s --mode pci"); // of a later version
	refused("--snapshot s --idle always");
	refused("--snapshot s --nonsense");
	refused("--snapshot s word");
	refused("--snapshot s -- word");
	CU_ASSERT_EQUAL(parse(&options, "poise-dataplane --snapshot s"), DP_OPTIONS_USAGE); // no "--"
	dp_options_fini(&options);
	CU_ASSERT_EQUAL(parse(&options, "poise-dataplane"), DP_OPTIONS_USAGE);
	dp_options_fini(&options);
}

static void help_ends(void)
{
	struct dp_options options;

	CU_ASSERT_EQUAL(parse(&options, "poise-dataplane --help"), DP_OPTIONS_DONE);
	dp_options_fini(&options);
	CU_ASSERT_EQUAL(parse(&options, "poise-dataplane -l 0 -- --version"), DP_OPTIONS_DONE);
	dp_options_fini(&options);
}

static const struct check_case cases[] = {
	{ "takes all", takes_all },
	{ "has defaults", has_defaults },
	{ "EAL gets its part", eal_gets_its_part },
	{ "numbers have ranges", numbers_have_ranges },
	{ "words are known", words_are_known },
	{ "help ends", help_ends },
};

CHECK_MAIN("dp_options", cases)
