// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Snapshots outside of this process: as a file (what --compile writes, and what the next poised continues
// from) and as a sealed memfd for the dataplane.
#pragma once

#include <poise/snapshot.h>

// Write to `path` by way of a temporary file beside it and a rename. 0 or -errno.
int cp_snapshot_save(const struct poise_snapshot *snapshot, const char *path);

// Read and check a file. Returns 0 with *snapshot to be freed, -ENOENT, or -EINVAL with *why (static text).
int cp_snapshot_load(const char *path, struct poise_snapshot **snapshot, const char **why);

// A memfd holding the snapshot, sealed against every change. The descriptor, or -errno.
int cp_snapshot_seal(const struct poise_snapshot *snapshot);
