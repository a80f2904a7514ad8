// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A socket address of the texts that configurations have.
#pragma once

#include <stdint.h>
#include <sys/socket.h>

// An address of either family; nothing is looked up. `port` in host order. 0 or -EINVAL. Any thread.
int cp_socket_address(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *size);
