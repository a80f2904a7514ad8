// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Inside of the health checks: one struct cp_check a checked backend, which probe.c times and judges, and one
// struct cp_check_ops a kind of probe. A check only reports its result; what follows from it is decided
// elsewhere. poised's thread.
#pragma once

#include <event2/event.h>

#include <poise/abi.h>

#include "../app.h"
#include "../damping.h"
#include "../health.h"
#include "passive.h"

// All that a probe depends on. Equal parameters: the check goes on over a reload.
struct cp_check_params {
	const struct cp_check_ops *ops;
	uint32_t address; // network byte order
	uint16_t port; // host order
	struct cp_health settings; // owned; its port is 0
};

struct cp_check {
	struct cp_checks *owner;
	char service[POISE_NAME_SIZE];
	char backend[POISE_NAME_SIZE];
	struct cp_check_params params;
	struct event *timer; // next probe
	uint64_t started_ns; // of the probe that runs, or of the last one
	bool running;
	bool kept;   // by the reload that is under way
	void *probe; // the kind's own, from start() to stop()
	bool impossible;	  // the last probe could not be made,
	char want[CP_REASON_SIZE]; // for this reason, which was logged
	uint32_t phase;		  // of the jitter: the check's own, moves with each probe
	struct cp_health_state health;
	struct cp_damping damping;
	bool damped; // as it was told last
	struct cp_passive passive;
	uint16_t place; // in the snapshot, a guess
	bool suspect;	// since a passive sign, until a good result
	uint32_t last_us; // duration of the last probe
	uint64_t probes;
	uint64_t failures;
	char reason[CP_REASON_SIZE]; // of the last failure
};

struct cp_check_ops {
	const char *name;
	// Begin a probe that ends by itself within timeout_ms with one call of cp_check_done() (from the
	// event loop or from within start()).
	void (*start)(struct cp_check *check);
	// End a probe without a result; nothing to do when none runs.
	void (*stop)(struct cp_check *check);
};

#define CP_CHECK(TYPE, name) extern const struct cp_check_ops cp_check_##name;
#include "checks.def"
#undef CP_CHECK

// The result of the running probe; `reason` says in a few words why it failed (ignored when `good`). The
// probe's resources are free already.
void cp_check_done(struct cp_check *check, bool good, const char *reason);

// The same for a probe that found out more. `took_us` is filled in here. The report is copied.
void cp_check_report(struct cp_check *check, const struct cp_health_report *report);

// The probe could not be made for want of something on this host (descriptors, memory, local ports). That
// says nothing about the backend: no result, the verdict stays, the next probe comes as usual.
void cp_check_impossible(struct cp_check *check, const char *reason);

// Is this errno such a want?
bool cp_check_local(int error);

// probe.c: the timer's callback (context: the check), and setting the timer.
void cp_check_begin(evutil_socket_t fd, short what, void *context);
void cp_check_schedule(struct cp_check *check, uint64_t delay_ns);

// watch.c: look at the passive signs of all checks that want it, each second.
void cp_check_signs(evutil_socket_t fd, short what, void *context);

// What the loop over the checks needs.
uint32_t cp_checks_count(const struct cp_checks *checks);
struct cp_check *cp_checks_item(const struct cp_checks *checks, uint32_t index);

// params.c
int cp_check_params_set(struct cp_check_params *params, const struct cp_service *service,
			const struct cp_backend *backend); // 0 or -ENOMEM; free with fini in either case
bool cp_check_params_same(const struct cp_check_params *a, const struct cp_check_params *b);
void cp_check_params_fini(struct cp_check_params *params);

// curl_loop.c: curl's multi interface driven by the event loop; HTTP checks share one.
struct cp_curl_loop;
struct cp_curl_loop *cp_curl_loop_create(struct event_base *base); // NULL when it cannot be had
void cp_curl_loop_destroy(struct cp_curl_loop *loop);		   // after its last transfer was removed
// Start a transfer. Returns 0 or -1. `done` is called from the event loop when it ended; its handle is
// removed already.
int cp_curl_loop_add(struct cp_curl_loop *loop, void *easy, struct cp_check *check,
		     void (*done)(struct cp_check *check, int result));
void cp_curl_loop_remove(struct cp_curl_loop *loop, void *easy);

// The loop of these checks, made on first use; NULL when it cannot be had.
struct cp_curl_loop *cp_checks_curl(struct cp_checks *checks);
struct cp_app *cp_checks_app(const struct cp_checks *checks);
struct event_base *cp_checks_base(const struct cp_checks *checks);
