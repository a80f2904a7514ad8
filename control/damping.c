// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "damping.h"

#define SECOND_NS 1000000000ull

// Halves with each half-life, in a straight line between.
static uint32_t decayed(const struct cp_damping *damping, uint32_t half_life_s, uint64_t now_ns)
{
	uint64_t half_ns = half_life_s * SECOND_NS, passed_ns = now_ns - damping->at_ns;
	uint64_t halves = half_ns ? passed_ns / half_ns : 32;
	uint32_t penalty;

	if (now_ns <= damping->at_ns)
		return damping->penalty;
	if (halves >= 32)
		return 0;
	penalty = damping->penalty >> halves;
	return penalty - (uint32_t)(penalty / 2 * (passed_ns % half_ns / 1000000) / (half_ns / 1000000));
}

void cp_damping_fall(struct cp_damping *damping, uint32_t half_life_s, uint64_t now_ns)
{
	uint32_t penalty = decayed(damping, half_life_s, now_ns) + CP_DAMPING_FALL;

	if (!half_life_s)
		return;
	damping->penalty = penalty < CP_DAMPING_MOST ? penalty : CP_DAMPING_MOST;
	damping->at_ns = now_ns;
}

bool cp_damping_holds(struct cp_damping *damping, uint32_t half_life_s, uint64_t now_ns)
{
	uint32_t penalty = half_life_s ? decayed(damping, half_life_s, now_ns) : 0;

	if (penalty > CP_DAMPING_HOLD)
		damping->holds = true;
	else if (penalty < CP_DAMPING_FREE)
		damping->holds = false;
	return damping->holds;
}

uint32_t cp_damping_left_s(const struct cp_damping *damping, uint32_t half_life_s, uint64_t now_ns)
{
	uint32_t penalty = half_life_s ? decayed(damping, half_life_s, now_ns) : 0, seconds = 0;

	if (!damping->holds || penalty < CP_DAMPING_FREE)
		return 0;
	for (; penalty / 2 >= CP_DAMPING_FREE; penalty /= 2)
		seconds += half_life_s;
	// penalty - penalty / 2 * share = CP_DAMPING_FREE
	return seconds + (uint32_t)((uint64_t)half_life_s * 2 * (penalty - CP_DAMPING_FREE) / penalty) + 1;
}
