// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What a server asks for at log in, looked at before libpq does it. SCRAM lets the server choose how much the client
// computes, and libpq would do two thousand million rounds in poised's only thread; it also hands a password to
// whoever asks for it in clear.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

enum cp_postgresql_auth {
	CP_AUTH_FINE,
	CP_AUTH_MORE,	 // the request is not there in full
	CP_AUTH_REFUSED, // *why says it
};

// Judge the beginning of what a server sends. `private`: nobody else reads what is sent to it. Pure.
enum cp_postgresql_auth cp_postgresql_auth(const unsigned char *bytes, size_t length, bool private, const char **why);

// The same for what waits to be read by a connection; it stays there. FINE also at its end.
enum cp_postgresql_auth cp_postgresql_peek(PGconn *connection, const char **why);
