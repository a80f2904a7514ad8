// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "lifecycle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sched/sched.h"

#define SECOND_NS 1000000000ull

struct step {
	const struct cp_service *service;
	struct cp_backend_state *states; // of the service's backends
	uint64_t now_ns;
	uint64_t next_ns; // 0: nothing is waited for
	cp_lifecycle_tell *say;
};

// `state` is the backend it is about, NULL: the service.
__attribute__((format(printf, 5, 6))) static void say(const struct step *step, const struct cp_backend_state *state,
						       enum cp_log_level level, const char *id, const char *format,
						       ...)
{
	struct cp_log_subject subject = {.service = step->service->name};
	char text[256];
	va_list arguments;

	if (state) {
		subject.backend = state->backend;
		subject.role = state->node_role ? cp_node_role_name(state->node_role) : NULL;
	}
	if (!step->say)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	step->say(&subject, level, id, text);
}

static void wake_at(struct step *step, uint64_t when_ns)
{
	if (!step->next_ns || when_ns < step->next_ns)
		step->next_ns = when_ns;
}

bool cp_lifecycle_lag_ok(const struct cp_lifecycle *lifecycle, const struct cp_backend_state *state)
{
	if (!lifecycle->max_lag_ms && !lifecycle->max_lag_bytes)
		return true;
	return state->lag_known && (!lifecycle->max_lag_ms || state->lag_ms <= lifecycle->max_lag_ms) &&
	       (!lifecycle->max_lag_bytes || state->lag_bytes <= lifecycle->max_lag_bytes);
}

int64_t cp_lifecycle_drain_left(const struct cp_backend_state *state, uint64_t now_ns)
{
	uint64_t end_ns = state->drain_ns + state->drain_deadline_s * SECOND_NS;

	if (!state->draining || !state->drain_deadline_s)
		return -1;
	return end_ns > now_ns ? (int64_t)((end_ns - now_ns + SECOND_NS - 1) / SECOND_NS) : 0;
}

void cp_lifecycle_adopt(struct cp_backend_state *state)
{
	state->healthy = true;
	state->serving = true;
	state->taking_ns = 1;
}

// Backends that were taken out within the interval; *oldest_ns is when the first of them was.
static uint32_t ejected_lately(const struct step *step, uint64_t *oldest_ns)
{
	uint64_t interval_ns = step->service->lifecycle.ejection_interval_s * SECOND_NS;
	uint32_t count = 0;

	*oldest_ns = step->now_ns;
	for (uint32_t i = 0; i < step->service->backends_count; i++) {
		const struct cp_backend_state *state = &step->states[i];

		if (!state->ejected_ns || step->now_ns - state->ejected_ns >= interval_ns)
			continue;
		count++;
		if (state->ejected_ns < *oldest_ns)
			*oldest_ns = state->ejected_ns;
	}
	return count;
}

static uint32_t may_eject(const struct cp_service *service)
{
	uint32_t most = service->backends_count * service->lifecycle.max_ejected_percent / 100;

	if (service->lifecycle.max_ejected_percent == 100)
		return UINT32_MAX; // also those that come and go within the interval
	return most ? most : 1;
}

// A check that fails takes its backend out, unless too many were taken out lately: then what fails may well be the way
// to all of them.
static void eject(struct step *step)
{
	const struct cp_service *service = step->service;
	uint64_t oldest_ns;
	uint32_t lately = ejected_lately(step, &oldest_ns);

	for (uint32_t i = 0; i < service->backends_count; i++) {
		struct cp_backend_state *state = &step->states[i];

		if (state->healthy || !state->serving) {
			state->held = false;
			state->serving |= state->healthy;
		} else if (lately < may_eject(service)) {
			state->held = state->serving = false;
			state->ejected_ns = step->now_ns;
			lately++;
		} else {
			if (!state->held)
				say(step, state, CP_LOG_WARNING, "ejection-held",
				    "%s/%s stays in service although its check fails: %u of %u were taken out "
				    "within %u s",
				    state->service, state->backend, lately, service->backends_count,
				    service->lifecycle.ejection_interval_s);
			state->held = true;
			wake_at(step, oldest_ns + service->lifecycle.ejection_interval_s * SECOND_NS);
		}
	}
}

// Does another backend of the service serve for a while already? Then this one has somebody to be gentle with.
static bool others_serve(const struct step *step, uint32_t index)
{
	const struct cp_health *health = &step->service->health;
	uint64_t while_ns = SECOND_NS + 2000000ull * health->interval_ms;

	for (uint32_t i = 0; i < step->service->backends_count; i++) {
		uint64_t since_ns = step->states[i].taking_ns;

		if (i != index && since_ns && since_ns + while_ns <= step->now_ns)
			return true;
	}
	return false;
}

static void slow_start(struct step *step, uint32_t index)
{
	uint64_t length_ns = step->service->lifecycle.slow_start_s * SECOND_NS, elapsed_ns;
	struct cp_backend_state *state = &step->states[index];
	bool takes = (state->healthy || state->held) && !state->disabled && !state->draining;

	state->share = 0;
	if (!takes) {
		state->taking_ns = state->ramp_ns = 0;
		return;
	}
	if (!state->taking_ns) {
		state->taking_ns = step->now_ns;
		state->ramp_ns = length_ns && others_serve(step, index) ? step->now_ns : 0;
	}
	elapsed_ns = step->now_ns - state->ramp_ns;
	if (!state->ramp_ns || elapsed_ns >= length_ns) {
		state->ramp_ns = 0;
		return;
	}
	state->share = (uint8_t)(1 + (CP_SHARE_WHOLE - 1) * elapsed_ns / length_ns);
	wake_at(step, state->ramp_ns + (state->share * length_ns + CP_SHARE_WHOLE - 2) / (CP_SHARE_WHOLE - 1));
}

static void drain(struct step *step, struct cp_backend_state *state)
{
	int64_t left_s = cp_lifecycle_drain_left(state, step->now_ns);

	if (!left_s && !state->overdue)
		say(step, state, CP_LOG_WARNING, "drain-deadline",
		    "%s/%s: the drain's %u s are over, its flows are reset", state->service, state->backend,
		    state->drain_deadline_s);
	state->overdue = !left_s;
	if (left_s > 0)
		wake_at(step, state->drain_ns + state->drain_deadline_s * SECOND_NS);
}

// Two that both take writes: which of them is right is not ours to guess.
static void find_rivals(struct step *step)
{
	uint32_t primaries = 0;
	bool before = false, rivals;

	for (uint32_t i = 0; i < step->service->backends_count; i++) {
		const struct cp_backend_state *state = &step->states[i];

		primaries += state->healthy && state->node_role == CP_NODE_PRIMARY;
		before |= state->rival;
	}
	rivals = primaries > 1 && step->service->lifecycle.role_required != CP_NODE_UNKNOWN;
	for (uint32_t i = 0; i < step->service->backends_count; i++) {
		struct cp_backend_state *state = &step->states[i];

		state->rival = rivals && state->healthy && state->node_role == CP_NODE_PRIMARY;
	}
	if (rivals && !before)
		say(step, NULL, CP_LOG_ERROR, "two-primaries",
		    "service %s: %u backends claim to be the primary%s", step->service->name, primaries,
		    step->service->lifecycle.role_required == CP_NODE_PRIMARY ? "; it takes no new flows" : "");
	else if (before && !rivals)
		say(step, NULL, CP_LOG_INFO, "two-primaries-over", "service %s: one primary again, or none",
		    step->service->name);
}

uint64_t cp_lifecycle_step(const struct cp_config *config, struct cp_states *states, uint64_t now_ns,
			   cp_lifecycle_tell *tell)
{
	struct step step = {.states = states->items, .now_ns = now_ns, .say = tell};
	uint32_t left = states->count;

	for (uint32_t i = 0; i < config->services_count; i++) {
		uint32_t count = config->services[i].backends_count;

		if (count > left) // states of another config
			break;
		step.service = &config->services[i];
		eject(&step);
		find_rivals(&step);
		if (step.service->lifecycle.max_lag_ms || step.service->lifecycle.max_lag_bytes)
			wake_at(&step, now_ns + SECOND_NS); // a lag that only grows is no change by itself
		for (uint32_t j = 0; j < count; j++) {
			slow_start(&step, j);
			drain(&step, &step.states[j]);
		}
		step.states += count;
		left -= count;
	}
	return step.next_ns;
}
