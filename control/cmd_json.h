// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Rows of the view as JSON. Keys are stable: programs read them.
#pragma once

#include <jansson.h>

#include "view.h"

#define CP_ENDPOINT_SIZE 24 // "255.255.255.255:65535"

// "192.0.2.1:80". `address` in network byte order, `port` in host order; port 0 is left out. Returns `text`,
// a buffer of CP_ENDPOINT_SIZE bytes.
const char *cp_endpoint(uint32_t address, uint32_t port, char *text);

// A new reference, or NULL without memory.
json_t *cp_json_service(const struct cp_view_service *service);
json_t *cp_json_backend(const struct cp_view_backend *backend);

// A string, or null when it is empty. Bytes that are not UTF-8 become "?".
json_t *cp_json_text(const char *text);
