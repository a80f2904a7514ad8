// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What processes were started with: a reload cannot change it under them.
#include <stdio.h>
#include <string.h>

#include "diff_note.h"

static void number(struct cp_diff *diff, const char *what, uint32_t before, uint32_t after)
{
	if (before != after)
		cp_diff_note(diff, true, "%s: %u -> %u", what, before, after);
}

static const char *shown(const char *text)
{
	return text && *text ? text : "none";
}

static void text(struct cp_diff *diff, const char *what, const char *before, const char *after)
{
	if (cp_diff_text(before, after))
		cp_diff_note(diff, true, "%s: %s -> %s", what, shown(before), shown(after));
}

static const char *yes(bool value)
{
	return value ? "true" : "false";
}

static const char *idle_name(enum cp_idle idle)
{
	return idle == CP_IDLE_POLL ? "poll" : "adaptive";
}

static void diff_dataplane(const struct cp_dataplane *before, const struct cp_dataplane *after,
			   struct cp_diff *diff)
{
	bool eal = before->eal_count != after->eal_count;

	text(diff, "dataplane mode", cp_nic_mode_name(before->mode), cp_nic_mode_name(after->mode));
	number(diff, "dataplane workers", before->workers, after->workers);
	text(diff, "dataplane cores", before->cores, after->cores);
	text(diff, "dataplane idle", idle_name(before->idle), idle_name(after->idle));
	if (before->max_flows != after->max_flows)
		cp_diff_note(diff, true,
			     "dataplane max_flows: %u -> %u (a table with connections in it keeps its size: stop "
			     "poised with SIGTERM, which ends them, and start it)",
			     before->max_flows, after->max_flows);
	text(diff, "dataplane spawn", yes(before->spawn), yes(after->spawn));
	for (uint32_t i = 0; !eal && i < after->eal_count; i++)
		eal = strcmp(before->eal[i], after->eal[i]);
	if (eal)
		cp_diff_note(diff, true, "dataplane eal options");
}

static void listening(const struct cp_config *config, char *out, size_t size)
{
	bool brackets = strchr(config->metrics_address, ':');

	if (config->metrics_address[0])
		snprintf(out, size, "%s%s%s:%u", brackets ? "[" : "", config->metrics_address, brackets ? "]" : "",
			 config->metrics_port);
	else
		out[0] = 0;
}

void cp_diff_process(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff)
{
	char old[80], new[80];

	diff_dataplane(&before->dataplane, &after->dataplane, diff);
	text(diff, "fallback xdp", yes(before->xdp), yes(after->xdp));
	number(diff, "fallback heartbeat_ms", before->heartbeat_ms, after->heartbeat_ms);
	listening(before, old, sizeof(old));
	listening(after, new, sizeof(new));
	text(diff, "metrics listen", old, new);
	text(diff, "control socket", before->control_socket, after->control_socket);
	if (!cp_diff_text(before->control_socket, after->control_socket)) // else it may only follow
		text(diff, "control state_directory", before->state_directory,
		     after->state_directory);
}
