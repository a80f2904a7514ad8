// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>

#include "sched.h"

int cp_sched_fill(enum poise_scheduler scheduler, const struct cp_sched_service *service, uint16_t *slots,
		  uint32_t room)
{
	static int (*const fill[])(const struct cp_sched_service *, uint16_t *, uint32_t) = {
#define POISE_SCHEDULER(NAME, name, pick, help) [POISE_SCHEDULER_##NAME] = cp_sched_##name,
#include <poise/schedulers.def>
#undef POISE_SCHEDULER
	};

	if ((unsigned int)scheduler >= POISE_SCHEDULERS)
		return -EINVAL;
	if (!service->count)
		return 0;
	return fill[scheduler](service, slots, room);
}
