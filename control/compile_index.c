// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Indices are what flows, cursors and counters remember, so they stay with the service or backend for its
// life, and with a backend that left for as long as flows of it remain.
#include <string.h>

#include "compile_step.h"

// Has the previous generation anything at this index?
static bool had_vip(const struct cp_compile_step *step, uint32_t index)
{
	return step->previous && index < step->previous->vips_count && step->previous->vip_names[index][0];
}

static bool had_backend(const struct cp_compile_step *step, uint32_t index)
{
	return step->previous && index < step->previous->backends_count &&
	       step->previous->backend_names[index][0];
}

static void match_vips(struct cp_compile_step *step)
{
	for (uint32_t i = 0; i < step->config->services_count; i++) {
		step->vip[i] = POISE_NONE16;
		for (uint32_t v = 0; v < POISE_MAX_VIPS; v++) {
			if (!had_vip(step, v) ||
			    strcmp(step->previous->vip_names[v], step->config->services[i].name))
				continue;
			step->vip[i] = (uint16_t)v;
			step->vip_used[v] = true;
			break;
		}
	}
}

// The address belongs to the identity: flows carry it themselves, but find their next hop by the index.
static uint16_t match_backend(struct cp_compile_step *step, uint16_t vip, const struct cp_backend *backend)
{
	for (uint32_t b = 0; vip != POISE_NONE16 && b < POISE_MAX_BACKENDS; b++)
		if (had_backend(step, b) && step->previous->backends[b].vip == vip &&
		    step->previous->backends[b].address == backend->address &&
		    !strcmp(step->previous->backend_names[b], backend->name))
			return (uint16_t)b;
	return POISE_NONE16;
}

static void match_backends(struct cp_compile_step *step)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < step->config->services_count; i++) {
		const struct cp_service *service = &step->config->services[i];

		for (uint32_t j = 0; j < service->backends_count; j++, n++) {
			step->backend[n] = match_backend(step, step->vip[i], &service->backends[j]);
			if (step->backend[n] != POISE_NONE16)
				step->backend_used[step->backend[n]] = true;
		}
	}
}

// Keep what flows of a removed backend need: its entry, and the service's for timeouts and names.
static void keep_removed(struct cp_compile_step *step, uint32_t b)
{
	const struct poise_snapshot *previous = step->previous;
	struct poise_snapshot *out = step->out;
	uint16_t v = previous->backends[b].vip & (POISE_MAX_VIPS - 1);

	step->backend_used[b] = true;
	out->backends[b] = previous->backends[b];
	out->backends[b].vip = v;
	out->backends[b].flags = POISE_BACKEND_REMOVED;
	out->backends[b].weight = 0;
	memcpy(out->backend_names[b], previous->backend_names[b], POISE_NAME_SIZE);
	if (step->vip_used[v])
		return;
	step->vip_used[v] = true;
	out->vips[v] = previous->vips[v];
	out->vips[v].flags = POISE_VIP_REMOVED;
	out->vips[v].access_first = 0;
	out->vips[v].access_count = 0;
	out->vips[v].slot_first = 0;
	out->vips[v].slot_count = 0;
	memcpy(out->vip_names[v], previous->vip_names[v], POISE_NAME_SIZE);
}

static void match_removed(struct cp_compile_step *step, bool grace)
{
	for (uint32_t b = 0; b < POISE_MAX_BACKENDS; b++) {
		bool busy = step->busy && step->busy[b / 64] >> (b % 64) & 1;

		if (!had_backend(step, b) || step->backend_used[b])
			continue;
		if (busy || (grace && !(step->previous->backends[b].flags & POISE_BACKEND_REMOVED)))
			keep_removed(step, b);
	}
}

static uint16_t new_vip(struct cp_compile_step *step)
{
	// What was free in the last generation first: nobody can remember such an index by mistake.
	for (int had = 0; had < 2; had++)
		for (uint32_t v = 0; v < POISE_MAX_VIPS; v++)
			if (!step->vip_used[v] && had_vip(step, v) == had) {
				step->vip_used[v] = true;
				return (uint16_t)v;
			}
	return POISE_NONE16;
}

static uint16_t new_backend(struct cp_compile_step *step)
{
	for (int had = 0; had < 2; had++)
		for (uint32_t b = 0; b < POISE_MAX_BACKENDS; b++)
			if (!step->backend_used[b] && had_backend(step, b) == had) {
				step->backend_used[b] = true;
				return (uint16_t)b;
			}
	return POISE_NONE16;
}

// Returns NULL, or what there was no room for.
static const char *assign(struct cp_compile_step *step, bool grace)
{
	uint32_t n = 0;

	memset(step->vip_used, 0, sizeof(step->vip_used));
	memset(step->backend_used, 0, sizeof(step->backend_used));
	memset(step->out->vips, 0, sizeof(step->out->vips));
	memset(step->out->backends, 0, sizeof(step->out->backends));
	memset(step->out->vip_names, 0, sizeof(step->out->vip_names));
	memset(step->out->backend_names, 0, sizeof(step->out->backend_names));
	match_vips(step);
	match_backends(step);
	match_removed(step, grace);
	for (uint32_t i = 0; i < step->config->services_count; i++) {
		if (step->vip[i] == POISE_NONE16)
			step->vip[i] = new_vip(step);
		if (step->vip[i] == POISE_NONE16)
			return "services";
		for (uint32_t j = 0; j < step->config->services[i].backends_count; j++, n++) {
			if (step->backend[n] == POISE_NONE16)
				step->backend[n] = new_backend(step);
			if (step->backend[n] == POISE_NONE16)
				return "backends";
		}
	}
	return NULL;
}

int cp_compile_indices(struct cp_compile_step *step)
{
	const char *lacking;
	uint32_t total = 0;

	for (uint32_t i = 0; i < step->config->services_count; i++)
		total += step->config->services[i].backends_count;
	if (step->config->services_count > POISE_MAX_VIPS || total > POISE_MAX_BACKENDS) {
		cp_report_add(step->report, step->config->file, 0,
			      "%u services with %u backends, at most %u with %u are possible",
			      step->config->services_count, total, POISE_MAX_VIPS, POISE_MAX_BACKENDS);
		return -1;
	}
	lacking = assign(step, true);
	if (lacking)
		lacking = assign(step, false);
	if (!lacking)
		return 0;
	cp_report_add(step->report, step->config->file, 0,
		      "no room for the new %s while flows of removed backends remain, try again when they have ended",
		      lacking);
	return -1;
}
