// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// One check's life: probe, judge, tell, rest.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../log.h"
#include "../states.h"
#include "../view.h"
#include "check.h"

bool cp_check_local(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS ||
	       error == EADDRNOTAVAIL;
}

void cp_check_schedule(struct cp_check *check, uint64_t delay_ns)
{
	struct timeval delay = {
		.tv_sec = (time_t)(delay_ns / 1000000000),
		.tv_usec = (suseconds_t)(delay_ns % 1000000000 / 1000),
	};

	if (evtimer_add(check->timer, &delay))
		cp_log(CP_LOG_ERROR, "check-timer", "%s/%s: no memory for the next check", check->service,
		       check->backend);
}

void cp_check_begin(evutil_socket_t fd, short what, void *context)
{
	struct cp_check *check = context;

	check->running = true;
	check->started_ns = cp_view_now_ns();
	check->params.ops->start(check);
}

// The next probe begins one interval after this one began, so that phases stay apart.
static void rest(struct cp_check *check, uint64_t now_ns)
{
	uint64_t due_ns = check->started_ns + check->params.settings.interval_ms * 1000000ull;

	check->running = false;
	cp_check_schedule(check, due_ns > now_ns ? due_ns - now_ns : 1000000);
}

static void tell(const struct cp_check *check)
{
	char address[INET_ADDRSTRLEN] = "";

	inet_ntop(AF_INET, &check->params.address, address, sizeof(address));
	if (check->health.healthy)
		cp_log(CP_LOG_INFO, "backend-up", "%s/%s (%s:%u) is up", check->service, check->backend,
		       address, check->params.port);
	else
		cp_log(CP_LOG_WARNING, "backend-down", "%s/%s (%s:%u) is down: %s", check->service,
		       check->backend, address, check->params.port, check->reason);
}

void cp_check_report(struct cp_check *check, const struct cp_health_report *found)
{
	const struct cp_health *settings = &check->params.settings;
	struct cp_app *app = cp_checks_app(check->owner);
	struct cp_backend_state *state = cp_app_state(app, check->service, check->backend);
	struct cp_health_report report = *found;
	uint64_t now_ns = cp_view_now_ns();
	uint64_t took_us = (now_ns - check->started_ns) / 1000;

	report.took_us = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
	check->probes++;
	check->last_us = report.took_us;
	if (!report.good) {
		check->failures++;
		memcpy(check->reason, report.reason, sizeof(check->reason));
	}
	if (cp_health_result(&check->health, report.good, settings->rise, settings->fall, now_ns))
		tell(check);
	// A reload may have taken the state away.
	if (state && cp_health_report(state, &report, check->health.healthy))
		cp_changed(app);
	rest(check, now_ns);
}

void cp_check_done(struct cp_check *check, bool good, const char *reason)
{
	struct cp_health_report report = {.good = good};

	if (!good)
		snprintf(report.reason, sizeof(report.reason), "%s", reason);
	cp_check_report(check, &report);
}

void cp_check_impossible(struct cp_check *check, const char *reason)
{
	cp_log(CP_LOG_ERROR, "check-impossible", "%s/%s: cannot check: %s", check->service, check->backend,
	       reason);
	rest(check, cp_view_now_ns());
}
