// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The control socket. An answer to a verb that changes something waits until the dataplane uses the change,
// so that "drained" is true when poisectl returns; it waits a bounded time and never holds up anything else.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api.h"
#include "log.h"
#include "stream.h"
#include "view.h"

#define CLIENTS_MAX 256
#define DEADLINE_MS 5000
#define SETTLE_STEP_MS 10
#define SETTLE_STEPS 200 // 2 s in all
#define SETTLE_FIRST 5	 // steps in which a change has surely been compiled

struct cp_api {
	struct cp_app *app;
	struct cp_stream *stream;
	struct event *second;
	struct cp_load load;
	char path[CP_PATH_SIZE];
	dev_t device; // of the socket's inode, so that only our own is removed
	ino_t inode;
};

// An answer that is ready but not true yet.
struct settle {
	struct cp_api *api;
	struct cp_stream_client *client;
	struct evbuffer *answer;
	struct event *timer;
	uint64_t generation; // acknowledged when the change was made
	unsigned steps;
};

static const struct timeval settle_step = {.tv_usec = SETTLE_STEP_MS * 1000};

static void settle_free(struct settle *settle)
{
	if (settle->timer)
		event_free(settle->timer);
	if (settle->answer)
		evbuffer_free(settle->answer);
	free(settle);
}

// Nothing more to wait for? A change that makes no difference to a packet never gets a generation.
static bool settled(const struct settle *settle)
{
	const struct cp_app *app = settle->api->app;

	if (settle->steps >= SETTLE_STEPS || app->dataplane.state != CP_DATAPLANE_RUNNING)
		return true;
	if (!cp_view_up(app, NULL))
		return false;
	return app->dataplane.generation != settle->generation || settle->steps >= SETTLE_FIRST;
}

static void on_settle(evutil_socket_t fd, short what, void *context)
{
	struct settle *settle = context;

	settle->steps++;
	if (!settled(settle) && evtimer_add(settle->timer, &settle_step) == 0)
		return;
	cp_stream_set_pending(settle->client, NULL);
	cp_stream_answer(settle->client, settle->answer);
	settle_free(settle);
}

// Returns false without memory.
static bool settle_later(struct cp_api *api, struct cp_stream_client *client, struct evbuffer *answer)
{
	struct settle *settle = calloc(1, sizeof(*settle));

	if (!settle)
		return false;
	settle->api = api;
	settle->client = client;
	settle->answer = evbuffer_new();
	settle->timer = evtimer_new(api->app->base, on_settle, settle);
	settle->generation = api->app->dataplane.generation;
	if (!settle->answer || !settle->timer || evtimer_add(settle->timer, &settle_step)) {
		settle_free(settle);
		return false;
	}
	evbuffer_add_buffer(settle->answer, answer);
	cp_stream_set_pending(client, settle);
	return true;
}

static void on_gone(void *context, struct cp_stream_client *client)
{
	struct settle *settle = cp_stream_pending(client);

	if (settle)
		settle_free(settle);
}

static size_t complete(struct evbuffer *input)
{
	struct evbuffer_ptr end = evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_LF);

	return end.pos < 0 ? 0 : (size_t)end.pos + 1;
}

static void on_request(void *context, struct cp_stream_client *client, const char *text, size_t length,
		       bool whole)
{
	struct cp_api *api = context;
	struct evbuffer *answer = evbuffer_new();
	bool changed = false;

	// A last line without newline is as good as one with; only what is too long is refused unread.
	if (answer && !whole && length >= CP_API_REQUEST_MAX)
		cp_api_refuse(answer, CP_CMD_USAGE, "request is too long");
	else if (answer)
		cp_api_run(api->app, &api->load, text, length, answer, &changed);
	if (!answer || !changed || !settle_later(api, client, answer))
		cp_stream_answer(client, answer);
	if (answer)
		evbuffer_free(answer);
}

static const struct cp_stream_ops ops = {
	.clients_max = CLIENTS_MAX,
	.request_max = CP_API_REQUEST_MAX,
	.deadline_ms = DEADLINE_MS,
	.complete = complete,
	.request = on_request,
	.gone = on_gone,
};

static void on_second(evutil_socket_t fd, short what, void *context)
{
	struct cp_api *api = context;

	cp_load_sample(&api->load, &api->app->dataplane, cp_view_now_ns());
}

// A listening socket at `path`, or -errno. What an earlier poised left there is replaced (cp_instance_lock()
// says that it is gone), anything that is no socket is left alone.
static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;
	mode_t mask;
	int fd, failed;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (lstat(path, &status) == 0) {
		if (!S_ISSOCK(status.st_mode))
			return -EEXIST;
		unlink(path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0117); // 0660 from the first moment on
	failed =
		bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, CLIENTS_MAX) ? errno : 0;
	umask(mask);
	if (!failed)
		return fd;
	close(fd);
	return -failed;
}

static int start(struct cp_api *api)
{
	static const struct timeval second = {.tv_sec = 1};
	int fd = listen_at(api->path);
	struct stat status;

	if (fd < 0)
		return fd;
	if (lstat(api->path, &status) == 0) {
		api->device = status.st_dev;
		api->inode = status.st_ino;
	}
	api->stream = cp_stream_create(api->app->base, fd, &ops, api);
	api->second = event_new(api->app->base, -1, EV_PERSIST, on_second, api);
	if (!api->stream || !api->second || event_add(api->second, &second))
		return -ENOMEM;
	return 0;
}

struct cp_api *cp_api_create(struct cp_app *app)
{
	struct cp_api *api = calloc(1, sizeof(*api));
	int error;

	if (!api) {
		cp_log(CP_LOG_ERROR, "control-socket", "out of memory");
		return NULL;
	}
	api->app = app;
	snprintf(api->path, sizeof(api->path), "%s", app->config->control_socket);
	error = start(api);
	if (!error)
		return api;
	cp_log(CP_LOG_ERROR, "control-socket", "%s: cannot listen: %s", api->path, strerror(-error));
	cp_api_destroy(api);
	return NULL;
}

const struct cp_load *cp_api_load(const struct cp_api *api)
{
	return &api->load;
}

void cp_api_destroy(struct cp_api *api)
{
	struct stat status;

	if (!api)
		return;
	cp_stream_destroy(api->stream);
	if (api->second)
		event_free(api->second);
	if (api->inode && lstat(api->path, &status) == 0 && status.st_dev == api->device &&
	    status.st_ino == api->inode)
		unlink(api->path);
	free(api);
}
