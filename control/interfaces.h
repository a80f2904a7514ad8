// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Does this host have what the config names? Asked at start, by a reload and by --check.
#pragma once

#include "config.h"

// In af_xdp mode every port's interface must exist and be an Ethernet device. Returns 0, or -1 with lines
// in *report.
int cp_interfaces_check(const struct cp_config *config, struct cp_report *report);
