// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Do the services fit into the slots of a snapshot, whichever of their backends are up?
#pragma once

#include "config.h"

void cp_validate_slots(const struct cp_config *config, struct cp_report *report);
