// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Version and limits of every layout that two programs share. A change of any shared struct or
// limit raises POISE_ABI_VERSION; the other side then refuses in one line instead of misreading.
#pragma once

#include <poise/base.h>

#define POISE_ABI_VERSION 7u

#define POISE_SNAPSHOT_MAGIC 0x31534553494f50ull // "POISES1", little endian
#define POISE_TABLE_MAGIC 0x31544553494f50ull	 // "POISET1"
#define POISE_STATS_MAGIC 0x31505453494f50ull	 // "POISTP1"
#define POISE_WIRE_MAGIC 0x57494f50u		 // "POIW"

// Limits are powers of two where they are used as masks (the verifier wants masked indices).
#define POISE_MAX_PORTS 16u
#define POISE_MAX_QUEUES 16u
#define POISE_MAX_WORKERS 32u
#define POISE_MAX_VIPS 1024u
#define POISE_MAX_BACKENDS 4096u
#define POISE_MAX_SLOTS 131072u // all services together
#define POISE_MAX_EGRESS 8192u
#define POISE_MAX_ROUTES 1024u
#define POISE_MAX_SNAT 64u
#define POISE_MAX_PASS 128u // rules of the firewall; host_filter.h
#define POISE_MAX_ACCESS 32768u // boundaries in the lists of all services; access.h
#define POISE_VIP_HASH_SIZE 4096u // 4 times MAX_VIPS, so that a probe is short
#define POISE_VIP_PROBE 8u
#define POISE_NAME_SIZE 32u
#define POISE_DEVICE_SIZE 32u

#define POISE_SHARDS 64u
#define POISE_NONE16 0xffffu
