// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdlib.h>

#include "access.h"
#include "validate.h"

// Boundaries of a service's lists, unless another one before it has the same lists.
static uint32_t own_bounds(const struct cp_config *config, uint32_t index)
{
	const struct cp_access *access = &config->services[index].access;
	struct cp_access_bounds bounds;
	uint32_t count;

	if (!cp_access_any(access))
		return 0;
	for (uint32_t i = 0; i < index; i++)
		if (cp_access_same(&config->services[i].access, access))
			return 0;
	if (cp_access_bounds(access, &bounds))
		return 0; // the compiler will say so
	count = bounds.count;
	free(bounds.bounds);
	return count;
}

void cp_validate_access(const struct cp_config *config, struct cp_report *report)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < config->services_count; i++)
		total += own_bounds(config, i);
	if (total > POISE_MAX_ACCESS)
		cp_report_add(report, config->file, 0,
			      "the allow and deny lists of all services have %llu boundaries, at most %u are possible: "
			      "join prefixes, or give services the same lists",
			      (unsigned long long)total, POISE_MAX_ACCESS);
}
