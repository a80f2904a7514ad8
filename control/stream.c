// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "stream.h"

#define TRIM_AFTER (4u << 20) // bytes of answers; after as many the allocator keeps much that nobody needs again
#define RETRY_MS 500 // after accept() failed: out of descriptors, most likely

struct cp_stream_client {
	struct cp_stream *stream;
	struct cp_stream_client *next;
	struct cp_stream_client **link; // what points at this one
	struct bufferevent *io;
	struct event *deadline;
	void *pending;
	bool heard; // something it sent was read
	bool asked;
	bool answered;
};

struct cp_stream {
	struct event_base *base;
	const struct cp_stream_ops *ops;
	void *context;
	struct evconnlistener *listener;
	struct event *retry;
	struct cp_stream_client *clients;
	unsigned clients_count;
	size_t given; // bytes of answers since the last trim()
};

static struct timeval milliseconds(unsigned ms)
{
	struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	return time;
}

// Give back to the system what answers took, once nobody is there who could want another at once.
static void trim(struct cp_stream *stream)
{
	if (stream->given < TRIM_AFTER || stream->clients_count)
		return;
	stream->given = 0;
	malloc_trim(0);
}

static void drop(struct cp_stream_client *client)
{
	struct cp_stream *stream = client->stream;

	if (client->asked && !client->answered && stream->ops->gone)
		stream->ops->gone(stream->context, client);
	if (client->link) {
		*client->link = client->next;
		if (client->next)
			client->next->link = client->link;
		if (stream->clients_count-- == stream->ops->clients_max)
			evconnlistener_enable(stream->listener);
	}
	if (client->deadline)
		event_free(client->deadline);
	if (client->io)
		bufferevent_free(client->io);
	free(client);
	trim(stream);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	drop(context);
}

static bool arm(struct cp_stream_client *client)
{
	struct timeval time = milliseconds(client->stream->ops->deadline_ms);

	return evtimer_add(client->deadline, &time) == 0;
}

// Hand the request over. The client may be gone when this returns.
static void ask(struct cp_stream_client *client, size_t length, bool whole)
{
	struct cp_stream *stream = client->stream;
	struct evbuffer *input = bufferevent_get_input(client->io);
	const char *text = (const char *)evbuffer_pullup(input, (ev_ssize_t)length);

	client->asked = true;
	bufferevent_disable(client->io, EV_READ);
	if (!arm(client) || (length && !text))
		drop(client);
	else
		stream->ops->request(stream->context, client, text ? text : "", length, whole);
}

static void on_read(struct bufferevent *io, void *context)
{
	struct cp_stream_client *client = context;
	struct evbuffer *input = bufferevent_get_input(io);
	size_t length;

	client->heard = true;
	if (client->asked)
		return;
	length = client->stream->ops->complete(input);
	if (length && length <= client->stream->ops->request_max)
		ask(client, length, true);
	else if (evbuffer_get_length(input) >= client->stream->ops->request_max)
		ask(client, client->stream->ops->request_max, false);
}

static void on_sent(struct bufferevent *io, void *context)
{
	struct cp_stream_client *client = context;

	if (client->answered)
		drop(client);
}

static void on_event(struct bufferevent *io, short what, void *context)
{
	struct cp_stream_client *client = context;
	size_t length = evbuffer_get_length(bufferevent_get_input(io));

	// A client may close its sending side and still read the answer.
	if (what & BEV_EVENT_EOF && !client->asked && length)
		ask(client, length, false);
	else if (!(what & BEV_EVENT_EOF) || !client->asked)
		drop(client);
}

// Clients that ask for much and read nothing shall not fill the memory: the oldest answers go, the newest stays.
static void bound_unread(struct cp_stream *stream, struct cp_stream_client *newest)
{
	struct cp_stream_client *client = stream->clients, *next;
	size_t unread = 0;

	for (; client; client = next) { // the newest first
		next = client->next;
		if (!client->answered)
			continue;
		unread += evbuffer_get_length(bufferevent_get_output(client->io));
		if (unread > stream->ops->unread_max && client != newest)
			drop(client);
	}
}

void cp_stream_answer(struct cp_stream_client *client, struct evbuffer *answer)
{
	struct evbuffer *input = bufferevent_get_input(client->io);

	client->answered = true;
	client->stream->given += answer ? evbuffer_get_length(answer) : 0;
	evbuffer_drain(input, evbuffer_get_length(input));
	if (!answer || !evbuffer_get_length(answer) || bufferevent_write_buffer(client->io, answer) ||
	    !arm(client))
		drop(client);
	else
		bound_unread(client->stream, client);
}

bool cp_stream_gone(const struct cp_stream_client *client)
{
	struct pollfd socket = {.fd = bufferevent_getfd(client->io)};

	return poll(&socket, 1, 0) == 1 && socket.revents & (POLLHUP | POLLERR); // one that still reads is no HUP
}

void cp_stream_set_pending(struct cp_stream_client *client, void *pending)
{
	client->pending = pending;
}

void *cp_stream_pending(const struct cp_stream_client *client)
{
	return client->pending;
}

// Has it sent its first words, and the loop has not come to them yet?
static bool unheard(struct cp_stream_client *client)
{
	int bytes = 0;

	return !client->heard && !ioctl(bufferevent_getfd(client->io), FIONREAD, &bytes) && bytes > 0;
}

// All places are taken: the one that has been silent longest makes room, so that clients which connect and say nothing
// cannot keep the others out; else one that does not read what it was answered. Those that wait for an answer stay.
static void make_room(struct cp_stream *stream)
{
	struct cp_stream_client *silent = NULL, *began = NULL, *answered = NULL;

	// The newest stands first, and was given no chance yet.
	for (struct cp_stream_client *client = stream->clients->next; client; client = client->next) {
		if (client->answered)
			answered = client;
		else if (!client->asked && unheard(client))
			began = client;
		else if (!client->asked)
			silent = client;
	}
	if (silent || answered || began)
		drop(silent ? silent : answered ? answered : began);
	else
		evconnlistener_disable(stream->listener);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
		      void *context)
{
	struct cp_stream *stream = context;
	struct cp_stream_client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	client->stream = stream;
	client->io = bufferevent_socket_new(stream->base, fd, BEV_OPT_CLOSE_ON_FREE);
	client->deadline = evtimer_new(stream->base, on_deadline, client);
	if (!client->io)
		close(fd);
	if (!client->io || !client->deadline || !arm(client)) {
		drop(client);
		return;
	}
	client->next = stream->clients;
	client->link = &stream->clients;
	if (client->next)
		client->next->link = &client->next;
	stream->clients = client;
	if (++stream->clients_count == stream->ops->clients_max)
		make_room(stream);
	bufferevent_setwatermark(client->io, EV_READ, 0, stream->ops->request_max);
	bufferevent_setcb(client->io, on_read, on_sent, on_event, client);
	bufferevent_enable(client->io, EV_READ | EV_WRITE);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
	struct cp_stream *stream = context;

	if (stream->clients_count < stream->ops->clients_max)
		evconnlistener_enable(stream->listener);
}

// Without a pause the loop would spin: the connection that cannot be accepted stays ready.
static void on_accept_error(struct evconnlistener *listener, void *context)
{
	struct cp_stream *stream = context;
	struct timeval time = milliseconds(RETRY_MS);

	evconnlistener_disable(listener);
	evtimer_add(stream->retry, &time);
}

struct cp_stream *cp_stream_create(struct event_base *base, int fd, const struct cp_stream_ops *ops,
				   void *context)
{
	struct cp_stream *stream = calloc(1, sizeof(*stream));

	if (!stream) {
		close(fd);
		return NULL;
	}
	stream->base = base;
	stream->ops = ops;
	stream->context = context;
	stream->listener = evconnlistener_new(base, on_accept, stream,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!stream->listener)
		close(fd);
	stream->retry = evtimer_new(base, on_retry, stream);
	if (!stream->listener || !stream->retry) {
		cp_stream_destroy(stream);
		return NULL;
	}
	evconnlistener_set_error_cb(stream->listener, on_accept_error);
	return stream;
}

void cp_stream_destroy(struct cp_stream *stream)
{
	if (!stream)
		return;
	while (stream->clients)
		drop(stream->clients);
	if (stream->listener)
		evconnlistener_free(stream->listener);
	if (stream->retry)
		event_free(stream->retry);
	free(stream);
}
