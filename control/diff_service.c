// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Services and backends by their names.
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "diff_note.h"

struct endpoint {
	char text[32];
};

static struct endpoint endpoint(uint32_t address, uint16_t port)
{
	struct endpoint result;
	char host[INET_ADDRSTRLEN] = "?";

	inet_ntop(AF_INET, &address, host, sizeof(host));
	snprintf(result.text, sizeof(result.text), "%s:%u", host, port);
	return result;
}

static const struct cp_service *find_service(const struct cp_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->services_count; i++)
		if (!strcmp(config->services[i].name, name))
			return &config->services[i];
	return NULL;
}

static const struct cp_backend *find_backend(const struct cp_service *service, const char *name)
{
	for (uint32_t i = 0; i < service->backends_count; i++)
		if (!strcmp(service->backends[i].name, name))
			return &service->backends[i];
	return NULL;
}

static void diff_backend(const char *service, const struct cp_backend *before, const struct cp_backend *after,
			 struct cp_diff *diff)
{
	if (before->address != after->address || before->port != after->port)
		cp_diff_note(diff, false, "service %s: backend %s: %s -> %s", service, after->name,
			     endpoint(before->address, before->port).text,
			     endpoint(after->address, after->port).text);
	if (before->weight != after->weight)
		cp_diff_note(diff, false, "service %s: backend %s: weight %u -> %u", service, after->name,
			     before->weight, after->weight);
	if (before->role != after->role)
		cp_diff_note(diff, false, "service %s: backend %s: role %s -> %s", service, after->name,
			     cp_role_name(before->role), cp_role_name(after->role));
}

static void diff_backends(const struct cp_service *before, const struct cp_service *after,
			  struct cp_diff *diff)
{
	bool order = before->backends_count == after->backends_count;

	for (uint32_t i = 0; i < before->backends_count; i++) {
		if (find_backend(after, before->backends[i].name))
			continue;
		order = false;
		diff->backends_removed++;
		cp_diff_note(diff, false, "service %s: backend %s removed", after->name,
			     before->backends[i].name);
	}
	for (uint32_t i = 0; i < after->backends_count; i++) {
		const struct cp_backend *old = find_backend(before, after->backends[i].name);

		if (old) {
			diff_backend(after->name, old, &after->backends[i], diff);
			continue;
		}
		diff->backends_added++;
		cp_diff_note(diff, false, "service %s: backend %s added", after->name, after->backends[i].name);
	}
	for (uint32_t i = 0; order && i < after->backends_count; i++)
		if (strcmp(before->backends[i].name, after->backends[i].name)) {
			cp_diff_note(diff, false, "service %s: order of backends", after->name);
			break;
		}
}

static bool same_lifecycle(const struct cp_lifecycle *a, const struct cp_lifecycle *b)
{
	return a->min_active == b->min_active && a->role_required == b->role_required &&
	       a->max_lag_ms == b->max_lag_ms && a->max_lag_bytes == b->max_lag_bytes &&
	       a->primary_last_resort == b->primary_last_resort && a->on_demotion == b->on_demotion &&
	       a->on_backend_down == b->on_backend_down && a->all_down == b->all_down &&
	       a->slow_start_s == b->slow_start_s && a->drain_deadline_s == b->drain_deadline_s &&
	       a->max_ejected_percent == b->max_ejected_percent && a->ejection_interval_s == b->ejection_interval_s;
}

static void diff_service(const struct cp_service *before, const struct cp_service *after, struct cp_diff *diff)
{
	if (before->vip != after->vip || before->port != after->port)
		cp_diff_note(diff, false, "service %s: %s -> %s", after->name,
			     endpoint(before->vip, before->port).text, endpoint(after->vip, after->port).text);
	if (before->nat != after->nat)
		cp_diff_note(diff, false, "service %s: nat %s -> %s", after->name, cp_nat_name(before->nat),
			     cp_nat_name(after->nat));
	if (before->scheduler != after->scheduler)
		cp_diff_note(diff, false, "service %s: scheduler %s -> %s", after->name,
			     cp_scheduler_name(before->scheduler), cp_scheduler_name(after->scheduler));
	if (!cp_health_same(&before->health, &after->health))
		cp_diff_note(diff, false, "service %s: health check", after->name);
	if (!same_lifecycle(&before->lifecycle, &after->lifecycle))
		cp_diff_note(diff, false, "service %s: life cycle of backends", after->name);
	cp_diff_access(before, after, diff);
	if (memcmp(before->timeout_ms, after->timeout_ms, sizeof(before->timeout_ms)))
		cp_diff_note(diff, false, "service %s: timeouts", after->name);
	diff_backends(before, after, diff);
}

void cp_diff_services(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff)
{
	for (uint32_t i = 0; i < before->services_count; i++)
		if (!find_service(after, before->services[i].name)) {
			diff->services_removed++;
			cp_diff_note(diff, false, "service %s removed", before->services[i].name);
		}
	for (uint32_t i = 0; i < after->services_count; i++) {
		const struct cp_service *service = &after->services[i];
		const struct cp_service *old = find_service(before, service->name);
		size_t count = diff->count;

		if (old) {
			diff_service(old, service, diff);
			diff->services_changed += diff->count > count;
			continue;
		}
		diff->services_added++;
		cp_diff_note(diff, false, "service %s added: %s, %u backends", service->name,
			     endpoint(service->vip, service->port).text, service->backends_count);
	}
}
