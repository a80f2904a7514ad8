// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The program that sees a dataplane get a deadly signal (bpf/poise_signal.bpf.c): load, attach, pin. It is a comfort:
// without it the heartbeat says the same some milliseconds later.
#pragma once

#include <stddef.h>

#define CP_XDP_SIGNAL_PIN "signal"

// Attach the program to the flow table `flows` and pin it in `pins`, in the place of one that an earlier poised left,
// so that it outlives poised. Returns 0, or -errno with one line in `why`; what was attached before stays then.
int cp_xdp_signal_attach(const char *pins, int flows, char *why, size_t why_size);

// Could it be attached? Leaves nothing behind. Returns 0, or -errno with one line in `why`.
int cp_xdp_signal_try(char *why, size_t why_size);
