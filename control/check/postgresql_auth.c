// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "postgresql_auth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define ROUNDS_MOST 20000 // PostgreSQL's own are 4096: some milliseconds
#define PEEK 8192

enum request {
	AUTH_OK = 0,
	AUTH_CLEAR = 3,
	AUTH_MD5 = 5,
	AUTH_SASL = 10,
	AUTH_SASL_CONTINUE = 11,
	AUTH_SASL_FINAL = 12,
};

static uint32_t word(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// "r=nonce,s=salt,i=rounds": the last of the three.
static bool rounds_fine(const unsigned char *bytes, size_t length)
{
	char text[PEEK + 1];
	const char *at;

	memcpy(text, bytes, length);
	text[length] = '\0';
	at = strstr(text, ",i=");
	return strlen(text) == length && at && !strstr(at + 1, ",i=") && strlen(at) < 16 &&
	       strtoul(at + 3, NULL, 10) <= ROUNDS_MOST;
}

static enum cp_postgresql_auth judge(const unsigned char *body, size_t length, bool private, const char **why)
{
	switch (length < 4 ? UINT32_MAX : word(body)) {
	case AUTH_CLEAR:
		*why = "asks for the password in clear";
		return private ? CP_AUTH_FINE : CP_AUTH_REFUSED;
	case AUTH_SASL_CONTINUE:
		*why = "asks for too many rounds of SCRAM";
		return rounds_fine(body + 4, length - 4) ? CP_AUTH_FINE : CP_AUTH_REFUSED;
	case AUTH_OK:
	case AUTH_MD5:
	case AUTH_SASL:
	case AUTH_SASL_FINAL:
		return CP_AUTH_FINE;
	default:
		*why = "asks for a log in that checks do not have";
		return CP_AUTH_REFUSED;
	}
}

enum cp_postgresql_auth cp_postgresql_auth(const unsigned char *bytes, size_t length, bool private, const char **why)
{
	while (length >= 5) {
		size_t size = word(bytes + 1);

		if (bytes[0] != 'R' && bytes[0] != 'N' && bytes[0] != 'v')
			return CP_AUTH_FINE; // an error, or nonsense: libpq ends there
		if (size < 4 || size > PEEK - 1) {
			*why = "sends a message of odd size";
			return CP_AUTH_REFUSED;
		}
		if (length < size + 1)
			return CP_AUTH_MORE;
		if (bytes[0] == 'R')
			return judge(bytes + 5, size - 4, private, why);
		bytes += size + 1; // a notice before it
		length -= size + 1;
	}
	return CP_AUTH_MORE;
}

enum cp_postgresql_auth cp_postgresql_peek(PGconn *connection, const char **why)
{
	SSL *tls = PQsslStruct(connection, "OpenSSL");
	unsigned char bytes[PEEK];
	ssize_t got;

	if (tls) {
		ERR_clear_error();
		got = SSL_peek(tls, bytes, sizeof(bytes));
		if (got <= 0)
			return SSL_get_error(tls, (int)got) == SSL_ERROR_WANT_READ ? CP_AUTH_MORE : CP_AUTH_FINE;
	} else {
		got = recv(PQsocket(connection), bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
		if (got <= 0)
			return CP_AUTH_FINE;
	}
	return cp_postgresql_auth(bytes, (size_t)got, tls != NULL, why);
}
