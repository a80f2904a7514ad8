// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Passive signals: clients notice before a check does that a backend does not answer. Once a second the handshakes
// that the data paths counted are looked at. poised's thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../view.h"

#define CP_PASSIVE_SIGNS 3 // within a second, so that a single lost segment is no sign

// Readings of a backend; all zero before the first.
struct cp_passive {
	bool read;
	uint64_t answers;
	uint64_t bad; // SYNs sent again or refused
};

// Take a reading. True: since the last one several handshakes failed and none succeeded. Pure.
bool cp_passive_sign(struct cp_passive *passive, const struct cp_view_traffic *traffic);
