// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// PostgreSQL check: logs in, asks for role and lag. libpq never waits here: it is called when its socket is ready.
// What a server sends is not trusted: bounded in bytes and time, its notices unread, a fresh connection each.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libpq-fe.h>

#include "../view.h"
#include "check.h"
#include "password.h"
#include "postgresql.h"
#include "postgresql_auth.h"

#define ANSWER_MAX 65536    // bytes of a whole probe, TLS included
#define AGAIN_US 5000
#define NO_FILE "/dev/null/none" // cannot exist: libpq looks for no file of its own choice

struct probe {
	PGconn *connection;
	struct event *ready;
	bool asked; // the question was sent
};

static void stop(struct cp_check *check)
{
	struct probe *probe = check->probe;

	if (!probe)
		return;
	check->probe = NULL;
	if (probe->ready)
		event_free(probe->ready); // before libpq closes its descriptor
	PQfinish(probe->connection);
	free(probe);
}

static void fail(struct cp_check *check, const char *message)
{
	char reason[CP_REASON_SIZE];

	cp_postgresql_reason(message, reason, sizeof(reason));
	stop(check);
	cp_check_done(check, false, reason);
}

static void unread(void *context, const char *message)
{
}

// Microseconds until the probe has to end, 0: now.
static uint64_t left_us(const struct cp_check *check)
{
	uint64_t end_ns = check->started_ns + check->params.settings.timeout_ms * 1000000ull;
	uint64_t now_ns = cp_view_now_ns();

	return end_ns > now_ns ? (end_ns - now_ns) / 1000 : 0;
}

static void on_ready(evutil_socket_t fd, short what, void *context);

// libpq may have another socket after each step, so the event is for one time only.
static void await(struct cp_check *check, short what)
{
	struct probe *probe = check->probe;
	uint64_t left = left_us(check);
	bool again = !what && left > AGAIN_US; // what is there is not enough: look later
	struct timeval time = {.tv_sec = (time_t)(left / 1000000), .tv_usec = (suseconds_t)(left % 1000000)};
	char reason[64];

	if (again)
		time = (struct timeval){.tv_usec = AGAIN_US};
	if (!left) {
		snprintf(reason, sizeof(reason), "no answer within %u ms", check->params.settings.timeout_ms);
		fail(check, reason);
		return;
	}
	if (probe->ready)
		event_free(probe->ready);
	probe->ready = event_new(cp_checks_base(check->owner), PQsocket(probe->connection), what, on_ready, check);
	if (probe->ready && event_add(probe->ready, &time) == 0)
		return;
	stop(check);
	cp_check_impossible(check, strerror(ENOMEM));
}

static bool talks_too_much(const struct probe *probe)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	return getsockopt(PQsocket(probe->connection), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       info.tcpi_bytes_received > ANSWER_MAX;
}

static void judge(struct cp_check *check, const PGresult *result)
{
	struct cp_health_report report = {.good = true};

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail(check, PQresultErrorMessage(result));
	else if (!cp_postgresql_answer(result, &report))
		fail(check, "answer is not that of PostgreSQL");
	else {
		stop(check);
		cp_check_report(check, &report);
	}
}

static void take_answer(struct cp_check *check)
{
	struct probe *probe = check->probe;
	PGresult *result;
	int flushed;

	if (!PQconsumeInput(probe->connection)) {
		fail(check, PQerrorMessage(probe->connection));
		return;
	}
	flushed = PQflush(probe->connection);
	if (flushed < 0) {
		fail(check, PQerrorMessage(probe->connection));
		return;
	}
	if (PQisBusy(probe->connection)) {
		await(check, flushed ? EV_READ | EV_WRITE : EV_READ);
		return;
	}
	result = PQgetResult(probe->connection);
	judge(check, result);
	PQclear(result);
}

static void ask(struct cp_check *check)
{
	struct probe *probe = check->probe;

	probe->asked = true;
	if (PQsetnonblocking(probe->connection, 1) || !PQsendQuery(probe->connection, CP_POSTGRESQL_QUERY))
		fail(check, PQerrorMessage(probe->connection));
	else
		take_answer(check);
}

// May libpq see what waits? If not, what is to be done is done.
static bool may_read(struct cp_check *check)
{
	struct probe *probe = check->probe;
	const char *why = "";

	if (PQstatus(probe->connection) != CONNECTION_AWAITING_RESPONSE)
		return true;
	switch (cp_postgresql_peek(probe->connection, &why)) {
	case CP_AUTH_FINE:
		return true;
	case CP_AUTH_MORE:
		await(check, 0);
		return false;
	default:
		fail(check, why);
		return false;
	}
}

static void log_in(struct cp_check *check)
{
	struct probe *probe = check->probe;

	if (!may_read(check))
		return;
	switch (PQconnectPoll(probe->connection)) {
	case PGRES_POLLING_READING:
		await(check, EV_READ);
		return;
	case PGRES_POLLING_WRITING:
		await(check, EV_WRITE);
		return;
	case PGRES_POLLING_OK:
		ask(check);
		return;
	default:
		fail(check, PQerrorMessage(probe->connection));
	}
}

static void on_ready(evutil_socket_t fd, short what, void *context)
{
	struct cp_check *check = context;
	struct probe *probe = check->probe;

	if (!(what & (EV_READ | EV_WRITE)) && !left_us(check))
		await(check, 0); // the time is over
	else if (talks_too_much(probe))
		fail(check, "sends more than 64 KiB");
	else if (probe->asked)
		take_answer(check);
	else
		log_in(check);
}

// Begins to connect. Whatever libpq would take from the environment or from files is said here.
static PGconn *connect_to(const struct cp_check *check, const char *password)
{
	const struct cp_health *settings = &check->params.settings;
	char address[INET_ADDRSTRLEN], port[8];
	const char *const pairs[][2] = {
		{"hostaddr", address},
		{"host", settings->server_name ? settings->server_name : address},
		{"port", port},
		{"user", settings->user},
		{"dbname", settings->dbname},
		{"password", password},
		{"passfile", settings->passfile ? settings->passfile : NO_FILE},
		{"sslmode", cp_sslmode_name(settings->sslmode)},
		{"sslrootcert", settings->ca ? settings->ca : NO_FILE},
		{"sslcert", NO_FILE},
		{"sslcrl", NO_FILE},
		{"gssencmode", "disable"},
		{"target_session_attrs", "any"},
		{"application_name", "poise"},
	};
	const char *keys[POISE_COUNT(pairs) + 1] = {0}, *values[POISE_COUNT(pairs) + 1] = {0};

	inet_ntop(AF_INET, &check->params.address, address, sizeof(address));
	snprintf(port, sizeof(port), "%u", check->params.port);
	for (uint32_t i = 0; i < POISE_COUNT(pairs); i++) {
		keys[i] = pairs[i][0];
		values[i] = pairs[i][1];
	}
	return PQconnectStartParams(keys, values, 0);
}

// What the files say. False: they say nothing that can be used, which is no fault of the backend.
static bool read_secrets(struct cp_check *check, char password[CP_PASSWORD_SIZE])
{
	const struct cp_health *settings = &check->params.settings;
	char reason[CP_REASON_SIZE];

	password[0] = '\0';
	if ((!settings->password_file ||
	     cp_password_read(settings->password_file, password, reason, sizeof(reason)) == 0) &&
	    (!settings->passfile || cp_passfile_fit(settings->passfile, reason, sizeof(reason))))
		return true;
	cp_check_impossible(check, reason);
	return false;
}

static void start(struct cp_check *check)
{
	char password[CP_PASSWORD_SIZE];
	struct probe *probe;
	int error;

	if (!read_secrets(check, password))
		return;
	probe = calloc(1, sizeof(*probe));
	check->probe = probe;
	if (probe)
		probe->connection = connect_to(check, password);
	explicit_bzero(password, sizeof(password));
	if (!probe || !probe->connection) {
		stop(check);
		cp_check_impossible(check, strerror(ENOMEM));
		return;
	}
	PQsetNoticeProcessor(probe->connection, unread, NULL);
	if (PQstatus(probe->connection) != CONNECTION_BAD) {
		await(check, EV_WRITE);
		return;
	}
	error = cp_postgresql_local(PQerrorMessage(probe->connection)); // no server has spoken yet
	if (error) {
		stop(check);
		cp_check_impossible(check, strerror(error));
	} else {
		fail(check, PQerrorMessage(probe->connection));
	}
}

const struct cp_check_ops cp_check_postgresql = {.name = "postgresql", .start = start, .stop = stop};
