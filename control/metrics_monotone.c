// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "metrics_monotone.h"

struct cp_monotone_entry {
	char service[POISE_NAME_SIZE];
	struct cp_view_traffic seen; // at the last scrape
	struct cp_view_traffic lost; // before it
};

static const size_t counters[] = {
	offsetof(struct cp_view_traffic, flows_created),   offsetof(struct cp_view_traffic, packets_inward),
	offsetof(struct cp_view_traffic, packets_outward), offsetof(struct cp_view_traffic, bytes_inward),
	offsetof(struct cp_view_traffic, bytes_outward),
};
#define COUNTERS (POISE_COUNT(counters) + POISE_UNSERVED)

static uint64_t *at(struct cp_view_traffic *traffic, size_t counter)
{
	if (counter >= POISE_COUNT(counters))
		return &traffic->unserved[counter - POISE_COUNT(counters)];
	return (uint64_t *)((char *)traffic + counters[counter]);
}

// Services keep their order but for a reload, so that the first look nearly always hits.
static const struct cp_monotone_entry *find(const struct cp_monotone *monotone, uint32_t hint,
					    const char *service)
{
	for (uint32_t i = 0; i < monotone->count; i++) {
		const struct cp_monotone_entry *entry = &monotone->entries[(hint + i) % monotone->count];

		if (strcmp(entry->service, service) == 0)
			return entry;
	}
	return NULL;
}

static void raise(struct cp_monotone_entry *entry, struct cp_view_traffic *now)
{
	struct cp_view_traffic seen = *now;

	for (size_t i = 0; i < COUNTERS; i++) {
		uint64_t before = *at(&entry->seen, i), after = *at(&seen, i);

		if (after < before)
			*at(&entry->lost, i) += before - after;
		*at(now, i) = after + *at(&entry->lost, i);
	}
	entry->seen = seen;
}

int cp_monotone_apply(struct cp_monotone *monotone, struct cp_view *view)
{
	struct cp_monotone_entry *entries = calloc(view->services_count + 1, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < view->services_count; i++) {
		const char *service = view->services[i].config->name;
		const struct cp_monotone_entry *old = find(monotone, i, service);

		if (old)
			entries[i] = *old;
		else
			memcpy(entries[i].service, service, sizeof(entries[i].service));
		raise(&entries[i], &view->services[i].traffic);
	}
	free(monotone->entries);
	monotone->entries = entries;
	monotone->count = view->services_count;
	return 0;
}

void cp_monotone_fini(struct cp_monotone *monotone)
{
	free(monotone->entries);
	memset(monotone, 0, sizeof(*monotone));
}
