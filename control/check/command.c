// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETPRIV "/usr/bin/setpriv"
#define WORDS_MOST 64
#define KILL_MS 20 // a process that waits for nothing is gone in less than one

// Between fork and exec there is no place for code of ours that could fail halfway: setpriv(1) drops the rights.
static int put_words(char *const *words, const char *uid, const char *gid, char **all)
{
	const char *const before[] = {SETPRIV, "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs",
				      "--pdeathsig", "KILL", "--"};
	size_t count = sizeof(before) / sizeof(before[0]);

	memcpy(all, before, sizeof(before));
	for (; *words && count + 1 < WORDS_MOST; words++)
		all[count++] = *words;
	all[count] = NULL;
	return *words ? -E2BIG : 0;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setpgroup(attributes, 0);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
}

static int set_actions(posix_spawn_file_actions_t *actions, int output)
{
	int error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

	if (!error)
		error = posix_spawn_file_actions_adddup2(actions, output, 1);
	if (!error)
		error = posix_spawn_file_actions_adddup2(actions, output, 2);
	if (!error)
		error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
	if (!error)
		error = posix_spawn_file_actions_addchdir_np(actions, "/");
	return error;
}

static int launch(char *const *words, char *const *environment, int output, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error = posix_spawnattr_init(&attributes);

	if (error)
		return error;
	error = posix_spawn_file_actions_init(&actions);
	if (error) {
		posix_spawnattr_destroy(&attributes);
		return error;
	}
	error = set_attributes(&attributes);
	if (!error)
		error = set_actions(&actions, output);
	if (!error)
		error = posix_spawn(pid, words[0], &actions, &attributes, words, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

int cp_command_start(char *const *words, uint32_t uid, uint32_t gid, char *const *environment,
		     struct cp_command *command)
{
	static const struct rlimit no_core = {0};
	char user[12], group[12], *all[WORDS_MOST];
	int ends[2], error;

	snprintf(user, sizeof(user), "%u", uid);
	snprintf(group, sizeof(group), "%u", gid);
	error = put_words(words, user, group, all);
	if (error)
		return error;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	fcntl(ends[1], F_SETFL, 0); // the program's end may wait
	error = launch(all, environment, ends[1], &command->pid);
	close(ends[1]);
	if (error) {
		close(ends[0]);
		return -error;
	}
	prlimit(command->pid, RLIMIT_CORE, &no_core, NULL);
	command->output = ends[0];
	command->pidfd = pidfd_open(command->pid, 0);
	if (command->pidfd >= 0)
		return 0;
	error = -errno;
	cp_command_end(command);
	return error;
}

// The group's number is nobody else's until its leader is reaped, so the group is killed first.
int cp_command_end(struct cp_command *command)
{
	struct pollfd ended = {.fd = command->pidfd, .events = POLLIN};
	int status = -1;

	kill(-command->pid, SIGKILL);
	poll(&ended, command->pidfd >= 0, KILL_MS);
	if (waitpid(command->pid, &status, WNOHANG) != command->pid)
		status = -1;
	if (command->pidfd >= 0)
		close(command->pidfd);
	close(command->output);
	*command = (struct cp_command){.pidfd = -1, .output = -1};
	return status;
}
