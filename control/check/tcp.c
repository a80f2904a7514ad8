// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// TCP check: the backend accepts a connection.
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

struct probe {
	int fd;
	struct event *writable;
};

static void stop(struct cp_check *check)
{
	struct probe *probe = check->probe;

	if (!probe)
		return;
	check->probe = NULL;
	if (probe->writable)
		event_free(probe->writable);
	if (probe->fd >= 0)
		close(probe->fd);
	free(probe);
}

static void fail(struct cp_check *check, int error)
{
	stop(check);
	if (cp_check_local(error))
		cp_check_impossible(check, strerror(error));
	else
		cp_check_done(check, false, strerror(error));
}

static void on_ready(evutil_socket_t fd, short what, void *context)
{
	struct cp_check *check = context;
	socklen_t size = sizeof(int);
	int error = 0;
	char reason[48];

	// Both at once when poised itself was held up: then the answer counts.
	if (!(what & EV_WRITE)) {
		snprintf(reason, sizeof(reason), "no connection within %u ms", check->params.settings.timeout_ms);
		stop(check);
		cp_check_done(check, false, reason);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		error = errno;
	if (error) {
		fail(check, error);
		return;
	}
	stop(check);
	cp_check_done(check, true, "");
}

static int connect_to(struct cp_check *check, int fd)
{
	// A probe ends with a reset: no port of ours and no socket of the backend's waits for late segments.
	struct linger reset = {.l_onoff = 1};
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(check->params.port),
		.sin_addr.s_addr = check->params.address,
	};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) && errno != EINPROGRESS)
		return errno;
	return 0;
}

static void start(struct cp_check *check)
{
	struct timeval timeout = {
		.tv_sec = check->params.settings.timeout_ms / 1000,
		.tv_usec = check->params.settings.timeout_ms % 1000 * 1000,
	};
	struct probe *probe = calloc(1, sizeof(*probe));
	int error;

	if (!probe) {
		cp_check_impossible(check, strerror(ENOMEM));
		return;
	}
	check->probe = probe;
	probe->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	error = probe->fd < 0 ? errno : connect_to(check, probe->fd);
	if (!error) {
		// Also when it is connected already: then it is writable at once.
		probe->writable =
			event_new(cp_checks_base(check->owner), probe->fd, EV_WRITE, on_ready, check);
		if (!probe->writable || event_add(probe->writable, &timeout))
			error = ENOMEM;
	}
	if (error)
		fail(check, error);
}

const struct cp_check_ops cp_check_tcp = {.name = "tcp", .start = start, .stop = stop};
