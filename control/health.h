// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// From probe results to a verdict about a backend: the rise and fall counts. Pure: time is an argument.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// All zero is a backend that was never probed: not known, not healthy.
struct cp_health_state {
	bool known;	   // a verdict is there
	bool healthy;	   // the verdict
	bool last_ok;	   // the last result; meaningful when streak is not 0
	uint32_t streak;   // results in a row that equal the last one; stays at its maximum
	uint64_t since_ns; // of the last change of the verdict
};

// Take one result. The first one decides at once, so that a start does not wait `rise` intervals; from then on
// `fall` failures in a row take a healthy backend down and `rise` successes in a row bring it back (0 counts
// as 1). Returns true when the verdict changed or was made for the first time; since_ns is then `now_ns`.
bool cp_health_result(struct cp_health_state *state, bool ok, uint32_t rise, uint32_t fall, uint64_t now_ns);
