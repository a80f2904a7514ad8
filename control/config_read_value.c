// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Getters of strings that stand for something: names, words, addresses, ranges.
#include <stdio.h>
#include <string.h>

#include "config_read.h"
#include "config_value.h"
#include "suggest.h"

#define CHOICES_MAX 16

bool cp_read_port(struct cp_read *read, const char *key, uint16_t *port)
{
	uint32_t value;

	if (!cp_read_number(read, key, 1, UINT16_MAX, &value))
		return false;
	*port = (uint16_t)value;
	return true;
}

bool cp_read_range(struct cp_read *read, const char *key, uint32_t least, uint32_t most, uint32_t *first,
		   uint32_t *last)
{
	const char *text = cp_read_string(read, key);

	if (!text)
		return false;
	if (cp_value_range(text, least, most, first, last))
		return true;
	cp_read_fail(read, key, "%s is \"%s\", write a range within \"%u-%u\", lower end first", key, text,
		     least, most);
	return false;
}

// "a, b or c" of what is built.
static void list_words(char *text, size_t size, const struct cp_choice *choices, uint32_t count)
{
	uint32_t built = 0, seen = 0;
	size_t used = 0;

	text[0] = 0;
	for (uint32_t i = 0; i < count; i++)
		built += choices[i].built;
	for (uint32_t i = 0; i < count && used < size; i++) {
		const char *before = "";

		if (!choices[i].built)
			continue;
		if (seen)
			before = seen + 1 == built ? " or " : ", ";
		used += (size_t)snprintf(text + used, size - used, "%s\"%s\"", before, choices[i].word);
		seen++;
	}
}

bool cp_read_choice(struct cp_read *read, const char *key, const struct cp_choice *choices, uint32_t count,
		    int *value)
{
	const char *text = cp_read_string(read, key), *words[CHOICES_MAX], *meant;
	uint32_t words_count = 0;
	char list[160];

	if (!text)
		return false;
	list_words(list, sizeof(list), choices, count);
	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(choices[i].word, text)) {
			if (choices[i].built) {
				*value = choices[i].value;
				return true;
			}
			cp_read_fail(read, key, "%s \"%s\" is not supported by this version, choose %s", key,
				     text, list);
			return false;
		}
		if (choices[i].built && words_count < CHOICES_MAX)
			words[words_count++] = choices[i].word;
	}
	meant = cp_suggest(text, words, words_count);
	if (meant)
		cp_read_fail(read, key, "%s is \"%s\", did you mean \"%s\"?", key, text, meant);
	else
		cp_read_fail(read, key, "%s is \"%s\", choose %s", key, text, list);
	return false;
}

bool cp_read_address(struct cp_read *read, const char *key, uint32_t *address)
{
	const char *text = cp_read_string(read, key), *unfit;
	uint32_t parsed;

	if (!text)
		return false;
	if (!cp_value_address(text, &parsed)) {
		cp_read_fail(read, key, "%s is \"%s\", write an IPv4 address such as \"192.0.2.10\"", key,
			     text);
		return false;
	}
	unfit = cp_value_address_unfit(parsed);
	if (unfit) {
		cp_read_fail(read, key, "%s is %s: %s, choose another", key, text, unfit);
		return false;
	}
	*address = parsed;
	return true;
}

bool cp_read_mac(struct cp_read *read, const char *key, uint8_t mac[6])
{
	static const uint8_t zero[6];
	const char *text = cp_read_string(read, key);
	uint8_t parsed[6];

	if (!text)
		return false;
	if (!cp_value_mac(text, parsed)) {
		cp_read_fail(read, key, "%s is \"%s\", write six bytes such as \"02:00:00:00:00:01\"", key,
			     text);
		return false;
	}
	if (parsed[0] & 1 || !memcmp(parsed, zero, sizeof(zero))) {
		cp_read_fail(read, key, "%s is %s, which is no address of one device, choose another", key,
			     text);
		return false;
	}
	memcpy(mac, parsed, sizeof(parsed));
	return true;
}

bool cp_read_name(struct cp_read *read, char name[POISE_NAME_SIZE])
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *text;

	if (!cp_read_required(read, "name"))
		return false;
	text = cp_read_string(read, "name");
	if (!text)
		return false;
	if (!*text || strlen(text) >= POISE_NAME_SIZE) {
		cp_read_fail(read, "name", "name \"%s\" has %zu characters, choose 1 to %u", text, strlen(text),
			     POISE_NAME_SIZE - 1);
		return false;
	}
	if (text[strspn(text, allowed)]) {
		cp_read_fail(read, "name", "name \"%s\" has other characters than A-Z a-z 0-9 . _ -, remove them",
			     text);
		return false;
	}
	strcpy(name, text);
	return true;
}
