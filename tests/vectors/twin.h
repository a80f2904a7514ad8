// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What every program that sends vectors through a data path needs besides the reader: names, the snapshot, and the
// comparison of frames and of the table. Ends the process with status 2 when something is missing.
#pragma once

#include <poise/snapshot.h>
#include <poise/table.h>

#include "vector.h"

static const char *const twin_names[] = {
#define POISE_COUNTER(NAME, name, kind, help) #name,
#include <poise/counters.def>
#undef POISE_COUNTER
};

static inline uint32_t twin_port(const struct poise_snapshot *snapshot, const char *name)
{
	for (uint32_t i = 0; i < snapshot->ports_count; i++)
		if (!strcmp(snapshot->ports[i].name, name))
			return i;
	fprintf(stderr, "the snapshot has no port \"%s\"\n", name);
	exit(2);
}

// Verdict or counter of that name.
static inline unsigned int twin_counter(const char *name)
{
	for (unsigned int i = 0; i < POISE_COUNTERS; i++)
		if (!strcmp(twin_names[i], name))
			return i;
	fprintf(stderr, "no counter is named \"%s\"\n", name);
	exit(2);
}

static inline void twin_print(const char *title, const uint8_t *bytes, uint32_t length)
{
	printf("    %s", title);
	for (uint32_t i = 0; i < length; i++)
		printf("%s%02x", i % 4 ? "" : " ", bytes[i]);
	putchar('\n');
}

// Is the frame that left another one than the step wants? Prints both then.
static inline int twin_frame_differs(const struct vector_step *step, const uint8_t *bytes, uint32_t length)
{
	if (length == step->out.length && !memcmp(bytes, step->out.bytes, length))
		return 0;
	twin_print("got ", bytes, length);
	twin_print("want", step->out.bytes, step->out.length);
	return 1;
}

// Has the table as many flows as the file says? Prints a line when not.
static inline int twin_flows_differ(const struct vector_reader *reader, const struct poise_table *table)
{
	uint32_t used = 0;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		used += poise_shard(table, shard)->used;
	if (used == reader->flows)
		return 0;
	printf("not ok - %s: %u flows at the end, want %u\n", reader->name, used, reader->flows);
	return 1;
}

// To be freed by the caller.
static inline struct poise_snapshot *twin_snapshot(const char *path)
{
	struct poise_snapshot *snapshot = malloc(sizeof(*snapshot));
	FILE *file = fopen(path, "r");

	if (!snapshot || !file || fread(snapshot, sizeof(*snapshot), 1, file) != 1 ||
	    snapshot->magic != POISE_SNAPSHOT_MAGIC || snapshot->size != sizeof(*snapshot)) {
		fprintf(stderr, "%s: no snapshot of this version\n", path);
		exit(2);
	}
	fclose(file);
	return snapshot;
}
