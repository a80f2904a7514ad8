// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The Prometheus text format, version 0.0.4. Pure.
#pragma once

#include <stdint.h>

#include <event2/buffer.h>

struct cp_label {
	const char *name;
	const char *value; // any bytes; escaped when written
};

#define CP_LABELS(...)             \
	(const struct cp_label[])  \
	{                          \
		__VA_ARGS__,       \
		{                  \
			NULL, NULL \
		}                  \
	}

// The two lines that open a family. `type` is "counter" or "gauge".
void cp_metrics_family(struct evbuffer *out, const char *name, const char *type, const char *help);

// A sample. `labels` ends with a NULL name; NULL: no labels.
void cp_metrics_count(struct evbuffer *out, const char *name, const struct cp_label *labels, uint64_t value);
void cp_metrics_real(struct evbuffer *out, const char *name, const struct cp_label *labels, double value);
