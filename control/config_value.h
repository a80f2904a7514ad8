// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Texts of the config file that stand for addresses, ranges and lists. Pure; the out-parameters are only
// written when true is returned.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// "192.0.2.1", network byte order.
bool cp_value_address(const char *text, uint32_t *address);

// "192.0.2.0/24"; without a length 32. Bits behind the prefix are kept as written.
bool cp_value_prefix(const char *text, uint32_t *address, uint32_t *length);

// The netmask of a prefix length up to 32, network byte order.
uint32_t cp_value_mask(uint32_t length);

// "02:00:00:00:00:01"
bool cp_value_mac(const char *text, uint8_t mac[6]);

// "200-399" or "200", both ends within [least, most] and in order.
bool cp_value_range(const char *text, uint32_t least, uint32_t most, uint32_t *first, uint32_t *last);
// "200-299, 401": several of them, with commas. *within: is `value` in one? False when the text is none.
bool cp_value_ranges(const char *text, uint32_t least, uint32_t most, uint32_t value, bool *within);

// "127.0.0.1:9650" or "[::1]:9650"; `address` gets no brackets.
bool cp_value_listen(const char *text, char *address, size_t size, uint16_t *port);

// "1,3-4": the number of cores in it, or 0 when it is no such list, names a core twice or one above 1023.
uint32_t cp_value_cores(const char *text);

// Why this address cannot be one that packets are sent to and from on a wire, or NULL. Static text.
const char *cp_value_address_unfit(uint32_t address);
