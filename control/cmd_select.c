// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_select.h"
#include "suggest.h"

#define CANDIDATES_SHOWN 8

static bool means(const struct cp_backend_state *state, const char *name, const char *slash)
{
	size_t service = slash ? (size_t)(slash - name) : 0;

	if (strcmp(state->backend, slash ? slash + 1 : name) != 0)
		return false;
	return !slash || (strlen(state->service) == service && strncmp(state->service, name, service) == 0);
}

static void unknown(struct cp_cmd *cmd, const char *name, bool with_service)
{
	const struct cp_states *states = &cmd->app->states;
	char(*names)[2 * POISE_NAME_SIZE] = calloc(states->count + 1, sizeof(*names));
	const char **candidates = calloc(states->count + 1, sizeof(*candidates));
	const char *nearest = NULL;

	for (uint32_t i = 0; names && candidates && i < states->count; i++) {
		const struct cp_backend_state *state = &states->items[i];

		snprintf(names[i], sizeof(names[i]), "%s%s%s", with_service ? state->service : "",
			 with_service ? "/" : "", state->backend);
		candidates[i] = names[i];
	}
	if (names && candidates)
		nearest = cp_suggest(name, candidates, states->count);
	if (nearest)
		cp_cmd_fail(cmd, "no backend \"%.80s\"; did you mean \"%s\"?", name, nearest);
	else
		cp_cmd_fail(cmd, "no backend \"%.80s\"; `poisectl backends` lists them", name);
	free(names);
	free(candidates);
}

static void ambiguous(struct cp_cmd *cmd, const char *name, uint32_t count)
{
	const struct cp_states *states = &cmd->app->states;
	uint32_t shown = 0;

	evbuffer_add_printf(cmd->err, "\"%.40s\" is in %u services; say which:", name, count);
	for (uint32_t i = 0; i < states->count && shown < CANDIDATES_SHOWN; i++) {
		if (means(&states->items[i], name, NULL)) {
			evbuffer_add_printf(cmd->err, " %s/%s", states->items[i].service,
					    states->items[i].backend);
			shown++;
		}
	}
	evbuffer_add_printf(cmd->err, "%s\n", shown < count ? " ..." : "");
}

struct cp_backend_state *cp_cmd_select(struct cp_cmd *cmd, const char *name)
{
	const struct cp_states *states = &cmd->app->states;
	const char *slash = strchr(name, '/');
	struct cp_backend_state *found = NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; i < states->count; i++) {
		if (means(&states->items[i], name, slash)) {
			found = &states->items[i];
			count++;
		}
	}
	if (count == 1)
		return found;
	if (count)
		ambiguous(cmd, name, count);
	else
		unknown(cmd, name, slash);
	return NULL;
}
