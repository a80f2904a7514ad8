// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Which checks there are: they follow the config, and keep what they know over a reload.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <event2/util.h>

#include "../log.h"
#include "../view.h"
#include "check.h"

#define SPREAD_LEAST_MS 20 // first probes of a few backends come within this,
#define SPREAD_EACH_MS 1   // of many within this much for each, so that they do not come at once

struct cp_checks {
	struct cp_app *app;
	struct cp_check **items; // ordered by service and backend
	uint32_t count;
	struct cp_curl_loop *curl; // NULL until an HTTP check runs
	struct event *signs;	   // each second, for passive signs
};

struct cp_app *cp_checks_app(const struct cp_checks *checks)
{
	return checks->app;
}

struct event_base *cp_checks_base(const struct cp_checks *checks)
{
	return checks->app->base;
}

struct cp_curl_loop *cp_checks_curl(struct cp_checks *checks)
{
	if (!checks->curl)
		checks->curl = cp_curl_loop_create(checks->app->base);
	return checks->curl;
}

static void check_free(struct cp_check *check)
{
	if (!check)
		return;
	if (check->params.ops)
		check->params.ops->stop(check);
	if (check->timer)
		event_free(check->timer);
	cp_check_params_fini(&check->params);
	free(check);
}

static int order(const struct cp_check *check, const char *service, const char *backend)
{
	int difference = strcmp(check->service, service);

	return difference ? difference : strcmp(check->backend, backend);
}

static int compare(const void *a, const void *b)
{
	const struct cp_check *const *left = a, *const *right = b;

	return order(*left, (*right)->service, (*right)->backend);
}

static struct cp_check **find(const struct cp_checks *checks, const char *service, const char *backend)
{
	uint32_t low = 0, high = checks ? checks->count : 0;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int difference = order(checks->items[middle], service, backend);

		if (!difference)
			return &checks->items[middle];
		if (difference < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

// What is known about a backend before its first probe with these parameters. The same endpoint keeps its
// verdict; a verdict from before poised started (adopted, or made while there was no check) is believed
// until `fall` failures; another endpoint under an old name has to earn one.
static void inherit(struct cp_check *check, const struct cp_check *old)
{
	struct cp_backend_state *state = cp_app_state(check->owner->app, check->service, check->backend);

	if (old && old->params.address == check->params.address && old->params.port == check->params.port) {
		check->health = old->health;
		check->health.streak = 0;
		check->damping = old->damping;
		check->damped = old->damped;
		memcpy(check->reason, old->reason, sizeof(check->reason));
	} else if (!old && state && state->healthy) {
		check->health = (struct cp_health_state){.known = true, .healthy = true};
		check->health.since_ns = cp_view_now_ns();
	} else if (state && state->healthy) {
		state->healthy = state->serving = state->held = false; // no share of those that may fail
		cp_changed(check->owner->app);
	}
}

static struct cp_check *check_create(struct cp_checks *checks, const struct cp_service *service,
				     const struct cp_backend *backend)
{
	struct cp_check *check = calloc(1, sizeof(*check));

	if (!check)
		return NULL;
	check->owner = checks;
	memcpy(check->service, service->name, sizeof(check->service));
	memcpy(check->backend, backend->name, sizeof(check->backend));
	check->timer = evtimer_new(checks->app->base, cp_check_begin, check);
	if (cp_check_params_set(&check->params, service, backend) || !check->timer || !check->params.ops) {
		check_free(check);
		return NULL;
	}
	return check;
}

static void first_probe(struct cp_check *check, uint32_t count)
{
	uint64_t spread_ms = SPREAD_LEAST_MS + (uint64_t)SPREAD_EACH_MS * count;
	uint32_t random;

	if (spread_ms > check->params.settings.interval_ms)
		spread_ms = check->params.settings.interval_ms;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	check->phase = random;
	cp_check_schedule(check, spread_ms * 1000000 * random >> 32);
}

// Every running probe holds a descriptor.
static void raise_descriptors(uint32_t count)
{
	struct rlimit limit;
	rlim_t wanted = 1024 + 2 * (rlim_t)count;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static uint32_t wanted_count(const struct cp_config *config)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < config->services_count; i++)
		if (config->services[i].health.type != CP_HEALTH_NONE)
			count += config->services[i].backends_count;
	return count;
}

// The check of one backend for the new list: the old one when nothing changed, else a new one.
static struct cp_check *take(struct cp_checks *checks, const struct cp_service *service,
			     const struct cp_backend *backend, uint32_t count)
{
	struct cp_check **old = find(checks, service->name, backend->name);
	struct cp_check *check = check_create(checks, service, backend);

	if (!check) {
		const struct cp_log_subject subject = {.service = service->name, .backend = backend->name};

		cp_log_about(&subject, CP_LOG_ERROR, "check-start", "%s/%s: no memory for its check", service->name,
		       backend->name);
		return NULL;
	}
	if (old && cp_check_params_same(&(*old)->params, &check->params)) {
		check_free(check);
		(*old)->kept = true;
		return *old;
	}
	inherit(check, old ? *old : NULL);
	first_probe(check, count);
	return check;
}

void cp_checks_apply(struct cp_checks *checks)
{
	const struct cp_config *config = checks->app->config;
	uint32_t count = wanted_count(config), used = 0;
	struct cp_check **items = calloc(count + 1, sizeof(*items));

	if (!items) {
		cp_log(CP_LOG_ERROR, "check-start", "no memory: the checks stay as they were");
		return;
	}
	raise_descriptors(count);
	for (uint32_t i = 0; i < config->services_count; i++) {
		const struct cp_service *service = &config->services[i];

		for (uint32_t j = 0; service->health.type != CP_HEALTH_NONE && j < service->backends_count;
		     j++) {
			items[used] = take(checks, service, &service->backends[j], count);
			used += !!items[used];
		}
	}
	for (uint32_t i = 0; i < checks->count; i++) {
		if (!checks->items[i]->kept)
			check_free(checks->items[i]);
		else
			checks->items[i]->kept = false;
	}
	free(checks->items);
	qsort(items, used, sizeof(*items), compare);
	checks->items = items;
	checks->count = used;
}

struct cp_checks *cp_checks_create(struct cp_app *app)
{
	struct cp_checks *checks = calloc(1, sizeof(*checks));

	static const struct timeval second = {.tv_sec = 1};

	if (!checks)
		return NULL;
	checks->app = app;
	checks->signs = event_new(app->base, -1, EV_PERSIST, cp_check_signs, checks);
	if (checks->signs && event_add(checks->signs, &second) == 0)
		return checks;
	cp_checks_destroy(checks);
	return NULL;
}

uint32_t cp_checks_count(const struct cp_checks *checks)
{
	return checks->count;
}

struct cp_check *cp_checks_item(const struct cp_checks *checks, uint32_t index)
{
	return checks->items[index];
}

void cp_checks_destroy(struct cp_checks *checks)
{
	if (!checks)
		return;
	for (uint32_t i = 0; i < checks->count; i++)
		check_free(checks->items[i]);
	free(checks->items);
	if (checks->signs)
		event_free(checks->signs);
	cp_curl_loop_destroy(checks->curl);
	free(checks);
}

bool cp_checks_view(const struct cp_checks *checks, const char *service, const char *backend,
		    struct cp_check_view *view)
{
	struct cp_check **found = find(checks, service, backend);
	const struct cp_check *check = found ? *found : NULL;

	memset(view, 0, sizeof(*view));
	if (!check)
		return false;
	view->healthy = check->health.healthy;
	view->known = check->health.known;
	view->streak = check->health.streak;
	view->last_ms = (check->last_us + 500) / 1000;
	view->last_us = check->last_us;
	view->since_ns = check->health.since_ns;
	view->probes = check->probes;
	view->failures = check->failures;
	memcpy(view->reason, check->reason, sizeof(view->reason));
	view->suspect = check->suspect;
	if (check->damped)
		view->damped_s = cp_damping_left_s(&check->damping, check->params.settings.damping_s, cp_view_now_ns());
	return true;
}
