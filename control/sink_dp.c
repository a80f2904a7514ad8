// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sink_dp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "publish.h"
#include "snapshot_file.h"
#include "spawn_dataplane.h"
#include "stats_map.h"
#include "wire_io.h"

#define RETRY_MS 50
#define CLOSED_MOST 5
#define ANSWER_MS 10000 // for an answer; a dataplane that needs longer hangs

enum waiting { WAIT_NOTHING, WAIT_WELCOME, WAIT_TABLE, WAIT_SNAPSHOT };

struct cp_sink_dp {
	struct cp_app *app;
	int fd; // -1 not connected
	struct event *io;
	struct event *retry;
	struct event *late; // no answer came
	enum waiting waiting;
	uint32_t request;
	bool ready; // table handed over, snapshots may follow
	bool behind; // a newer snapshot than the one under way is there
	bool adopted;
	bool stopped;
	pid_t table_pid;     // the process that has our flow table
	uint32_t closed;     // connections in a row that ended before the welcome
	bool complained; // said already that nobody answers
};

static void connect_now(evutil_socket_t fd, short what, void *context);

static void arm(struct event *event, uint32_t ms)
{
	const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(event, &delay);
}

__attribute__((format(printf, 2, 3))) static void fail(struct cp_sink_dp *sink, const char *format, ...)
{
	struct cp_dataplane_link *link = &sink->app->dataplane;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(link->error, sizeof(link->error), format, arguments);
	va_end(arguments);
	cp_log(CP_LOG_ERROR, "dataplane-refused", "dataplane: %s", link->error);
}

bool cp_sink_dp_recovers(const struct cp_sink_dp *sink)
{
	return sink && sink->waiting == WAIT_TABLE;
}

static void disconnect(struct cp_sink_dp *sink)
{
	struct cp_dataplane_link *link = &sink->app->dataplane;

	if (sink->fd < 0)
		return;
	event_free(sink->io);
	sink->io = NULL;
	close(sink->fd);
	sink->fd = -1;
	event_del(sink->late);
	sink->waiting = WAIT_NOTHING;
	sink->ready = sink->behind = false;
	cp_stats_unmap(link->stats, link->stats_bytes);
	link->stats = NULL;
	link->stats_bytes = 0;
	link->state = CP_DATAPLANE_DOWN;
	link->generation = 0;
	if (!sink->stopped)
		arm(sink->retry, RETRY_MS);
	cp_publish_settled(sink->app, 0);
}

static int send_message(struct cp_sink_dp *sink, union cp_wire_message *message, enum poise_wire_type type,
			size_t length, int descriptor, enum waiting waiting)
{
	int error = cp_wire_send(sink->fd, message, type, length, ++sink->request, descriptor);

	if (error) {
		cp_log(CP_LOG_WARNING, "dataplane-send", "dataplane takes no message: %s", strerror(-error));
		return error;
	}
	sink->waiting = waiting;
	if (waiting != WAIT_NOTHING)
		arm(sink->late, ANSWER_MS);
	return 0;
}

static int send_snapshot(struct cp_sink_dp *sink)
{
	const struct poise_snapshot *snapshot = sink->app->snapshot;
	union cp_wire_message message = {0};
	int fd = cp_snapshot_seal(snapshot), error;

	if (fd < 0) {
		cp_log(CP_LOG_ERROR, "snapshot-memory", "no memory for a snapshot: %s", strerror(-fd));
		return fd;
	}
	message.snapshot.generation = snapshot->generation;
	error = send_message(sink, &message, POISE_WIRE_SNAPSHOT, sizeof(message.snapshot), fd, WAIT_SNAPSHOT);
	close(fd);
	sink->behind = false;
	return error;
}

// The dataplane has a table. What is it to get now?
static int ready(struct cp_sink_dp *sink)
{
	struct cp_app *app = sink->app;

	sink->ready = true;
	if (!app->snapshot)
		return 0;
	if (app->dataplane.generation == app->snapshot->generation) {
		app->dataplane.state = CP_DATAPLANE_RUNNING;
		cp_spawn_working(app->spawn);
		cp_publish_settled(app, app->snapshot->generation);
		return 0;
	}
	return send_snapshot(sink);
}

static int send_table(struct cp_sink_dp *sink)
{
	union cp_wire_message message = {0};

	message.table.bytes = sink->app->flows.bytes;
	return send_message(sink, &message, POISE_WIRE_TABLE, sizeof(message.table), sink->app->flows.fd,
			    WAIT_TABLE);
}

// Who listens there? The kernel knows it, whatever the message says.
static pid_t peer_pid(const struct cp_sink_dp *sink)
{
	struct ucred credentials = {0};
	socklen_t length = sizeof(credentials);

	if (getsockopt(sink->fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length))
		return 0;
	return credentials.pid;
}

static const char *take_welcome(struct cp_sink_dp *sink, const struct poise_wire_welcome *welcome, int fd)
{
	struct cp_dataplane_link *link = &sink->app->dataplane;
	const char *why;

	if (welcome->counters != POISE_COUNTERS)
		return "it counts other things than this poised knows";
	why = cp_stats_map(fd, &link->stats, &link->stats_bytes);
	if (why)
		return why;
	link->state = CP_DATAPLANE_STARTING;
	link->generation = welcome->generation;
	snprintf(link->version, sizeof(link->version), "%.*s", (int)sizeof(welcome->version) - 1,
		 welcome->version);
	if (welcome->has_table && !sink->app->flows.adopted && sink->table_pid != link->pid)
		return "it has a flow table of another run";
	if (welcome->workers != sink->app->config->dataplane.workers)
		cp_log(CP_LOG_WARNING, "dataplane-workers",
		       "the running dataplane has %u workers, the configuration asks for %u; restart it",
		       welcome->workers, sink->app->config->dataplane.workers);
	return NULL;
}

static int on_welcome(struct cp_sink_dp *sink, const struct poise_wire_welcome *welcome, int fd)
{
	struct cp_dataplane_link *link = &sink->app->dataplane;
	pid_t pid = peer_pid(sink);
	const char *why;

	sink->adopted = link->pid != pid || !cp_spawn_alive(sink->app->spawn);
	if (sink->adopted)
		link->spawned = false;
	link->pid = pid;
	cp_spawn_welcome(sink->app->spawn, pid);
	why = take_welcome(sink, welcome, fd);
	if (why) {
		fail(sink, "%s", why);
		cp_spawn_again(sink->app->spawn, why, false);
		return -EPROTO;
	}
	link->error[0] = 0;
	cp_publish_welcome(sink->app, welcome->generation);
	return welcome->has_table ? ready(sink) : send_table(sink);
}

static int on_result(struct cp_sink_dp *sink, const struct poise_wire_result *result)
{
	struct cp_dataplane_link *link = &sink->app->dataplane;
	enum waiting was = sink->waiting;

	if (result->header.request != sink->request || was == WAIT_NOTHING || was == WAIT_WELCOME)
		return -EPROTO;
	event_del(sink->late);
	sink->waiting = WAIT_NOTHING;
	if (result->status) {
		fail(sink, "%s refused: %.*s", was == WAIT_TABLE ? "flow table" : "snapshot",
		     (int)sizeof(result->text) - 1, result->text);
		// One that was found running may be of an older configuration; our own would refuse again.
		if (was == WAIT_TABLE || sink->adopted)
			cp_spawn_again(sink->app->spawn, link->error, false);
		if (was == WAIT_TABLE)
			return -EPROTO;
		return sink->behind ? send_snapshot(sink) : 0;
	}
	if (was == WAIT_TABLE) {
		sink->table_pid = link->pid;
		return ready(sink);
	}
	link->generation = result->generation;
	link->state = CP_DATAPLANE_RUNNING;
	cp_spawn_working(sink->app->spawn);
	link->error[0] = 0;
	cp_publish_taken(sink->app);
	if (sink->behind)
		return send_snapshot(sink);
	cp_publish_settled(sink->app, result->generation);
	return 0;
}

static int handle(struct cp_sink_dp *sink, const union cp_wire_message *message, int fd)
{
	if (message->header.type == POISE_WIRE_RESULT)
		return on_result(sink, &message->result);
	if (sink->waiting != WAIT_WELCOME)
		return -EPROTO;
	event_del(sink->late);
	sink->waiting = WAIT_NOTHING;
	sink->closed = 0;
	return on_welcome(sink, &message->welcome, fd);
}

// A dataplane of another version closes instead of answering the hello.
static void closed_early(struct cp_sink_dp *sink)
{
	static const char why[] = "it closes the connection, it may be of another version";
	pid_t pid = peer_pid(sink);

	if (++sink->closed < CLOSED_MOST || !pid)
		return;
	sink->closed = 0;
	fail(sink, "%s", why);
	cp_spawn_welcome(sink->app->spawn, pid);
	cp_spawn_again(sink->app->spawn, why, false);
}

static void on_readable(evutil_socket_t socket, short what, void *context)
{
	struct cp_sink_dp *sink = context;
	union cp_wire_message message;
	int fd, error = cp_wire_receive(sink->fd, &message, &fd);

	if (error == -EAGAIN || error == -EINTR)
		return;
	if (!error) {
		error = handle(sink, &message, fd);
		if (fd >= 0)
			close(fd);
	} else if (error == -EPROTOTYPE) {
		fail(sink, "it speaks version %u of the interface, this poised %u", message.header.abi_version,
		     POISE_ABI_VERSION);
	}
	if (!error)
		return;
	if (sink->waiting == WAIT_WELCOME)
		closed_early(sink);
	if (error == -EPROTO)
		cp_log(CP_LOG_WARNING, "dataplane-protocol", "dataplane sends what it should not, connecting anew");
	disconnect(sink);
}

static void on_late(evutil_socket_t socket, short what, void *context)
{
	struct cp_sink_dp *sink = context;

	fail(sink, "no answer within %d seconds", ANSWER_MS / 1000);
	disconnect(sink);
	cp_spawn_again(sink->app->spawn, "it does not answer", true);
}

static void connect_now(evutil_socket_t socket, short what, void *context)
{
	struct cp_sink_dp *sink = context;
	struct cp_app *app = sink->app;
	union cp_wire_message message = {0};
	int fd = cp_wire_connect(app->config->dataplane_socket);

	if (fd < 0) {
		if (fd != -ENOENT && fd != -ECONNREFUSED)
			cp_log(CP_LOG_WARNING, "dataplane-socket", "%s: %s", app->config->dataplane_socket,
			       strerror(-fd));
		else if (!app->config->dataplane.spawn && !sink->complained)
			cp_log(CP_LOG_INFO, "dataplane-awaited", "waiting for a dataplane at %s",
			       app->config->dataplane_socket);
		sink->complained = true;
		arm(sink->retry, RETRY_MS);
		cp_spawn_want(app->spawn);
		return;
	}
	sink->complained = false;
	sink->fd = fd;
	sink->io = event_new(app->base, fd, EV_READ | EV_PERSIST, on_readable, sink);
	if (!sink->io) {
		close(fd);
		sink->fd = -1;
		arm(sink->retry, RETRY_MS);
		return;
	}
	event_add(sink->io, NULL);
	if (send_message(sink, &message, POISE_WIRE_HELLO, sizeof(message.header), -1, WAIT_WELCOME))
		disconnect(sink);
}

struct cp_sink_dp *cp_sink_dp_create(struct cp_app *app)
{
	struct cp_sink_dp *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return NULL;
	sink->app = app;
	sink->fd = -1;
	sink->retry = event_new(app->base, -1, 0, connect_now, sink);
	sink->late = event_new(app->base, -1, 0, on_late, sink);
	if (!sink->retry || !sink->late) {
		cp_sink_dp_destroy(sink);
		return NULL;
	}
	return sink;
}

void cp_sink_dp_destroy(struct cp_sink_dp *sink)
{
	if (!sink)
		return;
	sink->stopped = true;
	disconnect(sink);
	if (sink->retry)
		event_free(sink->retry);
	if (sink->late)
		event_free(sink->late);
	free(sink);
}

void cp_sink_dp_start(struct cp_sink_dp *sink)
{
	connect_now(-1, 0, sink);
}

bool cp_sink_dp_publish(struct cp_sink_dp *sink)
{
	if (sink->fd < 0)
		return false;
	if (!sink->ready || sink->waiting != WAIT_NOTHING) {
		sink->behind = true;
		return true;
	}
	if (!send_snapshot(sink))
		return true;
	disconnect(sink);
	return false;
}

int cp_sink_dp_stop(struct cp_sink_dp *sink, bool for_good)
{
	union cp_wire_message message = {0};

	sink->stopped |= for_good;
	if (for_good)
		event_del(sink->retry);
	if (sink->fd < 0)
		return -ENOTCONN;
	return cp_wire_send(sink->fd, &message, POISE_WIRE_STOP, sizeof(message.header), ++sink->request, -1);
}

int cp_sink_dp_dismiss(const char *socket)
{
	union cp_wire_message message = {0};
	int fd = cp_wire_connect(socket), error;

	if (fd < 0)
		return fd;
	error = cp_wire_send(fd, &message, POISE_WIRE_HELLO, sizeof(message.header), 1, -1);
	if (!error)
		error = cp_wire_send(fd, &message, POISE_WIRE_STOP, sizeof(message.header), 2, -1);
	close(fd); // what was sent is read all the same
	return error;
}

void cp_sink_dp_gone(struct cp_sink_dp *sink)
{
	disconnect(sink);
	sink->app->dataplane.pid = 0;
}
