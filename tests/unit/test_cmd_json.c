// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Rows as JSON: the keys that programs read, and texts that are no UTF-8.
#include <arpa/inet.h>

#include "app_world.h"
#include "cmd_json.h"

static void endpoints(void)
{
	char text[CP_ENDPOINT_SIZE];

	CU_ASSERT_STRING_EQUAL(cp_endpoint(inet_addr("192.0.2.1"), 80, text), "192.0.2.1:80");
	CU_ASSERT_STRING_EQUAL(cp_endpoint(inet_addr("192.0.2.1"), 0, text), "192.0.2.1");
	CU_ASSERT_STRING_EQUAL(cp_endpoint(0xffffffff, 65535, text), "255.255.255.255:65535"); // the longest
	CU_ASSERT_STRING_EQUAL(cp_endpoint(0xffffffff, 0x10050, text), "255.255.255.255:80"); // never longer
}

static void text_is(const char *text, const char *wanted)
{
	json_t *value = cp_json_text(text);

	CU_ASSERT(wanted ? json_is_string(value) && !strcmp(json_string_value(value), wanted) : json_is_null(value));
	json_decref(value);
}

static void texts(void)
{
	text_is("", NULL);
	text_is("plain", "plain");
	text_is("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	text_is("latin gr\xfc\xdf", "latin gr??");
	text_is("cut \xc3", "cut ?");
	text_is("\xed\xa0\x80", "???"); // half a surrogate pair
	text_is("\"\\\n\x01", "\"\\\n\x01");
}

// Keys that are documented and must not go; others may come.
static void has_keys(const json_t *object, const char *const *keys)
{
	for (; *keys; keys++) {
		if (!json_object_get(object, *keys)) {
			fprintf(stderr, "no key %s\n", *keys);
			CU_FAIL("a key is missing");
		}
	}
}

static void rows(void)
{
	static const char *const service_keys[] = { "service", "vip", "port", "endpoint", "protocol", "nat", "scheduler",
						    "backends_up", "backends_total", "flows_active", "flows_total",
						    "packets_in", "packets_out", "bytes_in", "bytes_out", NULL };
	static const char *const backend_keys[] = { "service", "backend", "address", "port", "endpoint", "state", "reason",
						    "weight", "weight_by_operator", "check", "flows_active", "flows_total",
						    "packets_in", "packets_out", "bytes_in", "bytes_out", NULL };
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_view view;
	json_t *service, *backend;

	world->stats->worker[0].backends[app_backend(world, "pg1", 0)].bytes[POISE_INWARD] = 1ull << 62;
	CU_ASSERT_EQUAL_FATAL(cp_view_make(&world->app, &view), 0);
	service = cp_json_service(&view.services[1]);
	has_keys(service, service_keys);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(service, "nat")), "full");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(service, "scheduler")), "wrr");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(service, "endpoint")), "203.0.113.20:5432");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(service, "bytes_in")), 1ll << 62);
	backend = cp_json_backend(&view.backends[view.services[1].first]);
	has_keys(backend, backend_keys);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(backend, "backend")), "pg1");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(backend, "weight")), 3);
	CU_ASSERT(json_is_null(json_object_get(backend, "check"))); // there is none
	CU_ASSERT(json_is_null(json_object_get(backend, "reason")));
	json_decref(service);
	json_decref(backend);
	cp_view_fini(&view);
	app_free(world);
}

static void checks(void)
{
	struct cp_view_backend row = { .name = "web1", .service = "web", .checked = true };
	json_t *backend, *check;

	row.check = (struct cp_check_view){ .known = true, .streak = 2, .last_us = 1500, .probes = 9, .failures = 4 };
	row.check.since_ns = cp_view_now_ns() - 2000000000u;
	strcpy(row.check.reason, "refused \xff");
	backend = cp_json_backend(&row);
	check = json_object_get(backend, "check");
	CU_ASSERT(json_is_true(json_object_get(check, "known")) && json_is_false(json_object_get(check, "healthy")));
	CU_ASSERT_EQUAL(json_real_value(json_object_get(check, "last_ms")), 1.5);
	CU_ASSERT_EQUAL(json_real_value(json_object_get(backend, "check_ms")), 1.5);
	CU_ASSERT(json_real_value(json_object_get(check, "since_s")) >= 2);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(check, "last_failure")), "refused ?");
	json_decref(backend);
	row.check.since_ns = cp_view_now_ns() + 1000000000000u; // never negative
	row.check.probes = 0;
	backend = cp_json_backend(&row);
	CU_ASSERT_EQUAL(json_real_value(json_object_get(json_object_get(backend, "check"), "since_s")), 0);
	CU_ASSERT_PTR_NULL(json_object_get(backend, "check_ms")); // nothing was measured
	json_decref(backend);
}

static const struct check_case cases[] = {
	{ "endpoints", endpoints },
	{ "texts", texts },
	{ "rows", rows },
	{ "checks", checks },
};

CHECK_MAIN("cmd_json", cases)
