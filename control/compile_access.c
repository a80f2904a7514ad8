// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// access[]: the boundaries of the services' lists. Services with the same lists share them.
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "compile_step.h"
#include "source_rate.h"

struct lists {
	struct poise_snapshot *out;
	uint32_t used;
};

// Where these boundaries are already, or else behind the last ones. Returns -1 when they do not fit.
static int64_t place(struct lists *lists, const struct cp_access_bounds *bounds)
{
	struct poise_snapshot *out = lists->out;
	uint32_t first = lists->used;

	if (!bounds->count)
		return 0;
	for (uint32_t v = 0; v < POISE_MAX_VIPS; v++) {
		const struct poise_vip *vip = &out->vips[v];

		if (vip->access_count == bounds->count &&
		    !memcmp(&out->access[vip->access_first], bounds->bounds, bounds->count * sizeof(uint32_t)))
			return vip->access_first;
	}
	if (bounds->count > POISE_MAX_ACCESS - lists->used)
		return -1;
	memcpy(&out->access[first], bounds->bounds, bounds->count * sizeof(uint32_t));
	lists->used += bounds->count;
	return first;
}

static void mix(uint64_t *version, uint64_t value)
{
	*version = (*version ^ value) * 0x100000001b3ull;
	*version ^= *version >> 29;
}

// A number that is another one when any service serves other sources. Of the content and not of the generation, so
// that a new poised does not come to another one.
static uint64_t version_of(const struct poise_snapshot *out)
{
	uint64_t version = 0xcbf29ce484222325ull;
	bool any = false;

	for (uint32_t v = 0; v < POISE_MAX_VIPS; v++) {
		const struct poise_vip *vip = &out->vips[v];

		if (!(vip->flags & POISE_VIP_ACCESS))
			continue;
		any = true;
		mix(&version, (uint64_t)v << 32 | vip->flags);
		for (uint32_t i = 0; i < vip->access_count; i++)
			mix(&version, out->access[vip->access_first + i]);
	}
	return any ? version | 1 : 0;
}

static const struct cp_service *service_of(const struct cp_compile_step *step, uint32_t vip)
{
	for (uint32_t i = 0; i < step->config->services_count; i++)
		if (step->vip[i] == vip)
			return &step->config->services[i];
	return NULL;
}

static int compile_one(struct cp_compile_step *step, struct lists *lists, const struct cp_service *service,
		       struct poise_vip *vip)
{
	struct cp_access_bounds bounds;
	int64_t first;

	vip->source_flows = service->flows_per_source;
	vip->source_interval = cp_source_interval(service->new_flows_per_source_s);
	if (!cp_access_any(&service->access))
		return 0;
	if (cp_access_bounds(&service->access, &bounds)) {
		cp_report_add(step->report, step->config->file, service->line, "out of memory");
		return -1;
	}
	first = place(lists, &bounds);
	vip->flags |= POISE_VIP_ACCESS | (bounds.deny_lowest ? POISE_VIP_DENY_LOWEST : 0);
	vip->access_first = first < 0 ? 0 : (uint32_t)first;
	vip->access_count = first < 0 ? 0 : bounds.count;
	free(bounds.bounds);
	if (first >= 0)
		return 0;
	cp_report_add(step->report, step->config->file, service->line,
		      "the allow and deny lists up to service \"%s\" have more than %u boundaries: join prefixes, or "
		      "give services the same lists", service->name, POISE_MAX_ACCESS);
	return -1;
}

// By index, so that the order of the file does not show.
int cp_compile_access(struct cp_compile_step *step)
{
	struct lists lists = { .out = step->out };

	for (uint32_t v = 0; v < step->out->vips_count; v++) {
		const struct cp_service *service = service_of(step, v);

		if (service && compile_one(step, &lists, service, &step->out->vips[v]))
			return -1;
	}
	step->out->access_version = version_of(step->out);
	return 0;
}
