// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The pair in the configuration: its keys, what is wrong with them, what a reload says, and whose source ports are whose.
#include "app_world.h"
#include "diff.h"
#include "sync.h"

#define HA(keys) "ha = { node = 1; listen = \"10.9.0.2:9651\"; peer = \"10.9.0.1:9652\"; key_file = \"/nonexistent/key\"; " \
		 keys " };"
#define WORLD APP_PORTS APP_SERVICES

static void all_keys(void)
{
	struct cp_config *config = config_from("%s", WORLD HA("interface = \"sync0\"; join_timeout_s = 7;"));
	const struct cp_ha *ha = &config->ha;

	CU_ASSERT(ha->on && ha->node == 1 && ha->listen_port == 9651 && ha->peer_port == 9652);
	CU_ASSERT_STRING_EQUAL(ha->listen_address, "10.9.0.2");
	CU_ASSERT_STRING_EQUAL(ha->peer_address, "10.9.0.1");
	CU_ASSERT_STRING_EQUAL(ha->key_file, "/nonexistent/key");
	CU_ASSERT_STRING_EQUAL(ha->interface, "sync0");
	CU_ASSERT_EQUAL(ha->join_timeout_s, 7);
	cp_config_free(config);
	config = config_from("%s", WORLD HA(""));
	CU_ASSERT(config->ha.join_timeout_s == 10 && !config->ha.interface[0]);
	cp_config_free(config);
	config = config_from("%s", WORLD);
	CU_ASSERT(!config->ha.on);
	cp_config_free(config);
}

static void refuse(const char *keys, const char *says)
{
	struct cp_report report = { 0 };
	char text[8192];
	struct cp_config *config;

	snprintf(text, sizeof(text), "%sha = { %s };", WORLD, keys);
	config = config_from_bytes(text, strlen(text), &report);
	CU_ASSERT_PTR_NULL(config);
	CU_ASSERT(report_says(&report, says));
	if (!report_says(&report, says))
		for (size_t i = 0; i < report.count; i++)
			fprintf(stderr, "%s\n", report.lines[i]);
	cp_report_fini(&report);
}

static void mistakes(void)
{
	refuse("", "node");
	refuse("", "listen");
	refuse("", "peer");
	refuse("", "key_file");
	refuse("node = 2;", "choose 0 to 1");
	refuse("listen = \"10.9.0.1\";", "write an address of the sync link and a port");
	refuse("listen = \"10.9.0.1:1\"; peer = \"10.9.0.1:1\";", "own \"listen\"");
	refuse("listen = \"10.9.0.1:1\"; peer = \"[fd00::1]:1\";", "address families");
	refuse("key_file = \"key\";", "absolute path");
	refuse("interface = \"a/b\";", "no name of an interface");
	refuse("nodes = 1;", "did you mean \"node\"");
}

static void halves(void)
{
	struct cp_ha ha = { .on = true };
	uint16_t first = 1024, last = 32767;

	cp_ha_snat_ports(&ha, &first, &last);
	CU_ASSERT(first == 1024 && last == 16895);
	ha.node = 1, first = 1024, last = 32767;
	cp_ha_snat_ports(&ha, &first, &last);
	CU_ASSERT(first == 16896 && last == 32767);
	for (uint32_t from = 1; from < 65536; from += 997)
		for (uint32_t to = from + 127; to < 65536; to += 1009) { // all of the range, nothing twice
			uint16_t low = (uint16_t)from, low_end = (uint16_t)to, high = low, high_end = low_end;

			ha.node = 0;
			cp_ha_snat_ports(&ha, &low, &low_end);
			ha.node = 1;
			cp_ha_snat_ports(&ha, &high, &high_end);
			CU_ASSERT(low == from && high_end == to && low_end + 1 == high);
			CU_ASSERT(low_end - low >= 63 && high_end - high >= 63);
		}
	ha.on = false, first = 5, last = 6;
	cp_ha_snat_ports(&ha, &first, &last);
	CU_ASSERT(first == 5 && last == 6);
}

// What both data paths look at.
static void the_snapshot_has_the_half(void)
{
	struct app_world *world = app_world(WORLD HA(""));

	CU_ASSERT(world->app.snapshot->snat[0].first_port == 16896 && world->app.snapshot->snat[0].last_port == 32767);
	app_config(world, config_from("%s", WORLD));
	CU_ASSERT(world->app.snapshot->snat[0].first_port == 1024 && world->app.snapshot->snat[0].last_port == 32767);
	app_free(world);
}

static void reloads_say_what_changed(void)
{
	struct cp_config *without = config_from("%s", WORLD), *with = config_from("%s", WORLD HA(""));
	struct cp_config *other = config_from("%s", WORLD "ha = { node = 0; listen = \"10.9.0.3:1\"; peer = "
					      "\"10.9.0.4:1\"; key_file = \"/k\"; interface = \"x\"; join_timeout_s = 1; };");
	struct cp_diff diff;

	cp_diff(without, with, &diff);
	CU_ASSERT_FATAL(diff.count == 1 && !diff.restart);
	CU_ASSERT_STRING_EQUAL(diff.items[0].text, "ha added");
	cp_diff_fini(&diff);
	cp_diff(with, other, &diff);
	CU_ASSERT(diff.count == 6 && !diff.restart);
	cp_diff_fini(&diff);
	cp_diff(other, without, &diff);
	CU_ASSERT_STRING_EQUAL(diff.items[0].text, "ha removed");
	cp_diff_fini(&diff);
	cp_config_free(without);
	cp_config_free(with);
	cp_config_free(other);
}

static void a_key_that_is_not_there(void)
{
	struct cp_config *config = config_from("%s", WORLD HA(""));
	struct cp_report report = { 0 };

	CU_ASSERT_EQUAL(cp_sync_check(config, &report), -1);
	CU_ASSERT(report_says(&report, "key_file /nonexistent/key is not there, make one by"));
	cp_report_fini(&report);
	cp_config_free(config);
}

// Without a peer nothing is waited for; the operator's word holds all the same.
static void ready_without_a_peer(void)
{
	struct app_world *world = app_world(WORLD);
	struct cp_sync *sync = cp_sync_create(&world->app);
	struct cp_sync_view view;
	const char *why = NULL;

	CU_ASSERT_PTR_NOT_NULL_FATAL(sync);
	CU_ASSERT_EQUAL(cp_sync_apply(sync), 0);
	CU_ASSERT(cp_sync_ready(sync, &why) && !why);
	CU_ASSERT(cp_sync_ready(NULL, &why) && !why);
	cp_sync_view(sync, &view);
	CU_ASSERT(view.join == CP_SYNC_OFF && !view.sender);
	cp_sync_withdraw(sync);
	CU_ASSERT(!cp_sync_ready(sync, &why) && strstr(why, "announce"));
	cp_sync_announce(sync);
	CU_ASSERT(cp_sync_ready(sync, NULL));
	cp_sync_destroy(sync);
	app_free(world);
}

static const struct check_case cases[] = {
	{ "all keys", all_keys },
	{ "mistakes", mistakes },
	{ "halves", halves },
	{ "the snapshot has the half", the_snapshot_has_the_half },
	{ "reloads say what changed", reloads_say_what_changed },
	{ "a key that is not there", a_key_that_is_not_there },
	{ "ready without a peer", ready_without_a_peer },
};

CHECK_MAIN("ha", cases)
