// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The file with the pair's secret.
#pragma once

#include "sync_seal.h"

#define CP_SYNC_FILE_LEAST 32u
#define CP_SYNC_FILE_MOST 4096u

// Read `file` and make keys of it. Blanks and newlines at its end do not count. Returns NULL, or what is wrong and what
// to do, without the file's name. Static text.
const char *cp_sync_key_load(const char *file, struct cp_sync_secret *secret);
