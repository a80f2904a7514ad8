// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What poised shows to people, added up from what it holds: the stats page (a slot a worker), the flow
// table's memory, the running config, the operator's states and the checks. The verbs (cmd_*.c) and the
// metrics read the world through this, so that both say the same. Nothing here changes anything.
// poised's thread; all integers in host order unless said otherwise.
#pragma once

#include "app.h"

struct cp_view_traffic {
	uint64_t flows_created;
	uint64_t flows_active;
	uint64_t packets_inward; // client to backend
	uint64_t packets_outward;
	uint64_t bytes_inward; // IPv4 total length
	uint64_t bytes_outward;
	uint64_t syn_repeated;	   // by clients
	uint64_t syn_ack_repeated; // by backends
	uint64_t syn_refused;	   // by backends, with a reset
	uint64_t answers;	   // first SYN-ACKs whose latency is known
	uint64_t latency_us;	   // their sum, from the client's first SYN on
	uint64_t latency[POISE_LATENCY_BUCKETS]; // their number by latency, poise/stats.h
	uint64_t unserved[POISE_UNSERVED]; // of a service: packets that reached no backend, poise/stats.h
};

// The latency that `share` (0 to 1) of the answers stayed below, in microseconds, between the bucket's bounds in
// proportion; 0 without answers.
double cp_view_latency_us(const struct cp_view_traffic *traffic, double share);
// Upper bound of a bucket in microseconds; the last one has none: 0.
uint64_t cp_view_latency_bound_us(uint32_t bucket);

enum cp_view_state {
	CP_VIEW_UP,	  // takes new flows
	CP_VIEW_DOWN,	  // the check fails, or packets cannot reach it
	CP_VIEW_DRAINING, // keeps its flows, takes no new ones
	CP_VIEW_DISABLED, // taken out by the operator
	CP_VIEW_STANDBY,  // good, waits for the active ones to fail
	CP_VIEW_UNKNOWN,  // no verdict yet
	CP_VIEW_REMOVED,  // left the config, flows remain
	CP_VIEW_STATES,
};

struct cp_view_backend {
	char service[POISE_NAME_SIZE];
	char name[POISE_NAME_SIZE];
	uint32_t address; // network byte order
	uint16_t port;
	uint16_t index; // in the snapshot and the stats page; POISE_NONE16: not published
	enum cp_view_state state;
	char reason[96]; // why it is not up, empty when it is
	uint32_t weight; // the operator's or the file's
	bool weight_set; // by the operator
	bool healthy;	 // verdict of the check alone
	bool held;	 // in service although the check fails: max_ejected_percent
	bool resetting;	 // its flows are reset
	bool rival;	 // one of several primaries
	uint32_t share_percent; // of its weight, less than 100 while it starts slowly
	int64_t drain_left_s;	// until its flows are reset; -1: no deadline
	enum cp_node_role database; // ANY: not known
	bool lag_known;			// of a replica: the two below hold
	uint64_t lag_ms;
	uint64_t lag_bytes;
	bool checked;	 // `check` is filled
	struct cp_check_view check;
	struct cp_view_traffic traffic;
};

struct cp_view_service {
	const struct cp_service *config; // of app->config: not to be kept over a reload
	uint32_t first;			 // its rows in `backends`
	uint32_t count;			 // removed ones included
	uint32_t configured;		 // backends of the file
	uint32_t up;			 // that take new flows
	bool two_primaries;		 // several backends claim to be the primary
	struct cp_view_traffic traffic;	 // of all rows
};

struct cp_view {
	struct cp_view_service *services;
	uint32_t services_count;
	struct cp_view_backend *backends; // in the order of the file; what was removed with its service last
	uint32_t backends_count;
};

struct cp_view_flow_table {
	bool present;
	uint64_t used; // by flows that live
	uint64_t capacity;
	uint64_t half_open;
	uint64_t expired; // records whose flow is over: a packet or a new flow takes them
	uint32_t probe_worst; // buckets that the worst insertion passed
};

// Rows for every service and backend of the running config and for removed backends that keep flows.
// Returns 0 or -ENOMEM; free with cp_view_fini() in either case.
int cp_view_make(const struct cp_app *app, struct cp_view *view);
void cp_view_fini(struct cp_view *view);

// Slots of the stats page that may be read; 0 without a page.
uint32_t cp_view_workers(const struct cp_dataplane_link *dataplane);

// Sums over workers. All zero without a stats page.
void cp_view_counters(const struct cp_dataplane_link *dataplane, uint64_t counters[POISE_COUNTERS]);
void cp_view_kinds(const uint64_t counters[POISE_COUNTERS], uint64_t kinds[POISE_KIND_EVENT + 1]);
void cp_view_port(const struct cp_dataplane_link *dataplane, uint32_t port, struct poise_stats_port *sum);

// Frames that the device of a port could not keep for the dataplane since that started.
uint64_t cp_view_missed(const struct cp_dataplane_link *dataplane, uint32_t port);

// A counter's name as in counters.def; "unknown" beyond the last.
const char *cp_view_counter_name(uint32_t counter);

// Packets to the service of that index which reached no backend, by verdict from POISE_NO_FLOW on, and the name of
// such a verdict.
void cp_view_unserved(const struct cp_dataplane_link *dataplane, uint32_t vip, uint64_t unserved[POISE_UNSERVED]);
const char *cp_view_unserved_name(uint32_t which);

// When a worker last turned its loop, CLOCK_MONOTONIC; 0 never.
uint64_t cp_view_beat_ns(const struct cp_flow_memory *flows, uint32_t worker);
void cp_view_traffic(const struct cp_dataplane_link *dataplane, uint32_t backend,
		     struct cp_view_traffic *sum);

// `counts` NULL: the table's own count, which is right where a dataplane sweeps and nobody else makes flows.
void cp_view_flow_table(const struct cp_flow_memory *flows, struct cp_flow_counts *counts,
			struct cp_view_flow_table *view);

// Who takes the packets of services at this moment.
enum cp_view_path {
	CP_PATH_NONE,
	CP_PATH_DPDK,
	CP_PATH_XDP,   // the kernel's program balances
	CP_PATH_MIXED, // of some queues one, of others the other
	CP_PATHS,
};

struct cp_view_path_state {
	enum cp_view_path path;
	uint32_t queues;    // of all ports
	uint32_t open;	    // with an open gate
	uint32_t taken;	    // with an open gate and a worker that beats in time
	uint64_t beat_age_ns; // of the worker behind an open gate that beat longest ago
};

void cp_view_path(const struct cp_app *app, uint64_t now_ns, struct cp_view_path_state *state);
const char *cp_view_path_name(enum cp_view_path path);

// Is the newest snapshot in use by the data path that runs? If not, *why (may be NULL) gets a static text. For a moment
// it is not, at each change.
bool cp_view_current(const struct cp_app *app, const char **why);
// Has a data path been brought into service, and is it not behind the newest snapshot for too long? *why as above.
// Too long is more than the dataplane gets for an answer (sink_dp.c): one that hangs is replaced, not called unready.
#define CP_VIEW_BEHIND_NS 15000000000ull
bool cp_view_up(const struct cp_app *app, const char **why);
// And may routers send traffic here: has the peer told its flows, and the operator nothing else?
bool cp_view_ready(const struct cp_app *app, const char **why);

// "up", "down", ...; a static text.
const char *cp_view_state_name(enum cp_view_state state);
const char *cp_view_dataplane_name(enum cp_dataplane_state state);
const char *cp_view_kind_name(enum poise_verdict_kind kind);

// CLOCK_MONOTONIC.
uint64_t cp_view_now_ns(void);
