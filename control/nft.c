// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "nft.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 2000

static const char *program(void)
{
	static const char *const places[] = {"/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft",
					     "/usr/bin/nft"};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (!access(places[i], X_OK))
			return places[i];
	return NULL;
}

bool cp_nft_present(void)
{
	return program();
}

// 0 with the status, or -errno; one that does not end is killed.
static int wait_for(pid_t pid, int *status)
{
	int fd = pidfd_open(pid, 0);
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	int ready;

	do
		ready = fd < 0 ? 1 : poll(&ended, 1, PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		kill(pid, SIGKILL);
	if (fd >= 0)
		close(fd);
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return ready > 0 ? 0 : -ETIMEDOUT;
}

static int launch(const char *path, int in, int out, pid_t *pid)
{
	char *const arguments[] = {(char *)"nft", (char *)"-f", (char *)"-", NULL};
	char *const environment[] = {(char *)"LC_ALL=C", NULL};
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return -error;
	error = posix_spawn_file_actions_adddup2(&actions, in, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out, 2);
	if (!error)
		error = posix_spawn(pid, path, &actions, NULL, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	return -error;
}

static void read_line(int fd, char *why, size_t size)
{
	ssize_t got = pread(fd, why, size - 1, 0);

	why[got > 0 ? got : 0] = 0;
	why[strcspn(why, "\n")] = 0;
}

static int run(const char *path, int in, int out, char *why, size_t size)
{
	pid_t pid = 0;
	int status = 0, error = launch(path, in, out, &pid);

	if (!error)
		error = wait_for(pid, &status);
	if (error) {
		snprintf(why, size, "%s: %s", path, strerror(-error));
		return error;
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	read_line(out, why, size);
	if (!*why)
		snprintf(why, size, "nft ended with status %d", status);
	return -EPROTO;
}

int cp_nft_run(const char *text, char *why, size_t size)
{
	const char *path = program();
	size_t length = strlen(text);
	int in, out, error;

	if (!path) {
		snprintf(why, size, "there is no nft, install nftables");
		return -ENOENT;
	}
	in = memfd_create("poise-nft", MFD_CLOEXEC);
	out = memfd_create("poise-nft-says", MFD_CLOEXEC);
	if (in < 0 || out < 0 || pwrite(in, text, length, 0) != (ssize_t)length) {
		error = errno ? -errno : -EIO;
		snprintf(why, size, "%s", strerror(-error));
	} else {
		error = run(path, in, out, why, size);
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return error;
}
