// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <arpa/inet.h>
#include <string.h>

#include "config_value.h"

#define CORES 1024u // more than any DPDK is built for

// Decimal digits only, no sign, no blank; moves *text behind them.
static bool number(const char **text, uint32_t most, uint32_t *value)
{
	const char *at = *text;
	uint64_t sum = 0;

	while (*at >= '0' && *at <= '9') {
		sum = sum * 10 + (uint64_t)(*at++ - '0');
		if (sum > most)
			return false;
	}
	if (at == *text)
		return false;
	*text = at;
	*value = (uint32_t)sum;
	return true;
}

bool cp_value_address(const char *text, uint32_t *address)
{
	struct in_addr parsed;

	if (inet_pton(AF_INET, text, &parsed) != 1)
		return false;
	*address = parsed.s_addr;
	return true;
}

uint32_t cp_value_mask(uint32_t length)
{
	return length ? htonl(UINT32_MAX << (32 - length)) : 0;
}

bool cp_value_prefix(const char *text, uint32_t *address, uint32_t *length)
{
	const char *slash = strchr(text, '/');
	char host[INET_ADDRSTRLEN];
	uint32_t bits = 32;
	size_t size;

	if (!slash)
		slash = text + strlen(text);
	size = (size_t)(slash - text);
	if (size >= sizeof(host))
		return false;
	memcpy(host, text, size);
	host[size] = 0;
	if (*slash) {
		const char *at = slash + 1;

		if (!number(&at, 32, &bits) || *at)
			return false;
	}
	if (!cp_value_address(host, address))
		return false;
	*length = bits;
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool cp_value_mac(const char *text, uint8_t mac[6])
{
	uint8_t parsed[6];

	if (strlen(text) != 17)
		return false;
	for (int i = 0; i < 6; i++, text += 3) {
		int high = hex(text[0]), low = hex(text[1]);

		if (high < 0 || low < 0 || (text[2] != ':' && i < 5))
			return false;
		parsed[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(mac, parsed, sizeof(parsed));
	return true;
}

// A range at the beginning of *text, which is moved behind it.
static bool range(const char **text, uint32_t least, uint32_t most, uint32_t *first, uint32_t *last)
{
	uint32_t low, high;

	if (!number(text, most, &low))
		return false;
	high = low;
	if (**text == '-') {
		(*text)++;
		if (!number(text, most, &high))
			return false;
	}
	if (low < least || low > high)
		return false;
	*first = low;
	*last = high;
	return true;
}

bool cp_value_range(const char *text, uint32_t least, uint32_t most, uint32_t *first, uint32_t *last)
{
	uint32_t low, high;

	if (!range(&text, least, most, &low, &high) || *text)
		return false;
	*first = low;
	*last = high;
	return true;
}

bool cp_value_ranges(const char *text, uint32_t least, uint32_t most, uint32_t value, bool *within)
{
	*within = false;
	for (;;) {
		uint32_t low, high;

		if (!range(&text, least, most, &low, &high))
			return false;
		*within |= low <= value && value <= high;
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
		text += *text == ' ';
	}
}

bool cp_value_listen(const char *text, char *address, size_t size, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	struct in6_addr ignored;
	const char *digits;
	uint32_t value;
	size_t length;
	char host[INET6_ADDRSTRLEN];
	int family = AF_INET;

	if (!colon)
		return false;
	digits = colon + 1;
	if (!number(&digits, UINT16_MAX, &value) || *digits || !value)
		return false;
	length = (size_t)(colon - text);
	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		family = AF_INET6;
		text++;
		length -= 2;
	}
	if (!length || length >= sizeof(host) || length >= size)
		return false;
	memcpy(host, text, length);
	host[length] = 0;
	if (inet_pton(family, host, &ignored) != 1)
		return false;
	memcpy(address, host, length + 1);
	*port = (uint16_t)value;
	return true;
}

uint32_t cp_value_cores(const char *text)
{
	uint8_t seen[CORES] = {0};
	uint32_t count = 0;

	for (;;) {
		uint32_t first, last;

		if (!number(&text, CORES - 1, &first))
			return 0;
		last = first;
		if (*text == '-') {
			text++;
			if (!number(&text, CORES - 1, &last))
				return 0;
		}
		if (last < first)
			return 0;
		for (uint32_t core = first; core <= last; core++, count++)
			if (seen[core]++)
				return 0;
		if (!*text)
			return count;
		if (*text++ != ',')
			return 0;
	}
}

const char *cp_value_address_unfit(uint32_t address)
{
	uint32_t first = ntohl(address) >> 24;

	if (!first)
		return "no host has an address in 0.0.0.0/8";
	if (first == 127)
		return "a loopback address is never on a wire";
	if (first >= 224)
		return first < 240 ? "a multicast address is not one host" : "the address is reserved";
	return NULL;
}
