// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Schedulers write the order in which the backends of a service are served; the data path only walks it.
// A new one is sched/NAME.c with cp_sched_NAME() and its line in poise/schedulers.def. Pure.
#pragma once

#include <stdint.h>

#include <poise/snapshot.h>

struct cp_sched_backend {
	uint16_t index;	 // into the snapshot's backends
	uint16_t weight; // 1 to 256: those that take no new flows are not asked
};

// Fill slots[] with at most `room` backend indices. Returns how many, or -ENOSPC when they do not fit.
// `backends` are in the order of the config.
int cp_sched_fill(enum poise_scheduler scheduler, const struct cp_sched_backend *backends, uint32_t count,
		  uint16_t *slots, uint32_t room);

// The schedulers themselves; cp_sched_fill() chooses.
#define POISE_SCHEDULER(NAME, name, pick, help)                                                                \
	int cp_sched_##name(const struct cp_sched_backend *backends, uint32_t count, uint16_t *slots,          \
			    uint32_t room);
#include <poise/schedulers.def>
#undef POISE_SCHEDULER
