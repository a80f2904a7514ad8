// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// One event as a JSON object: the same in the log, in `poisectl -j events` and in the overview.
#pragma once

#include <jansson.h>

#include "events.h"

#define CP_EVENT_TIME_SIZE 40

// `text` goes before the event's own, which may be cut; NULL: that one. A new reference, NULL without memory.
json_t *cp_event_json(const struct cp_event *event, const char *text);

// "2026-01-02T03:04:05.678Z". Returns `text`, a buffer of CP_EVENT_TIME_SIZE bytes.
const char *cp_event_time(uint64_t time_ms, char *text);
