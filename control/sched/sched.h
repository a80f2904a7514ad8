// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Schedulers write the slots of a service: the order in which its backends are served, or the table that a hash of
// the client looks into. The data path only reads them. A new one is sched/NAME.c with cp_sched_NAME() and its line
// in poise/schedulers.def. Pure.
#pragma once

#include <stdint.h>

#include <poise/snapshot.h>

#define CP_LC_SLOTS 1024u // slots of a service with scheduler lc, at most

#define CP_SHARE_WHOLE 10u // tenths

struct cp_sched_backend {
	uint16_t index;	 // into the snapshot's backends
	uint16_t weight; // at least 1: those that take no new flows are not asked
	uint32_t flows;	 // lc: that it has now
	uint32_t expected; // lc: new flows of the last second
	uint8_t share;	   // tenths of its weight that it is to get now; 0: all. cp_compile_slots() applies it
	uint64_t key;	 // maglev: says who it is, the same on every host
};

struct cp_sched_service {
	const struct cp_sched_backend *backends; // that serve, in the order of the config
	uint32_t count;
	uint32_t configured; // maglev: backends of the config, whether they serve or not
	uint32_t expected;   // lc: new flows until it is asked again
};

// Fill slots[] with at most `room` backend indices. Returns how many, or -ENOSPC when they do not fit, -ENOMEM.
int cp_sched_fill(enum poise_scheduler scheduler, const struct cp_sched_service *service, uint16_t *slots,
		  uint32_t room);

// Slots of a maglev service with so many backends in the config: a prime of at least a hundred times as many
// (NSDI '16, 5.3), as far as one service may have them.
uint32_t cp_sched_maglev_size(uint32_t configured);

// The schedulers themselves; cp_sched_fill() chooses.
#define POISE_SCHEDULER(NAME, name, pick, help)                                                                \
	int cp_sched_##name(const struct cp_sched_service *service, uint16_t *slots, uint32_t room);
#include <poise/schedulers.def>
#undef POISE_SCHEDULER
