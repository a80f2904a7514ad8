// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// The verdict of a packet is the index of its counter.
#pragma once

#include <poise/base.h>

enum poise_verdict {
#define POISE_COUNTER(NAME, name, kind, help) POISE_##NAME,
#include <poise/counters.def>
#undef POISE_COUNTER
	POISE_COUNTERS,
};

enum poise_verdict_kind {
	POISE_KIND_FORWARD,
	POISE_KIND_PASS,
	POISE_KIND_DROP,
	POISE_KIND_REPLY,
	POISE_KIND_EVENT,
};

POISE_ASSERT(POISE_FORWARDED == 0, "a verdict of zero goes on");

// What to do with a packet of this verdict.
POISE_INLINE enum poise_verdict_kind poise_verdict_kind(enum poise_verdict verdict)
{
	switch (verdict) {
#define POISE_COUNTER(NAME, name, kind, help)                                                      \
	case POISE_##NAME:                                                                         \
		return POISE_KIND_##kind;
#include <poise/counters.def>
#undef POISE_COUNTER
	case POISE_COUNTERS:
		break;
	}
	return POISE_KIND_DROP;
}
