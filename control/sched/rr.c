// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>

#include "sched.h"

// One slot each, in the order of the config.
int cp_sched_rr(const struct cp_sched_backend *backends, uint32_t count, uint16_t *slots, uint32_t room)
{
	if (count > room)
		return -ENOSPC;
	for (uint32_t i = 0; i < count; i++)
		slots[i] = backends[i].index;
	return (int)count;
}
