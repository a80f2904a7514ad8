// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The verbs as poisectl calls them: a request line in, an answer line out. And what they print with.
#include <arpa/inet.h>

#include "api.h"
#include "app_world.h"
#include "cmd_flow_filter.h"
#include "table_text.h"

static struct cp_load load;
static char last_out[65536], last_err[4096];

// Run a request line; returns its status. The texts are left in last_out (JSON re-encoded) and last_err.
static int request(struct app_world *world, const char *line)
{
	struct evbuffer *answer = evbuffer_new();
	bool changed;
	json_t *object;
	const json_t *out;
	char *text;
	int status;

	cp_api_run(&world->app, &load, line, strlen(line), answer, &changed);
	evbuffer_add(answer, "", 1);
	object = json_loads((const char *)evbuffer_pullup(answer, -1), 0, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(object);
	out = json_object_get(object, "stdout");
	text = json_is_string(out) ? strdup(json_string_value(out))
				   : json_dumps(out, JSON_ENCODE_ANY | JSON_COMPACT);
	snprintf(last_out, sizeof(last_out), "%s", text);
	snprintf(last_err, sizeof(last_err), "%s", json_string_value(json_object_get(object, "stderr")));
	status = (int)json_integer_value(json_object_get(object, "status"));
	free(text);
	json_decref(object);
	evbuffer_free(answer);
	app_turn(world);
	return status;
}

static int verb(struct app_world *world, const char *words, const char *json)
{
	char line[1024] = "{\"argv\":[\"", *to = line + strlen(line);

	for (; *words; words++)
		to += sprintf(to, *words == ' ' ? "\",\"" : "%c", *words);
	sprintf(to, "\"]%s}\n", json);
	return request(world, line);
}

#define SAYS(text) CU_ASSERT_PTR_NOT_NULL(strstr(last_out, text))
#define COMPLAINS(text) CU_ASSERT_PTR_NOT_NULL(strstr(last_err, text))

// Every verb of the list, as text and as JSON: done or refused, never without a word.
static void all_verbs_answer(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	for (const struct cp_cmd_entry *entry = cp_cmd_table(); entry->verb; entry++) {
		char words[64];
		int status;

		// These read or write files that the world does not have.
		if (strcmp(entry->verb, "reload") == 0 || strcmp(entry->verb, "apply") == 0 ||
		    strcmp(entry->verb, "confirm") == 0 || strcmp(entry->verb, "rollback") == 0 ||
		    strcmp(entry->verb, "explain") == 0 ||   // these want a packet: test_explain.c,
		    strcmp(entry->verb, "trace") == 0 ||     // system/trace_test.sh
		    strcmp(entry->verb, "capture") == 0)
			continue;
		snprintf(words, sizeof(words), "%s%s%s", entry->verb, entry->least > 0 ? " pg1" : "",
			 entry->least > 1 ? " 5" : "");
		status = verb(world, words, "");
		CU_ASSERT_TRUE(status == CP_CMD_DONE || strcmp(entry->verb, "check") == 0 ||
			       strcmp(entry->verb, "plan") == 0 ||
			       strcmp(entry->verb, "restart") == 0 || // want a file, a process
			       strcmp(entry->verb, "withdraw") == 0 || strcmp(entry->verb, "announce") == 0 ||
			       strcmp(entry->verb, "doctor") == 0); // may find something
		CU_ASSERT_TRUE(*last_out || *last_err);
		status = verb(world, words, ",\"json\":true");
		CU_ASSERT_TRUE(*last_out == '{' || status != CP_CMD_DONE);
		CU_ASSERT_EQUAL(verb(world, "help", ",\"json\":true"), CP_CMD_DONE);
		SAYS(entry->help);
		snprintf(words, sizeof(words), "%s 1 2 3 4 5 6 7 8 9", entry->verb);
		CU_ASSERT_EQUAL(verb(world, words, ""), CP_CMD_USAGE);
		COMPLAINS("usage: poisectl");
	}
	app_free(world);
}

static void bad_requests_are_refused(void)
{
	static const char *const lines[] = {
		"",
		"\n",
		"{",
		"[]",
		"{}",
		"{\"argv\":[]}",
		"{\"argv\":[1]}",
		"{\"argv\":\"help\"}",
		"{\"argv\":[\"\"]}",
		"{\"argv\":[\"no-such\"]}",
		"{\"argv\":[\"-j\"]}",
		"\xff\xfe",
		"{\"argv\":[\"a\\u0000\"]}",
	};
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	for (size_t i = 0; i < POISE_COUNT(lines); i++) {
		CU_ASSERT_EQUAL(request(world, lines[i]), CP_CMD_USAGE);
		CU_ASSERT_TRUE(*last_err != '\0');
	}
	CU_ASSERT_EQUAL(verb(world, "drian web1", ""), CP_CMD_USAGE);
	COMPLAINS("did you mean \"drain\"?");
	app_free(world);
}

static void backends_are_found_by_name(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	CU_ASSERT_EQUAL(verb(world, "drain web1", ""), CP_CMD_FAILED);
	COMPLAINS("web/web1 db/web1");
	CU_ASSERT_EQUAL(verb(world, "drain pg2", ""), CP_CMD_FAILED);
	COMPLAINS("did you mean \"pg1\"?");
	CU_ASSERT_EQUAL(verb(world, "drain bd/pg1", ""), CP_CMD_FAILED);
	COMPLAINS("did you mean \"db/pg1\"?");
	CU_ASSERT_EQUAL(verb(world, "drain quite-else", ""), CP_CMD_FAILED);
	COMPLAINS("`poisectl backends`");
	CU_ASSERT_EQUAL(verb(world, "drain we/web1", ""), CP_CMD_FAILED);
	CU_ASSERT_EQUAL(verb(world, "drain web/web1", ""), CP_CMD_DONE);
	CU_ASSERT_TRUE(cp_app_state(&world->app, "web", "web1")->draining);
	CU_ASSERT_FALSE(cp_app_state(&world->app, "db", "web1")->draining);
	app_free(world);
}

static bool takes_flows(const struct app_world *world, const char *name)
{
	const struct poise_snapshot *snapshot = world->app.snapshot;

	return snapshot->backends[app_backend(world, name, 0)].flags & POISE_BACKEND_UP;
}

// The operator's verbs end in a snapshot, not only in a word.
static void operator_verbs_reach_the_snapshot(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	CU_ASSERT_TRUE(takes_flows(world, "web2"));
	CU_ASSERT_EQUAL(verb(world, "drain web2", ""), CP_CMD_DONE);
	SAYS("web/web2: draining");
	CU_ASSERT_FALSE(takes_flows(world, "web2"));
	CU_ASSERT_EQUAL(verb(world, "backends web", ""), CP_CMD_DONE);
	SAYS("web/web2 is draining: by the operator");
	CU_ASSERT_EQUAL(verb(world, "enable web2", ""), CP_CMD_DONE);
	CU_ASSERT_TRUE(takes_flows(world, "web2"));
	CU_ASSERT_EQUAL(verb(world, "disable web2", ""), CP_CMD_DONE);
	CU_ASSERT_FALSE(takes_flows(world, "web2"));
	CU_ASSERT_EQUAL(verb(world, "enable web2", ""), CP_CMD_DONE);
	CU_ASSERT_EQUAL(verb(world, "weight web2 0", ""), CP_CMD_DONE);
	CU_ASSERT_FALSE(takes_flows(world, "web2"));
	CU_ASSERT_EQUAL(verb(world, "weight web2 default", ""), CP_CMD_DONE);
	CU_ASSERT_TRUE(takes_flows(world, "web2"));
	app_free(world);
}

static void weights_are_checked(void)
{
	static const char *const bad[] = {"257", "-1",	 "1x", "x", "99999999999999999999",
					  "+1",	 "0x10", "1.5"};
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	char words[64];

	for (size_t i = 0; i < POISE_COUNT(bad); i++) {
		snprintf(words, sizeof(words), "weight pg1 %s", bad[i]);
		CU_ASSERT_EQUAL(verb(world, words, ""), CP_CMD_USAGE);
		CU_ASSERT_EQUAL(cp_app_state(&world->app, "db", "pg1")->weight, -1);
	}
	CU_ASSERT_EQUAL(verb(world, "weight pg1 256", ""), CP_CMD_DONE);
	CU_ASSERT_EQUAL(cp_app_state(&world->app, "db", "pg1")->weight, 256);
	CU_ASSERT_EQUAL(verb(world, "disable db/web1", ""), CP_CMD_DONE);
	CU_ASSERT_EQUAL(verb(world, "weight pg1 0", ""), CP_CMD_DONE);
	COMPLAINS("no other backend of db takes new flows");
	app_free(world);
}

static void check_reads_relative_to_the_caller(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	char path[80], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/new.conf", world->directory);
	file = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fprintf(file, "%s", APP_PORTS APP_SERVICES);
	fclose(file);
	snprintf(line, sizeof(line), "{\"argv\":[\"check\",\"new.conf\"],\"cwd\":\"%s\"}\n",
		 world->directory);
	CU_ASSERT_EQUAL(request(world, line), CP_CMD_DONE);
	SAYS("no change");
	file = fopen(path, "a");
	fprintf(file, "\nnonsense = 1;\n");
	fclose(file);
	CU_ASSERT_EQUAL(request(world, line), CP_CMD_FAILED);
	COMPLAINS("new.conf:2:");
	unlink(path);
	CU_ASSERT_EQUAL(request(world, line), CP_CMD_FAILED);
	COMPLAINS("No such file");
	CU_ASSERT_EQUAL(verb(world, "check /dev/null", ""), CP_CMD_FAILED);
	COMPLAINS("not a regular file");
	CU_ASSERT_EQUAL(verb(world, "reload", ""), CP_CMD_FAILED);
	COMPLAINS("the running configuration stays");
	app_free(world);
}

static struct poise_flow *put_flow(struct app_world *world, uint32_t number, uint32_t client,
				   const char *backend)
{
	const struct poise_table *table = &world->app.flows.table;
	uint32_t shard = number % POISE_SHARDS, place = number / POISE_SHARDS;
	struct poise_flow *flow = poise_record(table, shard * table->records_per_shard + place + 1);

	flow->client = POISE_BE32(client);
	flow->client_port = POISE_BE16(40000);
	flow->vip = inet_addr("203.0.113.20");
	flow->vip_port = POISE_BE16(5432);
	flow->backend_index = (uint16_t)app_backend(world, backend, 0);
	flow->vip_index = world->app.snapshot->backends[flow->backend_index].vip;
	flow->state = POISE_STATE_ESTABLISHED;
	flow->last_seen_ms = (uint32_t)(cp_view_now_ns() / 1000000);
	if (poise_shard(table, shard)->used_top <= place)
		poise_shard(table, shard)->used_top = place + 1;
	return flow;
}

static void flows_are_listed(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct poise_flow *flow;

	CU_ASSERT_EQUAL(verb(world, "flows", ""), CP_CMD_DONE);
	CU_ASSERT_STRING_EQUAL(last_out, "no flow\n");
	for (uint32_t i = 0; i < 100; i++)
		flow = put_flow(world, i, 0x0a000001 + i, i % 2 ? "pg1" : "web2");
	flow->flags = POISE_FLOW_FULL_NAT;
	flow->snat = inet_addr("10.10.0.1");
	flow->snat_port = POISE_BE16(1099);
	put_flow(world, 5, 0x0a000006, "pg1")->sequence = 1;		 // being written
	put_flow(world, 7, 0x0a000008, "pg1")->state = POISE_STATE_FREE; // gone
	put_flow(world, 9, 0x0a00000a, "pg1")->state = POISE_STATE_SYN_SENT;
	CU_ASSERT_EQUAL(verb(world, "flows limit=0", ""), CP_CMD_DONE);
	CU_ASSERT_STRING_EQUAL(last_out, "98 flows\n");
	CU_ASSERT_EQUAL(verb(world, "flows", ""), CP_CMD_DONE);
	SAYS("48 more");
	CU_ASSERT_EQUAL(verb(world, "flows backend=db/pg1 limit=0", ""), CP_CMD_DONE);
	CU_ASSERT_STRING_EQUAL(last_out, "48 flows\n");
	CU_ASSERT_EQUAL(verb(world, "flows backend=web/pg1", ""), CP_CMD_DONE);
	CU_ASSERT_STRING_EQUAL(last_out, "no flow\n");
	CU_ASSERT_EQUAL(verb(world, "flows state=half_open", ",\"json\":true"), CP_CMD_DONE);
	SAYS("\"client\":\"10.0.0.10:40000\"");
	SAYS("\"matched\":1,\"complete\":true");
	CU_ASSERT_EQUAL(verb(world, "flows client=10.0.0.100", ""), CP_CMD_DONE);
	SAYS("10.10.0.1:1099");
	world->app.flows.base = NULL;
	CU_ASSERT_EQUAL(verb(world, "flows", ""), CP_CMD_FAILED);
	world->app.flows.base = world->app.flows.table.base;
	app_free(world);
}

static int parses(const char *argument)
{
	struct cp_flow_filter filter;
	char error[160] = "";
	int status = cp_flow_filter_parse(&filter, 1, &argument, error, sizeof(error));

	CU_ASSERT_EQUAL(status == 0, !*error);
	return status;
}

static void flow_filters(void)
{
	static const char *const good[] = {"service=a",		"backend=a",	     "backend=a/b",
					   "client=1.2.3.4",	"client=1.2.3.4:80", "client=1.2.3.4/0",
					   "client=1.2.3.4/32", "state=reset",	     "state=half_open",
					   "limit=0",		"limit=10000"};
	static const char *const bad[] = {"",
					  "=",
					  "x",
					  "foo=1",
					  "service=",
					  "backend=",
					  "backend=a/",
					  "client=",
					  "client=1.2.3",
					  "client=1.2.3.4:0",
					  "client=1.2.3.4:65536",
					  "client=1.2.3.4/33",
					  "client=1.2.3.4/-1",
					  "client=::1",
					  "client=1.2.3.4:80x",
					  "state=free",
					  "state=",
					  "limit=-1",
					  "limit=10001",
					  "limit=",
					  "limits=1",
					  "backend=0123456789012345678901234567890123456789/x"};
	static const char *const prefix = "client=10.1.2.3/20";
	struct poise_flow flow = {.client = POISE_BE32(0x0a010fff), .state = POISE_STATE_CLOSING};
	struct cp_flow_filter filter;

	for (size_t i = 0; i < POISE_COUNT(good); i++)
		CU_ASSERT_EQUAL(parses(good[i]), 0);
	for (size_t i = 0; i < POISE_COUNT(bad); i++)
		CU_ASSERT_EQUAL(parses(bad[i]), -1);
	CU_ASSERT_EQUAL(cp_flow_filter_parse(&filter, 1, &prefix, NULL, 0), 0);
	CU_ASSERT_TRUE(cp_flow_filter_match(&filter, &flow, NULL));
	flow.client = POISE_BE32(0x0a011000);
	CU_ASSERT_FALSE(cp_flow_filter_match(&filter, &flow, NULL));
}

static void counters_are_shown(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	CU_ASSERT_EQUAL(verb(world, "counters", ""), CP_CMD_DONE);
	CU_ASSERT_STRING_EQUAL(last_out, "no packet was seen\n");
	world->stats->worker[0].counters[POISE_FORWARDED] = 5;
	world->stats->worker[1].counters[POISE_RUNT] = 6;
	CU_ASSERT_EQUAL(verb(world, "counters --drops", ""), CP_CMD_DONE);
	SAYS("runt");
	CU_ASSERT_PTR_NULL(strstr(last_out, "forwarded"));
	CU_ASSERT_EQUAL(verb(world, "counters --all", ",\"json\":true"), CP_CMD_DONE);
	SAYS("{\"counter\":\"forwarded\",\"kind\":\"forward\",\"value\":5");
	SAYS("no_snapshot");
	CU_ASSERT_EQUAL(verb(world, "counters --some", ""), CP_CMD_USAGE);
	app_free(world);
}

static void load_is_a_share_of_time(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct poise_stats_worker *worker = &world->stats->worker[0];
	struct cp_dataplane_link *link = &world->app.dataplane;
	const uint64_t second = 1000000000;
	struct cp_load samples = {0};

	cp_load_sample(&samples, link, 10 * second);
	cp_load_sample(&samples, link, 10 * second + 1); // too soon, not taken
	cp_load_sample(&samples, link, 11 * second);
	worker->loops = 1000;
	worker->busy_loops = 500;
	CU_ASSERT_DOUBLE_EQUAL(cp_load_busy(&samples, link, 0, 12 * second), 0.5, 0.001);
	worker->idle_ns = second; // of the two seconds since
	CU_ASSERT_DOUBLE_EQUAL(cp_load_busy(&samples, link, 0, 12 * second), 0.25, 0.001);
	CU_ASSERT_DOUBLE_EQUAL(cp_load_busy(&samples, link, 1, 12 * second), 0, 0.001);
	world->stats->started_ns = 11 * second + second / 2; // a new dataplane: since its start
	CU_ASSERT_DOUBLE_EQUAL(cp_load_busy(&samples, link, 0, 13 * second + second / 2), 0.25, 0.001);
	app_free(world);
}

static char *table_of(const char *json)
{
	static const struct cp_text_column columns[] = {
		{"NAME", "name", CP_TEXT_PLAIN}, {"N", "n", CP_TEXT_COUNT}, {"TEXT", "text", CP_TEXT_PROSE}};
	struct evbuffer *out = evbuffer_new();
	json_t *rows = json_loads(json, 0, NULL);
	char *text;

	cp_text_table(out, columns, POISE_COUNT(columns), rows);
	text = check_memory(evbuffer_get_length(out) + 1);
	evbuffer_copyout(out, text, evbuffer_get_length(out));
	evbuffer_free(out);
	json_decref(rows);
	return text;
}

static void tables_are_aligned(void)
{
	char *text = table_of("[{\"name\":\"a\",\"n\":1,\"text\":\"x\"},{\"name\":\"long "
			      "name\",\"n\":12345678},{\"n\":null}]");

	CU_ASSERT_STRING_EQUAL(text, "NAME           N  TEXT\n"
				     "a              1  x\n"
				     "long name  12.3M\n"
				     "-              -\n");
	free(text);
	text = table_of("[]");
	CU_ASSERT_STRING_EQUAL(text, "");
	free(text);
}

static void prose_is_wrapped(void)
{
	char *text = table_of(
		"[{\"name\":\"a\",\"n\":1,\"text\":\"0123456789 0123456789 0123456789 0123456789 0123456789 "
		"0123456789 0123456789 end\"}]");
	char *save = NULL, *last = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		CU_ASSERT_TRUE(strlen(line) <= CP_TEXT_WIDTH);
		last = line;
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(last);
	CU_ASSERT_STRING_EQUAL(last, "         0123456789 end");
	free(text);
}

static void numbers_for_people(void)
{
	char text[CP_TEXT_CELL];

	CU_ASSERT_STRING_EQUAL(cp_text_count(999999, text), "999999");
	CU_ASSERT_STRING_EQUAL(cp_text_count(1000000, text), "1.0M");
	CU_ASSERT_STRING_EQUAL(cp_text_count(999400000, text), "999M");
	CU_ASSERT_STRING_EQUAL(cp_text_count(UINT64_MAX, text), "18.4E");
	CU_ASSERT_STRING_EQUAL(cp_text_bytes(0, text), "0B");
	CU_ASSERT_STRING_EQUAL(cp_text_bytes(1023, text), "1023B");
	CU_ASSERT_STRING_EQUAL(cp_text_bytes(1024, text), "1.0KiB");
	CU_ASSERT_STRING_EQUAL(cp_text_bytes(150 * 1024, text), "150KiB");
	CU_ASSERT_STRING_EQUAL(cp_text_duration(59, text), "59s");
	CU_ASSERT_STRING_EQUAL(cp_text_duration(3599, text), "59m 59s");
	CU_ASSERT_STRING_EQUAL(cp_text_duration(90000, text), "1d 1h");
}

static const struct check_case cases[] = {
	{"all verbs answer", all_verbs_answer},
	{"bad requests are refused", bad_requests_are_refused},
	{"backends are found by name", backends_are_found_by_name},
	{"operator verbs reach the snapshot", operator_verbs_reach_the_snapshot},
	{"weights are checked", weights_are_checked},
	{"check reads relative to the caller", check_reads_relative_to_the_caller},
	{"flows are listed", flows_are_listed},
	{"flow filters", flow_filters},
	{"counters are shown", counters_are_shown},
	{"load is a share of time", load_is_a_share_of_time},
	{"tables are aligned", tables_are_aligned},
	{"prose is wrapped", prose_is_wrapped},
	{"numbers for people", numbers_for_people},
};
CHECK_MAIN("cmds", cases)
