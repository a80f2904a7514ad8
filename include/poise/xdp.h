// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// What poised and the XDP program share besides the snapshot and the flow table.
#pragma once

#include <poise/base.h>

// Value of the one-element map poise_state. Writer: poised.
struct poise_xdp_state {
	__u32 active;	// which element of poise_snapshots is in force
	__u32 published; // 0 until the first snapshot is complete
	__u64 reserved[7];
};
POISE_ASSERT(sizeof(struct poise_xdp_state) == POISE_LINE_SIZE, "one line");

// Counters of the XDP program, index into poise_fates.
enum poise_xdp_fate {
	POISE_XDP_PASSED,	// the kernel's own traffic
	POISE_XDP_REDIRECTED,	// given to the dataplane
	POISE_XDP_NO_SOCKET,	// ours, but no dataplane took it: dropped
	POISE_XDP_FATES,
};
