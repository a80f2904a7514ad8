// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// One connection of the sync link: bytes become messages, messages are sealed and opened. Bounded in memory both ways
// and in the work of a turn of the event loop. poised's thread.
#pragma once

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "sync_seal.h"

#define CP_SYNC_LINK_ROOM (512u * 1024) // bytes that wait to be sent, and little more
#define CP_SYNC_LINK_SILENCE_NS 3000000000ull // after this long without a word the other side is gone

enum cp_sync_refusal {
#define CP_SYNC_REFUSAL(NAME, name, help) CP_SYNC_REFUSED_##NAME,
#include "sync_refusals.def"
#undef CP_SYNC_REFUSAL
	CP_SYNC_REFUSALS,
	CP_SYNC_ACCEPTED, // not a refusal
	CP_SYNC_CLOSED,	  // by the other side, or the network
};

// "forgery". Static text.
const char *cp_sync_refusal_name(enum cp_sync_refusal refusal);

struct cp_sync_link_ops {
	// One whole message, opened already once there is a session. Anything but CP_SYNC_ACCEPTED ends the connection.
	enum cp_sync_refusal (*message)(void *context, const void *message, uint32_t length);
	// The connection is over; the callee closes the link. `version` is the other side's with OTHER_VERSION; errno
	// says more about CP_SYNC_CLOSED, or is 0.
	void (*ended)(void *context, enum cp_sync_refusal why, uint32_t version);
	void (*connected)(void *context); // of a connection that we begin
	bool (*busy)(void *context);	  // true: no message can be taken now, ask again soon
};

struct cp_sync_link {
	struct bufferevent *buffer; // NULL: closed
	struct event *again;
	struct cp_sync_session session; // in use once epoch is not 0
	const struct cp_sync_link_ops *ops;
	void *context;
	uint64_t heard_ns; // CLOCK_MONOTONIC of the last message, or of the opening
	uint8_t room[CP_SYNC_MESSAGE_MAX];
};

// Take over a socket. 0, or -ENOMEM (the socket is closed).
int cp_sync_link_open(struct cp_sync_link *link, struct event_base *base, int fd, const struct cp_sync_link_ops *ops,
		      void *context);
void cp_sync_link_close(struct cp_sync_link *link);

// Where the body of the next message goes, up to CP_SYNC_FLOWS_MAX flows; then send it. False: it could not be sealed
// or stored, the connection is useless.
void *cp_sync_link_body(struct cp_sync_link *link);
bool cp_sync_link_send(struct cp_sync_link *link, enum cp_sync_type type, size_t body);
bool cp_sync_link_greet(struct cp_sync_link *link, const struct cp_sync_secret *secret, enum cp_sync_type type,
			const struct cp_sync_greeting *greeting);

// Is there room for flows?
bool cp_sync_link_room(const struct cp_sync_link *link);
// Has the other side said nothing for too long?
bool cp_sync_link_silent(const struct cp_sync_link *link, uint64_t now_ns);
