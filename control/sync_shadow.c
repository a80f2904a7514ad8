// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sync_shadow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int cp_sync_shadows_init(struct cp_sync_shadows *shadows, const struct poise_table *table)
{
	size_t count = (size_t)POISE_SHARDS * table->records_per_shard + 1;

	memset(shadows, 0, sizeof(*shadows));
	shadows->items = calloc(count, sizeof(*shadows->items));
	shadows->names = calloc(count, sizeof(*shadows->names));
	if (!shadows->items || !shadows->names) {
		cp_sync_shadows_fini(shadows);
		return -ENOMEM;
	}
	shadows->count = (uint32_t)count;
	shadows->session = shadows->peers = shadows->round = 1;
	return 0;
}

void cp_sync_shadows_fini(struct cp_sync_shadows *shadows)
{
	free(shadows->items);
	free(shadows->names);
	memset(shadows, 0, sizeof(*shadows));
}

// The next of 255 numbers. When they begin anew, `offset` of all shadows is cleared: 0 is nobody's.
static void next(struct cp_sync_shadows *shadows, uint8_t *number, size_t offset)
{
	if (++*number)
		return;
	*number = 1;
	for (uint32_t i = 0; i < shadows->count; i++)
		((uint8_t *)&shadows->items[i])[offset] = 0;
}

void cp_sync_shadows_session(struct cp_sync_shadows *shadows)
{
	next(shadows, &shadows->session, offsetof(struct cp_sync_shadow, session));
}

void cp_sync_shadows_round(struct cp_sync_shadows *shadows)
{
	next(shadows, &shadows->round, offsetof(struct cp_sync_shadow, round));
}

void cp_sync_shadows_peer(struct cp_sync_shadows *shadows, uint64_t table)
{
	if (shadows->table && shadows->table != table)
		next(shadows, &shadows->peers, offsetof(struct cp_sync_shadow, peers));
	shadows->table = table;
}
