// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The command line: EAL's part in front of "--", ours behind it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dp_options {
	const char *control;	// socket to listen on, or NULL
	const char *snapshot;	// file to run alone with, or NULL
	const char *stats_json; // or NULL
	bool af_xdp;
	bool adaptive;		// sleep when idle
	uint32_t max_flows;	// of a table of our own
	uint32_t exit_idle_ms;	// 0: never
	uint32_t handoff_size;	// packets a ring between workers holds, power of two
	uint32_t mbufs;		// 0: by what the devices need
	int eal_count;		// arguments for EAL, the program's name first
	char **eal;		// pointer array is ours, the strings are main()'s
};

enum dp_options_result { DP_OPTIONS_RUN, DP_OPTIONS_DONE, DP_OPTIONS_USAGE };

// Fill *options. DONE: --help or --version has been printed. USAGE: one line on stderr says what is wrong.
enum dp_options_result dp_options_parse(struct dp_options *options, int argc, char **argv);
void dp_options_fini(struct dp_options *options);
