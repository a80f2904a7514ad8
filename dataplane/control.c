// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See control.h.
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void note_file(struct dp_control *control)
{
	struct stat status;

	if (lstat(control->path, &status))
		return;
	control->device = status.st_dev;
	control->inode = status.st_ino;
}

int dp_control_init(struct dp_control *control, struct dp_dataplane *dataplane, struct dp_error *error)
{
	const char *path = dataplane->options.control;
	int fd;

	*control = (struct dp_control){ .dataplane = dataplane, .claim = -1, .listener = -1, .peer = -1 };
	if (!path)
		return 0;
	control->claim = dp_socket_claim(path, error);
	if (control->claim < 0)
		return control->claim;
	fd = dp_socket_listen(path, error);
	if (fd < 0) {
		close(control->claim);
		return fd;
	}
	control->listener = fd;
	snprintf(control->path, sizeof(control->path), "%s", path);
	note_file(control);
	return 0;
}

void dp_control_keep(struct dp_control *control)
{
	struct dp_error error = { .text = "" };
	struct stat status;
	int fd;

	if (control->listener < 0 || !lstat(control->path, &status) || errno != ENOENT)
		return;
	fd = dp_socket_listen(control->path, &error);
	if (fd < 0) // its directory is gone as well, or the disk is full
		return;
	dp_log("%s was removed, and is made anew", control->path);
	close(control->listener);
	control->listener = fd;
	note_file(control);
}

static void hang_up(struct dp_control *control)
{
	if (control->peer >= 0)
		close(control->peer);
	control->peer = -1;
	control->greeted = false;
}

void dp_control_fini(struct dp_control *control)
{
	struct stat status;

	hang_up(control);
	if (control->listener < 0)
		return;
	close(control->listener);
	if (!lstat(control->path, &status) && status.st_dev == control->device && status.st_ino == control->inode)
		unlink(control->path);
	close(control->claim);
	control->listener = control->claim = -1;
}

static struct poise_wire_header header_of(enum poise_wire_type type, size_t length, uint32_t request)
{
	return (struct poise_wire_header){
		.magic = POISE_WIRE_MAGIC,
		.abi_version = POISE_ABI_VERSION,
		.type = (uint16_t)type,
		.length = (uint16_t)length,
		.request = request,
	};
}

static uint64_t generation_of(const struct dp_dataplane *dataplane)
{
	return dataplane->snapshot ? dataplane->snapshot->generation : 0;
}

static int send_welcome(struct dp_control *control, uint32_t request)
{
	const struct dp_dataplane *dataplane = control->dataplane;
	struct poise_wire_welcome welcome = {
		.header = header_of(POISE_WIRE_WELCOME, sizeof(welcome), request),
		.pid = (uint32_t)getpid(),
		.workers = dataplane->workers_count,
		.generation = generation_of(dataplane),
		.has_table = dataplane->memory.base != NULL,
		.counters = POISE_COUNTERS,
	};

	snprintf(welcome.version, sizeof(welcome.version), "%s", POISE_VERSION);
	return dp_socket_send(control->peer, &welcome, sizeof(welcome), dataplane->stats.share_fd);
}

static int send_result(struct dp_control *control, uint32_t request, int status, const struct dp_error *error)
{
	struct poise_wire_result result = {
		.header = header_of(POISE_WIRE_RESULT, sizeof(result), request),
		.generation = generation_of(control->dataplane),
		.status = status,
	};

	if (status) {
		snprintf(result.text, sizeof(result.text), "%s", error->text);
		dp_log("refused: %s", error->text);
	}
	return dp_socket_send(control->peer, &result, sizeof(result), -1);
}

static int take_snapshot(struct dp_control *control, const struct poise_wire_snapshot *message, int fd,
			 bool *fatal, struct dp_error *error)
{
	struct poise_snapshot *snapshot;
	int code;

	if (fd < 0)
		return dp_fail(error, -EBADF, "snapshot without descriptor");
	code = dp_snapshot_take(fd, &snapshot, error);
	if (code)
		return code;
	if (snapshot->generation != message->generation)
		code = dp_fail(error, -EINVAL, "snapshot is generation %llu, announced as %llu",
			       (unsigned long long)snapshot->generation,
			       (unsigned long long)message->generation);
	else
		code = dp_dataplane_use(control->dataplane, snapshot, fatal, error);
	if (code)
		dp_snapshot_free(snapshot);
	else
		dp_log("generation %llu", (unsigned long long)snapshot->generation);
	return code;
}

static int take_table(struct dp_control *control, const struct poise_wire_table *message, int fd,
		      struct dp_error *error)
{
	if (fd < 0)
		return dp_fail(error, -EBADF, "flow table without descriptor");
	return dp_dataplane_map_table(control->dataplane, fd, message->bytes, error);
}

static enum dp_control_result answer(struct dp_control *control, const union dp_message *message, int fd)
{
	uint32_t request = message->header.request;
	enum dp_control_result result = DP_CONTROL_ON;
	struct dp_error error = { .text = "" };
	bool fatal = false;
	int code = 0, sent = 0;

	if (!control->greeted && message->header.type != POISE_WIRE_HELLO) {
		dp_log("peer did not say hello");
		hang_up(control);
		return DP_CONTROL_ON;
	}
	switch (message->header.type) {
	case POISE_WIRE_HELLO:
		control->greeted = true;
		sent = send_welcome(control, request);
		break;
	case POISE_WIRE_TABLE:
		code = take_table(control, &message->table, fd, &error);
		sent = send_result(control, request, code, &error);
		break;
	case POISE_WIRE_SNAPSHOT:
		code = take_snapshot(control, &message->snapshot, fd, &fatal, &error);
		sent = send_result(control, request, code, &error);
		break;
	default:
		result = DP_CONTROL_STOP;
	}
	if (sent) // a peer that does not read its answers
		hang_up(control);
	return fatal ? DP_CONTROL_FATAL : result;
}

static enum dp_control_result serve_peer(struct dp_control *control)
{
	enum dp_control_result result = DP_CONTROL_ON;

	while (control->peer >= 0 && result == DP_CONTROL_ON) {
		struct dp_error error = { .text = "" };
		union dp_message message;
		int fd, code;

		code = dp_socket_receive(control->peer, &message, &fd, &error);
		if (code == -EAGAIN)
			break;
		if (code) {
			if (code == -EPROTO)
				dp_log("connection closed: %s", error.text);
			hang_up(control);
			break;
		}
		result = answer(control, &message, fd);
		if (fd >= 0)
			close(fd);
	}
	return result;
}

static void take_peer(struct dp_control *control)
{
	struct dp_error error = { .text = "" };
	int fd = dp_socket_accept(control->listener, &error);

	if (fd == -EACCES)
		dp_log("%s", error.text);
	if (fd < 0)
		return;
	if (control->peer >= 0) {
		dp_log("a second connection refused: poised is connected");
		close(fd);
		return;
	}
	control->peer = fd;
	control->greeted = false;
}

enum dp_control_result dp_control_serve(struct dp_control *control)
{
	// The peer first: when it has gone and come back, the end of the old connection is seen before the new one.
	enum dp_control_result result = serve_peer(control);

	if (control->listener >= 0 && result == DP_CONTROL_ON) {
		take_peer(control);
		result = serve_peer(control);
	}
	return result;
}
