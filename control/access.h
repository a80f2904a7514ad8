// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Which sources a service serves: its lists of prefixes, and what the data path searches instead of them. The longest
// prefix that holds a source decides. What is in no list is served when `allow` is empty, else not. Pure.
#pragma once

#include "config.h"

// A rule of one of the lists.
struct cp_access_rule {
	struct cp_prefix prefix;
	bool deny;
};

// Where the answer changes, as in poise/access.h.
struct cp_access_bounds {
	uint32_t *bounds; // host order, ascending; owned
	uint32_t count;
	bool deny_lowest; // is 0.0.0.0 denied?
};

bool cp_access_any(const struct cp_access *access);
bool cp_access_same(const struct cp_access *a, const struct cp_access *b);

// Fill *bounds, to be given back with free(bounds->bounds). Returns 0 or -ENOMEM (nothing to free).
int cp_access_bounds(const struct cp_access *access, struct cp_access_bounds *bounds);

// The rule that decides about a source (network byte order). Returns false when none holds it.
bool cp_access_decides(const struct cp_access *access, uint32_t source, struct cp_access_rule *rule);

// By address, then the shorter one first: below, at or above 0.
int cp_prefix_order(const struct cp_prefix *a, const struct cp_prefix *b);

// "192.0.2.0/24"; without the length for a single address.
struct cp_prefix_text {
	char text[20];
};
struct cp_prefix_text cp_prefix_text(const struct cp_prefix *prefix);
