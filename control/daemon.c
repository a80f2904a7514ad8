// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

int cp_daemon_fork(void)
{
	int ends[2], status = 1;
	char word;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (!child) {
		close(ends[0]);
		setsid();
		return ends[1];
	}
	close(ends[1]);
	if (read(ends[0], &word, 1) == 1)
		_exit(0);
	if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
	_exit(1);
}

void cp_daemon_running(int word, const char *log_file)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = open(log_file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	if (log < 0)
		log = null;
	if (log >= 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
	}
	if (log >= 0 && log != null)
		close(log);
	if (null >= 0)
		close(null);
	cp_log_to_syslog();
	if (write(word, "", 1) < 0)
		cp_log(CP_LOG_WARNING, "daemon", "nobody waits for this daemon");
	close(word);
}
