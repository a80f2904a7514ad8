// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "postgresql.h"

#define DECIMALS 18 // more than a lag can have, and no overflow

// A column with a number; clocks apart make ages below 0, and a restart does so with positions: then it is 0. NULL
// leaves *known false. False: neither.
static bool number(const PGresult *result, int column, bool *known, uint64_t *value)
{
	const char *text = PQgetvalue(result, 0, column);
	bool negative = text[0] == '-';
	size_t length = strspn(text + negative, "0123456789");

	*known = !PQgetisnull(result, 0, column);
	if (!*known)
		return true;
	if (!length || length > DECIMALS || text[length + negative])
		return false;
	*value = negative ? 0 : strtoull(text, NULL, 10);
	return true;
}

bool cp_postgresql_answer(const PGresult *result, struct cp_health_report *report)
{
	uint64_t ms = 0, bytes = 0;
	bool ms_known, bytes_known;
	const char *recovery;

	if (PQntuples(result) != 1 || PQnfields(result) != 3 || PQgetisnull(result, 0, 0))
		return false;
	recovery = PQgetvalue(result, 0, 0);
	if (strcmp(recovery, "t") && strcmp(recovery, "f"))
		return false;
	if (!number(result, 1, &ms_known, &ms) || !number(result, 2, &bytes_known, &bytes))
		return false;
	report->role = recovery[0] == 't' ? CP_NODE_REPLICA : CP_NODE_PRIMARY;
	if (report->role == CP_NODE_PRIMARY)
		return true;
	report->lag_known = ms_known;
	report->lag_ms = ms;
	report->lag_bytes = bytes;
	return true;
}

void cp_postgresql_reason(const char *message, char *reason, size_t size)
{
	static const char before[] = "failed: ", server[] = "connection to server ";
	const char *from = NULL;
	size_t used = 0;

	if (!strncmp(message, server, sizeof(server) - 1))
		from = strstr(message, before);
	from = from ? from + sizeof(before) - 1 : message;
	for (; *from && *from != '\n' && used + 1 < size; from++)
		reason[used++] = *from >= ' ' && *from < 127 ? *from : '?';
	reason[used] = '\0';
	if (!used && size > 1)
		strncat(reason, "failed without a reason", size - 1);
}

int cp_postgresql_local(const char *message)
{
	for (int error = 1; error < 134; error++)
		if (cp_check_local(error) && strstr(message, strerror(error)))
			return error;
	return 0;
}
