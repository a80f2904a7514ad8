// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See options.h.
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "memory.h"

static const char help_text[] =
	"usage: poise-dataplane EAL-OPTIONS -- [--control SOCKET | --snapshot FILE] [OPTION...]\n"
	"\n"
	"  --control SOCKET      listen for poised on this Unix socket\n"
	"  --snapshot FILE       run alone, with what `poised --compile FILE` wrote\n"
	"  --mode MODE           af_xdp or vdev (default)\n"
	"  --idle WAY            poll (default): never sleep; adaptive: sleep when there is no traffic\n"
	"  --max-flows N         size of the flow table with --snapshot (default 1048576)\n"
	"  --exit-when-idle MS   end when no packet came for this long\n"
	"  --stats-json FILE     write the counters at exit\n"
	"  --handoff-size N      packets that a ring between two workers holds (default 2048)\n"
	"  --mbufs N             packet buffers (default: what the devices need)\n"
	"  --log-format FORMAT   text (default) or json\n"
	"  --version, --help\n"
	"\n"
	"Every worker lcore of EAL is a worker; with a single lcore that one is. EAL options that matter:\n"
	"  -l 0,1   lcores, the first for cold work      --vdev NAME,...   a device, matched by its name\n"
	"  --no-huge -m 256                              --iova-mode=va    needed for AF_XDP\n";

enum {
	OPT_CONTROL = 256,
	OPT_SNAPSHOT,
	OPT_MODE,
	OPT_IDLE,
	OPT_MAX_FLOWS,
	OPT_EXIT,
	OPT_STATS,
	OPT_HANDOFF,
	OPT_MBUFS,
	OPT_LOG_FORMAT,
	OPT_VERSION,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "snapshot", required_argument, NULL, OPT_SNAPSHOT },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "idle", required_argument, NULL, OPT_IDLE },
	{ "max-flows", required_argument, NULL, OPT_MAX_FLOWS },
	{ "exit-when-idle", required_argument, NULL, OPT_EXIT },
	{ "stats-json", required_argument, NULL, OPT_STATS },
	{ "handoff-size", required_argument, NULL, OPT_HANDOFF },
	{ "mbufs", required_argument, NULL, OPT_MBUFS },
	{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool parse_number(const char *name, uint32_t lowest, uint32_t highest, uint32_t *value)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(optarg, &end, 10);
	if (errno || *end || end == optarg || *optarg == '-' || number < lowest || number > highest) {
		dp_log("%s: \"%s\" is not a number from %u to %u", name, optarg, lowest, highest);
		return false;
	}
	*value = (uint32_t)number;
	return true;
}

static bool parse_mode(struct dp_options *options)
{
#define POISE_NIC_MODE(NAME, name, built, help)                                                    \
	if (!strcmp(optarg, #name)) {                                                              \
		if (!(built))                                                                      \
			dp_log("--mode " #name " (" help ") is not in this version");             \
		if (!strcmp(#name, "xdp"))                                                         \
			dp_log("--mode xdp is the kernel alone: it needs no dataplane");           \
		options->af_xdp = !strcmp(#name, "af_xdp");                                       \
		return (built) && strcmp(#name, "xdp");                                            \
	}
#include <poise/modes.def>
#undef POISE_NIC_MODE
	dp_log("--mode: \"%s\" is neither af_xdp nor vdev", optarg);
	return false;
}

static bool parse_idle(struct dp_options *options)
{
	options->adaptive = !strcmp(optarg, "adaptive");
	if (options->adaptive || !strcmp(optarg, "poll"))
		return true;
	dp_log("--idle: \"%s\" is neither poll nor adaptive", optarg);
	return false;
}

static bool parse_log_format(void)
{
	if (!strcmp(optarg, "json")) {
		dp_log_json();
		return true;
	}
	if (!strcmp(optarg, "text"))
		return true;
	dp_log("--log-format: \"%s\" is neither text nor json", optarg);
	return false;
}

static bool take_option(struct dp_options *options, int option)
{
	switch (option) {
	case OPT_CONTROL:
		options->control = optarg;
		return true;
	case OPT_SNAPSHOT:
		options->snapshot = optarg;
		return true;
	case OPT_STATS:
		options->stats_json = optarg;
		return true;
	case OPT_MODE:
		return parse_mode(options);
	case OPT_IDLE:
		return parse_idle(options);
	case OPT_MAX_FLOWS:
		return parse_number("--max-flows", 1, DP_MAX_FLOWS, &options->max_flows);
	case OPT_EXIT:
		return parse_number("--exit-when-idle", 1, 86400000, &options->exit_idle_ms);
	case OPT_LOG_FORMAT:
		return parse_log_format();
	case OPT_MBUFS:
		return parse_number("--mbufs", 512, 1u << 24, &options->mbufs);
	case OPT_HANDOFF:
		if (!parse_number("--handoff-size", 32, 1u << 20, &options->handoff_size))
			return false;
		if (!(options->handoff_size & (options->handoff_size - 1)))
			return true;
		dp_log("--handoff-size: %u is not a power of two", options->handoff_size);
		return false;
	default:
		return false; // getopt has said it
	}
}

static bool parse_own(struct dp_options *options, int argc, char **argv)
{
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(options, option))
			return false;
	if (optind < argc) {
		dp_log("\"%s\" is not an option", argv[optind]);
		return false;
	}
	if (options->control && options->snapshot) {
		dp_log("--control and --snapshot exclude each other");
		return false;
	}
	if (!options->control && !options->snapshot) {
		dp_log("one of --control SOCKET and --snapshot FILE is needed; see --help");
		return false;
	}
	return true;
}

// EAL tells much about itself; unless asked otherwise only its errors are for our users. It also refuses
// --in-memory beside --no-huge, where no files of huge pages could be left anyway: --no-shconf is the rest of it.
static bool take_eal(struct dp_options *options, int count, char **argv)
{
	static char quiet[] = "--log-level=*:error", private[] = "--no-shconf";
	bool has_level = false, no_huge = false;

	options->eal = calloc((size_t)count + 2, sizeof(*options->eal));
	if (!options->eal)
		return false;
	for (int i = 0; i < count; i++)
		no_huge |= !strcmp(argv[i], "--no-huge");
	for (int i = 0; i < count; i++) {
		options->eal[options->eal_count++] = no_huge && !strcmp(argv[i], "--in-memory") ? private : argv[i];
		has_level |= !strncmp(argv[i], "--log-level", 11);
	}
	if (!has_level)
		options->eal[options->eal_count++] = quiet;
	return true;
}

enum dp_options_result dp_options_parse(struct dp_options *options, int argc, char **argv)
{
	static char name[] = "poise-dataplane";
	char *before;
	int split = 1;
	bool good;

	*options = (struct dp_options){ .max_flows = 1u << 20, .handoff_size = 2048 };
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			fputs(help_text, stdout);
			return DP_OPTIONS_DONE;
		}
		if (!strcmp(argv[i], "--version")) {
			printf("poise-dataplane %s (abi %u)\n", POISE_VERSION, POISE_ABI_VERSION);
			return DP_OPTIONS_DONE;
		}
	}
	while (split < argc && strcmp(argv[split], "--"))
		split++;
	if (split == argc) {
		dp_log("\"--\" is missing between EAL's options and ours; see --help");
		return DP_OPTIONS_USAGE;
	}
	before = argv[split];
	argv[split] = name; // getopt's lines start with it
	good = parse_own(options, argc - split, argv + split) && take_eal(options, split, argv);
	argv[split] = before;
	return good ? DP_OPTIONS_RUN : DP_OPTIONS_USAGE;
}

void dp_options_fini(struct dp_options *options)
{
	free(options->eal);
	options->eal = NULL;
}
