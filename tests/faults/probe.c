// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// probe serve PORT | probe run ADDRESS PORT CONNECTIONS MESSAGES-A-SECOND CONNECTS-A-SECOND
#include "probe.h"

static uint32_t number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || !*text || value > 1000000) {
		fprintf(stderr, "probe: \"%s\" is not a number up to a million\n", text);
		exit(2);
	}
	return (uint32_t)value;
}

int main(int argc, char **argv)
{
	struct probe_plan plan;

	if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		probe_serve((uint16_t)number(argv[2]));
	} else if (argc == 7 && strcmp(argv[1], "run") == 0) {
		plan = (struct probe_plan){argv[2], (uint16_t)number(argv[3]), number(argv[4]), number(argv[5]),
					   number(argv[6])};
		return probe_run(&plan);
	}
	fprintf(stderr, "usage: probe serve PORT\n"
			"       probe run ADDRESS PORT CONNECTIONS MESSAGES-A-SECOND CONNECTS-A-SECOND\n");
	return 2;
}
