// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What the XDP program counted by itself while no dataplane took the packets, added up over all CPUs.
#pragma once

#include <stdint.h>

#include <poise/xdp.h>

struct cp_xdp_stats {
	int counters; // descriptors of the maps, -1 none
	int backends;
	int services;
	unsigned int cpus;
};

// Open the maps pinned in `pins`. Returns 0 or -errno.
int cp_xdp_stats_open(struct cp_xdp_stats *stats, const char *pins);
void cp_xdp_stats_close(struct cp_xdp_stats *stats);

// Sums over the CPUs; zeros when `stats` is NULL or the map cannot be read.
void cp_xdp_stats_counters(const struct cp_xdp_stats *stats, struct poise_xdp_counters *sum);
void cp_xdp_stats_backend(const struct cp_xdp_stats *stats, uint32_t backend, struct poise_stats_backend *sum);
void cp_xdp_stats_service(const struct cp_xdp_stats *stats, uint32_t vip, struct poise_stats_service *sum);
