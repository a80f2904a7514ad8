// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "process.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct cp_process {
	pid_t pid;
	bool child;
	int fd;
	struct event *ended;
	cp_process_gone gone;
	void *context;
};

static void on_end(evutil_socket_t fd, short what, void *context)
{
	struct cp_process *process = context;
	int status = -1;

	if (process->child && waitpid(process->pid, &status, WNOHANG) != process->pid)
		status = -1;
	event_del(process->ended); // the descriptor stays readable
	process->gone(process->context, status);
}

struct cp_process *cp_process_watch(struct event_base *base, pid_t pid, bool child, cp_process_gone gone,
				    void *context)
{
	struct cp_process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->pid = pid;
	process->child = child;
	process->gone = gone;
	process->context = context;
	process->fd = pidfd_open(pid, 0);
	if (process->fd >= 0)
		process->ended = event_new(base, process->fd, EV_READ | EV_PERSIST, on_end, process);
	if (!process->ended) {
		cp_process_free(process);
		return NULL;
	}
	event_add(process->ended, NULL);
	return process;
}

void cp_process_free(struct cp_process *process)
{
	if (!process)
		return;
	if (process->ended)
		event_free(process->ended);
	if (process->fd >= 0)
		close(process->fd);
	free(process);
}

pid_t cp_process_pid(const struct cp_process *process)
{
	return process->pid;
}

bool cp_process_child(const struct cp_process *process)
{
	return process->child;
}

void cp_process_signal(struct cp_process *process, int number)
{
	pidfd_send_signal(process->fd, number, NULL, 0);
}
