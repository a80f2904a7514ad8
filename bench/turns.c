// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See turns.h.
#include "turns.h"

static const char *const names[TURNS_KINDS] = {"other", "sweep", "swap"};

void turns_begin(struct turns *turns, uint32_t processor)
{
	if (!turns->interrupts.fd)
		interrupts_open(&turns->interrupts, processor);
	memset(turns->kinds, 0, sizeof(turns->kinds));
	turns->runs = turns->quiet = 0;
}

void turns_run_begin(struct turns *turns)
{
	memset(turns->run, 0, sizeof(turns->run));
	turns->before = interrupts_read(&turns->interrupts);
}

void turns_run_end(struct turns *turns)
{
	uint64_t longest = 0;

	turns->runs++;
	if (interrupts_read(&turns->interrupts) != turns->before || turns->quiet == TURNS_RUNS)
		return;
	for (uint32_t kind = 0; kind < TURNS_KINDS; kind++) {
		pauses_merge(&turns->kinds[kind], &turns->run[kind]);
		if (turns->run[kind].longest > longest)
			longest = turns->run[kind].longest;
	}
	turns->longest[turns->quiet++] = longest;
}

void turns_print(const struct turns *turns, double ticks_per_ns)
{
	struct pauses all = {.total = 0};

	for (uint32_t kind = 0; kind < TURNS_KINDS; kind++)
		pauses_merge(&all, &turns->kinds[kind]);
	printf("\"runs\": %u, \"quiet\": %u, ", turns->runs, turns->quiet);
	pauses_print(&all, ticks_per_ns);
	for (uint32_t kind = 0; kind < TURNS_KINDS; kind++) {
		printf(", \"%s\": {", names[kind]);
		pauses_print(&turns->kinds[kind], ticks_per_ns);
		printf("}");
	}
	printf(", \"longest_of_runs_ns\": [");
	for (uint32_t run = 0; run < turns->quiet; run++)
		printf("%s%.0f", run ? ", " : "", (double)turns->longest[run] / ticks_per_ns);
	printf("]");
}
