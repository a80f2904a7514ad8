// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// explain: what would happen to a TCP packet now. Walks the snapshot and the flow table by the functions that the
// data paths use, changes neither, and says each decision.
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poise/expire.h>
#include <poise/reset.h>
#include <poise/path.h>

#include "access.h"
#include "cmd.h"
#include "cmd_flow_filter.h"
#include "cmd_json.h"
#include "flow_copy.h"
#include "view.h"

struct explain {
	struct cp_cmd *cmd;
	const struct poise_snapshot *snapshot;
	struct poise_key key;
	struct poise_place place;
	enum poise_direction direction;
	uint16_t vip; // POISE_NONE16: the packet is toward no service
	bool found;
	struct poise_flow flow; // a copy
	uint32_t now_ms;
	json_t *steps;
	const char *verdict; // name of a counter
};

static void say(struct explain *explain, const char *step, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct explain *explain, const char *step, const char *format, ...)
{
	char text[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	evbuffer_add_printf(explain->cmd->out, "%-9s ", step);
	cp_text_wrap(explain->cmd->out, text, 10);
	json_array_append_new(explain->steps, json_pack("{ss so}", "step", step, "says", cp_json_text(text)));
}

// ADDRESS:PORT. Returns 0 or -1.
static int parse_endpoint(const char *text, __be32 *address, __be16 *port)
{
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN], *end;
	struct in_addr parsed;
	unsigned long number;

	if (!colon || (size_t)(colon - text) >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return -1;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	number = strtoul(colon + 1, &end, 10);
	if (inet_pton(AF_INET, host, &parsed) != 1 || *end || !number || number > 65535)
		return -1;
	*address = parsed.s_addr;
	*port = POISE_BE16(number);
	return 0;
}

static void say_path(struct explain *explain)
{
	const struct cp_app *app = explain->cmd->app;
	struct cp_view_path_state state;

	cp_view_path(app, cp_view_now_ns(), &state);
	say(explain, "path", "%s carries the packets; generation %" PRIu64 " is in force",
	    state.path == CP_PATH_NONE ? "nothing" : cp_view_path_name(state.path),
	    (uint64_t)explain->snapshot->generation);
}

static void say_service(struct explain *explain)
{
	const struct poise_snapshot *snapshot = explain->snapshot;
	static const char *const nats[POISE_NATS] = {
#define POISE_NAT(NAME, name, help) [POISE_NAT_##NAME] = #name,
#include <poise/modes.def>
#undef POISE_NAT
	};
	char text[CP_ENDPOINT_SIZE];

	if (explain->vip != POISE_NONE16) {
		const struct poise_vip *vip = &snapshot->vips[explain->vip];

		say(explain, "service", "%.31s at %s, %s: goes inward, to a backend",
		    snapshot->vip_names[explain->vip],
		    cp_endpoint(vip->address, POISE_HOST16(vip->port), text), nats[vip->nat % POISE_NATS]);
	} else if (poise_vip_find(snapshot, explain->key.dst, 0) != POISE_NONE16) {
		say(explain, "service", "%s is a service's address, but none listens on port %u",
		    cp_endpoint(explain->key.dst, 0, text), POISE_HOST16(explain->key.dst_port));
	} else if (poise_snat_find(snapshot, explain->key.dst) != POISE_NONE16) {
		say(explain, "service", "%s is a source address of full NAT: goes outward, to a client",
		    cp_endpoint(explain->key.dst, 0, text));
	} else {
		say(explain, "service", "the destination is none: goes outward, if it is the reply of a backend");
	}
}

static void find(struct explain *explain)
{
	const struct poise_table *table = &explain->cmd->app->flows.table;
	struct poise_found found = { 0 };

	explain->vip = poise_vip_find(explain->snapshot, explain->key.dst, explain->key.dst_port);
	explain->direction =
		poise_locate(explain->snapshot, table, &explain->key, explain->vip, &explain->place);
	if (explain->cmd->app->flows.base &&
	    poise_table_look(table, &explain->place, &explain->key, explain->direction, &found))
		explain->found = cp_flow_copy(poise_record(table, found.number), &explain->flow);
}

static void say_flow(struct explain *explain)
{
	const struct poise_flow *flow = &explain->flow;
	int32_t idle_ms = (int32_t)(explain->now_ms - flow->last_seen_ms);
	char idle[CP_TEXT_CELL], left[CP_TEXT_CELL];
	uint32_t timeout_ms;

	if (!explain->found) {
		say(explain, "flow", "none in the table");
		return;
	}
	timeout_ms = poise_flow_timeout_ms(explain->snapshot, flow->vip_index, (enum poise_flow_state)flow->state);
	if (idle_ms < 0)
		idle_ms = 0;
	say(explain, "flow", "%s since its packets of %s ago, forgotten after %s without any; shard %u",
	    cp_flow_state_name(flow->state), cp_text_duration((uint64_t)idle_ms / 1000, idle),
	    cp_text_duration(timeout_ms / 1000, left), flow->shard);
}

// Why no backend of the service takes a flow, of each.
static void say_no_backend(struct explain *explain)
{
	const char *name = explain->snapshot->vip_names[explain->vip];
	struct cp_view view;

	if (cp_view_make(explain->cmd->app, &view) == 0) {
		for (uint32_t i = 0; i < view.backends_count; i++) {
			const struct cp_view_backend *row = &view.backends[i];

			if (strncmp(row->service, name, POISE_NAME_SIZE) == 0)
				say(explain, "backend", "%s takes no new flow: %s%s%s", row->name,
				    cp_view_state_name(row->state), *row->reason ? ", " : "", row->reason);
		}
	}
	cp_view_fini(&view);
	explain->verdict = explain->snapshot->vips[explain->vip].flags & POISE_VIP_REFUSES ? "refused" : "no_backend";
}

// The backend that a new flow would get. Others may take the turn first.
static uint16_t next_backend(struct explain *explain)
{
	const struct poise_snapshot *snapshot = explain->snapshot;
	const struct poise_vip *vip = &snapshot->vips[explain->vip];
	const struct poise_table *table = &explain->cmd->app->flows.table;
	uint64_t turn;
	uint16_t backend;

	if (!vip->slot_count || !explain->cmd->app->flows.base)
		return POISE_NONE16;
	turn = poise_pick_by(vip->scheduler) == POISE_PICK_HASH ?
		       poise_pick_hash(explain->key.src, explain->key.src_port) :
		       POISE_LOAD(poise_cursor(table, vip->cursor)->next);
	backend = snapshot->slots[(vip->slot_first + (uint32_t)(turn % vip->slot_count)) & (POISE_MAX_SLOTS - 1)] &
		  (POISE_MAX_BACKENDS - 1);
	say(explain, "backend", "a SYN makes a flow; %.31s is next, slot %" PRIu64 " of %u",
	    snapshot->backend_names[backend], turn % vip->slot_count + 1, vip->slot_count);
	return backend;
}

static void say_egress(struct explain *explain, uint16_t index)
{
	const struct poise_egress *egress = &explain->snapshot->egress[index & (POISE_MAX_EGRESS - 1)];
	const uint8_t *mac = egress->dst_mac;

	if (!(egress->flags & POISE_EGRESS_KNOWN)) {
		say(explain, "next hop", "its link address is not known; does it answer ARP?");
		explain->verdict = "no_next_hop";
		return;
	}
	say(explain, "next hop", "port %.31s, link address %02x:%02x:%02x:%02x:%02x:%02x",
	    explain->snapshot->ports[egress->port & (POISE_MAX_PORTS - 1)].name, mac[0], mac[1], mac[2], mac[3], mac[4],
	    mac[5]);
}

// The packet of a flow: what it becomes, and where it goes.
static void say_translated(struct explain *explain)
{
	const struct poise_flow *flow = &explain->flow;
	const struct poise_snapshot *snapshot = explain->snapshot;
	bool inward = explain->direction == POISE_INWARD;
	char from[CP_ENDPOINT_SIZE], to[CP_ENDPOINT_SIZE];

	if (poise_flow_resetting(snapshot, flow)) {
		say(explain, "reset", "flows of %.31s are reset: the packet is answered with one",
		    cp_flow_backend_name(flow, snapshot));
		explain->verdict = "flow_reset";
		return;
	}
	cp_endpoint(inward ? flow->snat : flow->vip, POISE_HOST16(inward ? flow->snat_port : flow->vip_port), from);
	cp_endpoint(inward ? flow->backend : flow->client,
		    POISE_HOST16(inward ? flow->backend_port : flow->client_port), to);
	if (poise_flow_denied(snapshot, flow))
		say(explain, "source", "denied now: the flow ends within about two seconds");
	say(explain, "leaves", "%s -> %s, %s %.31s of service %.31s", from, to, inward ? "to backend" : "from backend",
	    cp_flow_backend_name(flow, snapshot), cp_flow_service_name(flow, snapshot));
	explain->verdict = "forwarded";
	if (inward)
		say_egress(explain, snapshot->backends[flow->backend_index & (POISE_MAX_BACKENDS - 1)].egress);
	else if (flow->client_egress != POISE_NONE16)
		say_egress(explain, flow->client_egress);
	else
		say(explain, "next hop", "port %.31s, the link address that the SYN came from",
		    snapshot->ports[flow->client_interface & (POISE_MAX_PORTS - 1)].name);
}

static const struct cp_service *service_config(const struct explain *explain)
{
	const struct cp_config *config = explain->cmd->app->config;

	for (uint32_t i = 0; i < config->services_count; i++)
		if (!strncmp(config->services[i].name, explain->snapshot->vip_names[explain->vip], POISE_NAME_SIZE))
			return &config->services[i];
	return NULL;
}

// Is the source served at all? The answer is the data path's, the rule that it comes from is the file's.
static bool say_access(struct explain *explain, const struct cp_service *service)
{
	bool denied = poise_access_denied(explain->snapshot, explain->vip, explain->key.src);
	struct cp_access_rule rule;

	if (!service || !cp_access_any(&service->access))
		return true;
	if (cp_access_decides(&service->access, explain->key.src, &rule))
		say(explain, "source", "%s by %s %s", denied ? "denied" : "served", rule.deny ? "deny" : "allow",
		    cp_prefix_text(&rule.prefix).text);
	else
		say(explain, "source", "%s: it is in no list%s", denied ? "denied" : "served",
		    denied ? ", and there is an allow" : "");
	if (denied)
		explain->verdict = "denied";
	return !denied;
}

static uint32_t lesser(uint32_t one, uint32_t other)
{
	return one < other ? one : other;
}

// Has the source room for one more flow, as poise_source_enter() sees it?
static bool say_limits(struct explain *explain, const struct cp_service *service)
{
	const struct poise_table *table = &explain->cmd->app->flows.table;
	const struct poise_vip *vip = &explain->snapshot->vips[explain->vip];
	uint64_t hash = poise_source_hash(table, explain->key.src, explain->vip);
	uint32_t now = explain->now_ms * POISE_SOURCE_TICK, ahead, flows;
	const struct poise_source_cell *one, *two;

	if (!service || !explain->cmd->app->flows.base || !(vip->source_interval | vip->source_flows))
		return true;
	one = poise_source_cell(table, hash, 0);
	two = poise_source_cell(table, hash, 1);
	ahead = lesser(poise_source_ahead(POISE_LOAD(one->next_due), now),
		       poise_source_ahead(POISE_LOAD(two->next_due), now));
	flows = lesser(POISE_LOAD(one->flows), POISE_LOAD(two->flows));
	if (vip->source_interval) {
		say(explain, "rate", "the source has used %u %% of its %u new flows a second",
		    ahead / (POISE_SOURCE_WINDOW / 100), service->new_flows_per_source_s);
		if (ahead + vip->source_interval > POISE_SOURCE_WINDOW)
			explain->verdict = "source_rate";
	}
	if (vip->source_flows) {
		say(explain, "flows", "the source has %u of the %u flows that it may have", flows, vip->source_flows);
		if (!*explain->verdict && flows >= vip->source_flows)
			explain->verdict = "source_flows";
	}
	return !*explain->verdict;
}

static void say_new(struct explain *explain)
{
	uint16_t backend;

	if (explain->vip == POISE_NONE16) {
		explain->verdict = poise_vip_find(explain->snapshot, explain->key.dst, 0) != POISE_NONE16 ? "no_service"
													  : "not_ours";
		return;
	}
	if (!say_access(explain, service_config(explain)))
		return;
	if (!explain->snapshot->vips[explain->vip].slot_count) {
		say_no_backend(explain);
		return;
	}
	if (!say_limits(explain, service_config(explain)))
		return;
	backend = next_backend(explain);
	if (backend == POISE_NONE16) {
		say_no_backend(explain);
		return;
	}
	explain->verdict = "forwarded";
	say_egress(explain, explain->snapshot->backends[backend].egress);
}

static void say_verdict(struct explain *explain)
{
	const char *more = "";

	if (!explain->found && strcmp(explain->verdict, "forwarded") == 0)
		more = "; without SYN: no_flow";
	else if (strcmp(explain->verdict, "not_ours") == 0)
		more = explain->snapshot->flags & POISE_SNAPSHOT_EXCEPTION_PATH
			       ? ", left to the kernel"
			       : ", dropped: there is no kernel to take it";
	else if (strcmp(explain->verdict, "forwarded") != 0)
		more = ", the packet is dropped and counted under this name";
	say(explain, "verdict", "%s%s", explain->verdict, more);
}

enum cp_cmd_status cp_cmd_explain(struct cp_cmd *cmd)
{
	struct explain explain = {.cmd = cmd, .snapshot = cmd->app->snapshot, .verdict = ""};

	if (strcmp(cmd->argv[1], "tcp") != 0)
		return cp_cmd_usage(cmd, "explain: \"%.20s\" is not balanced; only tcp is", cmd->argv[1]);
	if (parse_endpoint(cmd->argv[2], &explain.key.src, &explain.key.src_port))
		return cp_cmd_usage(cmd, "explain: \"%.40s\" is not ADDRESS:PORT", cmd->argv[2]);
	if (parse_endpoint(cmd->argv[3], &explain.key.dst, &explain.key.dst_port))
		return cp_cmd_usage(cmd, "explain: \"%.40s\" is not ADDRESS:PORT", cmd->argv[3]);
	if (!explain.snapshot)
		return cp_cmd_fail(cmd, "no configuration is published yet");
	explain.now_ms = (uint32_t)(cp_view_now_ns() / 1000000);
	explain.steps = json_array();
	say_path(&explain);
	find(&explain);
	say_service(&explain);
	say_flow(&explain);
	if (explain.found)
		say_translated(&explain);
	else
		say_new(&explain);
	say_verdict(&explain);
	return cp_cmd_give(cmd, json_pack("{ss ss sb so}", "verdict", explain.verdict, "direction",
					  explain.direction == POISE_INWARD ? "inward" : "outward", "flow",
					  (int)explain.found, "steps", explain.steps));
}
