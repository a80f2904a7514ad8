// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_CHECK = 256, OPTION_DOCTOR, OPTION_COMPILE, OPTION_FOREGROUND, OPTION_LOG_FORMAT, OPTION_VERSION };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"compile", required_argument, NULL, OPTION_COMPILE},
	{"doctor", no_argument, NULL, OPTION_DOCTOR},
	{"foreground", no_argument, NULL, OPTION_FOREGROUND},
	{"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

void cp_options_help(void)
{
	printf("Usage: poised [-c FILE] [--foreground] [--log-format text|json]\n"
	       "       poised [-c FILE] --check | --compile OUT | --doctor\n"
	       "\n"
	       "  -c, --config FILE   configuration, default /etc/poise/poise.conf\n"
	       "      --check         print every error of the configuration; exit 1 if there is one\n"
	       "      --compile OUT   write the snapshot that poise-dataplane --snapshot can run alone\n"
	       "      --doctor        look for what is wrong with this host; exit 1 if there is something.\n"
	       "                      In JSON with --log-format json\n"
	       "      --foreground    do not become a daemon\n"
	       "      --log-format    text (default) or json\n"
	       "      --version       print the version\n"
	       "  -h, --help          print this\n"
	       "\n"
	       "SIGHUP reloads. SIGTERM and SIGINT stop everything; SIGQUIT stops poised alone, the data path\n"
	       "goes on and the next poised takes it over.\n");
}

static int usage(const char *text, const char *value)
{
	fprintf(stderr, "poised: %s%s%s; try --help\n", text, value ? " " : "", value ? value : "");
	return -1;
}

static int take(struct cp_options *options, int option)
{
	switch (option) {
	case 'c':
		options->config = optarg;
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case OPTION_COMPILE:
		options->compile = optarg;
		return 0;
	case OPTION_DOCTOR:
		options->doctor = true;
		return 0;
	case OPTION_FOREGROUND:
		options->foreground = true;
		return 0;
	case OPTION_LOG_FORMAT:
		if (strcmp(optarg, "text") && strcmp(optarg, "json"))
			return usage("--log-format wants text or json, not", optarg);
		options->log_format = strcmp(optarg, "json") ? CP_LOG_TEXT : CP_LOG_JSON;
		return 0;
	case OPTION_VERSION:
		options->version = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		fprintf(stderr, "try poised --help\n"); // getopt has said what is wrong
		return -1;
	}
}

int cp_options_parse(struct cp_options *options, int argc, char **argv)
{
	int option;

	memset(options, 0, sizeof(*options));
	options->config = "/etc/poise/poise.conf";
	while ((option = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1)
		if (take(options, option))
			return -1;
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	if (options->check && options->compile)
		return usage("--check and --compile exclude each other", NULL);
	return 0;
}
