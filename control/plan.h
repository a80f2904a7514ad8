// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What a new configuration does to the connections that are there. A connection remembers its backend, so none is ever
// moved by a change: it stays untouched, or its backend leaves and it is drained (goes on, nothing new follows), or the
// address it was made for is gone and its next packet ends it (reset). Pure.
#pragma once

#include "view.h"

enum cp_fate { CP_FATE_UNTOUCHED, CP_FATE_MOVED, CP_FATE_DRAINED, CP_FATE_RESET, CP_FATES };

struct cp_plan {
	uint64_t flows[CP_FATES];
};

// The fate of the flows of one row of a view of what runs, were `after` to run.
enum cp_fate cp_plan_fate(const struct cp_config *before, const struct cp_config *after,
			  const struct cp_view_backend *row);
// The sums over all rows. Flows are counted by the view: a sum over workers, or a count that is at most a moment old;
// no walk over the flow table of its own.
void cp_plan(const struct cp_config *before, const struct cp_config *after, const struct cp_view *view,
	     struct cp_plan *plan);
const char *cp_fate_name(enum cp_fate fate);
