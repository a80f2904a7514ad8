// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Messages between poised and poise-dataplane, over a SOCK_SEQPACKET Unix socket that the dataplane listens
// on. One message a datagram, at most one descriptor with it (SCM_RIGHTS). Both ends are on one host, so
// integers are in host order.
//
//   poised                         dataplane
//   HELLO            ->                          versions; the dataplane closes on a mismatch
//                    <-            WELCOME       pid, generation, workers; descriptor: stats page
//   TABLE + fd       ->                          flow table memory; only taken while no table is there
//                    <-            RESULT
//   SNAPSHOT + fd    ->                          sealed memfd with one struct poise_snapshot
//                    <-            RESULT        once every worker uses the generation
//   STOP             ->                          drain and exit
#pragma once

#include <poise/abi.h>

enum poise_wire_type {
	POISE_WIRE_HELLO = 1,
	POISE_WIRE_WELCOME,
	POISE_WIRE_TABLE,
	POISE_WIRE_SNAPSHOT,
	POISE_WIRE_RESULT,
	POISE_WIRE_STOP,
};

struct poise_wire_header {
	__u32 magic; // POISE_WIRE_MAGIC
	__u32 abi_version;
	__u16 type;   // enum poise_wire_type
	__u16 length; // of the whole message
	__u32 request; // chosen by the asker, repeated in the answer
};
POISE_ASSERT(sizeof(struct poise_wire_header) == 16, "wire header");

struct poise_wire_welcome {
	struct poise_wire_header header;
	__u32 pid;
	__u32 workers;
	__u64 generation; // 0: no snapshot yet
	__u32 has_table;  // nonzero: keeps the flow table it has
	__u32 counters;	  // POISE_COUNTERS of the dataplane's build
	char version[POISE_NAME_SIZE];
};
POISE_ASSERT(sizeof(struct poise_wire_welcome) == 72, "welcome");

struct poise_wire_table {
	struct poise_wire_header header;
	__u64 bytes; // to map
};
POISE_ASSERT(sizeof(struct poise_wire_table) == 24, "table");

struct poise_wire_snapshot {
	struct poise_wire_header header;
	__u64 generation;
};
POISE_ASSERT(sizeof(struct poise_wire_snapshot) == 24, "snapshot");

#define POISE_WIRE_TEXT 160u
struct poise_wire_result {
	struct poise_wire_header header;
	__u64 generation;
	__s32 status; // 0 or -errno
	__u32 reserved;
	char text[POISE_WIRE_TEXT]; // why not, one line, NUL terminated
};
POISE_ASSERT(sizeof(struct poise_wire_result) == 192, "result");
