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

static struct cp_log_subject subject_of(const struct cp_check *check)
{
	return (struct cp_log_subject){.service = check->service, .backend = check->backend};
}

bool cp_check_local(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS ||
	       error == EADDRNOTAVAIL;
}

void cp_check_schedule(struct cp_check *check, uint64_t delay_ns)
{
	const struct cp_log_subject subject = subject_of(check);
	struct timeval delay = {
		.tv_sec = (time_t)(delay_ns / 1000000000),
		.tv_usec = (suseconds_t)(delay_ns % 1000000000 / 1000),
	};

	if (evtimer_add(check->timer, &delay))
		cp_log_about(&subject, CP_LOG_ERROR, "check-timer", "%s/%s: no memory for the next check",
			     check->service, check->backend);
}

void cp_check_begin(evutil_socket_t fd, short what, void *context)
{
	struct cp_check *check = context;

	check->running = true;
	check->started_ns = cp_view_now_ns();
	check->params.ops->start(check);
}

// The next probe begins one interval after this one began, or somewhat earlier: two checks, or two balancers, that met
// once do not keep step. Each has a phase of its own, which a golden section moves most evenly.
static void rest(struct cp_check *check, uint64_t now_ns)
{
	uint64_t interval_ns = check->params.settings.interval_ms * 1000000ull;
	uint64_t most_ns = interval_ns / 100 * check->params.settings.jitter_percent;
	uint64_t early_ns = (most_ns >> 16) * (check->phase >> 16);
	uint64_t due_ns = check->started_ns + interval_ns - early_ns;

	check->phase += 2654435769u;
	check->running = false;
	cp_check_schedule(check, due_ns > now_ns ? due_ns - now_ns : 1000000);
}

static void tell(const struct cp_check *check, enum cp_node_role role)
{
	struct cp_log_subject subject = subject_of(check);
	char address[INET_ADDRSTRLEN] = "";

	inet_ntop(AF_INET, &check->params.address, address, sizeof(address));
	subject.role = role == CP_NODE_UNKNOWN ? NULL : cp_node_role_name(role);
	if (check->health.healthy)
		cp_log_about(&subject, CP_LOG_INFO, "backend-up", "%s/%s (%s:%u) is up", check->service,
			     check->backend, address, check->params.port);
	else
		cp_log_about(&subject, CP_LOG_WARNING, "backend-down", "%s/%s (%s:%u) is down: %s", check->service,
			     check->backend, address, check->params.port, check->reason);
}

// One that falls again and again is held down although its check is good.
static void damp(struct cp_check *check, uint64_t now_ns)
{
	const struct cp_log_subject subject = subject_of(check);
	uint32_t half_life_s = check->params.settings.damping_s;
	bool damped = cp_damping_holds(&check->damping, half_life_s, now_ns) && check->health.healthy;

	if (damped && !check->damped)
		cp_log_about(&subject, CP_LOG_WARNING, "backend-flaps",
			     "%s/%s goes up and down too often, held down for %u s", check->service, check->backend,
			     cp_damping_left_s(&check->damping, half_life_s, now_ns));
	else if (!damped && check->damped && check->health.healthy)
		cp_log_about(&subject, CP_LOG_INFO, "backend-steady", "%s/%s has been steady and serves again",
			     check->service, check->backend);
	check->damped = damped;
}

void cp_check_report(struct cp_check *check, const struct cp_health_report *found)
{
	const struct cp_health *settings = &check->params.settings;
	struct cp_app *app = cp_checks_app(check->owner);
	struct cp_backend_state *state = cp_app_state(app, check->service, check->backend);
	struct cp_health_report report = *found;
	struct cp_health_state before;
	uint64_t now_ns = cp_view_now_ns();
	uint64_t took_us = (now_ns - check->started_ns) / 1000;

	if (check->impossible)
		cp_log(CP_LOG_INFO, "check-possible", "%s/%s: can be checked again", check->service, check->backend);
	check->impossible = false;
	report.took_us = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
	check->probes++;
	check->last_us = report.took_us;
	if (!report.good) {
		check->failures++;
		memcpy(check->reason, report.reason, sizeof(check->reason));
	}
	before = check->health;
	if (cp_health_result(&check->health, report.good, settings->rise, check->suspect ? 1 : settings->fall, now_ns))
		tell(check, report.role);
	if (before.known && before.healthy && !check->health.healthy)
		cp_damping_fall(&check->damping, settings->damping_s, now_ns);
	damp(check, now_ns);
	check->suspect = check->suspect && !report.good;
	// A reload may have taken the state away.
	if (state && cp_health_report(state, &report, check->health.healthy && !check->damped))
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
	const struct cp_log_subject subject = subject_of(check);

	if (!check->impossible || strcmp(check->want, reason))
		cp_log_about(&subject, CP_LOG_ERROR, "check-impossible", "%s/%s: cannot check: %s", check->service,
			     check->backend, reason);
	check->impossible = true;
	snprintf(check->want, sizeof(check->want), "%s", reason);
	rest(check, cp_view_now_ns());
}
