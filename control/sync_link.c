// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sync_link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "view.h"

#define TURN_MESSAGES 4 // of up to 400 flows: about a millisecond
#define READ_AHEAD (128u * 1024)
#define LAST_WORDS (READ_AHEAD / CP_SYNC_MESSAGE_MAX + TURN_MESSAGES)

static const struct timeval at_once = {0, 0}, soon = {0, 10000};

const char *cp_sync_refusal_name(enum cp_sync_refusal refusal)
{
	static const char *const names[] = {
#define CP_SYNC_REFUSAL(NAME, name, help) #name,
#include "sync_refusals.def"
#undef CP_SYNC_REFUSAL
	};

	return (uint32_t)refusal < CP_SYNC_REFUSALS ? names[refusal] : "?";
}

static enum cp_sync_refusal refusal_of(enum cp_sync_verdict verdict)
{
	return verdict == CP_SYNC_REPLAYED ? CP_SYNC_REFUSED_REPLAY : CP_SYNC_REFUSED_FORGERY;
}

static enum cp_sync_refusal take(struct cp_sync_link *link, const void *message, uint32_t length)
{
	enum cp_sync_verdict verdict = CP_SYNC_GOOD;

	if (link->session.epoch && cp_sync_type(message) != CP_SYNC_REFUSE)
		verdict = cp_sync_open(&link->session, message, length);
	if (verdict != CP_SYNC_GOOD)
		return refusal_of(verdict);
	link->heard_ns = cp_view_now_ns();
	return link->ops->message(link->context, message, length);
}

enum step { STEP_MORE, STEP_EMPTY, STEP_OVER };

// One message off the front. After STEP_OVER the link may be no more.
static enum step step(struct cp_sync_link *link, struct evbuffer *input)
{
	enum cp_sync_refusal refusal = CP_SYNC_REFUSED_NOISE;
	uint8_t head[sizeof(struct cp_sync_header)];
	ev_ssize_t size = evbuffer_copyout(input, head, sizeof(head));
	uint32_t length = 0;
	enum cp_sync_frame frame = cp_sync_frame(head, size > 0 ? (size_t)size : 0, &length);
	const void *message;

	if (frame == CP_SYNC_FRAME_PART && (!length || evbuffer_get_length(input) < length))
		return STEP_EMPTY;
	if (frame == CP_SYNC_FRAME_PART || frame == CP_SYNC_FRAME_WHOLE) {
		message = evbuffer_pullup(input, length);
		refusal = message ? take(link, message, length) : CP_SYNC_CLOSED;
		if (refusal == CP_SYNC_ACCEPTED) {
			evbuffer_drain(input, length);
			return STEP_MORE;
		}
	} else if (frame == CP_SYNC_FRAME_VERSION) {
		refusal = CP_SYNC_REFUSED_OTHER_VERSION;
	}
	link->ops->ended(link->context, refusal, length);
	return STEP_OVER;
}

static void work(struct cp_sync_link *link)
{
	struct evbuffer *input = bufferevent_get_input(link->buffer);

	if (link->ops->busy && link->ops->busy(link->context)) {
		evtimer_add(link->again, &soon);
		return;
	}
	for (int i = 0; i < TURN_MESSAGES; i++)
		if (step(link, input) != STEP_MORE)
			return;
	evtimer_add(link->again, &at_once); // others have their turn first
}

static void on_read(struct bufferevent *buffer, void *context)
{
	struct cp_sync_link *link = context;

	if (!evtimer_pending(link->again, NULL))
		work(link);
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
	work(context);
}

static void on_event(struct bufferevent *buffer, short what, void *context)
{
	struct cp_sync_link *link = context;
	enum step last = STEP_MORE;
	int error = what & BEV_EVENT_ERROR ? errno : 0;

	if (what & BEV_EVENT_CONNECTED) {
		link->heard_ns = cp_view_now_ns();
		link->ops->connected(link->context);
		return;
	}
	// The last words of a peer that died are worth hearing.
	for (uint32_t i = 0; i < LAST_WORDS && last == STEP_MORE; i++)
		last = step(link, bufferevent_get_input(buffer));
	errno = error;
	if (last != STEP_OVER)
		link->ops->ended(link->context, CP_SYNC_CLOSED, 0);
}

int cp_sync_link_open(struct cp_sync_link *link, struct event_base *base, int fd, const struct cp_sync_link_ops *ops,
		      void *context)
{
	int on = 1;

	memset(link, 0, offsetof(struct cp_sync_link, room));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	link->ops = ops;
	link->context = context;
	link->heard_ns = cp_view_now_ns();
	link->again = evtimer_new(base, on_again, link);
	link->buffer = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!link->buffer)
		close(fd);
	if (!link->buffer || !link->again) {
		cp_sync_link_close(link);
		return -ENOMEM;
	}
	bufferevent_setcb(link->buffer, on_read, NULL, on_event, link);
	bufferevent_setwatermark(link->buffer, EV_READ, 0, READ_AHEAD);
	if (bufferevent_enable(link->buffer, EV_READ | EV_WRITE)) {
		cp_sync_link_close(link);
		return -ENOMEM;
	}
	return 0;
}

void cp_sync_link_close(struct cp_sync_link *link)
{
	if (link->again)
		event_free(link->again);
	if (link->buffer)
		bufferevent_free(link->buffer);
	link->again = NULL;
	link->buffer = NULL;
	link->session.epoch = 0;
}

void *cp_sync_link_body(struct cp_sync_link *link)
{
	return link->room + sizeof(struct cp_sync_header);
}

static bool put(struct cp_sync_link *link, uint32_t length)
{
	return bufferevent_write(link->buffer, link->room, length) == 0;
}

bool cp_sync_link_send(struct cp_sync_link *link, enum cp_sync_type type, size_t body)
{
	uint32_t length = cp_sync_header(link->room, type, body);

	return link->session.epoch && !cp_sync_seal(&link->session, link->room, length) && put(link, length);
}

bool cp_sync_link_greet(struct cp_sync_link *link, const struct cp_sync_secret *secret, enum cp_sync_type type,
			const struct cp_sync_greeting *greeting)
{
	uint32_t length = cp_sync_header(link->room, type, sizeof(*greeting));

	memcpy(cp_sync_link_body(link), greeting, sizeof(*greeting));
	return !cp_sync_seal_greeting(secret, link->room, length) && put(link, length);
}

bool cp_sync_link_room(const struct cp_sync_link *link)
{
	return evbuffer_get_length(bufferevent_get_output(link->buffer)) < CP_SYNC_LINK_ROOM;
}

bool cp_sync_link_silent(const struct cp_sync_link *link, uint64_t now_ns)
{
	return now_ns > link->heard_ns && now_ns - link->heard_ns > CP_SYNC_LINK_SILENCE_NS;
}
