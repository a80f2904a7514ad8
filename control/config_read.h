// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Typed getters over one libconfig group. They report what is wrong and leave the default in place, so one
// pass finds everything; the keys asked for are remembered, and what is left over at the end is unknown.
// For config*.c only, the users of libconfig.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libconfig.h>

#include "config.h"

#define CP_READ_KEYS 48

struct cp_read {
	struct cp_report *report;
	const char *file;
	config_setting_t *group;  // NULL: absent or not a group, every getter leaves the default
	int line;		  // of the group, 0 for the file itself
	char where[96];		  // "service \"web\"", for messages; empty for the file itself
	const char *keys[CP_READ_KEYS];
	uint32_t keys_count;
};

// A word of the file and what it stands for.
struct cp_choice {
	const char *word;
	int value;
	bool built; // false: known, but not in this version
};

// Begin to read a setting that should be a group. `parent` gives report and file.
void cp_read_begin(struct cp_read *read, const struct cp_read *parent, config_setting_t *setting,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));
// Report the keys that nobody asked for.
void cp_read_end(struct cp_read *read);

// Report about a key of the group, or about the group itself when the key is absent.
void cp_read_fail(const struct cp_read *read, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// The key is named in the documentation but not built yet.
void cp_read_unsupported(struct cp_read *read, const char *key);

// Absent keys leave the value as it is. True when the key is there and good.
bool cp_read_bool(struct cp_read *read, const char *key, bool *value);
bool cp_read_number(struct cp_read *read, const char *key, uint32_t least, uint32_t most, uint32_t *value);
bool cp_read_port(struct cp_read *read, const char *key, uint16_t *port);
bool cp_read_range(struct cp_read *read, const char *key, uint32_t least, uint32_t most, uint32_t *first,
		   uint32_t *last);
bool cp_read_choice(struct cp_read *read, const char *key, const struct cp_choice *choices, uint32_t count,
		    int *value);
// One host's address, network byte order.
bool cp_read_address(struct cp_read *read, const char *key, uint32_t *address);
bool cp_read_mac(struct cp_read *read, const char *key, uint8_t mac[6]);
// Replaces the malloc()ed *value.
bool cp_read_copy(struct cp_read *read, const char *key, char **value);

// Is the key there? Remembers it.
config_setting_t *cp_read_get(struct cp_read *read, const char *key);
// The string of a key, or NULL (absent, or reported as none). Lives as long as libconfig's tree.
const char *cp_read_string(struct cp_read *read, const char *key);
// A list "( ... )" or array "[ ... ]", or NULL. At most `most` elements are to be looked at; more are reported.
config_setting_t *cp_read_list(struct cp_read *read, const char *key, uint32_t most, uint32_t *count);

// Keys that must be there; absence is reported.
bool cp_read_required(struct cp_read *read, const char *key);
// A name: 1 to 31 of A-Z a-z 0-9 . _ -
bool cp_read_name(struct cp_read *read, char name[POISE_NAME_SIZE]);

// Text for messages: `what "name"`, or what[index] for one without a name.
void cp_read_title(char *title, size_t size, const char *what, config_setting_t *setting, uint32_t index);
