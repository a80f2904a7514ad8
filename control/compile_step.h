// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What the pieces of cp_compile() hand to each other. Called in the order in which they stand here. Pure.
#pragma once

#include "compile.h"

// Egress entries. Index 0 says "no way"; backend b leaves by entry 1 + b, always, so that it needs no search;
// routes share what is behind (see compile_route.c).
#define CP_EGRESS_BACKEND(b) ((uint16_t)(1 + (b)))
#define CP_EGRESS_ROUTES (1 + POISE_MAX_BACKENDS)

struct cp_compile_step {
	const struct cp_config *config;
	const struct cp_states *states;
	const struct cp_topology *topology;
	const struct poise_snapshot *previous; // NULL at first
	const uint64_t *busy;		       // NULL: none
	struct poise_snapshot *out;
	struct cp_report *report;
	uint16_t vip[POISE_MAX_VIPS];		// index of config->services[i]
	uint16_t backend[POISE_MAX_BACKENDS];	// index of the config's n-th backend, all services in a row
	uint32_t next_state; // guess for the next backend's place in states
	bool vip_used[POISE_MAX_VIPS];
	bool backend_used[POISE_MAX_BACKENDS];
	bool backend_ready[POISE_MAX_BACKENDS]; // next hop known, by snapshot index
};

// compile_port.c: ports[] and snat[]. 0 or -1.
int cp_compile_ports(struct cp_compile_step *step);

// compile_index.c: who has which index; fills step->vip, step->backend and what is kept for flows of removed
// backends in out->vips, out->backends and their names. 0 or -1.
int cp_compile_indices(struct cp_compile_step *step);

// compile_backend.c: vips[], backends[] and their names, egress of backends.
void cp_compile_objects(struct cp_compile_step *step);

// compile_route.c
void cp_compile_routes(struct cp_compile_step *step);
// The next hop toward an address, or NULL. Any hop that is returned is known.
const struct cp_next_hop *cp_compile_hop(const struct cp_topology *topology, uint32_t address);
// Write an entry that leads to a hop; with NULL keep what the previous generation knew, if its port is still
// the same one: flows had rather use an old address than none.
void cp_compile_egress(struct cp_compile_step *step, uint16_t index, const struct cp_next_hop *hop);

// compile_choose.c: who takes new flows, and whose flows are reset. `indices` are the snapshot's of the service's
// backends. Fills chosen[], in the order of the config, and returns how many.
struct cp_sched_backend;
uint32_t cp_compile_choose(struct cp_compile_step *step, const struct cp_service *service, const uint16_t *indices,
			   struct cp_sched_backend *chosen);

// compile_slots.c: in which order. 0 or -1.
int cp_compile_slots(struct cp_compile_step *step);

// compile_access.c: access[] and what the services say of sources. 0 or -1.
int cp_compile_access(struct cp_compile_step *step);

// compile_firewall.c: pass[]
void cp_compile_firewall(struct cp_compile_step *step);

// compile_hash.c: vip_hash[], vip_salt and glance[]. 0 or -1.
int cp_compile_hash(struct cp_compile_step *step);
