// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "diff.h"
#include "from_text.h"

#define FRONT "ports = ( { name = \"front\"; interface = \"eth1\"; } );\n"
#define WEB "{ name = \"web\"; vip = \"203.0.113.10\"; port = 80; backends = ( { name = \"web1\"; address = "     \
	    "\"10.0.0.1\"; }, { name = \"web2\"; address = \"10.0.0.2\"; } ); }"
#define DB "{ name = \"db\"; vip = \"203.0.113.20\"; port = 5432; backends = ( { name = \"db1\"; address = "       \
	   "\"10.0.0.9\"; } ); }"

static bool has(const struct cp_diff *diff, const char *text, bool restart)
{
	for (size_t i = 0; i < diff->count; i++)
		if (!strcmp(diff->items[i].text, text) && diff->items[i].restart == restart)
			return true;
	for (size_t i = 0; i < diff->count; i++)
		fprintf(stderr, "wanted \"%s\", there is \"%s\"\n", text, diff->items[i].text);
	return false;
}

// Compare two texts; the caller frees *diff.
static void compare(const char *before, const char *after, struct cp_diff *diff, const char *summary)
{
	struct cp_config *old = before ? config_from("%s", before) : NULL, *new = config_from("%s", after);
	char *line;

	cp_diff(old, new, diff);
	line = cp_diff_summary(diff);
	CU_ASSERT_PTR_NOT_NULL_FATAL(line);
	if (strcmp(line, summary))
		fprintf(stderr, "wanted \"%s\"\ngot    \"%s\"\n", summary, line);
	CU_ASSERT_STRING_EQUAL(line, summary);
	CU_ASSERT_FALSE(diff->failed);
	free(line);
	cp_config_free(old);
	cp_config_free(new);
}

static void nothing_changed(void)
{
	struct cp_diff diff;

	compare(FRONT "services = ( " WEB " );", "/* other lines */\n\n" FRONT "services = ( " WEB " );", &diff,
		"no change");
	CU_ASSERT_EQUAL(diff.count, 0);
	CU_ASSERT_FALSE(diff.restart);
	cp_diff_fini(&diff);
}

static void the_first_config(void)
{
	struct cp_diff diff;

	compare(NULL, FRONT "services = ( " WEB ", " DB " );", &diff, "2 services added");
	CU_ASSERT_TRUE(has(&diff, "service web added: 203.0.113.10:80, 2 backends", false));
	cp_diff_fini(&diff);
}

#define ONE(more) FRONT "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; " more                        \
	"backends = ( { name = \"web1\"; address = \"10.0.0.1\"; } ); } );\n"

static void sources(void)
{
	struct cp_diff diff;

	compare(ONE("deny = [ \"192.0.2.0/24\", \"198.51.100.1\" ]; "), ONE("deny = [ \"198.51.100.1\", \"192.0.2.0/24\" ];"),
		&diff, "no change");
	cp_diff_fini(&diff);
	compare(ONE(""),
		ONE("allow = [ \"10.0.0.0/8\" ]; deny = [ \"10.1.0.0/16\", \"10.2.0.0/16\", \"10.3.0.0/16\", "
		    "\"10.4.0.1\", \"10.5.0.0/16\" ]; limits = { flows_per_source = 5; }; "), &diff, "3 settings changed");
	CU_ASSERT_TRUE(has(&diff, "service web: allow +10.0.0.0/8", false));
	CU_ASSERT_TRUE(has(&diff, "service web: deny +10.1.0.0/16, +10.2.0.0/16, +10.3.0.0/16, +10.4.0.1 and 1 more", false));
	CU_ASSERT_TRUE(has(&diff, "service web: flows_per_source 0 -> 5", false));
	cp_diff_fini(&diff);
	compare(ONE("deny = [ \"10.1.0.0/16\", \"10.2.0.0/16\" ]; limits = { new_flows_per_source_s = 9; }; "),
		ONE("deny = [ \"10.2.0.0/16\", \"10.3.0.0/16\" ]; "), &diff, "2 settings changed");
	CU_ASSERT_TRUE(has(&diff, "service web: deny -10.1.0.0/16, +10.3.0.0/16", false));
	CU_ASSERT_TRUE(has(&diff, "service web: new_flows_per_source_s 9 -> 0", false));
	cp_diff_fini(&diff);
}

static void services_come_and_go(void)
{
	struct cp_diff diff;

	compare(FRONT "services = ( " WEB " );", FRONT "services = ( " DB " );", &diff,
		"1 service added, 1 service removed");
	CU_ASSERT_TRUE(has(&diff, "service web removed", false));
	cp_diff_fini(&diff);
}

static void a_service_changes(void)
{
	struct cp_diff diff;

	compare("ports = ( { name = \"front\"; interface = \"eth1\"; snat = [ \"10.0.0.254\" ]; } ); services = ( "
		WEB " );",
		"ports = ( { name = \"front\"; interface = \"eth1\"; snat = [ \"10.0.0.253\" ]; } ); services = ( {\n"
		"name = \"web\"; vip = \"203.0.113.11\"; port = 8080; nat = \"full\"; scheduler = \"wrr\";\n"
		"health = { type = \"none\"; }; timeouts = { closing_s = 1; };\n"
		"backends = ( { name = \"web3\"; address = \"10.0.0.3\"; port = 1; }, { name = \"web2\"; address = "
		"\"10.0.0.22\"; port = 80; weight = 7; role = \"standby\"; } ); } );",
		&diff, "1 backend added, 1 backend removed, 9 settings changed");
	CU_ASSERT_TRUE(has(&diff, "port front: snat addresses", false));
	CU_ASSERT_TRUE(has(&diff, "service web: 203.0.113.10:80 -> 203.0.113.11:8080", false));
	CU_ASSERT_TRUE(has(&diff, "service web: nat dnat -> full", false));
	CU_ASSERT_TRUE(has(&diff, "service web: scheduler rr -> wrr", false));
	CU_ASSERT_TRUE(has(&diff, "service web: health check", false));
	CU_ASSERT_TRUE(has(&diff, "service web: timeouts", false));
	CU_ASSERT_TRUE(has(&diff, "service web: backend web3 added", false));
	CU_ASSERT_TRUE(has(&diff, "service web: backend web1 removed", false));
	CU_ASSERT_TRUE(has(&diff, "service web: backend web2: 10.0.0.2:80 -> 10.0.0.22:80", false));
	CU_ASSERT_TRUE(has(&diff, "service web: backend web2: weight 1 -> 7", false));
	CU_ASSERT_TRUE(has(&diff, "service web: backend web2: role active -> standby", false));
	CU_ASSERT_EQUAL(diff.services_changed, 1);
	cp_diff_fini(&diff);
}

static void the_order_matters(void)
{
	struct cp_diff diff;

	compare(FRONT "services = ( " WEB " );",
		FRONT "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; backends = ( { name = "
		"\"web2\"; address = \"10.0.0.2\"; }, { name = \"web1\"; address = \"10.0.0.1\"; } ); } );",
		&diff, "1 setting changed");
	CU_ASSERT_TRUE(has(&diff, "service web: order of backends", false));
	cp_diff_fini(&diff);
}

static void what_wants_a_restart(void)
{
	struct cp_diff diff;

	compare(FRONT "services = ( " WEB " );",
		"dataplane = { workers = 2; eal = [ \"--no-huge\" ]; };\n"
		"ports = ( { name = \"front\"; interface = \"eth2\"; queues = 2; snat_ports = \"1-2\"; },\n"
		"{ name = \"back\"; interface = \"eth1\"; } ); metrics = { listen = \"\"; };\n"
		"control = { socket = \"/run/other\"; }; services = ( " WEB " );",
		&diff,
		"8 settings changed; restart needed for dataplane workers: 1 -> 2, dataplane eal options, metrics "
		"listen: 127.0.0.1:9650 -> none, control socket: /run/poise/control.sock -> /run/other, port front: "
		"interface eth1 -> eth2, port front: queues 1 -> 2, port back added");
	CU_ASSERT_TRUE(diff.restart);
	CU_ASSERT_TRUE(has(&diff, "port front: snat_ports 1024-32767 -> 1-2", false));
	cp_diff_fini(&diff);
}

static void vdev_and_neighbors(void)
{
	struct cp_diff diff;

	compare("dataplane = { mode = \"vdev\"; }; ports = ( { name = \"a\"; vdev = \"net_null0\"; } ); services = ( "
		DB " ); neighbors = ( { address = \"10.0.0.9\"; mac = \"02:00:00:00:00:01\"; port = \"a\"; } );",
		"dataplane = { mode = \"vdev\"; }; ports = ( { name = \"b\"; vdev = \"net_null0\"; } ); services = ( "
		DB " ); neighbors = ( { address = \"10.0.0.9\"; mac = \"02:00:00:00:00:01\"; port = \"b\"; } );",
		&diff, "2 settings changed; restart needed for port b in the place of a");
	CU_ASSERT_TRUE(has(&diff, "neighbors: 1 -> 1 entries", false));
	cp_diff_fini(&diff);
}

static const struct check_case cases[] = {
	{ "sources", sources },
	{ "nothing changed", nothing_changed },
	{ "the first config", the_first_config },
	{ "services come and go", services_come_and_go },
	{ "a service changes", a_service_changes },
	{ "the order of backends matters", the_order_matters },
	{ "what wants a restart", what_wants_a_restart },
	{ "vdev and neighbors", vdev_and_neighbors },
};

CHECK_MAIN("diff", cases)
