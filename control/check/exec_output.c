// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "exec_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define DIGITS 18 // more than a lag can have, and no overflow

void cp_exec_reason(int status, const char *output, char *reason, size_t size)
{
	size_t used = 0;
	int length;

	if (status >= 0 && WIFSIGNALED(status))
		length = snprintf(reason, size, "ended by signal %d", WTERMSIG(status));
	else if (status >= 0 && WIFEXITED(status))
		length = snprintf(reason, size, "exit status %d", WEXITSTATUS(status));
	else
		length = snprintf(reason, size, "cannot be ended");
	if (length < 0 || (size_t)length + 3 > size || !*output || *output == '\n')
		return;
	used = (size_t)length + (size_t)snprintf(reason + length, size - (size_t)length, ": ");
	for (; *output && *output != '\n' && used + 1 < size; output++)
		reason[used++] = *output >= ' ' && *output < 127 ? *output : '?';
	reason[used] = '\0';
}

// The number behind `key` in the line, if it is there and one.
static bool number(const char *line, const char *key, uint64_t *value)
{
	const char *at = strstr(line, key);
	size_t digits;

	if (!at)
		return false;
	at += strlen(key);
	digits = strspn(at, "0123456789");
	if (!digits || digits > DIGITS || (at[digits] && at[digits] != ' '))
		return false;
	*value = strtoull(at, NULL, 10);
	return true;
}

void cp_exec_role(const char *output, struct cp_health_report *report)
{
	static const char replica[] = "role=replica";
	char line[128];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(output, "\r\n"), output);
	if (!strcmp(line, "role=primary")) {
		report->role = CP_NODE_PRIMARY;
	} else if (!strncmp(line, replica, sizeof(replica) - 1) && strchr(" ", line[sizeof(replica) - 1])) {
		report->role = CP_NODE_REPLICA;
		report->lag_known = number(line, " lag_ms=", &report->lag_ms);
		report->lag_known |= number(line, " lag_bytes=", &report->lag_bytes);
	}
}
