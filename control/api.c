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
#include "api_queue.h"
#include "log.h"
#include "stream.h"
#include "view.h"

#define CLIENTS_MAX 256
#define COSTLY_MAX (CLIENTS_MAX / 2) // who waits for an answer that costs much leaves places for the others
#define DEADLINE_MS 5000
#define UNREAD_MAX (32u << 20)
#define SETTLE_STEP_MS 10
#define SETTLE_STEPS 200 // 2 s in all
#define SETTLE_FIRST 5	 // steps in which a change has surely been compiled

struct cp_api {
	struct cp_app *app;
	struct cp_stream *stream;
	struct cp_api_queue *queue;
	struct event *second;
	struct cp_load load;
	unsigned working;    // clients whose request is worked on by steps, or waits for that
	struct settle *busy; // whose request is being worked on by steps; one at a time, since it may need memory
	char path[CP_PATH_SIZE];
	dev_t device; // of the socket's inode, so that only our own is removed
	ino_t inode;
};

// A client that waits: for the steps that its request takes, or for an answer that is ready but not true yet.
struct settle {
	struct cp_api *api;
	struct cp_stream_client *client;
	struct cp_api_request *request; // NULL: answered
	bool counted; // counted in api->working
	struct evbuffer *answer;
	struct event *timer;
	uint64_t generation; // acknowledged when the change was made
	unsigned steps;
};

static const struct timeval settle_step = {.tv_usec = SETTLE_STEP_MS * 1000};
static const struct timeval work_step = {.tv_usec = 1000};

static void settle_free(struct settle *settle)
{
	if (settle->api->busy == settle)
		settle->api->busy = NULL;
	if (settle->request)
		cp_api_forget(settle->request);
	settle->api->working -= settle->counted;
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
	if (!cp_view_current(app, NULL))
		return false;
	return app->dataplane.generation != settle->generation || settle->steps >= SETTLE_FIRST;
}

static void answer(struct settle *settle)
{
	cp_stream_set_pending(settle->client, NULL);
	cp_stream_answer(settle->client, settle->answer);
	settle_free(settle);
}

static void on_work(evutil_socket_t fd, short what, void *context)
{
	struct settle *settle = context;
	struct cp_api *api = settle->api;
	bool done = false;

	if (!api->busy)
		api->busy = settle;
	if (api->busy == settle)
		done = cp_api_continue(settle->request, settle->answer);
	if (done)
		settle->request = NULL;
	if (done || evtimer_add(settle->timer, &work_step))
		answer(settle);
}

static void on_settle(evutil_socket_t fd, short what, void *context)
{
	struct settle *settle = context;

	settle->steps++;
	if (!settled(settle) && evtimer_add(settle->timer, &settle_step) == 0)
		return;
	answer(settle);
}

// `request` is owned from now on (NULL: an answer that waits for a change). Returns false without memory.
static bool later(struct cp_api *api, struct cp_stream_client *client, struct cp_api_request *request,
		  struct evbuffer *text)
{
	struct settle *settle = calloc(1, sizeof(*settle));

	if (!settle) {
		if (request)
			cp_api_forget(request);
		return false;
	}
	settle->api = api;
	settle->client = client;
	settle->request = request;
	settle->counted = request;
	api->working += settle->counted;
	settle->answer = evbuffer_new();
	settle->timer = evtimer_new(api->app->base, request ? on_work : on_settle, settle);
	settle->generation = api->app->dataplane.generation;
	if (!settle->answer || !settle->timer || evtimer_add(settle->timer, request ? &work_step : &settle_step)) {
		settle_free(settle);
		return false;
	}
	evbuffer_add_buffer(settle->answer, text);
	cp_stream_set_pending(client, settle);
	return true;
}

static void on_gone(void *context, struct cp_stream_client *client)
{
	struct cp_api *api = context;
	struct settle *settle = cp_stream_pending(client);

	if (settle)
		settle_free(settle);
	cp_api_queue_forget(api->queue, client);
}

static size_t complete(struct evbuffer *input)
{
	struct evbuffer_ptr end = evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_LF);

	return end.pos < 0 ? 0 : (size_t)end.pos + 1;
}

static void run(void *context, struct cp_stream_client *client, const char *text, size_t length)
{
	struct cp_api *api = context;
	struct evbuffer *out = evbuffer_new();
	struct cp_api_request *request = NULL;
	bool changed = false;

	if (out)
		request = cp_api_begin(api->app, &api->load, text, length, out, &changed);
	if (!out || (!request && !changed) || !later(api, client, request, out))
		cp_stream_answer(client, out);
	if (out)
		evbuffer_free(out);
}

static void run_later(void *context, struct cp_stream_client *client, const char *text, size_t length)
{
	if (cp_stream_gone(client))
		cp_stream_answer(client, NULL);
	else
		run(context, client, text, length);
}

static void refuse(struct cp_stream_client *client, enum cp_cmd_status status, const char *why)
{
	struct evbuffer *answer = evbuffer_new();

	if (answer)
		cp_api_refuse(answer, status, why);
	cp_stream_answer(client, answer);
	if (answer)
		evbuffer_free(answer);
}

static void on_request(void *context, struct cp_stream_client *client, const char *text, size_t length,
		       bool whole)
{
	struct cp_api *api = context;

	// A last line without newline is as good as one with; only what is too long is refused unread.
	if (!whole && length >= CP_API_REQUEST_MAX)
		refuse(client, CP_CMD_USAGE, "request is too long");
	else if (cp_api_queue_costly(text, length) && cp_api_queue_count(api->queue) + api->working >= COSTLY_MAX)
		refuse(client, CP_CMD_FAILED, "too many others ask for much, try again");
	else if (!cp_api_queue_costly(text, length) || !cp_api_queue_add(api->queue, client, text, length))
		run(api, client, text, length);
}

static const struct cp_stream_ops ops = {
	.clients_max = CLIENTS_MAX,
	.request_max = CP_API_REQUEST_MAX,
	.deadline_ms = DEADLINE_MS,
	.unread_max = UNREAD_MAX,
	.complete = complete,
	.request = on_request,
	.gone = on_gone,
};

static void on_second(evutil_socket_t fd, short what, void *context)
{
	struct cp_api *api = context;

	cp_log_tick();
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
		bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, SOMAXCONN) ? errno : 0;
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
	api->queue = cp_api_queue_create(api->app->base, run_later, api);
	api->stream = cp_stream_create(api->app->base, fd, &ops, api);
	api->second = event_new(api->app->base, -1, EV_PERSIST, on_second, api);
	if (!api->queue || !api->stream || !api->second || event_add(api->second, &second))
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
	cp_api_queue_destroy(api->queue);
	if (api->second)
		event_free(api->second);
	if (api->inode && lstat(api->path, &status) == 0 && status.st_dev == api->device &&
	    status.st_ino == api->inode)
		unlink(api->path);
	free(api);
}
