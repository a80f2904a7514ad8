// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "overrides.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "app.h"
#include "unsaved.h"

#define WEIGHT_MAX 256
#define PATH_SIZE 4096

bool cp_override_is(const struct cp_backend_state *state)
{
	return state->draining || state->disabled || state->weight >= 0;
}

static int path_of(const char *directory, const char *suffix, char path[PATH_SIZE])
{
	return snprintf(path, PATH_SIZE, "%s/" CP_OVERRIDES_FILE "%s", directory, suffix) < PATH_SIZE ? 0
												      : -ENAMETOOLONG;
}

static json_t *row_of(const struct cp_backend_state *state)
{
	json_t *row = json_pack("{ss ss sb sb si}", "service", state->service, "backend", state->backend, "draining",
				(int)state->draining, "disabled", (int)state->disabled, "weight", (int)state->weight);

	if (row && state->draining && state->drain_deadline_s) {
		json_object_set_new(row, "drain_deadline_s", json_integer(state->drain_deadline_s));
		json_object_set_new(row, "drain_began_ns", json_integer((json_int_t)state->drain_ns));
	}
	return row;
}

static json_t *to_json(const struct cp_states *states)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < states->count; i++) {
		const struct cp_backend_state *state = &states->items[i];

		if (cp_override_is(state))
			json_array_append_new(rows, row_of(state));
	}
	return rows;
}

static int write_file(json_t *rows, const char *path)
{
	int error = 0, fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return -errno;
	errno = 0;
	if (json_dumpfd(rows, fd, JSON_INDENT(1)) || fsync(fd))
		error = errno ? -errno : -EIO;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

int cp_overrides_save(const struct cp_states *states, const char *directory)
{
	char path[PATH_SIZE], temporary[PATH_SIZE];
	json_t *rows = to_json(states);
	int error = path_of(directory, "", path);

	if (!error)
		error = rows ? path_of(directory, ".new", temporary) : -ENOMEM;
	if (!error && !json_array_size(rows)) {
		error = unlink(path) && errno != ENOENT ? -errno : 0;
	} else if (!error) {
		error = write_file(rows, temporary);
		if (!error && rename(temporary, path))
			error = -errno;
		if (error)
			unlink(temporary);
	}
	json_decref(rows);
	return error;
}

int cp_overrides_keep(struct cp_app *app)
{
	int error = cp_overrides_save(&app->states, app->run_dir);
	char path[PATH_SIZE];

	if (path_of(app->run_dir, "", path))
		snprintf(path, sizeof(path), "%s", CP_OVERRIDES_FILE);
	cp_unsaved_result(app, CP_UNSAVED_OVERRIDES, path, error);
	return error;
}

// One row: 1 taken, 0 of a backend that is not there, -EINVAL not a row.
static int take(struct cp_states *states, json_t *row, uint64_t now_ns)
{
	const char *service, *backend;
	struct cp_backend_state *state;
	json_int_t deadline_s = 0, began_ns = 0;
	int draining, disabled, weight;

	if (json_unpack(row, "{ss ss sb sb si s?I s?I}", "service", &service, "backend", &backend, "draining",
			&draining, "disabled", &disabled, "weight", &weight, "drain_deadline_s", &deadline_s,
			"drain_began_ns", &began_ns) ||
	    weight < -1 || weight > WEIGHT_MAX || deadline_s < 0 || deadline_s > UINT32_MAX || began_ns < 0)
		return -EINVAL;
	state = states ? cp_states_find(states, service, backend) : NULL;
	if (!state)
		return 0;
	state->draining = draining;
	state->disabled = disabled;
	state->weight = weight;
	state->drain_deadline_s = (uint32_t)deadline_s;
	state->drain_ns = (uint64_t)began_ns < now_ns ? (uint64_t)began_ns : now_ns; // the clock of another boot
	return 1;
}

int cp_overrides_load(struct cp_states *states, const char *directory, uint64_t now_ns)
{
	char path[PATH_SIZE];
	int taken = 0, error = path_of(directory, "", path);
	json_t *rows;
	size_t i;
	json_t *row;

	if (error)
		return error;
	if (access(path, F_OK))
		return -ENOENT;
	rows = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	error = json_is_array(rows) ? 0 : -EINVAL;
	if (!error)
		json_array_foreach(rows, i, row)
			error = error ? error : take(NULL, row, now_ns) < 0 ? -EINVAL : 0; // all or nothing
	if (!error)
		json_array_foreach(rows, i, row)
			taken += take(states, row, now_ns);
	json_decref(rows);
	return error ? error : taken;
}
