// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// status: the one page to look at first.
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"
#include "cmd_json.h"
#include "guard.h"
#include "view.h"
#include "xdp.h"
#include "xdp_stats.h"

static const struct cp_text_column worker_columns[] = {
	{"WORKER", "worker", CP_TEXT_PLAIN},
	{"LCORE", "lcore", CP_TEXT_PLAIN, true},
	{"RUNNING", "running", CP_TEXT_PLAIN},
	{"BUSY %", "busy_percent", CP_TEXT_PLAIN},
	{"HEARTBEAT MS", "heartbeat_age_ms", CP_TEXT_PLAIN},
	{"GENERATION", "generation", CP_TEXT_PLAIN},
	{"SHARDS", "shards", CP_TEXT_PLAIN, true},
};

static const struct cp_text_column port_columns[] = {
	{"PORT", "port", CP_TEXT_PLAIN},
	{"RX PACKETS", "rx_packets", CP_TEXT_COUNT},
	{"RX BYTES", "rx_bytes", CP_TEXT_BYTES},
	{"TX PACKETS", "tx_packets", CP_TEXT_COUNT},
	{"TX BYTES", "tx_bytes", CP_TEXT_BYTES},
	{"RX MISSED", "rx_missed", CP_TEXT_COUNT, true},
};

static double age_ms(uint64_t at_ns, uint64_t now_ns)
{
	return at_ns && at_ns < now_ns ? (double)(now_ns - at_ns) / 1e6 : 0;
}

static double until_s(uint64_t at_ns, uint64_t now_ns)
{
	return at_ns > now_ns ? (double)(at_ns - now_ns) / 1e9 : 0;
}

static json_t *path_json(const struct cp_app *app, uint64_t now_ns)
{
	struct cp_view_path_state state;
	struct poise_xdp_counters counters;
	const __u64 *fates = counters.fates;

	cp_view_path(app, now_ns, &state);
	cp_xdp_stats_counters(app->dataplane.xdp, &counters);
	return json_pack("{ss si si si sf sI sb s{sI sI sI}}", "carries", cp_view_path_name(state.path), "queues",
			 (int)state.queues, "gates_open", (int)state.open, "queues_taken", (int)state.taken,
			 "beat_age_ms", (double)state.beat_age_ns / 1e6, "xdp_generation",
			 (json_int_t)cp_xdp_generation(app->xdp), "fallback",
			 app->xdp && app->config->xdp, "frames", "redirected",
			 (json_int_t)fates[POISE_XDP_REDIRECTED], "balanced", (json_int_t)fates[POISE_XDP_BALANCED],
			 "passed", (json_int_t)fates[POISE_XDP_PASSED]);
}

static json_t *workers_json(const struct cp_cmd *cmd, uint64_t now_ns)
{
	const struct cp_dataplane_link *dataplane = &cmd->app->dataplane;
	json_t *rows = json_array();

	for (uint32_t w = 0; w < cp_view_workers(dataplane); w++) {
		const struct poise_stats_worker *slot = &dataplane->stats->worker[w];
		double busy = cp_load_busy(cmd->load, dataplane, w, now_ns);

		json_array_append_new(rows,
				      json_pack("{si si sb sf sf sI si sI sI sf}", "worker", (int)w, "lcore",
						(int)slot->lcore, "running", (int)!!POISE_LOAD(slot->running),
						"busy_percent", busy * 100, "heartbeat_age_ms",
						age_ms(cp_view_beat_ns(&cmd->app->flows, w), now_ns), "generation",
						(json_int_t)POISE_LOAD(slot->generation), "shards",
						__builtin_popcountll(POISE_LOAD(slot->shards)), "loops",
						(json_int_t)POISE_LOAD(slot->loops), "busy_loops",
						(json_int_t)POISE_LOAD(slot->busy_loops), "idle_s",
						(double)POISE_LOAD(slot->idle_ns) / 1e9));
	}
	return rows;
}

static json_t *ports_json(const struct cp_app *app)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < app->config->ports_count; i++) {
		struct poise_stats_port sum;

		cp_view_port(&app->dataplane, i, &sum);
		json_array_append_new(rows, json_pack("{ss sI sI sI sI sI}", "port", app->config->ports[i].name,
						      "rx_packets", (json_int_t)sum.rx_packets, "rx_bytes",
						      (json_int_t)sum.rx_bytes, "tx_packets",
						      (json_int_t)sum.tx_packets, "tx_bytes",
						      (json_int_t)sum.tx_bytes, "rx_missed",
						      (json_int_t)cp_view_missed(&app->dataplane, i)));
	}
	return rows;
}

static json_t *dataplane_json(const struct cp_cmd *cmd, uint64_t now_ns)
{
	const struct cp_dataplane_link *link = &cmd->app->dataplane;
	uint32_t workers = cp_view_workers(link);
	double uptime = workers ? age_ms(link->stats->started_ns, now_ns) / 1000 : 0;

	return json_pack("{ss ss si sb si sb sf so so si sf}", "path", "dpdk", "state",
			 cp_view_dataplane_name(link->state), "pid", (int)link->pid, "spawned",
			 (int)link->spawned, "restarts", (int)link->restarts, "crash_loop",
			 (int)link->crash_loop, "next_start_s", until_s(link->next_start_ns, now_ns), "version",
			 cp_json_text(link->version), "error", cp_json_text(link->error), "workers",
			 (int)workers, "uptime_s", uptime);
}

static json_t *totals_json(const struct cp_app *app)
{
	struct cp_view view;
	uint32_t backends = 0, backends_up = 0, services_up = 0;
	json_t *object;

	if (cp_view_make(app, &view)) {
		cp_view_fini(&view);
		return NULL;
	}
	for (uint32_t i = 0; i < view.services_count; i++) {
		backends += view.services[i].configured;
		backends_up += view.services[i].up;
		services_up += view.services[i].up > 0;
	}
	object = json_pack("{s{sisi} s{sisi}}", "services", "up", (int)services_up, "total",
			   (int)view.services_count, "backends", "up", (int)backends_up, "total",
			   (int)backends);
	cp_view_fini(&view);
	return object;
}

static json_t *traffic_json(const struct cp_app *app)
{
	struct cp_view_flow_table flows;
	uint64_t counters[POISE_COUNTERS], kinds[POISE_KIND_EVENT + 1];

	cp_view_flow_table(&app->flows, app->dataplane.counts, &flows);
	cp_view_counters(&app->dataplane, counters);
	cp_view_kinds(counters, kinds);
	return json_pack("{s{sI sI sI sI si} s{sI sI sI sI}}", "flow_table", "used", (json_int_t)flows.used,
			 "capacity", (json_int_t)flows.capacity, "half_open", (json_int_t)flows.half_open,
			 "expired", (json_int_t)flows.expired,
			 "probe_worst", (int)flows.probe_worst, "packets", "forwarded",
			 (json_int_t)kinds[POISE_KIND_FORWARD], "dropped", (json_int_t)kinds[POISE_KIND_DROP],
			 "passed", (json_int_t)kinds[POISE_KIND_PASS], "answered",
			 (json_int_t)kinds[POISE_KIND_REPLY]);
}

static const char *guard_name(const struct cp_app *app)
{
	static const char *const names[] = {"off", "on", "failed"};

	return names[cp_guard_state(app->guard)];
}

static json_t *document(const struct cp_cmd *cmd, uint64_t now_ns)
{
	const struct cp_app *app = cmd->app;
	uint64_t wanted = app->snapshot ? app->snapshot->generation : 0;
	const char *why = NULL;
	bool ready = cp_view_ready(app, &why);
	json_t *status = json_pack(
		"{ss sf so sb so so s{sIsI} ss s{sIsI} so so so}", "version", POISE_VERSION, "uptime_s",
		age_ms(app->started_ns, now_ns) / 1000, "config_file",
		cp_json_text(app->config_file ? app->config_file : ""), "ready", (int)ready,
		"not_ready_reason", cp_json_text(why ? why : ""), "path", path_json(app, now_ns),
		"generation", "wanted", (json_int_t)wanted, "acknowledged",
		(json_int_t)app->dataplane.generation, "guard", guard_name(app), "reloads", "done",
		(json_int_t)app->reloads, "failed", (json_int_t)app->reloads_failed, "dataplane",
		dataplane_json(cmd, now_ns), "workers", workers_json(cmd, now_ns), "ports", ports_json(app));
	json_t *totals = totals_json(app), *traffic = traffic_json(app);

	if (status && (json_object_update(status, totals) || json_object_update(status, traffic))) {
		json_decref(status);
		status = NULL;
	}
	json_decref(totals);
	json_decref(traffic);
	return status;
}

static void path_text(struct cp_cmd *cmd)
{
	static const char *const says[CP_PATHS] = {
		"none: packets of services go nowhere",
		"dpdk: the dataplane takes the packets",
		"xdp: the program in the kernel takes the packets",
		"mixed: of some queues the dataplane, of others the program in the kernel",
	};
	struct cp_view_path_state state;

	cp_view_path(cmd->app, cp_view_now_ns(), &state);
	evbuffer_add_printf(cmd->out, "path        %s\n", says[state.path]);
}

static void dataplane_text(struct cp_cmd *cmd)
{
	const struct cp_dataplane_link *link = &cmd->app->dataplane;
	double wait_s = until_s(link->next_start_ns, cp_view_now_ns());
	uint32_t workers = cp_view_workers(link);

	evbuffer_add_printf(cmd->out, "dataplane   %s (dpdk)", cp_view_dataplane_name(link->state));
	if (link->pid && link->state != CP_DATAPLANE_DOWN && link->state != CP_DATAPLANE_BACKOFF)
		evbuffer_add_printf(cmd->out, ", pid %d, %u worker%s", (int)link->pid, workers,
				    workers == 1 ? "" : "s");
	evbuffer_add_printf(cmd->out, ", %u restart%s", link->restarts, link->restarts == 1 ? "" : "s");
	if (link->crash_loop)
		evbuffer_add_printf(cmd->out, ", crash loop");
	if (wait_s > 0)
		evbuffer_add_printf(cmd->out, ", next start in %.0f s", wait_s + 0.5);
	evbuffer_add(cmd->out, "\n", 1);
	if (*link->error)
		evbuffer_add_printf(cmd->out, "            %s\n", link->error);
}

static void flows_text(struct cp_cmd *cmd)
{
	struct cp_view_flow_table flows;

	cp_view_flow_table(&cmd->app->flows, cmd->app->dataplane.counts, &flows);
	if (!flows.present)
		return;
	evbuffer_add_printf(cmd->out,
			    "flows       %" PRIu64 " of %" PRIu64 " (%.1f %%), %" PRIu64 " half-open\n",
			    flows.used, flows.capacity, 100.0 * (double)flows.used / (double)flows.capacity,
			    flows.half_open);
}

static void packets_text(struct cp_cmd *cmd)
{
	uint64_t counters[POISE_COUNTERS], kinds[POISE_KIND_EVENT + 1];

	if (!cp_view_workers(&cmd->app->dataplane) && !cmd->app->dataplane.xdp)
		return;
	cp_view_counters(&cmd->app->dataplane, counters);
	cp_view_kinds(counters, kinds);
	evbuffer_add_printf(cmd->out,
			    "packets     %" PRIu64 " forwarded, %" PRIu64 " dropped, %" PRIu64
			    " passed, %" PRIu64 " answered\n",
			    kinds[POISE_KIND_FORWARD], kinds[POISE_KIND_DROP], kinds[POISE_KIND_PASS],
			    kinds[POISE_KIND_REPLY]);
}

static long long number(const json_t *status, const char *group, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(status, group), key));
}

static void text(struct cp_cmd *cmd, const json_t *status)
{
	const struct cp_app *app = cmd->app;
	char cell[CP_TEXT_CELL];

	evbuffer_add_printf(
		cmd->out, "poised      %s, up %s, %s\n", POISE_VERSION,
		cp_text_duration((uint64_t)json_real_value(json_object_get(status, "uptime_s")), cell),
		app->config_file ? app->config_file : "no file");
	path_text(cmd);
	dataplane_text(cmd);
	evbuffer_add_printf(cmd->out, "generation  wanted %lld, dataplane %lld",
			    number(status, "generation", "wanted"), number(status, "generation", "acknowledged"));
	if (app->xdp)
		evbuffer_add_printf(cmd->out, ", xdp %lld", number(status, "path", "xdp_generation"));
	evbuffer_add(cmd->out, "\n", 1);
	evbuffer_add_printf(cmd->out, "services    %lld of %lld up\n", number(status, "services", "up"),
			    number(status, "services", "total"));
	evbuffer_add_printf(cmd->out, "backends    %lld of %lld up\n", number(status, "backends", "up"),
			    number(status, "backends", "total"));
	flows_text(cmd);
	packets_text(cmd);
	evbuffer_add_printf(cmd->out, "reloads     %" PRIu64 " done, %" PRIu64 " failed\n", app->reloads,
			    app->reloads_failed);
	evbuffer_add(cmd->out, "\n", 1);
	cp_text_table(cmd->out, port_columns, POISE_COUNT(port_columns), json_object_get(status, "ports"));
	if (cp_view_workers(&app->dataplane)) {
		evbuffer_add(cmd->out, "\n", 1);
		cp_text_table(cmd->out, worker_columns, POISE_COUNT(worker_columns),
			      json_object_get(status, "workers"));
	}
}

enum cp_cmd_status cp_cmd_status(struct cp_cmd *cmd)
{
	json_t *status = document(cmd, cp_view_now_ns());

	if (status)
		text(cmd, status);
	return cp_cmd_give(cmd, status);
}
