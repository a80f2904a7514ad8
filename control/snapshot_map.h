// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The snapshot that the XDP program runs with, from its pinned map: newer than the file when the disk was full.
#pragma once

#include <poise/snapshot.h>

// A copy of it in *snapshot, owned by the caller. Returns 0, -ENOENT when there is none, -EINVAL when it is of another
// version or not sound.
int cp_snapshot_map_load(const char *pins, struct poise_snapshot **snapshot);
