// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What is asked of a PostgreSQL server, and what its answers mean. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

#include "../health.h"

// One row: in recovery ("t" or "f"); of a replica: milliseconds and bytes behind, either NULL when not known.
// A replica that has replayed all that it received is not behind as long as somebody sends to it; one that nobody
// sends to is as old as its last transaction. Works for any user, in versions from 10 on.
#define CP_POSTGRESQL_QUERY                                                                                    \
	"SELECT r, CASE WHEN r AND streams AND received <= replayed THEN 0 "                                   \
	"WHEN r THEN round(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000) "   \
	"END::bigint, CASE WHEN r THEN received - replayed END::bigint "                                       \
	"FROM (SELECT pg_is_in_recovery() AS r, EXISTS (SELECT FROM pg_stat_wal_receiver) AS streams, "        \
	"pg_last_wal_receive_lsn() - '0/0'::pg_lsn AS received, "                                              \
	"pg_last_wal_replay_lsn() - '0/0'::pg_lsn AS replayed) AS node"

// Fill role and lag from the query's result. False: it does not have that form.
bool cp_postgresql_answer(const PGresult *result, struct cp_health_report *report);

// One printable line of libpq's message, without the address that it begins with. The rest of the text is the
// server's: whatever is not plain ASCII becomes a question mark.
void cp_postgresql_reason(const char *message, char *reason, size_t size);

// The errno of a want of this host that the message names (see cp_check_local()), or 0. Only for messages that no
// server had a part in.
int cp_postgresql_local(const char *message);
