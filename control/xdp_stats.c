// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "xdp_stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

// The kernel writes as much as the map's values hold: an XDP program of another build would overrun our buffers.
static int open_pin(const char *pins, const char *name, size_t bytes)
{
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", pins, name);
	fd = bpf_obj_get(path);
	if (fd >= 0 && (bpf_obj_get_info_by_fd(fd, &info, &length) || info.value_size != bytes)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int cp_xdp_stats_open(struct cp_xdp_stats *stats, const char *pins)
{
	int cpus = libbpf_num_possible_cpus();

	stats->counters = open_pin(pins, "poise_counters", sizeof(struct poise_xdp_counters));
	stats->backends = open_pin(pins, "poise_backends", sizeof(struct poise_stats_backend));
	stats->services = open_pin(pins, "poise_services", sizeof(struct poise_stats_service));
	stats->cpus = cpus > 0 ? (unsigned int)cpus : 0;
	if (stats->counters >= 0 && stats->backends >= 0 && stats->services >= 0 && stats->cpus)
		return 0;
	cp_xdp_stats_close(stats);
	return -ENOENT;
}

void cp_xdp_stats_close(struct cp_xdp_stats *stats)
{
	if (stats->counters >= 0)
		close(stats->counters);
	if (stats->backends >= 0)
		close(stats->backends);
	if (stats->services >= 0)
		close(stats->services);
	stats->counters = stats->backends = stats->services = -1;
}

// Add the words of one entry up over the CPUs. `bytes` is a multiple of 8.
static void add_up(int map, uint32_t key, unsigned int cpus, void *sum, size_t bytes)
{
	uint64_t *values = calloc(cpus, bytes), *words = sum;

	memset(sum, 0, bytes);
	if (values && !bpf_map_lookup_elem(map, &key, values))
		for (size_t i = 0; i < cpus * (bytes / 8); i++)
			words[i % (bytes / 8)] += values[i];
	free(values);
}

void cp_xdp_stats_counters(const struct cp_xdp_stats *stats, struct poise_xdp_counters *sum)
{
	_Static_assert(sizeof(*sum) % 8 == 0, "values of a per-CPU map are whole words");

	memset(sum, 0, sizeof(*sum));
	if (stats)
		add_up(stats->counters, 0, stats->cpus, sum, sizeof(*sum));
}

void cp_xdp_stats_backend(const struct cp_xdp_stats *stats, uint32_t backend, struct poise_stats_backend *sum)
{
	memset(sum, 0, sizeof(*sum));
	if (stats)
		add_up(stats->backends, backend, stats->cpus, sum, sizeof(*sum));
}

void cp_xdp_stats_service(const struct cp_xdp_stats *stats, uint32_t vip, struct poise_stats_service *sum)
{
	memset(sum, 0, sizeof(*sum));
	if (stats)
		add_up(stats->services, vip, stats->cpus, sum, sizeof(*sum));
}
