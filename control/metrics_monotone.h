// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The counters of a service are sums over its backends as the running dataplane counts them. They would fall
// when a backend leaves for good or the dataplane starts anew, and a scraper takes a counter that falls for
// one that began at zero: a spike that never was. Here what is lost is remembered, from scrape to scrape.
#pragma once

#include "view.h"

struct cp_monotone_entry;

struct cp_monotone {
	struct cp_monotone_entry *entries; // of the services at the last scrape, owned
	uint32_t count;
};

// Raise the counters of the services in `view` by what earlier ones have lost. Returns 0 or -ENOMEM (then
// *view is unchanged).
int cp_monotone_apply(struct cp_monotone *monotone, struct cp_view *view);
void cp_monotone_fini(struct cp_monotone *monotone);
