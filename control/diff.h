// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What differs between the config that runs and a new one, for the operator to read. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct cp_change {
	char *text;   // one line, owned: "service web: backend web3 added"
	bool restart; // a running process does not take it: it wants poised and the dataplane started anew
};

struct cp_diff {
	struct cp_change *items; // owned
	size_t count;
	uint32_t services_added, services_removed, services_changed;
	uint32_t backends_added, backends_removed;
	bool restart; // at least one change wants a restart
	bool failed;  // out of memory: the list is not complete
};

// Fill *diff (zeroed here), to be freed with cp_diff_fini(). `before` may be NULL: everything is new.
void cp_diff(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff);
void cp_diff_fini(struct cp_diff *diff);

// One malloc()ed line: "no change", or "1 service added, 2 backends removed, 3 settings changed", followed by
// "; restart needed for ..." when there is something that a reload cannot do. NULL when out of memory.
char *cp_diff_summary(const struct cp_diff *diff);
