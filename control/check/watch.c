// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A backend whose clients get no answer is checked at once, and one bad result takes it out. A good one clears it: what
// clients see may be their own fault, so it never decides alone.
#include <string.h>

#include "../log.h"
#include "../view.h"
#include "check.h"

static bool is_at(const struct poise_snapshot *snapshot, const struct cp_check *check, uint32_t place)
{
	const struct poise_backend *entry = &snapshot->backends[place];

	return place < snapshot->backends_count && !(entry->flags & POISE_BACKEND_REMOVED) &&
	       entry->vip < POISE_MAX_VIPS && entry->address == check->params.address &&
	       strncmp(snapshot->backend_names[place], check->backend, POISE_NAME_SIZE) == 0 &&
	       strncmp(snapshot->vip_names[entry->vip], check->service, POISE_NAME_SIZE) == 0;
}

static bool find(const struct poise_snapshot *snapshot, struct cp_check *check)
{
	if (is_at(snapshot, check, check->place))
		return true;
	memset(&check->passive, 0, sizeof(check->passive));
	for (uint32_t place = 0; place < snapshot->backends_count && place < POISE_MAX_BACKENDS; place++)
		if (is_at(snapshot, check, place)) {
			check->place = (uint16_t)place;
			return true;
		}
	return false;
}

static void look(struct cp_app *app, struct cp_check *check)
{
	const struct cp_log_subject subject = {.service = check->service, .backend = check->backend};
	struct cp_view_traffic traffic;

	if (!find(app->snapshot, check))
		return;
	cp_view_traffic(&app->dataplane, check->place, &traffic);
	if (!cp_passive_sign(&check->passive, &traffic) || check->suspect || !check->health.healthy)
		return;
	check->suspect = true;
	cp_log_about(&subject, CP_LOG_WARNING, "backend-suspect",
		     "%s/%s: clients get no answer to their SYNs, it is checked at once", check->service,
		     check->backend);
	if (!check->running)
		cp_check_schedule(check, 0);
}

void cp_check_signs(evutil_socket_t fd, short what, void *context)
{
	struct cp_checks *checks = context;
	struct cp_app *app = cp_checks_app(checks);

	for (uint32_t i = 0; app->snapshot && i < cp_checks_count(checks); i++)
		if (cp_checks_item(checks, i)->params.settings.passive)
			look(app, cp_checks_item(checks, i));
}
