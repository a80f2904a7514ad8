// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "access.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_value.h"

// From here on, up to the next one, sources are denied or not.
struct point {
	uint64_t address;
	bool deny;
};

struct points {
	struct point *items;
	uint32_t count;
};

bool cp_access_any(const struct cp_access *access)
{
	return access->allow.count || access->deny.count;
}

static bool same(const struct cp_prefixes *a, const struct cp_prefixes *b)
{
	return a->count == b->count && (!a->count || !memcmp(a->items, b->items, a->count * sizeof(*a->items)));
}

bool cp_access_same(const struct cp_access *a, const struct cp_access *b)
{
	return same(&a->allow, &b->allow) && same(&a->deny, &b->deny);
}

struct cp_prefix_text cp_prefix_text(const struct cp_prefix *prefix)
{
	struct cp_prefix_text text;
	char host[INET_ADDRSTRLEN] = "?";

	inet_ntop(AF_INET, &prefix->address, host, sizeof(host));
	if (prefix->length == 32)
		snprintf(text.text, sizeof(text.text), "%.15s", host);
	else
		snprintf(text.text, sizeof(text.text), "%.15s/%u", host, prefix->length % 100);
	return text;
}

static uint64_t first_of(const struct cp_access_rule *rule)
{
	return ntohl(rule->prefix.address);
}

static uint64_t behind(const struct cp_access_rule *rule)
{
	return first_of(rule) + (1ull << (32 - rule->prefix.length));
}

int cp_prefix_order(const struct cp_prefix *a, const struct cp_prefix *b)
{
	uint32_t one = ntohl(a->address), other = ntohl(b->address);

	if (one != other)
		return one < other ? -1 : 1;
	return (a->length > b->length) - (a->length < b->length);
}

// A prefix before those within it.
static int by_place(const void *left, const void *right)
{
	const struct cp_access_rule *a = left, *b = right;

	return cp_prefix_order(&a->prefix, &b->prefix);
}

static void add(struct points *points, uint64_t address, bool deny)
{
	if (points->count && points->items[points->count - 1].address == address)
		points->count--; // nothing lies between
	points->items[points->count++] = (struct point){ address, deny };
}

// Prefixes lie within each other or apart, so those that hold an address are a stack.
static void walk(const struct cp_access_rule *rules, uint32_t count, bool otherwise, struct points *points)
{
	const struct cp_access_rule *open[34];
	uint32_t depth = 0;

	add(points, 0, otherwise);
	for (uint32_t i = 0; i <= count; i++) {
		while (depth && (i == count || behind(open[depth - 1]) <= first_of(&rules[i]))) {
			uint64_t end = behind(open[--depth]);

			add(points, end, depth ? open[depth - 1]->deny : otherwise);
		}
		if (i == count)
			break;
		if (depth && open[depth - 1]->prefix.length == rules[i].prefix.length)
			depth--; // listed twice
		open[depth++] = &rules[i];
		add(points, first_of(&rules[i]), rules[i].deny);
	}
}

static struct cp_access_rule *all_rules(const struct cp_access *access, uint32_t *count)
{
	uint32_t total = access->allow.count + access->deny.count;
	struct cp_access_rule *rules = calloc(total + 1, sizeof(*rules));

	for (uint32_t i = 0; rules && i < total; i++) {
		rules[i].deny = i >= access->allow.count;
		rules[i].prefix = rules[i].deny ? access->deny.items[i - access->allow.count] : access->allow.items[i];
	}
	if (rules)
		qsort(rules, total, sizeof(*rules), by_place);
	*count = total;
	return rules;
}

int cp_access_bounds(const struct cp_access *access, struct cp_access_bounds *bounds)
{
	uint32_t count;
	struct cp_access_rule *rules = all_rules(access, &count);
	struct points points = { .items = calloc(2 * (size_t)count + 2, sizeof(struct point)) };
	bool deny;

	*bounds = (struct cp_access_bounds){ .bounds = calloc(2 * (size_t)count + 2, sizeof(*bounds->bounds)) };
	if (!rules || !points.items || !bounds->bounds) {
		free(bounds->bounds);
		free(points.items);
		free(rules);
		return -ENOMEM;
	}
	walk(rules, count, access->allow.count > 0, &points);
	deny = bounds->deny_lowest = points.items[0].deny;
	for (uint32_t i = 1; i < points.count; i++) {
		if (points.items[i].deny == deny || points.items[i].address > UINT32_MAX)
			continue;
		bounds->bounds[bounds->count++] = (uint32_t)points.items[i].address;
		deny = points.items[i].deny;
	}
	free(points.items);
	free(rules);
	return 0;
}

static void decide(const struct cp_prefixes *list, bool deny, uint32_t source, bool *found, struct cp_access_rule *rule)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct cp_prefix *prefix = &list->items[i];

		if ((source & cp_value_mask(prefix->length)) != prefix->address ||
		    (*found && prefix->length <= rule->prefix.length))
			continue;
		*found = true;
		*rule = (struct cp_access_rule){ .prefix = *prefix, .deny = deny };
	}
}

bool cp_access_decides(const struct cp_access *access, uint32_t source, struct cp_access_rule *rule)
{
	bool found = false;

	decide(&access->deny, true, source, &found, rule);
	decide(&access->allow, false, source, &found, rule);
	return found;
}
