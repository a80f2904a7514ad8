// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Snapshots as the dataplane takes them: from a file or a sealed memfd, never trusted, always copied.
// Plain C without EAL. Cold.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <poise/snapshot.h>

#include "log.h"

// Is the snapshot in `bytes` bytes at `snapshot` safe to index? Checks size, magic, version, all counts and
// every index in it. Returns NULL, or a static text that says what is wrong.
const char *dp_snapshot_check(const struct poise_snapshot *snapshot, size_t bytes);

// Read and check a file made by `poised --compile`. On 0 *out is the caller's, for dp_snapshot_free().
int dp_snapshot_load(const char *file, struct poise_snapshot **out, struct dp_error *error);

// Copy and check the snapshot in a memfd, which must be sealed against writing, growing and shrinking, so that
// nobody changes it between check and use. The descriptor stays the caller's.
int dp_snapshot_take(int fd, struct poise_snapshot **out, struct dp_error *error);

void dp_snapshot_free(struct poise_snapshot *snapshot);

// Do both want the same devices? Ports are configured once.
bool dp_snapshot_same_ports(const struct poise_snapshot *a, const struct poise_snapshot *b);

// Where the snapshot leaves a port's link address open (all zero), use `mac`: for the port itself and as source
// of everything that leaves by it.
void dp_snapshot_fill_mac(struct poise_snapshot *snapshot, uint32_t port, const uint8_t mac[6]);
