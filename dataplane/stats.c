// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See stats.h.
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int dp_stats_init(struct dp_stats *stats, unsigned int workers, unsigned long long now_ns,
		  struct dp_error *error)
{
	struct poise_stats *page;
	char path[64];

	stats->bytes = sizeof(*page) + workers * sizeof(page->worker[0]);
	stats->fd = memfd_create("poise-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	stats->share_fd = -1;
	if (stats->fd < 0)
		return dp_fail(error, -errno, "stats page: %s", strerror(errno));
	if (ftruncate(stats->fd, (off_t)stats->bytes) ||
	    fcntl(stats->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		return dp_fail(error, -errno, "stats page: %s", strerror(errno));
	page = mmap(NULL, stats->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, stats->fd, 0);
	if (page == MAP_FAILED)
		return dp_fail(error, -errno, "stats page: %s", strerror(errno));
	stats->page = page;
	page->abi_version = POISE_ABI_VERSION;
	page->workers = workers;
	page->size = stats->bytes;
	page->started_ns = now_ns;
	POISE_STORE_RELEASE(page->magic, POISE_STATS_MAGIC);
	// A second open of the same file gives a descriptor that cannot write. Without /proc it has to be trusted.
	snprintf(path, sizeof(path), "/proc/self/fd/%d", stats->fd);
	stats->share_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (stats->share_fd < 0)
		stats->share_fd = fcntl(stats->fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

void dp_stats_fini(struct dp_stats *stats)
{
	if (stats->page)
		munmap(stats->page, stats->bytes);
	if (stats->share_fd >= 0)
		close(stats->share_fd);
	if (stats->fd >= 0)
		close(stats->fd);
	*stats = (struct dp_stats){ .fd = -1, .share_fd = -1 };
}

unsigned long long dp_stats_received(const struct dp_stats *stats)
{
	unsigned long long sum = 0;

	for (unsigned int w = 0; w < stats->page->workers; w++)
		for (unsigned int port = 0; port < POISE_MAX_PORTS; port++)
			sum += POISE_LOAD(stats->page->worker[w].ports[port].rx_packets);
	return sum;
}

unsigned long long dp_stats_counter(const struct dp_stats *stats, enum poise_verdict verdict)
{
	unsigned long long sum = 0;

	for (unsigned int w = 0; w < stats->page->workers; w++)
		sum += POISE_LOAD(stats->page->worker[w].counters[verdict]);
	return sum;
}
