// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What `poisectl flows KEY=VALUE...` asks for. Pure.
#pragma once

#include <stdbool.h>

#include <poise/flow.h>
#include <poise/snapshot.h>

#define CP_FLOWS_DEFAULT 50
#define CP_FLOWS_MOST 10000
#define CP_STATE_ANY 0xff
#define CP_STATE_HALF_OPEN 0xfe

struct cp_flow_filter {
	const char *service; // names point into the arguments; NULL: any
	const char *backend;
	__be32 client;
	__be32 client_mask; // 0: any
	__be16 client_port; // 0: any
	__u8 state;	    // enum poise_flow_state, or one of the above
	__u32 limit;
	char service_text[POISE_NAME_SIZE]; // of backend=SERVICE/NAME
};

// Returns 0, or -1 with a line in error[size]. `arguments` must outlive *filter.
int cp_flow_filter_parse(struct cp_flow_filter *filter, int count, const char *const *arguments, char *error,
			 size_t size);

// Does a flow match? Its names come from `snapshot` (NULL: only filters without names match).
bool cp_flow_filter_match(const struct cp_flow_filter *filter, const struct poise_flow *flow,
			  const struct poise_snapshot *snapshot);

// "established", ... or "unknown".
const char *cp_flow_state_name(unsigned state);

// Names of a flow's service and backend, "" when the snapshot does not have them. Not always terminated:
// print with "%.31s".
const char *cp_flow_service_name(const struct poise_flow *flow, const struct poise_snapshot *snapshot);
const char *cp_flow_backend_name(const struct poise_flow *flow, const struct poise_snapshot *snapshot);
