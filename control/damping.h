// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Flap damping: a backend that goes up and down too often is held down until it has been steady for a while, by a
// penalty that grows with each fall and halves with time, as RFC 2439 does it for routes. Pure: time is an argument,
// nanoseconds of CLOCK_MONOTONIC. `half_life_s` 0 is no damping.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CP_DAMPING_FALL 1000u // penalty of one fall
#define CP_DAMPING_HOLD 2000u // above it the backend is held down: from the third fall within about a half-life on
#define CP_DAMPING_FREE 750u  // below it it is free again
#define CP_DAMPING_MOST 6000u // so nobody is held for more than three half-lives

// All zero is a backend that never fell.
struct cp_damping {
	uint32_t penalty;
	uint64_t at_ns; // when `penalty` was that
	bool holds;
};

// The backend fell.
void cp_damping_fall(struct cp_damping *damping, uint32_t half_life_s, uint64_t now_ns);

// Is it to be held down now? Call it whenever that matters; it keeps the answer in `holds`.
bool cp_damping_holds(struct cp_damping *damping, uint32_t half_life_s, uint64_t now_ns);

// Seconds until it is free, rounded up; 0 when it is not held.
uint32_t cp_damping_left_s(const struct cp_damping *damping, uint32_t half_life_s, uint64_t now_ns);
