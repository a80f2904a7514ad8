// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>

#include "sched.h"

// One slot each, in the order of the config.
int cp_sched_rr(const struct cp_sched_service *service, uint16_t *slots, uint32_t room)
{
	uint32_t count = service->count;

	if (count > room)
		return -ENOSPC;
	for (uint32_t i = 0; i < count; i++)
		slots[i] = service->backends[i].index;
	return (int)count;
}
