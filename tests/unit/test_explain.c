// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// explain: every answer it can give, against the snapshot and the table that the data paths would use.
#include <arpa/inet.h>

#include <poise/flow_create.h>

#include "app_world.h"
#include "cmd.h"

static char text[8192], complaint[1024];

static __be32 address_of(const char *name)
{
	struct in_addr address;

	app_must(inet_pton(AF_INET, name, &address) == 1, name);
	return address.s_addr;
}

static enum cp_cmd_status explain(struct app_world *world, const char *protocol, const char *from, const char *to,
				  json_t **document)
{
	const char *arguments[] = {"explain", protocol, from, to};
	struct cp_cmd cmd = {.app = &world->app, .argc = 4, .argv = arguments, .out = evbuffer_new(),
			     .err = evbuffer_new()};
	enum cp_cmd_status status = cp_cmd_run(&cmd);

	memset(text, 0, sizeof(text));
	memset(complaint, 0, sizeof(complaint));
	evbuffer_remove(cmd.out, text, sizeof(text) - 1);
	evbuffer_remove(cmd.err, complaint, sizeof(complaint) - 1);
	evbuffer_free(cmd.out);
	evbuffer_free(cmd.err);
	if (document)
		*document = cmd.document;
	else
		json_decref(cmd.document);
	return status;
}

// What the last line says, and the same in JSON.
static void verdict_is(struct app_world *world, const char *from, const char *to, const char *verdict)
{
	json_t *document = NULL;
	char line[100];

	CU_ASSERT_EQUAL(explain(world, "tcp", from, to, &document), CP_CMD_DONE);
	snprintf(line, sizeof(line), "verdict   %s", verdict);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, line));
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(document, "verdict")), verdict);
	json_decref(document);
}

#define SAYS(words) CU_ASSERT_PTR_NOT_NULL(strstr(text, words))

// A flow as the dataplane makes it.
static void connect_from(struct app_world *world, uint16_t client_port, const char *vip, uint16_t port, uint16_t index)
{
	static const __u8 mac[6] = {2};
	const struct poise_table *table = &world->app.flows.table;
	struct poise_packet packet = {.key = {address_of("198.51.100.7"), address_of(vip), POISE_BE16(client_port),
					      POISE_BE16(port)},
				      .kind = POISE_PACKET_TCP, .tcp_flags = POISE_TCP_SYN, .ttl = 64};
	struct poise_create create = {.snapshot = world->app.snapshot, .packet = &packet, .source_mac = mac,
				      .shards = ~0ull, .vip_index = index,
				      .now_ms = (uint32_t)(cp_view_now_ns() / 1000000)};
	struct poise_place place = poise_place_client(table, packet.key.src, packet.key.src_port);
	__u32 number;

	CU_ASSERT_EQUAL_FATAL(poise_flow_create(table, &create, &place, &number), POISE_FORWARDED);
}

static void connect_client(struct app_world *world, const char *vip, uint16_t port, uint16_t index)
{
	connect_from(world, 40000, vip, port, index);
}

static void a_syn_gets_the_next_backend(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	verdict_is(world, "198.51.100.7:40000", "203.0.113.10:443", "forwarded");
	SAYS("service   web at 203.0.113.10:443, dnat");
	SAYS("flow      none");
	SAYS("web1 is next, slot 1 of 2");
	SAYS("port back, link address 02:00:00:00:01:00");
	SAYS("without SYN: no_flow");
	verdict_is(world, "198.51.100.7:40000", "203.0.113.10:443", "forwarded");
	SAYS("web1 is next, slot 1 of 2"); // asking takes no turn
	connect_client(world, "203.0.113.10", 443, 0);
	verdict_is(world, "198.51.100.8:40000", "203.0.113.10:443", "forwarded");
	SAYS("web2 is next, slot 2 of 2");
	app_free(world);
}

static void a_flow_is_followed_both_ways(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	connect_client(world, "203.0.113.10", 443, 0);
	verdict_is(world, "198.51.100.7:40000", "203.0.113.10:443", "forwarded");
	SAYS("flow      syn_sent");
	SAYS("198.51.100.7:40000 -> 10.10.0.11:8443, to backend web1 of service web");
	verdict_is(world, "10.10.0.11:8443", "198.51.100.7:40000", "forwarded");
	SAYS("203.0.113.10:443 -> 198.51.100.7:40000, from backend web1");
	SAYS("port front, the link address that the SYN came from");
	app_free(world);
}

static void full_nat_is_followed_both_ways(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	const char *snat;
	char reply[32];

	connect_client(world, "203.0.113.20", 5432, 1);
	verdict_is(world, "198.51.100.7:40000", "203.0.113.20:5432", "forwarded");
	snat = strstr(text, "10.10.0.1:");
	CU_ASSERT_PTR_NOT_NULL_FATAL(snat);
	snprintf(reply, sizeof(reply), "%.*s", (int)strcspn(snat, " "), snat);
	verdict_is(world, "10.10.0.21:5432", reply, "forwarded");
	SAYS("203.0.113.20:5432 -> 198.51.100.7:40000, from backend pg1");
	app_free(world);
}

static void refusals_have_their_name(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	verdict_is(world, "198.51.100.7:40000", "203.0.113.10:444", "no_service");
	SAYS("none listens on port 444");
	verdict_is(world, "198.51.100.7:40000", "192.0.2.1:80", "not_ours");
	for (uint32_t i = 0; i < world->app.states.count; i++)
		world->app.states.items[i].healthy = false;
	cp_changed(&world->app);
	app_turn(world);
	verdict_is(world, "198.51.100.7:40000", "203.0.113.10:443", "no_backend");
	SAYS("web1 takes no new flow: unknown, not checked yet");
	app_free(world);
}

#define LISTS                                                                                                            \
	"services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 443; health = { type = \"none\"; };\n"               \
	"backends = ( { name = \"web1\"; address = \"10.10.0.11\"; } ); allow = [ \"198.51.100.0/24\" ];\n"              \
	"deny = [ \"198.51.100.128/25\" ]; limits = { new_flows_per_source_s = 2; flows_per_source = 1; }; } );\n"

static void sources_have_their_reason(void)
{
	struct app_world *world = app_world(APP_PORTS LISTS);

	verdict_is(world, "198.51.100.200:40000", "203.0.113.10:443", "denied");
	SAYS("source    denied by deny 198.51.100.128/25");
	verdict_is(world, "192.0.2.1:40000", "203.0.113.10:443", "denied");
	SAYS("denied: it is in no list, and there is an allow");
	verdict_is(world, "198.51.100.7:41000", "203.0.113.10:443", "forwarded");
	SAYS("served by allow 198.51.100.0/24");
	SAYS("has used 0 % of its 2 new flows a second");
	SAYS("has 0 of the 1 flows that it may have");
	connect_client(world, "203.0.113.10", 443, 0);
	verdict_is(world, "198.51.100.7:41000", "203.0.113.10:443", "source_flows");
	SAYS("has 1 of the 1 flows");
	verdict_is(world, "198.51.100.8:41000", "203.0.113.10:443", "forwarded");
	world->app.snapshot->vips[0].source_flows = 0;
	connect_from(world, 40001, "203.0.113.10", 443, 0);
	verdict_is(world, "198.51.100.7:41000", "203.0.113.10:443", "source_rate");
	app_free(world);
}

static void a_next_hop_without_link_address(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	for (uint32_t i = 0; i < POISE_MAX_EGRESS; i++)
		world->app.snapshot->egress[i].flags = 0;
	verdict_is(world, "198.51.100.7:40000", "203.0.113.10:443", "no_next_hop");
	app_free(world);
}

static void bad_arguments(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	static const char *const bad[] = {"", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3:1",
					  "1.2.3.4:1x", ":1", "1.2.3.4:-1", "1.2.3.4: 1"};

	for (size_t i = 0; i < POISE_COUNT(bad); i++) {
		CU_ASSERT_EQUAL(explain(world, "tcp", bad[i], "203.0.113.10:443", NULL), CP_CMD_USAGE);
		CU_ASSERT_EQUAL(explain(world, "tcp", "198.51.100.7:1", bad[i], NULL), CP_CMD_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(complaint, "ADDRESS:PORT"));
	}
	CU_ASSERT_EQUAL(explain(world, "udp", "198.51.100.7:1", "203.0.113.10:443", NULL), CP_CMD_USAGE);
	app_free(world);
}

static const struct check_case cases[] = {
	{"a SYN gets the next backend", a_syn_gets_the_next_backend},
	{"a flow is followed both ways", a_flow_is_followed_both_ways},
	{"full NAT is followed both ways", full_nat_is_followed_both_ways},
	{"refusals have their name", refusals_have_their_name},
	{"sources have their reason", sources_have_their_reason},
	{"a next hop without link address", a_next_hop_without_link_address},
	{"bad arguments", bad_arguments},
};

CHECK_MAIN("explain", cases)
