// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "page_cache.h"

#include <stdio.h>
#include <string.h>

#define TIMES 10		 // what it took to make a page, times this, is how long it is good
#define LONGEST_NS 1000000000ull // so that nobody sees old numbers

bool cp_page_cache_get(const struct cp_page_cache *cache, const char *path, uint64_t now_ns, struct evbuffer *body,
		       struct cp_page *page)
{
	for (unsigned i = 0; i < CP_PAGE_CACHE; i++) {
		const struct cp_page_kept *kept = &cache->kept[i];

		if (!kept->body || now_ns >= kept->until_ns || strcmp(kept->path, path) != 0)
			continue;
		*page = kept->page;
		return !evbuffer_add_buffer_reference(body, kept->body);
	}
	return false;
}

void cp_page_cache_put(struct cp_page_cache *cache, const char *path, uint64_t began_ns, uint64_t now_ns,
		       struct evbuffer *body, const struct cp_page *page)
{
	uint64_t good_ns = (now_ns - began_ns) * TIMES;
	struct cp_page_kept *kept = NULL;

	if (strlen(path) >= sizeof(kept->path) || !evbuffer_get_length(body))
		return;
	for (unsigned i = 0; i < CP_PAGE_CACHE; i++)
		if (cache->kept[i].body && !strcmp(cache->kept[i].path, path))
			kept = &cache->kept[i];
	if (!kept)
		kept = &cache->kept[cache->next++ % CP_PAGE_CACHE];
	if (kept->body)
		evbuffer_free(kept->body); // answers under way have references of their own
	kept->body = evbuffer_new();
	if (!kept->body)
		return;
	snprintf(kept->path, sizeof(kept->path), "%s", path);
	kept->page = *page;
	kept->until_ns = now_ns + (good_ns < LONGEST_NS ? good_ns : LONGEST_NS);
	evbuffer_add_buffer(kept->body, body);
	evbuffer_add_buffer_reference(body, kept->body);
}

void cp_page_cache_fini(struct cp_page_cache *cache)
{
	for (unsigned i = 0; i < CP_PAGE_CACHE; i++)
		if (cache->kept[i].body)
			evbuffer_free(cache->kept[i].body);
	memset(cache, 0, sizeof(*cache));
}
