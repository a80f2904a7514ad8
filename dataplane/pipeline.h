// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The way of a burst: parse, find, decide, rewrite. Hot: runs in the worker's thread.
#pragma once

#include <poise/trace.h>

#include "worker.h"

// Put worker->burst.packets[0..count-1] through all stages; worker->burst.snapshot and now_ms are set. The
// packets are sent, handed to their owner, or freed and counted. mbuf->port is the logical port each came in by.
void dp_pipeline(struct dp_worker *worker, uint32_t count);

// The same without sending: what leaves stays in worker->transmit and worker->handoff until dp_flush().
void dp_pipeline_stages(struct dp_worker *worker, uint32_t count);
