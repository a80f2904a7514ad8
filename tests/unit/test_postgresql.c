// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// PostgreSQL check: what answers mean, and servers that are none. The system test asks real ones.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/password.h"
#include "check/postgresql.h"
#include "check/postgresql_auth.h"
#include "check_world.h"

// One row of texts, NULL for null.
static PGresult *row(int columns, const char *a, const char *b, const char *c)
{
	char names[3][2] = {"a", "b", "c"};
	PGresAttDesc attributes[3] = {{.name = names[0]}, {.name = names[1]}, {.name = names[2]}};
	const char *values[3] = {a, b, c};
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

	app_must(result && PQsetResultAttrs(result, columns, attributes), "result");
	for (int i = 0; i < columns; i++)
		app_must(PQsetvalue(result, 0, i, (char *)values[i], values[i] ? (int)strlen(values[i]) : -1), "value");
	return result;
}

static void answers(void)
{
	static const struct {
		int columns;
		const char *a, *b, *c;
		bool good;
		struct cp_health_report report;
	} rows[] = {
		{3, "f", NULL, NULL, true, {.role = CP_NODE_PRIMARY}},
		{3, "t", "0", "0", true, {.role = CP_NODE_REPLICA, .lag_known = true}},
		{3, "t", "1234", "5", true, {.role = CP_NODE_REPLICA, .lag_known = true, .lag_ms = 1234, .lag_bytes = 5}},
		{3, "t", "-20", "-30", true, {.role = CP_NODE_REPLICA, .lag_known = true}},
		{3, "t", NULL, "7", true, {.role = CP_NODE_REPLICA, .lag_bytes = 7}},
		{3, "t", "9", NULL, true, {.role = CP_NODE_REPLICA, .lag_known = true, .lag_ms = 9}},
		{3, "true", "0", "0", false, {0}},
		{3, NULL, "0", "0", false, {0}},
		{3, "t", "1.5", "0", false, {0}},
		{3, "t", "", "0", false, {0}},
		{3, "t", "-", "0", false, {0}},
		{3, "t", "9999999999999999999", "0", false, {0}},
		{2, "t", "0", NULL, false, {0}},
	};

	for (size_t i = 0; i < POISE_COUNT(rows); i++) {
		PGresult *result = row(rows[i].columns, rows[i].a, rows[i].b, rows[i].c);
		struct cp_health_report report = {0};

		CU_ASSERT_EQUAL(cp_postgresql_answer(result, &report), rows[i].good);
		CU_ASSERT(!rows[i].good || !memcmp(&report, &rows[i].report, sizeof(report)));
		PQclear(result);
	}
}

static void reasons(void)
{
	char reason[32];

	cp_postgresql_reason("connection to server at \"10.0.0.1\", port 5432 failed: Connection refused\n\tIs it?\n",
			     reason, sizeof(reason));
	CU_ASSERT_STRING_EQUAL(reason, "Connection refused");
	cp_postgresql_reason("ERROR:  \x1b[31m\xc3\xa4 it failed: x\n", reason, sizeof(reason));
	CU_ASSERT_STRING_EQUAL(reason, "ERROR:  ?[31m?? it failed: x");
	cp_postgresql_reason("", reason, sizeof(reason));
	CU_ASSERT_STRING_EQUAL(reason, "failed without a reason");
	cp_postgresql_reason("0123456789012345678901234567890123456789", reason, sizeof(reason));
	CU_ASSERT_EQUAL(strlen(reason), 31);
	CU_ASSERT_EQUAL(cp_postgresql_local("could not create socket: Too many open files\n"), EMFILE);
	CU_ASSERT_EQUAL(cp_postgresql_local("Connection refused"), 0);
}

#define PLAIN "type = \"postgresql\"; sslmode = \"disable\";"
#define KIB_OF(x) x x x x x x x x x x x x x x x x
#define LINE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n"

// What is no PostgreSQL gets a verdict in time.
static void servers_that_are_none(void)
{
	static const struct {
		const char *answer;
		const char *more;
		bool hold;
		const char *reason; // begins so
	} servers[] = {
		{"", NULL, false, "server closed the connection unexpectedly"},
		{NULL, NULL, true, "no answer within 400 ms"},
		{"HTTP/1.1 400 Bad Request\r\n\r\n", NULL, false, "received invalid response to"},
		{"S\x01\x02", NULL, true, ""},
		{"N", LINE, true, "sends a message of odd size"},
		{"EFATAL:  too many", KIB_OF(LINE), true, "sends more than 64 KiB"}, // a text that does not end
	};

	for (size_t i = 0; i < POISE_COUNT(servers); i++) {
		struct server server = {
			.answer = servers[i].answer, .more = servers[i].more, .hold = servers[i].hold};
		struct app_world *world = world_of(&server, servers[i].more ? PLAIN : "type = \"postgresql\";");
		const char *reason;
		struct cp_check_view view;

		run_probes(world, 2);
		view = view_of(world);
		reason = servers[i].reason;
		CU_ASSERT(view.known && !view.healthy);
		CU_ASSERT_EQUAL(strncmp(view.reason, reason, strlen(reason)), 0);
		CU_ASSERT(view.last_us < 800000);
		world_end(world, &server);
	}
}

static void a_closed_port(void)
{
	struct server server = {.hold = true};
	struct app_world *world = world_of(&server, "type = \"postgresql\";");

	evconnlistener_free(server.listener);
	server.listener = NULL;
	run_probes(world, 1);
	CU_ASSERT_STRING_EQUAL(view_of(world).reason, "Connection refused");
	world_end(world, &server);
}

static void write_file(const char *path, const char *text, size_t length, mode_t mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);

	app_must(fd >= 0 && write(fd, text, length) == (ssize_t)length && fchmod(fd, mode) == 0, "file");
	close(fd);
}

static void passwords(void)
{
	char directory[] = "/tmp/poise-password-XXXXXX", path[64], password[CP_PASSWORD_SIZE], reason[CP_REASON_SIZE];
	char long_line[CP_PASSWORD_SIZE];

	app_must(mkdtemp(directory) != NULL, "directory");
	snprintf(path, sizeof(path), "%s/secret", directory);
	CU_ASSERT_EQUAL(cp_password_read(path, password, reason, sizeof(reason)), -1);
	CU_ASSERT_STRING_EQUAL(reason, "password_file cannot be read: No such file or directory");
	write_file(path, "pass word\r\nmore", 15, 0600);
	CU_ASSERT_EQUAL(cp_password_read(path, password, reason, sizeof(reason)), 0);
	CU_ASSERT_STRING_EQUAL(password, "pass word");
	CU_ASSERT_TRUE(cp_passfile_fit(path, reason, sizeof(reason)));
	write_file(path, "\n", 1, 0640);
	CU_ASSERT_EQUAL(cp_password_read(path, password, reason, sizeof(reason)), -1);
	CU_ASSERT_FALSE(cp_passfile_fit(path, reason, sizeof(reason)));
	CU_ASSERT_PTR_NOT_NULL(strstr(reason, "chmod 600"));
	memset(long_line, 'x', sizeof(long_line));
	write_file(path, long_line, sizeof(long_line), 0600);
	CU_ASSERT_EQUAL(cp_password_read(path, password, reason, sizeof(reason)), -1);
	unlink(path);
	app_must(mkfifo(path, 0600) == 0, "fifo"); // must not be waited for
	CU_ASSERT_EQUAL(cp_password_read(path, password, reason, sizeof(reason)), -1);
	CU_ASSERT_FALSE(cp_passfile_fit(path, reason, sizeof(reason)));
	unlink(path);
	rmdir(directory);
}

static void a_missing_password_gives_no_verdict(void)
{
	struct server server = {.hold = true};
	struct app_world *world = world_of(&server, "type = \"postgresql\"; password_file = \"/nonexistent/p\";");

	run_ms(world, 300);
	CU_ASSERT_FALSE(view_of(world).known);
	CU_ASSERT_EQUAL(server.accepted, 0);
	world_end(world, &server);
}

// What a server asks for: `text` behind the type and length of a message, which `more` says how much of is there.
static enum cp_postgresql_auth asked(char type, unsigned code, const char *text, size_t cut, bool private)
{
	unsigned char bytes[256] = {(unsigned char)type};
	size_t length = 8 + strlen(text);
	const char *why = "";

	bytes[3] = (unsigned char)(length >> 8);
	bytes[4] = (unsigned char)length;
	bytes[8] = (unsigned char)code;
	memcpy(bytes + 9, text, strlen(text));
	return cp_postgresql_auth(bytes, length + 1 - cut, private, &why);
}

static void log_ins(void)
{
	static const unsigned char notice[] = {'N', 0, 0, 0, 5, 0, 'R', 0, 0, 0, 8, 0, 0, 0, 7};
	const char *why = "";

	CU_ASSERT_EQUAL(asked('R', 0, "", 0, false), CP_AUTH_FINE);
	CU_ASSERT_EQUAL(asked('R', 5, "salt", 0, false), CP_AUTH_FINE);
	CU_ASSERT_EQUAL(asked('R', 3, "", 0, false), CP_AUTH_REFUSED); // clear
	CU_ASSERT_EQUAL(asked('R', 3, "", 0, true), CP_AUTH_FINE);
	CU_ASSERT_EQUAL(asked('R', 7, "", 0, true), CP_AUTH_REFUSED); // GSS
	CU_ASSERT_EQUAL(asked('R', 10, "SCRAM-SHA-256", 0, false), CP_AUTH_FINE);
	CU_ASSERT_EQUAL(asked('R', 11, "r=abc,s=def,i=4096", 0, false), CP_AUTH_FINE);
	CU_ASSERT_EQUAL(asked('R', 11, "r=abc,s=def,i=4096", 1, false), CP_AUTH_MORE);
	CU_ASSERT_EQUAL(asked('R', 11, "r=abc,s=def,i=2147483647", 0, true), CP_AUTH_REFUSED);
	CU_ASSERT_EQUAL(asked('R', 11, "r=abc,s=def,i=1,i=2147483647", 0, true), CP_AUTH_REFUSED);
	CU_ASSERT_EQUAL(asked('R', 11, "r=abc,s=def,i=-1", 0, true), CP_AUTH_REFUSED);
	CU_ASSERT_EQUAL(asked('R', 11, "r=abc,s=def", 0, true), CP_AUTH_REFUSED);
	CU_ASSERT_EQUAL(asked('E', 0, "no", 0, false), CP_AUTH_FINE); // libpq reads the error
	CU_ASSERT_EQUAL(cp_postgresql_auth(notice, 6, false, &why), CP_AUTH_MORE);
	CU_ASSERT_EQUAL(cp_postgresql_auth(notice, sizeof(notice), false, &why), CP_AUTH_REFUSED);
	CU_ASSERT_EQUAL(cp_postgresql_auth((const unsigned char *)"R\xff\xff\xff\xff", 5, false, &why), CP_AUTH_REFUSED);
	CU_ASSERT_EQUAL(cp_postgresql_auth(notice, 0, false, &why), CP_AUTH_MORE);
}

static const struct check_case cases[] = {
	{ "log ins", log_ins },
	{ "answers", answers },
	{ "reasons", reasons },
	{ "servers that are none", servers_that_are_none },
	{ "a closed port", a_closed_port },
	{ "passwords", passwords },
	{ "a missing password gives no verdict", a_missing_password_gives_no_verdict },
};
CHECK_MAIN("postgresql", cases)
