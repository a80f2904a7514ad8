// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What two balancers of a pair say to each other (docs/high-availability.md). Every field is in network byte order,
// every message has a header, a body of known length and a code (sync_seal.h) at its end. Nothing in it is an index:
// services and backends are named by address and port, times are ages.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <poise/flow.h>

#define CP_SYNC_MAGIC 0x50535943u // "PSYC"
#define CP_SYNC_VERSION 1u
#define CP_SYNC_CODE_SIZE 32u // HMAC-SHA256
#define CP_SYNC_NONCE_SIZE 16u
#define CP_SYNC_MESSAGE_MAX 16384u

enum cp_sync_type {
	CP_SYNC_HELLO = 1, // by who sends flows, first
	CP_SYNC_WELCOME,   // the answer
	CP_SYNC_REFUSE,	   // the other answer, without a code: the version is not ours
	CP_SYNC_START,	   // the sender has the key: flows follow
	CP_SYNC_FLOWS,
	CP_SYNC_WHOLE, // everything there was has been sent once
	CP_SYNC_PING,
	CP_SYNC_PONG,
};

struct cp_sync_header {
	__be32 magic;
	__be16 version;
	__be16 type;
	__be32 length; // of the whole message, code included
	__be32 reserved;
	__be64 epoch;	 // of the session; 0 in HELLO, WELCOME and REFUSE
	__be64 sequence; // from 1 on, without a gap, each direction by itself; 0 as above
};
POISE_ASSERT(sizeof(struct cp_sync_header) == 32, "header on the wire");

// HELLO and WELCOME.
struct cp_sync_greeting {
	uint8_t node; // 0 or 1; the two of a pair differ
	uint8_t reserved[7];
	uint8_t nonce[CP_SYNC_NONCE_SIZE]; // fresh
	uint8_t answers[CP_SYNC_NONCE_SIZE]; // WELCOME: the nonce of the HELLO
	__be64 table;			   // names the flow table of who speaks: another one, and its flows are gone
};
POISE_ASSERT(sizeof(struct cp_sync_greeting) == 48, "greeting on the wire");

// WHOLE: how many flows that was. PING: a stamp of who sends flows. PONG: the stamp of the PING.
struct cp_sync_number {
	__be64 number;
};

enum cp_sync_kind {
	CP_SYNC_PUT = 1, // the flow is there, in this state
	CP_SYNC_REMOVE,	 // it is no more
};

#define CP_SYNC_FULL_NAT 0x1 // snat is an address of the pair and not the client
#define CP_SYNC_YOURS 0x2    // as far as I know it is yours; only said when all is said

// One flow in FLOWS. Addresses and ports as in struct poise_flow.
struct cp_sync_flow {
	uint8_t kind;
	uint8_t state; // enum poise_flow_state, ESTABLISHED or later
	uint8_t flags;
	uint8_t protocol;
	__be32 age_ms; // since its last packet
	__be32 client;
	__be32 vip;
	__be32 backend;
	__be32 snat;
	__be16 client_port;
	__be16 vip_port;
	__be16 backend_port;
	__be16 snat_port;
	uint8_t client_mac[6]; // where its SYN came from
	uint8_t reserved[2];
};
POISE_ASSERT(sizeof(struct cp_sync_flow) == 40, "flow on the wire");

#define CP_SYNC_FLOWS_MAX                                                                            \
	((CP_SYNC_MESSAGE_MAX - sizeof(struct cp_sync_header) - CP_SYNC_CODE_SIZE) / sizeof(struct cp_sync_flow))

// What the first bytes of a message are. Pure.
enum cp_sync_frame {
	CP_SYNC_FRAME_PART,    // more bytes are needed
	CP_SYNC_FRAME_WHOLE,   // *length bytes are one message
	CP_SYNC_FRAME_NOT,     // nothing of ours
	CP_SYNC_FRAME_VERSION, // of another version, which *length says
};

// Looks at `size` bytes. Lengths are checked against the type, so a body of a whole message can be read.
enum cp_sync_frame cp_sync_frame(const void *bytes, size_t size, uint32_t *length);

// The type of a whole message, its body, and the number of flows in it.
enum cp_sync_type cp_sync_type(const void *message);
const void *cp_sync_body(const void *message);
uint32_t cp_sync_flows(uint32_t length);

// Write the header of a message of `body` bytes; returns the length of the whole, code included.
uint32_t cp_sync_header(void *message, enum cp_sync_type type, size_t body);

// Is a flow from outside one that can be used? NULL, or what is wrong with it. Static text.
const char *cp_sync_flow_wrong(const struct cp_sync_flow *flow);

// Fill a flow for the wire from a copy of a record; `now_ms` is CLOCK_MONOTONIC as in the record.
void cp_sync_flow_from(struct cp_sync_flow *out, const struct poise_flow *flow, enum cp_sync_kind kind,
		       uint32_t now_ms);
