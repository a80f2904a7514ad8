// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// poised's command line.
#pragma once

#include <stdbool.h>

#include "log.h"

struct cp_options {
	const char *config;  // default /etc/poise/poise.conf
	const char *compile; // --compile OUT, or NULL
	bool check;
	bool doctor;
	bool foreground;
	bool help;
	bool version;
	enum cp_log_format log_format;
};

// Returns 0, or -1 after one line on stderr. Strings point into argv.
int cp_options_parse(struct cp_options *options, int argc, char **argv);
void cp_options_help(void);
