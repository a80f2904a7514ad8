// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// sync: what the two balancers of a pair know of each other.
#include "cmd_json.h"
#include "cmd.h"
#include "sync.h"

static json_t *fates_json(const struct cp_sync_view *view)
{
	json_t *document = json_object();

	for (uint32_t i = 0; document && i < CP_SYNC_FATES; i++)
		json_object_set_new(document, cp_sync_fate_name((enum cp_sync_fate)i),
				    json_integer((json_int_t)view->fates[i]));
	return document;
}

static json_t *refusals_json(const struct cp_sync_view *view)
{
	json_t *document = json_object();

	for (uint32_t i = 0; document && i < CP_SYNC_REFUSALS; i++)
		json_object_set_new(document, cp_sync_refusal_name((enum cp_sync_refusal)i),
				    json_integer((json_int_t)(view->sender->refused[i] + view->receiver->refused[i])));
	return document;
}

static json_t *epoch_json(uint64_t epoch)
{
	return epoch ? json_sprintf("%016llx", (unsigned long long)epoch) : json_null();
}

static json_t *document_of(const struct cp_sync_view *view)
{
	const struct cp_sync_sender_view *out = view->sender;
	const struct cp_sync_receiver_view *in = view->receiver;
	json_t *sending, *receiving;

	if (!out || !in)
		return json_pack("{ss sb}", "join", cp_sync_join_name(view->join), "withdrawn", (int)view->withdrawn);
	sending = json_pack("{sb sb so sI sI sI sI sf sf so}", "connected", (int)out->connected, "synced",
			    (int)out->whole, "epoch", epoch_json(out->epoch), "sessions", (json_int_t)out->sessions,
			    "flows_sent", (json_int_t)out->flows_put, "ends_sent", (json_int_t)out->flows_removed,
			    "passes", (json_int_t)out->passes, "pass_ms", (double)out->pass_ns / 1e6, "lag_ms",
			    (double)out->lag_ns / 1e6, "error", cp_json_text(out->error));
	receiving = json_pack("{sb sb so sI sI sI so}", "connected", (int)in->connected, "synced", (int)in->whole,
			      "epoch", epoch_json(in->epoch), "sessions", (json_int_t)in->sessions, "flows_received",
			      (json_int_t)in->flows, "flows_ignored", (json_int_t)view->ignored, "fates",
			      fates_json(view));
	return json_pack("{ss sb si ss si so so so}", "join", cp_sync_join_name(view->join), "withdrawn",
			 (int)view->withdrawn, "node", (int)view->ha->node, "peer", view->ha->peer_address, "peer_port",
			 (int)view->ha->peer_port, "sending", sending, "receiving", receiving, "refused",
			 refusals_json(view));
}

static const char *how(bool connected, bool whole)
{
	return !connected ? "not connected" : whole ? "synced" : "under way";
}

static void say(struct evbuffer *out, const struct cp_sync_view *view)
{
	const struct cp_sync_sender_view *to = view->sender;
	const struct cp_sync_receiver_view *from = view->receiver;
	uint64_t refused;

	evbuffer_add_printf(out, "join        %s%s\n", cp_sync_join_name(view->join),
			    view->withdrawn ? ", withdrawn by the operator" : "");
	if (!to || !from) {
		evbuffer_add_printf(out, "peer        none, add ha = { ... } to the configuration\n");
		return;
	}
	evbuffer_add_printf(out, "peer        %s port %u, we are node %u\n", view->ha->peer_address,
			    view->ha->peer_port, view->ha->node);
	evbuffer_add_printf(out, "sending     %s%s%s, %llu flows and %llu ends sent, lag %.1f ms\n",
			    how(to->connected, to->whole), to->connected ? "" : ": ", to->connected ? "" : to->error,
			    (unsigned long long)to->flows_put, (unsigned long long)to->flows_removed,
			    (double)to->lag_ns / 1e6);
	evbuffer_add_printf(out, "receiving   %s, %llu flows received, %llu ignored\n",
			    how(from->connected, from->whole), (unsigned long long)from->flows,
			    (unsigned long long)view->ignored);
	for (uint32_t i = 0; i < CP_SYNC_FATES; i++)
		if (view->fates[i])
			evbuffer_add_printf(out, "            %s %llu\n", cp_sync_fate_name((enum cp_sync_fate)i),
					    (unsigned long long)view->fates[i]);
	for (uint32_t i = 0; i < CP_SYNC_REFUSALS; i++) {
		refused = to->refused[i] + from->refused[i];
		if (refused)
			evbuffer_add_printf(out, "refused     %s %llu\n",
					    cp_sync_refusal_name((enum cp_sync_refusal)i), (unsigned long long)refused);
	}
}

enum cp_cmd_status cp_cmd_sync(struct cp_cmd *cmd)
{
	struct cp_sync_view view;

	cp_sync_view(cmd->app->sync, &view);
	say(cmd->out, &view);
	return cp_cmd_give(cmd, document_of(&view));
}
