// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// allow, deny and limits of a service.
#include <stdlib.h>

#include "access.h"
#include "config_parts.h"
#include "config_value.h"

// One entry each more than fits would not fit into the snapshot either.
#define MOST_PREFIXES (POISE_MAX_ACCESS / 2)

bool cp_read_prefix(struct cp_read *read, const char *key, const char *text, struct cp_prefix *prefix)
{
	uint32_t address, length;

	if (!text || !cp_value_prefix(text, &address, &length))
		cp_read_fail(read, key, "%s has \"%.40s\", write IPv4 addresses and prefixes such as \"192.0.2.0/24\"",
			     key, text ? text : "a number");
	else if (address & ~cp_value_mask(length))
		cp_read_fail(read, key, "%s has \"%s\" with bits behind the prefix, set them to 0", key, text);
	else {
		*prefix = (struct cp_prefix){ .address = address, .length = length };
		return true;
	}
	return false;
}

static void parse_prefixes(struct cp_read *read, const char *key, struct cp_prefixes *list)
{
	uint32_t count;
	config_setting_t *setting = cp_read_list(read, key, MOST_PREFIXES, &count);

	if (!count)
		return;
	list->items = calloc(count, sizeof(*list->items));
	if (!list->items) {
		cp_read_fail(read, key, "out of memory");
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		list->count += cp_read_prefix(read, key, config_setting_get_string_elem(setting, (int)i),
					      &list->items[list->count]);
}

static int by_value(const void *left, const void *right)
{
	return cp_prefix_order(left, right);
}

// The same prefix in both lists would say yes and no.
static void check_both(struct cp_read *read, const struct cp_access *access)
{
	for (uint32_t i = 0, j = 0; i < access->allow.count && j < access->deny.count;) {
		int order = cp_prefix_order(&access->allow.items[i], &access->deny.items[j]);

		if (!order)
			cp_read_fail(read, "deny", "%s is in allow and in deny, keep one",
				     cp_prefix_text(&access->deny.items[j]).text);
		i += order <= 0;
		j += order >= 0;
	}
}

static void parse_limits(struct cp_read *service_read, struct cp_service *service)
{
	struct cp_read read;

	cp_read_begin(&read, service_read, cp_read_get(service_read, "limits"), "limits of %s", service_read->where);
	cp_read_number(&read, "new_flows_per_source_s", 0, CP_MAX_NEW_FLOWS, &service->new_flows_per_source_s);
	cp_read_number(&read, "flows_per_source", 0, CP_MAX_SOURCE_FLOWS, &service->flows_per_source);
	cp_read_end(&read);
}

void cp_parse_access(struct cp_read *service_read, struct cp_service *service)
{
	struct cp_access *access = &service->access;

	parse_prefixes(service_read, "allow", &access->allow);
	parse_prefixes(service_read, "deny", &access->deny);
	// Sorted, so that another order in the file is no change.
	if (access->allow.count)
		qsort(access->allow.items, access->allow.count, sizeof(*access->allow.items), by_value);
	if (access->deny.count)
		qsort(access->deny.items, access->deny.count, sizeof(*access->deny.items), by_value);
	check_both(service_read, access);
	parse_limits(service_read, service);
}
