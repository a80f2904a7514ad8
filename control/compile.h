// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Config, health, operator's wishes and the network's shape become one snapshot. Pure.
#pragma once

#include "config.h"
#include "health.h"

// What is known about one backend at run time, found by names so that it outlives reloads.
struct cp_backend_state {
	char service[POISE_NAME_SIZE];
	char backend[POISE_NAME_SIZE];
	bool healthy;	// verdict of the health check; true while the check is of type none
	bool disabled;	// operator: no new flows, as if not configured
	bool draining;	// operator: no new flows until enabled again
	int32_t weight; // operator's weight, or -1: the file's
	// Of the check, besides `healthy`.
	bool known;		     // there was a verdict since poised started
	enum cp_node_role node_role; // as the last good check said; kept while checks fail
	bool lag_known;		     // the two below hold, see struct cp_health_report
	uint64_t lag_bytes;
	uint64_t lag_ms;
	// Of the operator, besides `draining`.
	uint64_t drain_ns;	   // CLOCK_MONOTONIC of its beginning
	uint32_t drain_deadline_s; // after that the flows are reset; 0: never
	// Of lifecycle.c, which alone writes it.
	bool held;	     // serves although its check fails: too many were taken out lately
	bool overdue;	     // the drain's deadline is over
	bool rival;	     // one of several primaries
	bool serving;	     // has not been taken out because of its check
	uint8_t share;	     // tenths of its weight while it starts slowly; 0: all of it
	uint64_t ejected_ns; // when it was taken out last; 0: never
	uint64_t taking_ns;  // since when it takes flows; 0: it does not
	uint64_t ramp_ns;    // when its slow start began; 0: none
	// For scheduler lc, counted every second.
	uint32_t flows;	    // that it has
	uint64_t created;   // ever
	uint32_t expected;  // new ones in the last second
};

struct cp_states {
	struct cp_backend_state *items; // owned by the caller
	uint32_t count;
};

// A backend's state. NULL when not there.
struct cp_backend_state *cp_states_find(const struct cp_states *states, const char *service,
					const char *backend);

struct cp_link { // of config->ports[i]
	uint32_t ifindex;
	uint8_t mac[6];
};

struct cp_next_hop {
	uint32_t address; // network byte order; of a host or a gateway
	uint16_t port;	  // index into config->ports
	uint8_t mac[6];
	bool known;
	bool fixed; // by the configuration: the kernel is not asked
};

struct cp_route {
	uint32_t prefix; // network byte order
	uint8_t length;
	uint16_t port;
	uint32_t gateway; // network byte order; 0: on-link
};

// What netlink (or the config's neighbors, in vdev mode) says.
struct cp_topology {
	struct cp_link links[POISE_MAX_PORTS];
	struct cp_next_hop *hops;
	uint32_t hops_count;
	struct cp_route *routes; // any order
	uint32_t routes_count;
};

// Topology from config->neighbors alone (vdev mode): every neighbor is a next hop, a prefix is a route to it.
// Arrays are owned by *topology; free with cp_topology_fini().
int cp_topology_static(const struct cp_config *config, struct cp_topology *topology);
void cp_topology_fini(struct cp_topology *topology);

// Name of the DPDK device of config->ports[port], at most POISE_DEVICE_SIZE - 4 long in mode af_xdp, so that
// "_15" can follow for a queue; no two of a port's queues and other ports collide.
void cp_port_device(const struct cp_config *config, uint32_t port, char device[POISE_DEVICE_SIZE]);

// Fill *out (zeroed here). Indices of VIPs (and their cursors) that `previous` (or NULL) has by name, of
// backends that it has by service, name and address, and of the egress entries of routes that it has by
// prefix, are kept. A backend that left the config stays as POISE_BACKEND_REMOVED, and its service as
// POISE_VIP_REMOVED, while its bit stands in `busy` (a bitmap of POISE_MAX_BACKENDS bits, 1: flows remain;
// NULL: none), and, where there is room, for one generation in any case: flows that were made since the
// caller counted find their way too. Pass `busy` in every compilation while removed backends are there.
// A backend takes new flows when it is healthy (or held), in the role that its service requires, neither disabled nor
// draining, its weight is not 0 and its next hop is known (with nat full: behind a port that has SNAT addresses);
// standbys only while fewer than min_active active ones of the service do. When none does, all_down says what follows.
// `states` NULL: all are healthy; a backend without a state is healthy when its service has no check. generation is
// previous->generation + 1.
// Returns 0, or -1 with lines in *report when a limit of poise/abi.h is exceeded.
int cp_compile(const struct cp_config *config, const struct cp_states *states,
	       const struct cp_topology *topology, const struct poise_snapshot *previous,
	       const uint64_t *busy, struct poise_snapshot *out, struct cp_report *report);

// Do two snapshots mean the same to a packet (everything but generation)?
bool cp_snapshot_same(const struct poise_snapshot *a, const struct poise_snapshot *b);

// Is a snapshot from a file or another process safe to index? NULL, or what is wrong.
const char *cp_snapshot_check(const struct poise_snapshot *snapshot, size_t bytes);
