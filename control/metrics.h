// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What /metrics says, in parts. Names are stable: dashboards and alerts read them.
#pragma once

#include "metrics_monotone.h"
#include "metrics_text.h"
#include "view.h"

// The whole page. `monotone` remembers what it said before. 0 or -ENOMEM.
int cp_metrics_write(const struct cp_app *app, struct cp_monotone *monotone, struct evbuffer *out);

// Its parts: poised and the dataplane as such, packets and flows, services and backends.
void cp_metrics_process(const struct cp_app *app, struct evbuffer *out);
void cp_metrics_packets(const struct cp_app *app, struct evbuffer *out);
void cp_metrics_handshakes(const struct cp_view *view, struct evbuffer *out);
void cp_metrics_states(const struct cp_app *app, const struct cp_view *view, struct evbuffer *out);
void cp_metrics_sync(const struct cp_app *app, struct evbuffer *out);
void cp_metrics_lifecycle(const struct cp_view *view, struct evbuffer *out);
void cp_metrics_backends(const struct cp_view *view, struct evbuffer *out);
