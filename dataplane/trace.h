// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A burst while somebody watches: one packet after the other, recorded as it came and as it left. Slower than the way
// of a burst by some hundred nanoseconds a packet, for as long as poised keeps the trace's time in the future. The
// worker's thread.
#pragma once

#include "worker.h"

// As dp_pipeline().
void dp_trace_burst(struct dp_worker *worker, uint32_t count);
