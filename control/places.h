// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Where the other parts of Poise are: named by the environment, else in the build tree around this executable,
// else where they were installed.
#pragma once

#include <stddef.h>

enum cp_place { CP_PLACE_DATAPLANE, CP_PLACE_XDP_OBJECT, CP_PLACE_SIGNAL_OBJECT, CP_PLACES };

// Path of a readable file into `path`. 0, or -ENOENT with the path that was tried last.
int cp_place_find(enum cp_place place, char *path, size_t size);
