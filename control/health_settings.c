// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The settings of a check as a value: compared, copied, freed.
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

// The texts that the settings own.
static const size_t texts[] = {
	offsetof(struct cp_health, path),	   offsetof(struct cp_health, host),
	offsetof(struct cp_health, server_name),   offsetof(struct cp_health, ca),
	offsetof(struct cp_health, user),	   offsetof(struct cp_health, dbname),
	offsetof(struct cp_health, password_file), offsetof(struct cp_health, passfile),
	offsetof(struct cp_health, expect),
};

#define TEXTS (POISE_COUNT(texts) + CP_COMMAND_WORDS)

static char **text_of(const struct cp_health *health, uint32_t index)
{
	if (index >= POISE_COUNT(texts))
		return (char **)&health->command[index - POISE_COUNT(texts)];
	return (char **)((char *)health + texts[index]);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool cp_health_same(const struct cp_health *a, const struct cp_health *b)
{
	for (uint32_t i = 0; i < TEXTS; i++)
		if (!same_text(*text_of(a, i), *text_of(b, i)))
			return false;
	return a->type == b->type && a->port == b->port && a->verify == b->verify &&
	       a->method == b->method && a->jitter_percent == b->jitter_percent &&
	       a->sslmode == b->sslmode && a->uid == b->uid && a->gid == b->gid &&
	       a->interval_ms == b->interval_ms && a->timeout_ms == b->timeout_ms &&
	       a->rise == b->rise && a->fall == b->fall && a->damping_s == b->damping_s &&
	       a->passive == b->passive;
}

int cp_health_copy(struct cp_health *to, const struct cp_health *from)
{
	int result = 0;

	*to = *from;
	for (uint32_t i = 0; i < TEXTS; i++) {
		const char *text = *text_of(from, i);

		*text_of(to, i) = text ? strdup(text) : NULL;
		if (text && !*text_of(to, i))
			result = -ENOMEM;
	}
	return result;
}

void cp_health_free(struct cp_health *health)
{
	for (uint32_t i = 0; i < TEXTS; i++) {
		free(*text_of(health, i));
		*text_of(health, i) = NULL;
	}
}
