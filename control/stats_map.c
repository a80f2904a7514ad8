// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "stats_map.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

const char *cp_stats_map(int fd, const struct poise_stats **stats, size_t *bytes)
{
	const struct poise_stats *page;
	struct stat status;
	size_t size;

	if (fd < 0 || fstat(fd, &status))
		return "no stats page";
	size = (size_t)status.st_size;
	if (status.st_size < (off_t)sizeof(*page))
		return "stats page too small";
	page = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return "stats page cannot be mapped";
	if (page->magic != POISE_STATS_MAGIC || page->abi_version != POISE_ABI_VERSION ||
	    page->workers > POISE_MAX_WORKERS ||
	    sizeof(*page) + page->workers * sizeof(struct poise_stats_worker) > size) {
		cp_stats_unmap(page, size);
		return "stats page of another version";
	}
	*stats = page;
	*bytes = size;
	return NULL;
}

void cp_stats_unmap(const struct poise_stats *stats, size_t bytes)
{
	if (stats)
		munmap((void *)(uintptr_t)stats, bytes);
}
