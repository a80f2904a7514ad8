// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The keys that only some kinds of check have.
#include <string.h>

#include "config_parts.h"

#define KIND(TYPE) (1u << CP_HEALTH_##TYPE)

static const struct cp_choice sslmodes[] = {
	{ "disable", CP_SSL_DISABLE, true },	 { "allow", CP_SSL_ALLOW, true },
	{ "prefer", CP_SSL_PREFER, true },	 { "require", CP_SSL_REQUIRE, true },
	{ "verify-ca", CP_SSL_VERIFY_CA, true }, { "verify-full", CP_SSL_VERIFY_FULL, true },
};

// Which kinds know a key, as bits and in words.
static const struct {
	const char *key;
	uint32_t kinds;
	const char *words;
} owners[] = {
	{ "path", KIND(HTTP) | KIND(HTTPS), "\"http\" and \"https\"" },
	{ "host", KIND(HTTP) | KIND(HTTPS), "\"http\" and \"https\"" },
	{ "expect", KIND(HTTP) | KIND(HTTPS), "\"http\" and \"https\"" },
	{ "server_name", KIND(HTTPS) | KIND(POSTGRESQL), "\"https\" and \"postgresql\"" },
	{ "ca", KIND(HTTPS) | KIND(POSTGRESQL), "\"https\" and \"postgresql\"" },
	{ "verify", KIND(HTTPS), "\"https\"" },
	{ "user", KIND(POSTGRESQL), "\"postgresql\"" },
	{ "dbname", KIND(POSTGRESQL), "\"postgresql\"" },
	{ "password_file", KIND(POSTGRESQL), "\"postgresql\"" },
	{ "passfile", KIND(POSTGRESQL), "\"postgresql\"" },
	{ "sslmode", KIND(POSTGRESQL), "\"postgresql\"" },
};

// What goes into a request line or a header must not end it.
static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 127)
			return false;
	return true;
}

// Replaces *text by a copy of `value` when nothing was written.
static void by_default(struct cp_read *read, const char *value, char **text)
{
	if (*text)
		return;
	*text = strdup(value);
	if (!*text)
		cp_read_fail(read, "type", "out of memory");
}

static void read_file(struct cp_read *read, const char *key, const char *what, char **path)
{
	cp_read_copy(read, key, path);
	if (*path && (*path)[0] != '/')
		cp_read_fail(read, key, "%s is \"%s\", write the whole path of %s, beginning with a slash", key, *path,
			     what);
}

static void parse_http(struct cp_read *read, struct cp_health *health)
{
	health->expect_first = 200;
	health->expect_last = 399;
	cp_read_copy(read, "path", &health->path);
	cp_read_copy(read, "host", &health->host);
	cp_read_range(read, "expect", 100, 599, &health->expect_first, &health->expect_last);
	if (health->path && (health->path[0] != '/' || !printable(health->path) || strlen(health->path) > 1024))
		cp_read_fail(read, "path", "path is \"%s\", begin it with a slash and use no blanks",
			     health->path);
	if (health->host && (!health->host[0] || !printable(health->host) || strlen(health->host) > 255 ||
			     strpbrk(health->host, "/?#@\\")))
		cp_read_fail(read, "host", "host is \"%s\", write a host name such as \"www.example.com\"",
			     health->host);
	if (health->type == CP_HEALTH_HTTP || health->type == CP_HEALTH_HTTPS)
		by_default(read, "/", &health->path);
}

static void parse_tls(struct cp_read *read, struct cp_health *health)
{
	health->verify = true;
	cp_read_copy(read, "server_name", &health->server_name);
	read_file(read, "ca", "a file of certificates", &health->ca);
	cp_read_bool(read, "verify", &health->verify);
	if (health->server_name && (!health->server_name[0] || !printable(health->server_name) ||
				    strlen(health->server_name) > 255 ||
				    strpbrk(health->server_name, "/?#@\\:[]")))
		cp_read_fail(read, "server_name", "server_name is \"%s\", write a host name without a port, such "
			     "as \"www.example.com\"", health->server_name);
	if (health->ca && !health->verify)
		cp_read_fail(read, "ca", "ca has no use while verify is false, remove one of them");
}

// A server's certificate is looked at in two modes only, and only against a file.
static void parse_sslmode(struct cp_read *read, struct cp_health *health)
{
	int mode = CP_SSL_PREFER;
	bool verifies;

	cp_read_choice(read, "sslmode", sslmodes, POISE_COUNT(sslmodes), &mode);
	health->sslmode = (enum cp_sslmode)mode;
	verifies = mode == CP_SSL_VERIFY_CA || mode == CP_SSL_VERIFY_FULL;
	if (health->type != CP_HEALTH_POSTGRESQL)
		return;
	if (verifies && !health->ca)
		cp_read_fail(read, "sslmode", "sslmode \"%s\" needs ca, the file of certificates to trust",
			     cp_sslmode_name(health->sslmode));
	if (!verifies && health->ca)
		cp_read_fail(read, "ca", "ca has no use with sslmode \"%s\", choose \"verify-full\" or remove it",
			     cp_sslmode_name(health->sslmode));
	if (mode != CP_SSL_VERIFY_FULL && health->server_name)
		cp_read_fail(read, "server_name", "server_name has no use with sslmode \"%s\", choose "
			     "\"verify-full\" or remove it", cp_sslmode_name(health->sslmode));
}

// Names of PostgreSQL are bytes without a zero; 63 are significant.
static void check_name(struct cp_read *read, const char *key, const char *name)
{
	if (name && (!name[0] || strlen(name) > 63))
		cp_read_fail(read, key, "%s has %zu characters, choose 1 to 63", key, strlen(name));
}

static void parse_postgresql(struct cp_read *read, struct cp_health *health)
{
	cp_read_copy(read, "user", &health->user);
	cp_read_copy(read, "dbname", &health->dbname);
	check_name(read, "user", health->user);
	check_name(read, "dbname", health->dbname);
	read_file(read, "password_file", "a file with the password", &health->password_file);
	read_file(read, "passfile", "a password file", &health->passfile);
	if (health->password_file && health->passfile)
		cp_read_fail(read, "passfile", "passfile and password_file both name a password, remove one of them");
	parse_sslmode(read, health);
	if (health->type != CP_HEALTH_POSTGRESQL)
		return;
	by_default(read, "poise", &health->user);
	by_default(read, "postgres", &health->dbname);
}

void cp_parse_health_kind(struct cp_read *read, struct cp_health *health, bool known)
{
	parse_http(read, health);
	parse_tls(read, health);
	parse_postgresql(read, health);
	for (uint32_t i = 0; known && i < POISE_COUNT(owners); i++)
		if (!(owners[i].kinds >> health->type & 1) && cp_read_get(read, owners[i].key))
			cp_read_fail(read, owners[i].key, "%s is for health checks of type %s, remove it or change "
				     "the type", owners[i].key, owners[i].words);
}
