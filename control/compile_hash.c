// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The hash of service addresses. Look-ups probe POISE_VIP_PROBE entries and no more, so the salt is tried until
// every entry is that near to its home.
#include <stdlib.h>
#include <string.h>

#include <poise/glance.h>

#include "compile_step.h"

#define SALTS 4096

struct entry {
	uint32_t home;
	uint16_t vip;
};

static int compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->home != b->home)
		return a->home < b->home ? -1 : 1;
	return a->vip < b->vip ? -1 : a->vip > b->vip;
}

// Entries in the order of their homes: of all orders the one whose longest probe is shortest. The last ones may
// run over the end; then the first ones begin behind them in a second round.
static bool place(struct poise_snapshot *out, const struct entry *entries, uint32_t count)
{
	uint32_t overrun = 0;

	for (int round = 0; round < 2; round++) {
		uint32_t next = overrun;

		memset(out->vip_hash, 0, sizeof(out->vip_hash));
		for (uint32_t i = 0; i < count; i++) {
			if (next < entries[i].home)
				next = entries[i].home;
			if (next - entries[i].home >= POISE_VIP_PROBE)
				return false;
			out->vip_hash[next++ & (POISE_VIP_HASH_SIZE - 1)] = (uint16_t)(entries[i].vip + 1);
		}
		if (next <= POISE_VIP_HASH_SIZE + overrun)
			return true;
		overrun = next - POISE_VIP_HASH_SIZE;
	}
	return false;
}

// One entry for each service, and one with port 0 for each address.
static uint32_t list(const struct cp_compile_step *step, uint32_t salt, struct entry *entries)
{
	const struct poise_snapshot *out = step->out;
	uint32_t count = 0;

	for (uint32_t i = 0; i < step->config->services_count; i++) {
		const struct poise_vip *vip = &out->vips[step->vip[i]];
		bool first = true;

		for (uint32_t j = 0; j < i && first; j++)
			first = step->config->services[j].vip != vip->address;
		entries[count++] = (struct entry){ poise_vip_home(salt, vip->address, vip->port), step->vip[i] };
		if (first)
			entries[count++] =
				(struct entry){ poise_vip_home(salt, vip->address, 0), step->vip[i] };
	}
	qsort(entries, count, sizeof(*entries), compare);
	return count;
}

static void fill_glance(const struct cp_compile_step *step)
{
	struct poise_snapshot *out = step->out;

	poise_glance_begin(out, step->config->services_count);
	for (uint32_t i = 0; i < step->config->services_count; i++) {
		const struct poise_vip *vip = &out->vips[step->vip[i]];

		poise_glance_enter(out, vip->address, vip->port);
	}
}

int cp_compile_hash(struct cp_compile_step *step)
{
	struct entry entries[2 * POISE_MAX_VIPS];
	struct poise_snapshot *out = step->out;
	uint32_t salt = step->previous ? step->previous->vip_salt : 0; // what was good is tried first

	fill_glance(step);
	if (!step->config->services_count)
		return 0;
	for (uint32_t i = 0; i < SALTS; i++, salt = salt * 1664525u + 1013904223u) {
		if (!place(out, entries, list(step, salt, entries)))
			continue;
		out->vip_salt = salt;
		return 0;
	}
	cp_report_add(step->report, step->config->file, 0,
		      "the addresses of the services do not fit into their table, change one of them");
	return -1;
}
