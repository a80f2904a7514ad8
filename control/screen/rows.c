// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double screen_number(const json_t *object, ...)
{
	va_list keys;
	const char *key;

	va_start(keys, object);
	while ((key = va_arg(keys, const char *)))
		object = json_object_get(object, key);
	va_end(keys);
	return json_number_value(object);
}

const char *screen_count(double value, char *text)
{
	static const char prefixes[] = " kMGTP";
	size_t step = 0;

	if (value < 0) {
		strcpy(text, "-");
		return text;
	}
	while (value >= 999.5 && step + 2 < sizeof(prefixes)) {
		value /= 1000;
		step++;
	}
	snprintf(text, SCREEN_CELL, "%.*f%.*s", value >= 99.5 || value == (double)(long)value ? 0 : 1, value,
		 !!step, &prefixes[step]);
	return text;
}

// Seconds of poised between the two overviews; 0: there is nothing to compare with.
static double passed(const struct screen_rows *rows)
{
	double now = screen_number(rows->now, "status", "uptime_s", NULL);
	double before = screen_number(rows->before, "status", "uptime_s", NULL);

	return rows->before && now > before ? now - before : 0;
}

static double rate_of(double now, double before, double seconds)
{
	return seconds > 0 && now >= before ? (now - before) / seconds : -1;
}

double screen_rate(const struct screen_rows *rows, const char *group, const char *key)
{
	return rate_of(screen_number(rows->now, "status", group, key, NULL),
		       screen_number(rows->before, "status", group, key, NULL), passed(rows));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

// The same service or backend in the overview before; NULL when it was not there.
static const json_t *earlier(const json_t *list, size_t hint, const json_t *object)
{
	static const char *const keys[] = {"service", "backend", "endpoint"};
	size_t size = json_array_size(list);

	for (size_t i = 0; i < size; i++) {
		const json_t *other = json_array_get(list, (hint + i) % size);
		size_t same = 0;

		while (same < 3 && !strcmp(text_of(other, keys[same]), text_of(object, keys[same])))
			same++;
		if (same == 3)
			return other;
	}
	return NULL;
}

static const char *role_of(const json_t *object)
{
	const char *role = text_of(json_object_get(object, "database"), "role");

	return !strcmp(role, "primary") ? " P" : !strcmp(role, "replica") ? " R" : "";
}

static void fill(struct screen_row *row, const json_t *object, const json_t *before, double seconds)
{
	double flows_total = json_number_value(json_object_get(before, "flows_total"));

	if (!before)
		seconds = 0;
	row->address = text_of(object, "endpoint");
	row->role = role_of(object);
	row->flows = screen_number(object, "flows_active", NULL);
	row->made = rate_of(screen_number(object, "flows_total", NULL), flows_total, seconds);
	row->bits_in = rate_of(screen_number(object, "bytes_in", NULL) * 8,
			       json_number_value(json_object_get(before, "bytes_in")) * 8, seconds);
	row->bits_out = rate_of(screen_number(object, "bytes_out", NULL) * 8,
				json_number_value(json_object_get(before, "bytes_out")) * 8, seconds);
	row->check_ms = json_object_get(object, "check_ms") ? screen_number(object, "check_ms", NULL) : -1;
}

static void make(struct screen_rows *rows)
{
	const json_t *services = json_object_get(rows->now, "services"), *service;
	const json_t *backends = json_object_get(rows->now, "backends"), *backend;
	const json_t *services_before = json_object_get(rows->before, "services");
	const json_t *backends_before = json_object_get(rows->before, "backends");
	double seconds = passed(rows);
	size_t i, j;

	rows->count = 0;
	json_array_foreach(services, i, service)
	{
		struct screen_row *row = &rows->rows[rows->count++];

		*row = (struct screen_row){.service = true, .name = text_of(service, "service")};
		fill(row, service, earlier(services_before, i, service), seconds);
		snprintf(row->state, sizeof(row->state), "%.0f/%.0f up",
			 screen_number(service, "backends_up", NULL),
			 screen_number(service, "backends_total", NULL));
		json_array_foreach(backends, j, backend)
		{
			if (strcmp(text_of(backend, "service"), row->name) != 0)
				continue;
			rows->rows[rows->count] = (struct screen_row){.name = text_of(backend, "backend")};
			fill(&rows->rows[rows->count], backend, earlier(backends_before, j, backend),
			     seconds);
			snprintf(rows->rows[rows->count].state, sizeof(row->state), "%s",
				 text_of(backend, "state"));
			rows->count++;
		}
	}
}

static double key_of(const struct screen_row *row, enum screen_order order)
{
	switch (order) {
	case SCREEN_ORDER_FLOWS:
		return row->flows;
	case SCREEN_ORDER_NEW:
		return row->made;
	case SCREEN_ORDER_BITS:
		return row->bits_in + row->bits_out;
	case SCREEN_ORDER_STATE:
		return strcmp(row->state, "up") && strcmp(row->state, "standby");
	case SCREEN_ORDER_FILE:
		break;
	}
	return 0;
}

// Stable, so that equal rows do not jump about; few are out of place from one second to the next.
static void sort(struct screen_row *rows, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct screen_row row = rows[i];
		size_t to = i;

		while (to && rows[to - 1].key < row.key) {
			rows[to] = rows[to - 1];
			to--;
		}
		rows[to] = row;
	}
}

// Backends among those of their service; the services keep the order of the file.
void screen_rows_sort(struct screen_rows *rows, enum screen_order order)
{
	make(rows);
	for (size_t first = 0, end; first < rows->count; first = end) {
		for (end = first + 1; end < rows->count && !rows->rows[end].service; end++)
			rows->rows[end].key = key_of(&rows->rows[end], order);
		sort(&rows->rows[first + 1], end - first - 1);
	}
}

int screen_rows_update(struct screen_rows *rows, json_t *overview, enum screen_order order)
{
	size_t most = json_array_size(json_object_get(overview, "services")) +
		      json_array_size(json_object_get(overview, "backends"));
	struct screen_row *more;

	if (!json_is_object(json_object_get(overview, "status"))) {
		json_decref(overview);
		return -1;
	}
	more = reallocarray(rows->rows, most + 1, sizeof(*more));
	if (!more) {
		json_decref(overview);
		return -1;
	}
	rows->rows = more;
	json_decref(rows->before);
	rows->before = rows->now;
	rows->now = overview;
	screen_rows_sort(rows, order);
	return 0;
}

void screen_rows_fini(struct screen_rows *rows)
{
	json_decref(rows->now);
	json_decref(rows->before);
	free(rows->rows);
	*rows = (struct screen_rows){0};
}
