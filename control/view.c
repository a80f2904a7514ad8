// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compile_step.h"
#include "lifecycle.h"
#include "sched/sched.h"
#include "view.h"

const char *cp_view_state_name(enum cp_view_state state)
{
	static const char *const names[CP_VIEW_STATES] = {"up",	     "down",	"draining", "disabled",
							  "standby", "unknown", "removed"};

	return state < CP_VIEW_STATES ? names[state] : "unknown";
}

const char *cp_view_dataplane_name(enum cp_dataplane_state state)
{
	static const char *const names[CP_DATAPLANE_STATES] = {"down", "starting", "running", "backoff", "off"};

	return (size_t)state < POISE_COUNT(names) ? names[state] : "unknown";
}

const char *cp_view_kind_name(enum poise_verdict_kind kind)
{
	static const char *const names[] = {"forward", "pass", "drop", "reply", "event"};

	return (size_t)kind < POISE_COUNT(names) ? names[kind] : "unknown";
}

uint64_t cp_view_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Where a search of the snapshot or the states goes on. Rows come in the same order there as in the file
// nearly always, so that the first look hits and a thousand backends do not cost a million comparisons.
struct hints {
	uint32_t backend;
	uint32_t state;
};

static const struct cp_backend_state *state_of(const struct cp_states *states, const char *service,
					       const char *backend, struct hints *hints)
{
	for (uint32_t i = 0; i < states->count; i++) {
		uint32_t at = (hints->state + i) % states->count;
		const struct cp_backend_state *state = &states->items[at];

		if (strcmp(state->backend, backend) == 0 && strcmp(state->service, service) == 0) {
			hints->state = at + 1;
			return state;
		}
	}
	return NULL;
}

static uint16_t vip_of(const struct poise_snapshot *snapshot, const char *service)
{
	if (!snapshot)
		return POISE_NONE16;
	for (uint32_t i = 0; i < snapshot->vips_count && i < POISE_MAX_VIPS; i++) {
		if (snapshot->vips[i].address &&
		    strncmp(snapshot->vip_names[i], service, POISE_NAME_SIZE) == 0)
			return (uint16_t)i;
	}
	return POISE_NONE16;
}

static uint32_t snapshot_backends(const struct poise_snapshot *snapshot)
{
	if (!snapshot)
		return 0;
	return snapshot->backends_count < POISE_MAX_BACKENDS ? snapshot->backends_count : POISE_MAX_BACKENDS;
}

// The index that new flows of a configured backend use: same name and address, not removed.
static uint16_t index_of(const struct poise_snapshot *snapshot, uint16_t vip,
			 const struct cp_backend *backend, struct hints *hints)
{
	uint32_t count = snapshot_backends(snapshot);

	for (uint32_t i = 0; vip != POISE_NONE16 && i < count; i++) {
		uint32_t at = (hints->backend + i) % count;
		const struct poise_backend *entry = &snapshot->backends[at];

		if (entry->vip == vip && !(entry->flags & POISE_BACKEND_REMOVED) &&
		    entry->address == backend->address &&
		    strncmp(snapshot->backend_names[at], backend->name, POISE_NAME_SIZE) == 0) {
			hints->backend = at + 1;
			return (uint16_t)at;
		}
	}
	return POISE_NONE16;
}

static void verdict(struct cp_view_backend *row, enum cp_view_state state, const char *reason)
{
	row->state = state;
	snprintf(row->reason, sizeof(row->reason), "%s", reason);
}

// Why a good backend of the snapshot takes no new flows, as cp_compile() decided.
static void judge_left_out(struct cp_view_backend *row, const struct cp_app *app, const struct cp_service *service,
			   enum cp_role role, const struct cp_backend_state *state)
{
	const struct cp_lifecycle *lifecycle = &service->lifecycle;
	const struct cp_next_hop *hop = cp_compile_hop(&app->topology, row->address);
	bool reads = lifecycle->role_required == CP_NODE_REPLICA;

	if (!hop || hop->port >= app->config->ports_count)
		verdict(row, CP_VIEW_DOWN, "link address of the next hop is not known");
	else if (service->nat == POISE_NAT_FULL && !app->config->ports[hop->port].snat_count)
		verdict(row, CP_VIEW_DOWN, "the port toward it has no snat address");
	else if (row->rival)
		verdict(row, CP_VIEW_STANDBY, "several backends claim to be the primary");
	else if (lifecycle->role_required != CP_NODE_UNKNOWN && row->database == CP_NODE_UNKNOWN)
		verdict(row, CP_VIEW_STANDBY, "its check does not say whether it is primary or replica");
	else if (lifecycle->role_required != CP_NODE_UNKNOWN && row->database != lifecycle->role_required)
		verdict(row, CP_VIEW_STANDBY, reads ? "it is the primary, replicas serve" : "it is a replica");
	else if (reads && state && !cp_lifecycle_lag_ok(lifecycle, state))
		verdict(row, CP_VIEW_STANDBY, "it lags too far behind");
	else if (role == CP_ROLE_STANDBY)
		verdict(row, CP_VIEW_STANDBY, "enough active ones are up");
	else
		verdict(row, CP_VIEW_UNKNOWN, "not published yet");
}

// One that takes new flows may have something to say all the same.
static void judge_up(struct cp_view_backend *row)
{
	verdict(row, CP_VIEW_UP, "");
	if (row->held)
		snprintf(row->reason, sizeof(row->reason), "held, its check fails: %.60s", row->check.reason);
	else if (!row->healthy)
		snprintf(row->reason, sizeof(row->reason), "no backend is good: fails open");
	else if (row->share_percent < 100)
		snprintf(row->reason, sizeof(row->reason), "starts slowly, %u %% of its weight", row->share_percent);
}

static void judge_damped(struct cp_view_backend *row)
{
	row->state = CP_VIEW_DOWN;
	snprintf(row->reason, sizeof(row->reason), "goes up and down too often, held down for %u s",
		 row->check.damped_s);
}

static void judge_draining(struct cp_view_backend *row)
{
	verdict(row, CP_VIEW_DRAINING, row->drain_left_s ? "by the operator" : "by the operator, its flows are reset");
	if (row->drain_left_s > 0)
		snprintf(row->reason, sizeof(row->reason), "by the operator, its flows are reset in %lld s",
			 (long long)row->drain_left_s);
}

// The first thing that keeps new flows away, as an operator would look for it.
static void judge(struct cp_view_backend *row, const struct cp_app *app, const struct cp_service *service,
		  enum cp_role role, const struct cp_backend_state *state)
{
	bool up = row->index != POISE_NONE16 && app->snapshot->backends[row->index].flags & POISE_BACKEND_UP;

	if (state && state->disabled)
		verdict(row, CP_VIEW_DISABLED, "by the operator");
	else if (state && state->draining)
		judge_draining(row);
	else if (!row->weight)
		verdict(row, CP_VIEW_DRAINING, "weight 0");
	else if (up && (row->healthy || row->held || service->lifecycle.all_down == CP_ALL_DOWN_FAIL_OPEN))
		judge_up(row);
	else if (!row->healthy && !(row->checked && row->check.known))
		verdict(row, CP_VIEW_UNKNOWN, row->checked ? "first check is under way" : "not checked yet");
	else if (!row->healthy && row->check.damped_s)
		judge_damped(row);
	else if (!row->healthy)
		verdict(row, CP_VIEW_DOWN, row->check.reason);
	else if (row->index == POISE_NONE16)
		verdict(row, CP_VIEW_UNKNOWN, "not published yet");
	else
		judge_left_out(row, app, service, role, state);
}

static void fill_lifecycle(const struct cp_app *app, const struct cp_backend_state *state, struct cp_view_backend *row)
{
	row->share_percent = 100;
	row->drain_left_s = -1;
	row->resetting = row->index != POISE_NONE16 &&
			 app->snapshot->backends[row->index].flags & POISE_BACKEND_RESETTING;
	if (!state)
		return;
	row->held = state->held;
	row->rival = state->rival;
	row->database = state->node_role;
	row->lag_known = state->lag_known;
	row->lag_ms = state->lag_ms;
	row->lag_bytes = state->lag_bytes;
	if (state->share)
		row->share_percent = state->share * 100u / CP_SHARE_WHOLE;
	row->drain_left_s = cp_lifecycle_drain_left(state, cp_view_now_ns());
}

static void configured_row(const struct cp_app *app, const struct cp_service *service, uint16_t vip,
			   const struct cp_backend *backend, struct hints *hints, struct cp_view_backend *row)
{
	const struct cp_backend_state *state = state_of(&app->states, service->name, backend->name, hints);

	memset(row, 0, sizeof(*row));
	snprintf(row->service, sizeof(row->service), "%s", service->name);
	snprintf(row->name, sizeof(row->name), "%s", backend->name);
	row->address = backend->address;
	row->port = backend->port ? backend->port : service->port;
	row->index = index_of(app->snapshot, vip, backend, hints);
	row->healthy = state ? state->healthy : service->health.type == CP_HEALTH_NONE;
	row->weight_set = state && state->weight >= 0;
	row->weight = row->weight_set ? (uint32_t)state->weight : backend->weight;
	row->checked = cp_checks_view(app->checks, service->name, backend->name, &row->check);
	fill_lifecycle(app, state, row);
	judge(row, app, service, backend->role, state);
	cp_view_traffic(&app->dataplane, row->index, &row->traffic);
}

static void removed_row(const struct cp_app *app, uint32_t index, struct cp_view_backend *row)
{
	const struct poise_snapshot *snapshot = app->snapshot;
	const struct poise_backend *entry = &snapshot->backends[index];

	memset(row, 0, sizeof(*row));
	if (entry->vip < POISE_MAX_VIPS)
		snprintf(row->service, sizeof(row->service), "%.31s", snapshot->vip_names[entry->vip]);
	snprintf(row->name, sizeof(row->name), "%.31s", snapshot->backend_names[index]);
	row->address = entry->address;
	row->port = POISE_HOST16(entry->port);
	row->index = (uint16_t)index;
	row->share_percent = 100;
	row->drain_left_s = -1;
	verdict(row, CP_VIEW_REMOVED, "left the configuration");
	cp_view_traffic(&app->dataplane, index, &row->traffic);
}

// Removed backends of one service (its VIP's index), or of services that are gone too (POISE_NONE16).
static uint32_t removed_rows(const struct cp_app *app, const struct cp_view *view, uint16_t vip,
			     struct cp_view_backend *rows)
{
	const struct poise_snapshot *snapshot = app->snapshot;
	uint32_t count = 0;

	for (uint32_t i = 0; i < snapshot_backends(snapshot); i++) {
		const struct poise_backend *entry = &snapshot->backends[i];
		bool orphan = true;

		if (!(entry->flags & POISE_BACKEND_REMOVED))
			continue;
		for (uint32_t s = 0; vip == POISE_NONE16 && s < view->services_count && orphan; s++)
			orphan = vip_of(snapshot, view->services[s].config->name) != entry->vip;
		if (vip == POISE_NONE16 ? orphan : entry->vip == vip)
			removed_row(app, i, &rows[count++]);
	}
	return count;
}

static void add(struct cp_view_traffic *sum, const struct cp_view_traffic *more)
{
	sum->flows_created += more->flows_created;
	sum->flows_active += more->flows_active;
	sum->packets_inward += more->packets_inward;
	sum->packets_outward += more->packets_outward;
	sum->bytes_inward += more->bytes_inward;
	sum->bytes_outward += more->bytes_outward;
}

static void make_service(const struct cp_app *app, struct cp_view *view, const struct cp_service *config,
			 struct hints *hints)
{
	struct cp_view_service *service = &view->services[view->services_count++];
	uint16_t vip = vip_of(app->snapshot, config->name);

	service->config = config;
	service->first = view->backends_count;
	service->configured = config->backends_count;
	for (uint32_t i = 0; i < config->backends_count; i++)
		configured_row(app, config, vip, &config->backends[i], hints,
			       &view->backends[view->backends_count++]);
	if (vip != POISE_NONE16)
		view->backends_count += removed_rows(app, view, vip, &view->backends[view->backends_count]);
	service->count = view->backends_count - service->first;
	for (uint32_t i = 0; i < service->count; i++) {
		const struct cp_view_backend *row = &view->backends[service->first + i];

		service->up += row->state == CP_VIEW_UP;
		service->two_primaries |= row->rival;
		add(&service->traffic, &row->traffic);
	}
	cp_view_unserved(&app->dataplane, vip, service->traffic.unserved);
}

int cp_view_make(const struct cp_app *app, struct cp_view *view)
{
	const struct cp_config *config = app->config;
	uint32_t rows = 1; // calloc(0) may return NULL
	struct hints hints = {0};

	memset(view, 0, sizeof(*view));
	for (uint32_t i = 0; i < config->services_count; i++)
		rows += config->services[i].backends_count;
	for (uint32_t i = 0; i < snapshot_backends(app->snapshot); i++)
		rows += !!(app->snapshot->backends[i].flags & POISE_BACKEND_REMOVED);
	view->services = calloc(config->services_count + 1, sizeof(*view->services));
	view->backends = calloc(rows, sizeof(*view->backends));
	if (!view->services || !view->backends)
		return -ENOMEM;
	for (uint32_t i = 0; i < config->services_count; i++)
		make_service(app, view, &config->services[i], &hints);
	view->backends_count += removed_rows(app, view, POISE_NONE16, &view->backends[view->backends_count]);
	return 0;
}

void cp_view_fini(struct cp_view *view)
{
	free(view->services);
	free(view->backends);
	memset(view, 0, sizeof(*view));
}
