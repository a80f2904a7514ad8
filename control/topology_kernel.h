// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// From what the kernel says to what a snapshot is compiled from. Pure.
#pragma once

#include "compile.h"
#include "kernel_view.h"

// Fill *topology (zeroed here; free with cp_topology_fini()). Next hops are those of the backends and the
// routes' gateways; the config's own neighbors go before the kernel's. Routes beyond POISE_MAX_ROUTES that no
// backend needs are left out, *dropped says how many. Orders are canonical, so that equal worlds compare equal.
// 0 or -ENOMEM.
int cp_topology_kernel(const struct cp_config *config, const struct cp_kernel_view *view,
		       struct cp_topology *topology, uint32_t *dropped);

bool cp_topology_same(const struct cp_topology *a, const struct cp_topology *b);
