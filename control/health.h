// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// From probe results to a verdict about a backend: the rise and fall counts. Pure: time is an argument.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// What a node of a replicated database said it is. Only some kinds of check ask.
enum cp_node_role { CP_NODE_UNKNOWN, CP_NODE_PRIMARY, CP_NODE_REPLICA };

#define CP_REASON_SIZE 96

// What one probe found out. All zero but `good` is a probe that asks for no role.
struct cp_health_report {
	bool good;
	enum cp_node_role role;
	bool lag_known;	    // of a replica: the two below hold
	uint64_t lag_bytes; // received and not yet replayed
	uint64_t lag_ms;    // age of the last transaction that was replayed; 0 when nothing is left to replay
	uint32_t took_us;   // duration of the probe
	char reason[CP_REASON_SIZE]; // why it failed, empty when good
};

// "primary", "replica" or "unknown"; a static text.
const char *cp_node_role_name(enum cp_node_role role);

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
