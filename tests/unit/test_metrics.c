// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The Prometheus page as a scraper reads it, and the little HTTP around it.
#include "app_world.h"
#include "flow_counts.h"
#include "metrics.h"
#include "metrics_http.h"

#define LINES_MAX 4096

static char *text_of(struct evbuffer *buffer)
{
	size_t length = evbuffer_get_length(buffer);
	char *text = check_memory(length + 1);

	evbuffer_copyout(buffer, text, length);
	return text;
}

static char *page_of(const struct app_world *world)
{
	struct evbuffer *out = evbuffer_new();
	struct cp_monotone monotone = {0};
	char *text;

	CU_ASSERT_EQUAL(cp_metrics_write(&world->app, &monotone, out), 0);
	text = text_of(out);
	cp_monotone_fini(&monotone);
	evbuffer_free(out);
	return text;
}

static void label_values_are_escaped(void)
{
	struct evbuffer *out = evbuffer_new();
	char *text;

	cp_metrics_family(out, "x_total", "counter", "a\\b\n\"c\"");
	cp_metrics_count(out, "x_total", CP_LABELS({"a", "q\"q"}, {"b", "back\\slash\nline"}), UINT64_MAX);
	cp_metrics_count(out, "x_total", NULL, 0);
	text = text_of(out);
	CU_ASSERT_STRING_EQUAL(text, "# HELP x_total a\\\\b\\n\"c\"\n"
				     "# TYPE x_total counter\n"
				     "x_total{a=\"q\\\"q\",b=\"back\\\\slash\\nline\"} 18446744073709551615\n"
				     "x_total 0\n");
	free(text);
	evbuffer_free(out);
}

static void whole_numbers_keep_their_digits(void)
{
	struct evbuffer *out = evbuffer_new();
	char *text;

	cp_metrics_real(out, "x", NULL, 1234567890123.0);
	cp_metrics_real(out, "x", NULL, 0.25);
	cp_metrics_real(out, "x", NULL, -1);
	text = text_of(out);
	CU_ASSERT_STRING_EQUAL(text, "x 1234567890123\nx 0.25\nx -1\n");
	free(text);
	evbuffer_free(out);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// May a sample's name go on like this behind its family's?
static bool sample_of(const char *type, const char *rest)
{
	static const char *const parts[] = {"_bucket{", "_sum{", "_count{"};

	for (size_t i = 0; i < POISE_COUNT(parts); i++)
		if (strcmp(type, "histogram") == 0 && strncmp(rest, parts[i], strlen(parts[i])) == 0)
			return true;
	return strcmp(type, "histogram") != 0 && strchr("{ ", *rest);
}

// Every sample belongs to the family above it, every family opens once, no two samples are the same series.
static void page_is_well_formed(const char *page)
{
	char *text = check_copy(page, strlen(page) + 1), *save = NULL, *series[LINES_MAX];
	char family[80] = "", type[16] = "";
	size_t count = 0, twice = 0, foreign = 0, untyped = 0;

	for (char *line = strtok_r(text, "\n", &save); line && count < LINES_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		char *value = strrchr(line, ' ');

		if (strncmp(line, "# HELP ", 7) == 0)
			continue;
		if (sscanf(line, "# TYPE %79s %15s", family, type) == 2) {
			untyped += strcmp(type, "counter") != 0 && strcmp(type, "gauge") != 0 &&
				   strcmp(type, "histogram") != 0;
			untyped += (strcmp(type, "counter") == 0) !=
				   (strlen(family) > 6 && strcmp(family + strlen(family) - 6, "_total") == 0);
			continue;
		}
		foreign += strncmp(line, family, strlen(family)) != 0 || !value ||
			   !sample_of(type, line + strlen(family)) || strncmp(line, "poise_", 6) != 0;
		if (value)
			*value = '\0';
		series[count++] = line;
	}
	qsort(series, count, sizeof(series[0]), compare);
	for (size_t i = 1; i < count; i++)
		twice += strcmp(series[i - 1], series[i]) == 0;
	CU_ASSERT_TRUE(count > 80);
	CU_ASSERT_EQUAL(twice, 0);
	CU_ASSERT_EQUAL(foreign, 0);
	CU_ASSERT_EQUAL(untyped, 0);
	free(text);
}

static void whole_page(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	char *page;

	world->stats->worker[1].counters[POISE_NO_FLOW] = 12;
	world->stats->worker[2].counters[POISE_FLOW_EXPIRED] = 13;
	world->stats->worker[2].ports[1].tx_bytes = 14;
	world->stats->worker[0].backends[app_backend(world, "pg1", 0)].bytes[POISE_INWARD] = 15;
	page = page_of(world);
	page_is_well_formed(page);
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_up 1\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_packets_total{verdict=\"no_flow\",kind=\"drop\"} 12\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_flow_events_total{event=\"flow_expired\"} 13\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_port_tx_bytes_total{port=\"back\"} 14\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_backend_bytes_total{service=\"db\",backend=\"pg1\","
					    "direction=\"in\"} 15\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_service_backends_up{service=\"web\"} 2\n"));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(page, "\npoise_backend_in_rotation{service=\"web\",backend=\"web3\"} 0\n"));
	free(page);
	app_free(world);
}

// Each line of counters.def is on the page, at zero too: a rate needs the sample before the first event.
static void all_counters_are_there(void)
{
	static const char *const names[] = {
#define POISE_COUNTER(NAME, name, kind, help) "=\"" #name "\"",
#include <poise/counters.def>
#undef POISE_COUNTER
	};
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	char *page = page_of(world);

	for (size_t i = 0; i < POISE_COUNT(names); i++)
		CU_ASSERT_PTR_NOT_NULL(strstr(page, names[i]));
	free(page);
	app_free(world);
}

static void a_new_address_makes_no_double_series(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	uint32_t index = app_backend(world, "pg1", 0);
	char *page;

	poise_record(&world->app.flows.table, 1)->state = POISE_STATE_ESTABLISHED;
	poise_record(&world->app.flows.table, 1)->backend_index = (uint16_t)index;
	poise_shard(&world->app.flows.table, 0)->used_top = 1;
	app_config(world,
		   config_from(APP_PORTS
			       "services = ( { name = \"db\"; vip = \"203.0.113.20\"; port = 5432;"
			       "  health = { type = \"none\"; };"
			       "  backends = ( { name = \"pg1\"; address = \"10.10.0.99\"; } ); } );"));
	CU_ASSERT_TRUE(world->app.snapshot->backends[index].flags & POISE_BACKEND_REMOVED);
	page = page_of(world);
	page_is_well_formed(page);
	free(page);
	app_free(world);
}

static uint64_t bytes_of(const struct app_world *world, struct cp_monotone *monotone)
{
	struct cp_view view;
	uint64_t bytes;

	CU_ASSERT_EQUAL(cp_view_make(&world->app, &view), 0);
	CU_ASSERT_EQUAL(cp_monotone_apply(monotone, &view), 0);
	bytes = view.services[1].traffic.bytes_inward;
	CU_ASSERT_EQUAL(view.services[0].traffic.bytes_inward, 0);
	cp_view_fini(&view);
	return bytes;
}

// What a scraper reads as a counter goes up only, whatever happens to those that count.
static void service_counters_never_fall(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_monotone monotone = {0};
	__u64 *one = &world->stats->worker[0].backends[app_backend(world, "pg1", 0)].bytes[POISE_INWARD];
	__u64 *other = &world->stats->worker[1].backends[app_backend(world, "web1", 1)].bytes[POISE_INWARD];

	*one = 100;
	*other = 1000;
	CU_ASSERT_EQUAL(bytes_of(world, &monotone), 1100);
	*one = 150;
	CU_ASSERT_EQUAL(bytes_of(world, &monotone), 1150);
	*other = 0; // a backend has left
	CU_ASSERT_EQUAL(bytes_of(world, &monotone), 1150);
	*one = 160;
	CU_ASSERT_EQUAL(bytes_of(world, &monotone), 1160);
	*one = 5; // a new dataplane
	CU_ASSERT_EQUAL(bytes_of(world, &monotone), 1160);
	*one = 7;
	CU_ASSERT_EQUAL(bytes_of(world, &monotone), 1162);
	cp_monotone_fini(&monotone);
	app_free(world);
}

static void without_a_dataplane(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	char *page;

	world->app.dataplane.stats = NULL;
	world->app.dataplane.state = CP_DATAPLANE_DOWN;
	page = page_of(world);
	page_is_well_formed(page);
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_up 0\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_dataplane_state{state=\"down\"} 1\n"));
	free(page);
	app_free(world);
}

static void states_are_told(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_flow_counts counts = {.table = &world->app.flows.table};
	char *page;

	world->app.dataplane.counts = &counts;
	poise_record(&world->app.flows.table, 1)->state = POISE_STATE_FIN_CLIENT;
	poise_shard(&world->app.flows.table, 0)->used_top = 1;
	page = page_of(world);
	page_is_well_formed(page);
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_flows{state=\"fin_client\"} 1\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(page, "\npoise_flows{state=\"established\"} 0\n"));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(page, "\npoise_backend_state{service=\"web\",backend=\"web3\",state=\"standby\"} 1\n"));
	free(page);
	app_free(world);
}

static int status_of(const char *head, size_t length)
{
	struct cp_http_request request;
	char *copy = check_copy(head, length);

	cp_http_parse(&request, copy, length);
	free(copy);
	return request.status;
}

static void request_lines(void)
{
	static const struct {
		const char *head;
		int status;
	} lines[] = {
		{"GET / HTTP/1.1\r\n\r\n", 0},
		{"HEAD /metrics HTTP/1.0\n\n", 0},
		{"GET /metrics?a=b HTTP/1.1\r\n", 0},
		{"POST / HTTP/1.1\r\n\r\n", 405},
		{"GETT / HTTP/1.1\r\n\r\n", 405},
		{"GET / HTTP/2.0\r\n\r\n", 400},
		{"GET  / HTTP/1.1\r\n\r\n", 400},
		{"GET /\r\n\r\n", 400},
		{"GET", 400},
		{"", 400},
		{"\r\n\r\n", 400},
		{"GET metrics HTTP/1.1\r\n", 400},
		{"GET / HTTP/1.1 x\r\n", 400},
		{" / HTTP/1.1\r\n", 400},
	};
	char longer[300] = "GET /";

	for (size_t i = 0; i < POISE_COUNT(lines); i++)
		CU_ASSERT_EQUAL(status_of(lines[i].head, strlen(lines[i].head)), lines[i].status);
	memset(longer + 5, 'a', 250);
	strcpy(longer + 255, " HTTP/1.1\r\n");
	CU_ASSERT_EQUAL(status_of(longer, strlen(longer)), 404);
	CU_ASSERT_EQUAL(status_of("GET /a\0b HTTP/1.1\r\n", 19), 404);
}

// Any bytes at all: no more than a refusal. ASan watches the ends.
static void noise_is_refused(void)
{
	uint64_t state = 7;

	for (int round = 0; round < 2000; round++) {
		char noise[64];
		size_t length = check_random(&state) % sizeof(noise);

		for (size_t i = 0; i < length; i++)
			noise[i] = "GET /HTP1.\r\n? \0\xff"[check_random(&state) % 16];
		CU_ASSERT_TRUE(status_of(noise, length) == 0 || status_of(noise, length) >= 400);
	}
}

static void heads_end_at_the_empty_line(void)
{
	static const struct {
		const char *text;
		size_t length;
	} heads[] = {
		{"GET / HTTP/1.1\r\nA: b\r\n\r\nrest", 24}, {"GET /\n\nrest", 7}, {"GET /\r\n", 0}, {"", 0}};

	for (size_t i = 0; i < POISE_COUNT(heads); i++) {
		struct evbuffer *input = evbuffer_new();

		evbuffer_add(input, heads[i].text, strlen(heads[i].text));
		CU_ASSERT_EQUAL(cp_http_complete(input), heads[i].length);
		evbuffer_free(input);
	}
}

static void head_has_no_body(void)
{
	struct cp_http_request request = {.head = true};
	struct evbuffer *answer = evbuffer_new(), *body = evbuffer_new();
	char *text;

	evbuffer_add_printf(body, "12345");
	cp_http_answer(answer, &request, 200, "text/plain", NULL, body);
	text = text_of(answer);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "Content-Length: 5\r\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "12345"));
	CU_ASSERT_STRING_EQUAL(text + strlen(text) - 4, "\r\n\r\n");
	free(text);
	evbuffer_free(answer);
	evbuffer_free(body);
}

static const struct check_case cases[] = {
	{"label values are escaped", label_values_are_escaped},
	{"whole numbers keep their digits", whole_numbers_keep_their_digits},
	{"the whole page", whole_page},
	{"all counters are there", all_counters_are_there},
	{"a new address makes no double series", a_new_address_makes_no_double_series},
	{"service counters never fall", service_counters_never_fall},
	{"without a dataplane", without_a_dataplane},
	{"states are told", states_are_told},
	{"request lines", request_lines},
	{"noise is refused", noise_is_refused},
	{"heads end at the empty line", heads_end_at_the_empty_line},
	{"HEAD has no body", head_has_no_body},
};
CHECK_MAIN("metrics", cases)
