// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The pieces of cp_diff().
#pragma once

#include "diff.h"

// Add one change.
void cp_diff_note(struct cp_diff *diff, bool restart, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
// Do two texts differ, either of which may be NULL?
bool cp_diff_text(const char *before, const char *after);

void cp_diff_process(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff);
void cp_diff_ha(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff);
void cp_diff_ports(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff);
void cp_diff_neighbors(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff);
// Of one service: allow, deny and limits.
void cp_diff_access(const struct cp_service *before, const struct cp_service *after, struct cp_diff *diff);
void cp_diff_firewall(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff);
void cp_diff_services(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff);
