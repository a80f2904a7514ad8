// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Resets that nobody asked for: to both sides of the flows that the sweep found to be reset.
#pragma once

#include "worker.h"

// Tell both sides of the flows in worker->sweep.resets and forget the list. A flow that there is no buffer for is found
// again by the next pass. By the worker that owns the shards.
void dp_reset_flows(struct dp_worker *worker);
