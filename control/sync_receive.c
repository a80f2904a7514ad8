// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "socket_address.h"
#include "sync_receive.h"

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/listener.h>

#include "log.h"
#include "sync_send.h"
#include "view.h"

#define CALLERS 4 // connections at once: the session, and those that greet

struct caller {
	struct cp_sync_receiver *receiver;
	struct cp_sync_link link;
	uint64_t table; // the peer's, as it greeted
	bool greeted;	// WELCOME is sent, START waited for
	bool started;
};

struct cp_sync_receiver {
	struct cp_sync_receiver_place place;
	struct evconnlistener *listener;
	struct cp_sync_receiver_view view;
	struct caller callers[CALLERS];
};

static void hang_up(struct caller *caller)
{
	struct cp_sync_receiver_view *view = &caller->receiver->view;

	cp_sync_link_close(&caller->link);
	if (caller->started) {
		view->connected = view->whole = false;
		view->epoch = 0;
	}
	caller->greeted = caller->started = false;
}

static void refuse(struct cp_sync_receiver *receiver, enum cp_sync_refusal why, uint32_t version)
{
	const char *peer = receiver->place.ha->peer_address;

	receiver->view.refused[why]++;
	if (why == CP_SYNC_REFUSED_OTHER_VERSION)
		cp_log(CP_LOG_WARNING, "sync-version",
		       "sync: the peer at %s speaks version %u of the protocol, this one %u; upgrade the older one",
		       peer, version, CP_SYNC_VERSION);
	else if (why == CP_SYNC_REFUSED_SAME_NODE)
		cp_log(CP_LOG_ERROR, "sync-node",
		       "sync: the peer at %s is node %u as well; give one of them the other number", peer,
		       receiver->place.ha->node);
	else
		cp_log(CP_LOG_WARNING, "sync-refused", "sync: a connection from %s is refused: %s",
		       why == CP_SYNC_REFUSED_STRANGER ? "another address than the peer's" : peer,
		       cp_sync_refusal_name(why));
}

static void on_ended(void *context, enum cp_sync_refusal why, uint32_t version)
{
	struct caller *caller = context;
	struct cp_sync_receiver *receiver = caller->receiver;

	if (why < CP_SYNC_REFUSALS)
		refuse(receiver, why, version);
	if (why == CP_SYNC_REFUSED_OTHER_VERSION && !caller->greeted) {
		struct cp_sync_header *answer = (void *)caller->link.room; // so that the peer can say it too

		memset(answer, 0, sizeof(*answer) + CP_SYNC_CODE_SIZE);
		if (send(bufferevent_getfd(caller->link.buffer), answer,
			 cp_sync_header(answer, CP_SYNC_REFUSE, 0), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			errno = 0; // it will find out by itself
	}
	if (caller->started)
		cp_log(CP_LOG_WARNING, "sync-lost", "sync: the peer at %s does not tell its flows any more: %s",
		       receiver->place.ha->peer_address,
		       why < CP_SYNC_REFUSALS ? cp_sync_refusal_name(why)
					      : errno ? strerror(errno) : "it closed the connection");
	hang_up(caller);
}

static enum cp_sync_refusal on_hello(struct caller *caller, const void *message, uint32_t length)
{
	const struct cp_sync_receiver_place *place = &caller->receiver->place;
	struct cp_sync_greeting hello, welcome = {.node = (uint8_t)place->ha->node, .table = htobe64(place->table_id)};

	if (cp_sync_open_greeting(place->secret, message, length) != CP_SYNC_GOOD)
		return CP_SYNC_REFUSED_FORGERY;
	memcpy(&hello, cp_sync_body(message), sizeof(hello));
	memcpy(welcome.answers, hello.nonce, sizeof(welcome.answers));
	if (cp_sync_nonce(welcome.nonce) ||
	    !cp_sync_link_greet(&caller->link, place->secret, CP_SYNC_WELCOME, &welcome))
		return CP_SYNC_CLOSED;
	caller->greeted = true;
	if (hello.node == place->ha->node) { // without a session; the peer reads it in the answer, and hangs up
		refuse(caller->receiver, CP_SYNC_REFUSED_SAME_NODE, 0);
		return CP_SYNC_ACCEPTED;
	}
	if (cp_sync_session(&caller->link.session, place->secret, false, hello.nonce, welcome.nonce))
		return CP_SYNC_CLOSED;
	caller->table = be64toh(hello.table);
	return CP_SYNC_ACCEPTED;
}

// Now it is proved that the caller has the key and is there now.
static void on_start(struct caller *caller)
{
	struct cp_sync_receiver *receiver = caller->receiver;
	struct cp_sync_receiver_view *view = &receiver->view;
	struct cp_sync_shadows *shadows = receiver->place.writer->shadows;

	for (uint32_t i = 0; i < CALLERS; i++)
		if (receiver->callers[i].started)
			hang_up(&receiver->callers[i]);
	caller->started = true;
	view->connected = true;
	view->whole = false;
	view->epoch = caller->link.session.epoch;
	view->sessions++;
	view->progress_ns = cp_view_now_ns();
	receiver->place.writer->sweeping = false;
	cp_sync_shadows_peer(shadows, caller->table);
	cp_sync_shadows_round(shadows);
	cp_log(CP_LOG_INFO, "sync-hears", "sync: the peer at %s tells its flows", receiver->place.ha->peer_address);
}

static void on_flows(struct cp_sync_receiver *receiver, const void *message, uint32_t length)
{
	const uint8_t *at = cp_sync_body(message);
	uint32_t count = cp_sync_flows(length), now_ms = (uint32_t)(cp_view_now_ns() / 1000000);
	const struct poise_snapshot *snapshot = *receiver->place.snapshot;
	struct cp_sync_flow flow;

	receiver->view.flows += count;
	receiver->view.progress_ns = cp_view_now_ns();
	for (uint32_t i = 0; snapshot && i < count; i++, at += sizeof(flow)) {
		memcpy(&flow, at, sizeof(flow));
		cp_sync_write(receiver->place.writer, snapshot, &flow, now_ms);
	}
}

static void on_whole(struct cp_sync_receiver *receiver, const void *message)
{
	struct cp_sync_number number;

	memcpy(&number, cp_sync_body(message), sizeof(number));
	receiver->view.whole = true;
	receiver->view.wholes++;
	cp_sync_write_whole(receiver->place.writer);
	cp_log(CP_LOG_INFO, "sync-whole", "sync: the peer at %s has told all its flows, %llu",
	       receiver->place.ha->peer_address, (unsigned long long)be64toh(number.number));
	receiver->place.whole(receiver->place.context);
}

static enum cp_sync_refusal on_session(struct caller *caller, const void *message, uint32_t length)
{
	switch (cp_sync_type(message)) {
	case CP_SYNC_FLOWS:
		on_flows(caller->receiver, message, length);
		return CP_SYNC_ACCEPTED;
	case CP_SYNC_WHOLE:
		if (caller->receiver->view.whole)
			return CP_SYNC_REFUSED_OUT_OF_PLACE;
		on_whole(caller->receiver, message);
		return CP_SYNC_ACCEPTED;
	case CP_SYNC_PING:
		memcpy(cp_sync_link_body(&caller->link), cp_sync_body(message), sizeof(struct cp_sync_number));
		return cp_sync_link_send(&caller->link, CP_SYNC_PONG, sizeof(struct cp_sync_number)) ? CP_SYNC_ACCEPTED
												     : CP_SYNC_CLOSED;
	default:
		return CP_SYNC_REFUSED_OUT_OF_PLACE;
	}
}

static enum cp_sync_refusal on_message(void *context, const void *message, uint32_t length)
{
	struct caller *caller = context;

	if (caller->started)
		return on_session(caller, message, length);
	if (!caller->greeted && cp_sync_type(message) == CP_SYNC_HELLO)
		return on_hello(caller, message, length);
	if (!caller->link.session.epoch || cp_sync_type(message) != CP_SYNC_START)
		return CP_SYNC_REFUSED_OUT_OF_PLACE;
	on_start(caller);
	return CP_SYNC_ACCEPTED;
}

static bool on_busy(void *context)
{
	struct caller *caller = context;

	return caller->receiver->place.busy(caller->receiver->place.context);
}

static const struct cp_sync_link_ops ops = {.message = on_message, .ended = on_ended, .busy = on_busy};

static bool is_peer(const struct cp_ha *ha, const struct sockaddr *from)
{
	struct sockaddr_storage peer;
	socklen_t size;

	if (cp_socket_address(ha->peer_address, 0, &peer, &size) || peer.ss_family != from->sa_family)
		return false;
	if (from->sa_family == AF_INET)
		return ((const struct sockaddr_in *)from)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)&peer)->sin_addr.s_addr;
	return !memcmp(&((const struct sockaddr_in6 *)from)->sin6_addr,
		       &((const struct sockaddr_in6 *)&peer)->sin6_addr, sizeof(struct in6_addr));
}

static void on_call(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int size,
		    void *context)
{
	struct cp_sync_receiver *receiver = context;

	if (!is_peer(receiver->place.ha, from)) {
		close(fd);
		refuse(receiver, CP_SYNC_REFUSED_STRANGER, 0);
		return;
	}
	for (uint32_t i = 0; i < CALLERS; i++) {
		struct caller *caller = &receiver->callers[i];

		if (caller->link.buffer)
			continue;
		caller->receiver = receiver;
		if (cp_sync_link_open(&caller->link, receiver->place.base, fd, &ops, caller))
			cp_log(CP_LOG_WARNING, "sync-memory", "sync: no memory for a connection");
		return;
	}
	close(fd); // those that greet have 3 s to end
}

struct cp_sync_receiver *cp_sync_receiver_create(const struct cp_sync_receiver_place *place)
{
	struct cp_sync_receiver *receiver = calloc(1, sizeof(*receiver));
	int fd = receiver ? cp_sync_socket(place->ha, true) : -ENOMEM;

	if (fd >= 0) {
		receiver->place = *place;
		receiver->listener = evconnlistener_new(place->base, on_call, receiver,
							LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
		if (receiver->listener)
			return receiver;
		close(fd);
		fd = -ENOMEM;
	}
	cp_log(CP_LOG_ERROR, "sync-listen", "sync: cannot listen on %s port %u: %s", place->ha->listen_address,
	       place->ha->listen_port, strerror(-fd));
	free(receiver);
	return NULL;
}

void cp_sync_receiver_destroy(struct cp_sync_receiver *receiver)
{
	if (!receiver)
		return;
	for (uint32_t i = 0; i < CALLERS; i++)
		if (receiver->callers[i].link.buffer)
			hang_up(&receiver->callers[i]);
	evconnlistener_free(receiver->listener);
	free(receiver);
}

const struct cp_sync_receiver_view *cp_sync_receiver_view(const struct cp_sync_receiver *receiver)
{
	return &receiver->view;
}

void cp_sync_receiver_look(struct cp_sync_receiver *receiver, uint64_t now_ns)
{
	for (uint32_t i = 0; i < CALLERS; i++) {
		struct caller *caller = &receiver->callers[i];

		if (caller->link.buffer && cp_sync_link_silent(&caller->link, now_ns))
			on_ended(caller, CP_SYNC_REFUSED_SILENCE, 0);
	}
}
