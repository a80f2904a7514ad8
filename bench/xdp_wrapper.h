// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// What xdp_rig and the program that it puts in front of the one under measurement share.
#pragma once

#include <linux/types.h>

#define XDP_WRAPPER_FRAME 64 // bytes, as in traffic.h

// Value of the one-element map `list`. Writer: xdp_rig between the runs, the wrapper in one.
struct xdp_wrapper_list {
	__u32 next;   // frame that the next run gets
	__u32 length; // frames in the list; it begins anew after the last
};
