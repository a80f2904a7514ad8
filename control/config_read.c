// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_read.h"
#include "suggest.h"

void cp_read_begin(struct cp_read *read, const struct cp_read *parent, config_setting_t *setting,
		   const char *format, ...)
{
	va_list arguments;

	memset(read, 0, sizeof(*read));
	read->report = parent->report;
	read->file = parent->file;
	va_start(arguments, format);
	vsnprintf(read->where, sizeof(read->where), format, arguments);
	va_end(arguments);
	read->line = parent->line;
	if (!setting)
		return;
	read->line = (int)config_setting_source_line(setting);
	if (config_setting_is_group(setting))
		read->group = setting;
	else
		cp_report_add(read->report, read->file, read->line, "%s must be a group: { key = value; ... }",
			      read->where);
}

void cp_read_end(struct cp_read *read)
{
	int count = read->group ? config_setting_length(read->group) : 0;

	for (int i = 0; i < count; i++) {
		config_setting_t *setting = config_setting_get_elem(read->group, (unsigned int)i);
		const char *name = config_setting_name(setting), *meant;
		const char *in = read->where[0] ? " in " : "";
		uint32_t known = 0;

		while (known < read->keys_count && strcmp(read->keys[known], name))
			known++;
		if (known < read->keys_count)
			continue;
		meant = cp_suggest(name, read->keys, read->keys_count);
		if (meant)
			cp_read_fail(read, name, "unknown key \"%s\"%s%s, did you mean \"%s\"?", name, in,
				     read->where, meant);
		else
			cp_read_fail(read, name, "unknown key \"%s\"%s%s, remove it", name, in, read->where);
	}
}

void cp_read_fail(const struct cp_read *read, const char *key, const char *format, ...)
{
	config_setting_t *setting = NULL;
	int line = read->line;
	va_list arguments;
	char text[512];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (read->group && key)
		setting = config_setting_get_member(read->group, key);
	if (setting)
		line = (int)config_setting_source_line(setting);
	cp_report_add(read->report, read->file, line, "%s", text);
}

config_setting_t *cp_read_get(struct cp_read *read, const char *key)
{
	bool known = false;

	for (uint32_t i = 0; i < read->keys_count; i++)
		known |= !strcmp(read->keys[i], key);
	if (!known && read->keys_count < CP_READ_KEYS)
		read->keys[read->keys_count++] = key;
	return read->group ? config_setting_get_member(read->group, key) : NULL;
}

void cp_read_unsupported(struct cp_read *read, const char *key)
{
	if (cp_read_get(read, key)) {
		cp_read_fail(read, key, "%s is not supported by this version, remove it", key);
		return;
	}
	// Not to be suggested for a mistyped word.
	read->keys_count--;
}

bool cp_read_required(struct cp_read *read, const char *key)
{
	if (cp_read_get(read, key))
		return true;
	if (read->group)
		cp_read_fail(read, NULL, "%s has no \"%s\", add it", read->where, key);
	return false;
}

bool cp_read_bool(struct cp_read *read, const char *key, bool *value)
{
	config_setting_t *setting = cp_read_get(read, key);

	if (!setting)
		return false;
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL) {
		cp_read_fail(read, key, "%s must be true or false", key);
		return false;
	}
	*value = config_setting_get_bool(setting);
	return true;
}

bool cp_read_number(struct cp_read *read, const char *key, uint32_t least, uint32_t most, uint32_t *value)
{
	config_setting_t *setting = cp_read_get(read, key);
	long long number;
	int type;

	if (!setting)
		return false;
	type = config_setting_type(setting);
	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		cp_read_fail(read, key, "%s must be a whole number from %u to %u, without quotes", key, least,
			     most);
		return false;
	}
	number = type == CONFIG_TYPE_INT ? config_setting_get_int(setting) : config_setting_get_int64(setting);
	if (number < (long long)least || number > (long long)most) {
		cp_read_fail(read, key, "%s is %lld, choose %u to %u", key, number, least, most);
		return false;
	}
	*value = (uint32_t)number;
	return true;
}

const char *cp_read_string(struct cp_read *read, const char *key)
{
	config_setting_t *setting = cp_read_get(read, key);
	const char *text;

	if (!setting)
		return NULL;
	text = config_setting_type(setting) == CONFIG_TYPE_STRING ? config_setting_get_string(setting) : NULL;
	if (!text)
		cp_read_fail(read, key, "%s must be a text in quotes", key);
	return text;
}

bool cp_read_copy(struct cp_read *read, const char *key, char **value)
{
	const char *text = cp_read_string(read, key);
	char *copy;

	if (!text)
		return false;
	copy = strdup(text);
	if (!copy) {
		cp_read_fail(read, key, "out of memory");
		return false;
	}
	free(*value);
	*value = copy;
	return true;
}

config_setting_t *cp_read_list(struct cp_read *read, const char *key, uint32_t most, uint32_t *count)
{
	config_setting_t *setting = cp_read_get(read, key);
	uint32_t length;

	*count = 0;
	if (!setting)
		return NULL;
	if (config_setting_type(setting) != CONFIG_TYPE_LIST &&
	    config_setting_type(setting) != CONFIG_TYPE_ARRAY) {
		cp_read_fail(read, key, "%s must be a list: ( ... ) or [ ... ]", key);
		return NULL;
	}
	length = (uint32_t)config_setting_length(setting);
	if (length > most) {
		cp_read_fail(read, key, "%s has %u entries, at most %u are possible", key, length, most);
		length = most;
	}
	*count = length;
	return setting;
}

void cp_read_title(char *title, size_t size, const char *what, config_setting_t *setting, uint32_t index)
{
	const char *name = NULL;

	if (config_setting_is_group(setting))
		config_setting_lookup_string(setting, "name", &name);
	if (name && *name)
		snprintf(title, size, "%s \"%.*s\"", what, (int)POISE_NAME_SIZE, name);
	else
		snprintf(title, size, "%s number %u", what, index + 1);
}
