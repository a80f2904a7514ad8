// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Exec check: a program of the operator's ends with status 0. It is not trusted with anything of poised's: see
// command.h. Its whole process group is killed at the deadline, and when it leaves children behind.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "command.h"
#include "exec_output.h"

#define OUTPUT_KEPT 512
#define OUTPUT_MAX 65536

struct probe {
	struct cp_command command;
	struct event *ended;
	struct event *readable;
	struct event *late;
	size_t total; // bytes of output
	char text[OUTPUT_KEPT]; // its beginning, terminated
};

// Ends the program and the probe; the status is that of waitpid(2). `text` gets the output unless it is NULL.
static int bury(struct cp_check *check, char *text)
{
	struct probe *probe = check->probe;
	int status = -1;

	check->probe = NULL;
	if (probe->ended)
		event_free(probe->ended);
	if (probe->readable)
		event_free(probe->readable);
	if (probe->late)
		event_free(probe->late);
	if (probe->command.pid)
		status = cp_command_end(&probe->command);
	if (text)
		memcpy(text, probe->text, OUTPUT_KEPT);
	free(probe);
	return status;
}

static void stop(struct cp_check *check)
{
	if (check->probe)
		bury(check, NULL);
}

static void fail(struct cp_check *check, const char *why)
{
	char text[OUTPUT_KEPT], reason[CP_REASON_SIZE];

	bury(check, text);
	if (*text && *text != '\n')
		snprintf(reason, sizeof(reason), "%s: %.*s", why, (int)strcspn(text, "\n"), text);
	else
		snprintf(reason, sizeof(reason), "%s", why);
	for (char *at = reason; *at; at++)
		*at = *at >= ' ' && *at < 127 ? *at : '?';
	cp_check_done(check, false, reason);
}

// Takes what is there. False: there was too much.
static bool read_output(struct probe *probe)
{
	char data[4096];
	ssize_t got;

	while ((got = read(probe->command.output, data, sizeof(data))) > 0) {
		if (probe->total < OUTPUT_KEPT - 1) {
			size_t room = OUTPUT_KEPT - 1 - probe->total;

			memcpy(probe->text + probe->total, data, (size_t)got < room ? (size_t)got : room);
		}
		probe->total += (size_t)got;
		if (probe->total > OUTPUT_MAX)
			return false;
	}
	if (got == 0 && probe->readable)
		event_del(probe->readable); // closed: only its end is waited for
	return true;
}

static void on_output(evutil_socket_t fd, short what, void *context)
{
	struct cp_check *check = context;

	if (!read_output(check->probe))
		fail(check, "writes more than 64 KiB");
}

static void on_ended(evutil_socket_t fd, short what, void *context)
{
	struct cp_check *check = context;
	struct cp_health_report report = {0};
	char text[OUTPUT_KEPT];
	int status;

	read_output(check->probe);
	status = bury(check, text);
	report.good = status == 0;
	if (report.good)
		cp_exec_role(text, &report);
	else
		cp_exec_reason(status, text, report.reason, sizeof(report.reason));
	cp_check_report(check, &report);
}

static void on_late(evutil_socket_t fd, short what, void *context)
{
	struct cp_check *check = context;
	char why[48];

	snprintf(why, sizeof(why), "no end within %u ms", check->params.settings.timeout_ms);
	fail(check, why);
}

static int launch(struct cp_check *check, struct cp_command *command)
{
	const struct cp_health *settings = &check->params.settings;
	const char *state = !check->health.known ? "unknown" : check->health.healthy ? "up" : "down";
	char texts[6][64], address[INET_ADDRSTRLEN];
	char *const environment[] = {texts[0], texts[1], texts[2], texts[3], texts[4], texts[5],
				     (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
				     (char *)"LC_ALL=C.UTF-8", NULL};

	inet_ntop(AF_INET, &check->params.address, address, sizeof(address));
	snprintf(texts[0], sizeof(texts[0]), "POISE_SERVICE=%s", check->service);
	snprintf(texts[1], sizeof(texts[1]), "POISE_BACKEND=%s", check->backend);
	snprintf(texts[2], sizeof(texts[2]), "POISE_ADDRESS=%s", address);
	snprintf(texts[3], sizeof(texts[3]), "POISE_PORT=%u", check->params.port);
	snprintf(texts[4], sizeof(texts[4]), "POISE_TIMEOUT_MS=%u", settings->timeout_ms);
	snprintf(texts[5], sizeof(texts[5]), "POISE_STATE=%s", state);
	if (access(settings->command[0], X_OK))
		return -errno;
	return cp_command_start(settings->command, settings->uid, settings->gid, environment, command);
}

static bool watch(struct cp_check *check, struct probe *probe)
{
	struct event_base *base = cp_checks_base(check->owner);
	struct timeval time = {
		.tv_sec = check->params.settings.timeout_ms / 1000,
		.tv_usec = check->params.settings.timeout_ms % 1000 * 1000,
	};

	probe->ended = event_new(base, probe->command.pidfd, EV_READ, on_ended, check);
	probe->readable = event_new(base, probe->command.output, EV_READ | EV_PERSIST, on_output, check);
	probe->late = evtimer_new(base, on_late, check);
	return probe->ended && probe->readable && probe->late && !event_add(probe->ended, NULL) &&
	       !event_add(probe->readable, NULL) && !evtimer_add(probe->late, &time);
}

static void start(struct cp_check *check)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	char reason[CP_REASON_SIZE];
	int error = probe ? launch(check, &probe->command) : -ENOMEM;

	check->probe = probe;
	if (!error && watch(check, probe))
		return;
	snprintf(reason, sizeof(reason), "command cannot be started: %s", strerror(error ? -error : ENOMEM));
	stop(check);
	cp_check_impossible(check, reason);
}

const struct cp_check_ops cp_check_exec = {.name = "exec", .start = start, .stop = stop};
