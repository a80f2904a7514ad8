// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Pages of the metrics port that were made a moment ago. Who asks often gets the same page again, so that any number of
// readers costs poised a tenth of its time at most.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <event2/buffer.h>

#include "page.h"

#define CP_PAGE_CACHE 8

struct cp_page_cache {
	struct cp_page_kept {
		char path[64];
		struct evbuffer *body;
		struct cp_page page;
		uint64_t until_ns; // CLOCK_MONOTONIC
	} kept[CP_PAGE_CACHE];
	unsigned next; // which one makes room
};

// A page that is still good, as a reference in `body`, which is empty. False when there is none.
bool cp_page_cache_get(const struct cp_page_cache *cache, const char *path, uint64_t now_ns, struct evbuffer *body,
		       struct cp_page *page);

// Keep what was made from `began_ns` to `now_ns`; `body` goes on to have it.
void cp_page_cache_put(struct cp_page_cache *cache, const char *path, uint64_t began_ns, uint64_t now_ns,
		       struct evbuffer *body, const struct cp_page *page);

void cp_page_cache_fini(struct cp_page_cache *cache);
