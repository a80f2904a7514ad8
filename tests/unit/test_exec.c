// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Exec check: real programs, as another user. Needs root, as poised does.
#include <signal.h>
#include <sys/stat.h>

#include "check/command.h"
#include "check/exec_output.h"
#include "check_world.h"

// Run `script` by sh until `probes` have ended; what is known then.
static struct cp_check_view after(const char *script, uint64_t probes, struct cp_backend_state *state)
{
	struct server server = {.hold = true};
	char health[800];
	struct app_world *world;
	struct cp_check_view view;

	snprintf(health, sizeof(health), "type = \"exec\"; interval_ms = 400; timeout_ms = 400; command = [ \"/bin/sh\", "
		 "\"-c\", \"%s\" ];", script);
	world = world_of(&server, health);
	run_probes(world, probes);
	view = view_of(world);
	if (state)
		*state = *cp_app_state(&world->app, "web", "a");
	CU_ASSERT_EQUAL(server.accepted, 0); // nobody connects unless the program does
	world_end(world, &server);
	return view;
}

static void ends(void)
{
	static const struct {
		const char *script;
		bool good;
		const char *reason;
	} programs[] = {
		{"exit 0", true, ""},
		{"echo all is well", true, ""},
		{"echo disk full; echo more; exit 3", false, "exit status 3: disk full"},
		{"exit 1", false, "exit status 1"},
		{"printf '\\\\033[1mred\\\\303\\\\244'; exit 1", false, "exit status 1: ?[1mred??"},
		{"kill -11 $$", false, "ended by signal 11"},
		{"echo waits >&2; sleep 60", false, "no end within 400 ms: waits"},
		{"yes", false, "writes more than 64 KiB: y"},
	};

	for (size_t i = 0; i < POISE_COUNT(programs); i++) {
		struct cp_check_view view = after(programs[i].script, 1, NULL);

		CU_ASSERT(view.known && view.healthy == programs[i].good);
		CU_ASSERT_STRING_EQUAL(view.reason, programs[i].reason);
		if (strcmp(view.reason, programs[i].reason))
			printf("    %s: %s\n", programs[i].script, view.reason);
	}
}

// Each test of the script that fails has a status of its own.
static void has_no_rights(void)
{
	struct cp_check_view view;

	setenv("POISE_TEST_SECRET", "x", 1);
	view = after("[ $(id -un) = nobody ] || exit 2; [ $(id -G | wc -w) = 1 ] || exit 3; "
		     "[ $(ls /proc/self/fd | wc -l) = 4 ] || exit 4; grep -q 'NoNewPrivs:.1' /proc/self/status || exit 5; "
		     "grep -q 'CapEff:.0000000000000000' /proc/self/status || exit 6; "
		     "[ -z ${POISE_TEST_SECRET}${HOME} ] || exit 7; [ $PWD = / ] || exit 8; "
		     "[ $POISE_SERVICE/$POISE_BACKEND = web/a ] || exit 9; [ $POISE_ADDRESS = 127.0.0.1 ] || exit 10; "
		     "[ $POISE_PORT -gt 0 ] || exit 11; [ $POISE_TIMEOUT_MS/$POISE_STATE = 400/unknown ] || exit 12; "
		     "[ $(ulimit -c) = 0 ] || exit 13", 1, NULL);
	CU_ASSERT_TRUE(view.healthy);
	CU_ASSERT_STRING_EQUAL(view.reason, "");
}

static void tells_a_role(void)
{
	struct cp_backend_state state;

	after("echo role=primary", 1, &state);
	CU_ASSERT_EQUAL(state.node_role, CP_NODE_PRIMARY);
	after("echo role=replica lag_ms=1500", 1, &state);
	CU_ASSERT_EQUAL(state.node_role, CP_NODE_REPLICA);
	CU_ASSERT(state.lag_known && state.lag_ms == 1500 && state.lag_bytes == 0);
}

static void roles(void)
{
	static const struct {
		const char *output;
		struct cp_health_report report;
	} outputs[] = {
		{"", {0}},
		{"fine", {0}},
		{"role=replicas", {0}},
		{" role=primary", {0}},
		{"role=primary\r\nrole=replica", {.role = CP_NODE_PRIMARY}},
		{"role=replica", {.role = CP_NODE_REPLICA}},
		{"role=replica lag_bytes=7 lag_ms=3\n",
		 {.role = CP_NODE_REPLICA, .lag_known = true, .lag_ms = 3, .lag_bytes = 7}},
		{"role=replica lag_ms=3s lag_bytes=", {.role = CP_NODE_REPLICA}},
		{"role=replica lag_ms=99999999999999999999", {.role = CP_NODE_REPLICA}},
	};

	for (size_t i = 0; i < POISE_COUNT(outputs); i++) {
		struct cp_health_report report = {0};

		cp_exec_role(outputs[i].output, &report);
		CU_ASSERT_EQUAL(memcmp(&report, &outputs[i].report, sizeof(report)), 0);
	}
}

// The process whose number stands in a file of the directory, or 0.
static pid_t pid_in(const char *directory)
{
	char path[96];
	int pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/pid", directory);
	file = fopen(path, "r");
	if (file && fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	unlink(path);
	return pid;
}

// Has it ended? An orphan stays a zombie until init looks after it.
static bool gone(pid_t pid)
{
	char path[32], state = 'Z';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	if (file)
		fclose(file);
	return state == 'Z' || state == 'X';
}

// Children that a program leaves behind end with it, and all of it ends when its check does.
static void leaves_nothing_behind(void)
{
	char directory[] = "/tmp/poise-exec-XXXXXX", script[200];

	app_must(mkdtemp(directory) && chmod(directory, 0777) == 0, "directory");
	for (int waits = 0; waits < 2; waits++) {
		pid_t pid;

		snprintf(script, sizeof(script), "sleep 61 & echo $! >%s/pid; %s", directory, waits ? "wait" : "true");
		after(script, 1, NULL);
		pid = pid_in(directory);
		CU_ASSERT_TRUE(pid > 0);
		for (int n = 0; n < 100 && !gone(pid); n++)
			usleep(10000);
		CU_ASSERT_TRUE(gone(pid));
	}
	rmdir(directory);
}

static void ends_with_its_check(void)
{
	struct server server = {.hold = true};
	char directory[] = "/tmp/poise-exec-XXXXXX", health[256];
	struct app_world *world;
	pid_t pid = 0;

	app_must(mkdtemp(directory) && chmod(directory, 0777) == 0, "directory");
	snprintf(health, sizeof(health), "type = \"exec\"; interval_ms = 9000; timeout_ms = 9000; command = [ \"/bin/sh\", "
		 "\"-c\", \"echo $$ >%s/pid; sleep 62\" ];", directory);
	world = world_of(&server, health);
	for (int n = 0; n < 200 && !pid; n++) {
		run_ms(world, 20);
		pid = pid_in(directory);
	}
	CU_ASSERT_TRUE(pid > 0);
	world_end(world, &server);
	CU_ASSERT_EQUAL(kill(pid, 0), -1); // reaped
	rmdir(directory);
}

static void what_cannot_start_gives_no_verdict(void)
{
	struct server server = {.hold = true};
	struct app_world *world = world_of(&server, "type = \"exec\"; command = [ \"/nonexistent/check\" ];");

	run_ms(world, 300);
	CU_ASSERT_FALSE(view_of(world).known);
	world_end(world, &server);
}

static const struct check_case cases[] = {
	{ "ends", ends },
	{ "has no rights", has_no_rights },
	{ "tells a role", tells_a_role },
	{ "roles", roles },
	{ "leaves nothing behind", leaves_nothing_behind },
	{ "ends with its check", ends_with_its_check },
	{ "what cannot start gives no verdict", what_cannot_start_gives_no_verdict },
};
CHECK_MAIN("exec", cases)
