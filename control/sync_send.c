// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "socket_address.h"
#include "sync_send.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "view.h"

#define TURN_RECORDS 32768u // looked at in a turn of the event loop: half a millisecond
#define PASS_LEAST_NS 250000000ull
#define PASS_REST 25 // times what a walk takes, so that it costs a twenty-fifth of a core at most
#define PASS_MOST_NS 5000000000ull
#define PING_NS 250000000ull
#define RETRY_MS 500
#define TURN_MS 10

struct cp_sync_sender {
	struct cp_sync_sender_place place;
	struct cp_sync_link link;
	struct cp_sync_scan scan;
	struct cp_sync_sender_view view;
	struct event *timer;
	uint8_t nonce[CP_SYNC_NONCE_SIZE];
	uint32_t batch; // flows in link.room
	bool greeted;	// HELLO is sent, WELCOME waited for
	bool told;	// of a failure, in the log
	bool useless;	// could not send
	uint64_t flows_whole; // of the first walk
	uint64_t pass_began_ns, pass_cost_ns, next_pass_ns, pinged_ns;
	uint64_t settling_ns, settling_stamp; // the pass that the PING with this stamp follows
	uint64_t hurry_ns; // 0: no hurry
	bool walking;
};

static void arm(struct cp_sync_sender *sender, uint32_t ms)
{
	struct timeval after = {ms / 1000, (ms % 1000) * 1000};

	evtimer_add(sender->timer, &after);
}

__attribute__((format(printf, 2, 3))) static void give_up(struct cp_sync_sender *sender, const char *format, ...)
{
	bool lost = sender->view.connected;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sender->view.error, sizeof(sender->view.error), format, arguments);
	va_end(arguments);
	if (lost || !sender->told)
		cp_log(CP_LOG_WARNING, lost ? "sync-lost" : "sync-peer",
		       lost ? "sync: the peer at %s does not take our flows any more: %s"
			    : "sync: the peer at %s cannot be told our flows: %s",
		       sender->place.ha->peer_address, sender->view.error);
	sender->told = true;
	cp_sync_link_close(&sender->link);
	sender->view.connected = sender->view.whole = sender->greeted = sender->walking = sender->useless = false;
	sender->view.epoch = 0;
	sender->batch = 0;
	arm(sender, RETRY_MS);
}

static void flush(struct cp_sync_sender *sender)
{
	size_t body = sender->batch * sizeof(struct cp_sync_flow);

	if (body && !cp_sync_link_send(&sender->link, CP_SYNC_FLOWS, body))
		sender->useless = true;
	sender->batch = 0;
}

static bool emit(void *context, const struct cp_sync_flow *flow)
{
	struct cp_sync_sender *sender = context;
	struct cp_sync_flow *flows = cp_sync_link_body(&sender->link);

	if (sender->batch == CP_SYNC_FLOWS_MAX)
		flush(sender);
	if (sender->useless || (!sender->batch && !cp_sync_link_room(&sender->link)))
		return false;
	memcpy(&flows[sender->batch++], flow, sizeof(*flow));
	if (flow->kind == CP_SYNC_PUT)
		sender->view.flows_put++;
	else
		sender->view.flows_removed++;
	sender->flows_whole += !sender->scan.whole;
	return true;
}

static void say(struct cp_sync_sender *sender, enum cp_sync_type type, uint64_t number)
{
	struct cp_sync_number body = {.number = htobe64(number)};

	flush(sender);
	memcpy(cp_sync_link_body(&sender->link), &body, sizeof(body));
	if (!cp_sync_link_send(&sender->link, type, sizeof(body)))
		sender->useless = true;
}

static void ping(struct cp_sync_sender *sender, uint64_t now_ns)
{
	sender->pinged_ns = now_ns;
	say(sender, CP_SYNC_PING, now_ns);
}

static void pass_ended(struct cp_sync_sender *sender, uint64_t now_ns)
{
	uint64_t pause_ns = sender->pass_cost_ns * PASS_REST;

	if (pause_ns < PASS_LEAST_NS)
		pause_ns = PASS_LEAST_NS;
	if (pause_ns > PASS_MOST_NS)
		pause_ns = PASS_MOST_NS;
	sender->walking = false;
	sender->view.passes++;
	sender->view.pass_ns = sender->pass_cost_ns;
	sender->next_pass_ns = sender->hurry_ns ? now_ns : sender->pass_began_ns + pause_ns;
	if (!sender->view.whole) {
		say(sender, CP_SYNC_WHOLE, sender->flows_whole);
		sender->view.whole = true;
	}
	if (!sender->settling_ns) { // else the answer to an earlier one is still under way
		sender->settling_ns = sender->pass_began_ns;
		sender->settling_stamp = now_ns;
		ping(sender, now_ns);
	}
}

// A turn of the walk.
static void walk(struct cp_sync_sender *sender, uint64_t now_ns)
{
	const struct poise_snapshot *snapshot = *sender->place.snapshot;
	bool ended;

	if (!snapshot || (!sender->walking && now_ns < sender->next_pass_ns))
		return;
	if (!sender->walking) {
		sender->walking = true;
		sender->pass_began_ns = now_ns;
		sender->pass_cost_ns = 0;
	}
	if (!cp_sync_link_room(&sender->link))
		return;
	ended = cp_sync_scan_run(&sender->scan, snapshot, (uint32_t)(now_ns / 1000000), TURN_RECORDS);
	sender->pass_cost_ns += cp_view_now_ns() - now_ns;
	if (ended)
		pass_ended(sender, now_ns);
	flush(sender);
}

static void on_connected(void *context)
{
	struct cp_sync_sender *sender = context;
	struct cp_sync_greeting hello = {.node = (uint8_t)sender->place.ha->node,
					 .table = htobe64(sender->place.table_id)};

	memcpy(hello.nonce, sender->nonce, sizeof(hello.nonce));
	sender->greeted = true;
	if (!cp_sync_link_greet(&sender->link, sender->place.secret, CP_SYNC_HELLO, &hello))
		sender->useless = true;
}

static enum cp_sync_refusal on_welcome(struct cp_sync_sender *sender, const void *message, uint32_t length)
{
	struct cp_sync_greeting welcome;

	if (cp_sync_open_greeting(sender->place.secret, message, length) != CP_SYNC_GOOD)
		return CP_SYNC_REFUSED_FORGERY;
	memcpy(&welcome, cp_sync_body(message), sizeof(welcome));
	if (memcmp(welcome.answers, sender->nonce, sizeof(sender->nonce)) != 0)
		return CP_SYNC_REFUSED_REPLAY;
	if (welcome.node == sender->place.ha->node)
		return CP_SYNC_REFUSED_SAME_NODE;
	if (cp_sync_session(&sender->link.session, sender->place.secret, true, sender->nonce, welcome.nonce))
		return CP_SYNC_CLOSED;
	cp_sync_shadows_peer(sender->place.shadows, be64toh(welcome.table));
	cp_sync_scan_restart(&sender->scan);
	sender->view.connected = true;
	sender->view.epoch = sender->link.session.epoch;
	sender->view.error[0] = 0;
	sender->view.sessions++;
	sender->view.settled_ns = sender->settling_ns = 0;
	sender->flows_whole = sender->next_pass_ns = sender->pinged_ns = 0;
	sender->told = false;
	cp_log(CP_LOG_INFO, "sync-connected", "sync: the peer at %s is told our flows", sender->place.ha->peer_address);
	if (!cp_sync_link_send(&sender->link, CP_SYNC_START, 0))
		sender->useless = true;
	return CP_SYNC_ACCEPTED;
}

static enum cp_sync_refusal on_pong(struct cp_sync_sender *sender, const void *message)
{
	struct cp_sync_number pong;
	uint64_t stamp_ns, now_ns = cp_view_now_ns();

	memcpy(&pong, cp_sync_body(message), sizeof(pong));
	stamp_ns = be64toh(pong.number);
	if (stamp_ns > now_ns)
		return CP_SYNC_REFUSED_OUT_OF_PLACE;
	sender->view.lag_ns = now_ns - stamp_ns;
	if (!sender->settling_ns || stamp_ns < sender->settling_stamp)
		return CP_SYNC_ACCEPTED;
	sender->view.settled_ns = sender->settling_ns;
	sender->settling_ns = 0;
	if (sender->view.settled_ns > sender->hurry_ns)
		sender->hurry_ns = 0;
	return CP_SYNC_ACCEPTED;
}

static enum cp_sync_refusal on_message(void *context, const void *message, uint32_t length)
{
	struct cp_sync_sender *sender = context;
	enum cp_sync_type type = cp_sync_type(message);

	if (sender->view.connected)
		return type == CP_SYNC_PONG ? on_pong(sender, message) : CP_SYNC_REFUSED_OUT_OF_PLACE;
	if (type == CP_SYNC_WELCOME && sender->greeted)
		return on_welcome(sender, message, length);
	return CP_SYNC_REFUSED_OUT_OF_PLACE;
}

static void on_ended(void *context, enum cp_sync_refusal why, uint32_t version)
{
	struct cp_sync_sender *sender = context;

	if (why < CP_SYNC_REFUSALS)
		sender->view.refused[why]++;
	if (why == CP_SYNC_REFUSED_OTHER_VERSION)
		give_up(sender, "it speaks version %u of the protocol, this one %u; upgrade the older one", version,
			CP_SYNC_VERSION);
	else if (why == CP_SYNC_REFUSED_SAME_NODE)
		give_up(sender, "it is node %u as well; give one of them the other number", sender->place.ha->node);
	else if (why == CP_SYNC_REFUSED_FORGERY)
		give_up(sender, "it has another key; copy one key_file to both");
	else if (why < CP_SYNC_REFUSALS)
		give_up(sender, "its answer is refused: %s", cp_sync_refusal_name(why));
	else if (sender->greeted && !sender->view.connected)
		give_up(sender, "it hangs up on us; its log says why");
	else
		give_up(sender, "%s", errno ? strerror(errno) : "it closed the connection");
}

static const struct cp_sync_link_ops ops = {
	.message = on_message,
	.ended = on_ended,
	.connected = on_connected,
};

static void begin(struct cp_sync_sender *sender)
{
	struct sockaddr_storage address;
	socklen_t size;
	int fd = cp_sync_socket(sender->place.ha, false);

	if (fd < 0) {
		give_up(sender, "%s", strerror(-fd));
		return;
	}
	if (cp_sync_nonce(sender->nonce) ||
	    cp_socket_address(sender->place.ha->peer_address, sender->place.ha->peer_port, &address, &size) ||
	    cp_sync_link_open(&sender->link, sender->place.base, fd, &ops, sender)) {
		give_up(sender, "%s", strerror(ENOMEM));
		return;
	}
	// Failure is reported here, or by the callback, which has given up by then.
	if (bufferevent_socket_connect(sender->link.buffer, (struct sockaddr *)&address, (int)size) &&
	    sender->link.buffer)
		give_up(sender, "%s", strerror(errno));
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct cp_sync_sender *sender = context;
	uint64_t now_ns = cp_view_now_ns();

	if (!sender->link.buffer) {
		begin(sender);
		if (sender->link.buffer)
			arm(sender, TURN_MS);
		return;
	}
	if (sender->view.connected) {
		walk(sender, now_ns);
		if (now_ns - sender->pinged_ns >= PING_NS)
			ping(sender, now_ns);
	}
	if (sender->useless)
		give_up(sender, "%s", strerror(ENOMEM));
	else if (cp_sync_link_silent(&sender->link, now_ns))
		give_up(sender, "it has not answered for 3 s");
	else
		arm(sender, sender->hurry_ns ? 1 : TURN_MS);
}

void cp_sync_sender_hurry(struct cp_sync_sender *sender)
{
	sender->hurry_ns = cp_view_now_ns();
	sender->next_pass_ns = 0;
}

struct cp_sync_sender *cp_sync_sender_create(const struct cp_sync_sender_place *place)
{
	struct cp_sync_sender *sender = calloc(1, sizeof(*sender));

	if (!sender)
		return NULL;
	sender->place = *place;
	sender->scan = (struct cp_sync_scan){.table = place->table, .shadows = place->shadows, .emit = emit,
					     .context = sender};
	snprintf(sender->view.error, sizeof(sender->view.error), "not tried yet");
	sender->timer = evtimer_new(place->base, on_timer, sender);
	if (!sender->timer) {
		free(sender);
		return NULL;
	}
	arm(sender, 0);
	return sender;
}

void cp_sync_sender_destroy(struct cp_sync_sender *sender)
{
	if (!sender)
		return;
	cp_sync_link_close(&sender->link);
	event_free(sender->timer);
	free(sender);
}

const struct cp_sync_sender_view *cp_sync_sender_view(const struct cp_sync_sender *sender)
{
	return &sender->view;
}
