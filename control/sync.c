// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "flow_memory.h"
#include "log.h"
#include "sink_dp.h"
#include "sync_key.h"
#include "view.h"

#define TURN_MS 10
#define SWEEP_RECORDS 32768u
#define WITHDRAW_NS 2000000000ull
// A table that was kept is ours already; the peer may know more, if it is there.
#define ADOPTED_JOIN_NS 1000000000ull
#define PROGRESS_NS 3000000000ull // while flows come in, the deadline waits
#define JOIN_TIMES 10		  // but not for longer than this times the timeout

struct cp_sync {
	struct cp_app *app;
	struct cp_ha ha; // that runs
	struct cp_sync_secret secret;
	struct cp_sync_shadows shadows;
	struct cp_sync_writer writer;
	struct cp_sync_sender *sender;
	struct cp_sync_receiver *receiver;
	struct event *timer;
	enum cp_sync_join join;
	uint64_t join_ns;     // when it began
	uint64_t withdraw_ns; // when it was wished, 0: it is not
	bool started;	      // cp_sync_apply() was here before: what changes now changes while traffic flows
};

const char *cp_sync_join_name(enum cp_sync_join join)
{
	static const char *const names[CP_SYNC_JOINS] = {"off", "joining", "joined", "alone"};

	return (uint32_t)join < CP_SYNC_JOINS ? names[join] : "?";
}

static void joined(struct cp_sync *sync, enum cp_sync_join join)
{
	if (sync->join == CP_SYNC_JOINING && join == CP_SYNC_ALONE)
		cp_log(CP_LOG_WARNING, "sync-alone", "sync: the peer's flows did not come in time, going on without");
	sync->join = join;
}

static void on_whole(void *context)
{
	joined(context, CP_SYNC_JOINED);
}

// While the dataplane looks for unfinished records none may be begun here.
static bool on_busy(void *context)
{
	const struct cp_sync *sync = context;

	return cp_sink_dp_recovers(sync->app->sink);
}

static void look_at_join(struct cp_sync *sync, uint64_t now_ns)
{
	const struct cp_sync_receiver_view *view = cp_sync_receiver_view(sync->receiver);
	uint64_t timeout_ns = sync->ha.join_timeout_s * 1000000000ull, waited_ns = now_ns - sync->join_ns;

	if (sync->join != CP_SYNC_JOINING)
		return;
	if (view->connected && now_ns - view->progress_ns < PROGRESS_NS && waited_ns < timeout_ns * JOIN_TIMES)
		return;
	if (sync->app->flows.adopted && timeout_ns > ADOPTED_JOIN_NS)
		timeout_ns = ADOPTED_JOIN_NS;
	if (waited_ns >= timeout_ns)
		joined(sync, CP_SYNC_ALONE);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct timeval turn = {0, TURN_MS * 1000};
	struct cp_sync *sync = context;
	uint64_t now_ns = cp_view_now_ns();

	cp_sync_receiver_look(sync->receiver, now_ns);
	look_at_join(sync, now_ns);
	if (!on_busy(sync))
		cp_sync_write_sweep(&sync->writer, SWEEP_RECORDS);
	evtimer_add(sync->timer, &turn);
}

struct cp_sync *cp_sync_create(struct cp_app *app)
{
	struct cp_sync *sync = calloc(1, sizeof(*sync));

	if (!sync)
		return NULL;
	sync->app = app;
	sync->timer = evtimer_new(app->base, on_timer, sync);
	if (sync->timer)
		return sync;
	free(sync);
	return NULL;
}

static void stop(struct cp_sync *sync)
{
	evtimer_del(sync->timer);
	cp_sync_sender_destroy(sync->sender);
	cp_sync_receiver_destroy(sync->receiver);
	sync->sender = NULL;
	sync->receiver = NULL;
	cp_sync_shadows_fini(&sync->shadows);
	cp_flow_memory_unmap(&sync->app->flows, sync->writer.table.base);
	memset(&sync->writer, 0, sizeof(sync->writer));
	memset(&sync->ha, 0, sizeof(sync->ha));
	OPENSSL_cleanse(&sync->secret, sizeof(sync->secret));
}

void cp_sync_destroy(struct cp_sync *sync)
{
	if (!sync)
		return;
	stop(sync);
	event_free(sync->timer);
	free(sync);
}

int cp_sync_check(const struct cp_config *config, struct cp_report *report)
{
	struct cp_sync_secret secret;
	const char *wrong = config->ha.on ? cp_sync_key_load(config->ha.key_file, &secret) : NULL;

	OPENSSL_cleanse(&secret, sizeof(secret));
	if (!wrong)
		return 0;
	cp_report_add(report, config->file, config->ha.line, "key_file %s %s", config->ha.key_file, wrong);
	return -1;
}

static int start_halves(struct cp_sync *sync)
{
	struct cp_app *app = sync->app;
	uint64_t table_id = cp_sync_table_id(app->flows.table.seed);
	struct cp_sync_receiver_place to = {
		.base = app->base, .ha = &sync->ha, .secret = &sync->secret, .writer = &sync->writer,
		.snapshot = &app->snapshot, .table_id = table_id, .busy = on_busy, .whole = on_whole, .context = sync,
	};
	struct cp_sync_sender_place from = {
		.base = app->base, .ha = &sync->ha, .secret = &sync->secret, .table = &app->flows.table,
		.snapshot = &app->snapshot, .shadows = &sync->shadows, .table_id = table_id,
	};

	sync->receiver = cp_sync_receiver_create(&to);
	if (!sync->receiver)
		return -1;
	sync->sender = cp_sync_sender_create(&from);
	return sync->sender ? 0 : -ENOMEM;
}

static int start(struct cp_sync *sync)
{
	struct cp_app *app = sync->app;
	int error = cp_sync_shadows_init(&sync->shadows, &app->flows.table);

	sync->writer.table = app->flows.table;
	sync->writer.shadows = &sync->shadows;
	sync->writer.table.base = error ? NULL : cp_flow_memory_writable(&app->flows);
	if (!sync->writer.table.base)
		error = -ENOMEM;
	else
		error = start_halves(sync);
	if (error == -ENOMEM)
		cp_log(CP_LOG_ERROR, "sync-memory", "sync: no memory");
	if (error) {
		stop(sync);
		return -1;
	}
	on_timer(-1, 0, sync);
	return 0;
}

int cp_sync_apply(struct cp_sync *sync)
{
	const struct cp_ha *ha = &sync->app->config->ha;
	struct cp_sync_secret secret = {0};
	const char *wrong = ha->on ? cp_sync_key_load(ha->key_file, &secret) : NULL;
	bool same, first = !sync->started;
	struct cp_ha running = sync->ha;

	running.line = ha->line;
	same = sync->receiver && !memcmp(&running, ha, sizeof(running)) &&
	       !memcmp(&secret, &sync->secret, sizeof(secret));
	sync->started = true;
	if (wrong)
		cp_log(CP_LOG_ERROR, "sync-key", "sync: key_file %s %s", ha->key_file, wrong);
	if (same && !wrong)
		return 0;
	stop(sync);
	if (!ha->on || wrong) {
		sync->join = CP_SYNC_OFF;
		return wrong ? -1 : 0;
	}
	sync->ha = *ha;
	sync->secret = secret;
	OPENSSL_cleanse(&secret, sizeof(secret));
	if (first || sync->join == CP_SYNC_JOINING)
		sync->join = CP_SYNC_JOINING;
	else if (sync->join == CP_SYNC_OFF)
		sync->join = CP_SYNC_ALONE; // it serves already
	sync->join_ns = cp_view_now_ns();
	if (!start(sync))
		return 0;
	sync->join = CP_SYNC_OFF;
	return -1;
}

static bool withdrawn(const struct cp_sync *sync)
{
	const struct cp_sync_sender_view *view;

	if (!sync->withdraw_ns)
		return false;
	if (!sync->sender || cp_view_now_ns() - sync->withdraw_ns >= WITHDRAW_NS)
		return true;
	view = cp_sync_sender_view(sync->sender);
	return !view->connected || view->settled_ns > sync->withdraw_ns;
}

bool cp_sync_ready(const struct cp_sync *sync, const char **why)
{
	const char *reason = NULL;

	if (sync && sync->join == CP_SYNC_JOINING)
		reason = "the peer's flows are not in yet";
	else if (sync && withdrawn(sync))
		reason = "withdrawn by the operator, until poisectl announce";
	if (why && reason)
		*why = reason;
	return !reason;
}

void cp_sync_withdraw(struct cp_sync *sync)
{
	sync->withdraw_ns = cp_view_now_ns();
	if (sync->sender)
		cp_sync_sender_hurry(sync->sender);
}

void cp_sync_announce(struct cp_sync *sync)
{
	sync->withdraw_ns = 0;
}

void cp_sync_view(const struct cp_sync *sync, struct cp_sync_view *view)
{
	*view = (struct cp_sync_view){.join = CP_SYNC_OFF};
	if (!sync)
		return;
	view->join = sync->join;
	view->withdrawn = sync->withdraw_ns != 0;
	if (!sync->receiver)
		return;
	view->ha = &sync->ha;
	view->sender = cp_sync_sender_view(sync->sender);
	view->receiver = cp_sync_receiver_view(sync->receiver);
	view->fates = sync->writer.fates;
	for (uint32_t i = 0; i < CP_SYNC_FATES; i++)
		if (cp_sync_fate_ignored((enum cp_sync_fate)i))
			view->ignored += view->fates[i];
}
