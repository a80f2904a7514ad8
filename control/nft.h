// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Rules for the kernel's nftables, by the program nft: one transaction, taken as a whole or not at all. No shell.
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool cp_nft_present(void);

// Blocks until nft is done, some ten milliseconds, at most two seconds. Returns 0, or -errno with one line in `why`;
// -ENOENT: there is no nft.
int cp_nft_run(const char *text, char *why, size_t size);
