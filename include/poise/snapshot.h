// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// The configuration as the data paths see it: one immutable, pointer-free struct. poised compiles it,
// the dataplane and the XDP program only index it. Every change is a whole new snapshot with the next
// generation number.
#pragma once

#include <poise/abi.h>
#include <poise/tcpstate.h>

enum poise_nat {
#define POISE_NAT(NAME, name, help) POISE_NAT_##NAME,
#include <poise/modes.def>
#undef POISE_NAT
	POISE_NATS,
};

enum poise_scheduler {
#define POISE_SCHEDULER(NAME, name, pick, help) POISE_SCHEDULER_##NAME,
#include <poise/schedulers.def>
#undef POISE_SCHEDULER
	POISE_SCHEDULERS,
};

#define POISE_EGRESS_KNOWN 0x1     // MACs are valid
#define POISE_EGRESS_RESETTING 0x2 // MACs are valid, for resets alone: the backend's flows are to be reset

#define POISE_VIP_REMOVED 0x1 // left the config; kept for its flows' timeouts and not in vip_hash[]
#define POISE_VIP_REFUSES 0x2 // answers a SYN with a reset while no backend is up
#define POISE_VIP_ACCESS 0x4  // serves some sources only: access.h
#define POISE_VIP_DENY_LOWEST 0x8 // 0.0.0.0 is one that it does not serve

// A next hop: how a packet leaves. Index 0 is never used by a route or backend that is reachable.
struct poise_egress {
	__u8 dst_mac[6];
	__u8 src_mac[6];
	__u16 port; // index into ports[]
	__u16 flags;
};
POISE_ASSERT(sizeof(struct poise_egress) == 16, "destination and source lie as in a frame");
// What POISE_NONE16 leads to, so that a reader need not ask for it: never known.
#define POISE_EGRESS_LAST (POISE_MAX_EGRESS - 1)
POISE_ASSERT((POISE_NONE16 & (POISE_MAX_EGRESS - 1)) == POISE_EGRESS_LAST, "the mask leads there");

struct poise_port {
	char name[POISE_NAME_SIZE];	// as in the config
	char device[POISE_DEVICE_SIZE]; // DPDK device; queue k > 0 of AF_XDP is device "NAME_k"
	__u32 ifindex;			// kernel interface, 0 when there is none
	__u8 mac[6];
	__u16 queues;
	__u16 snat_first; // into snat[]
	__u16 snat_count;
	__u32 flags;
	__u32 reserved;
};

struct poise_vip {
	__be32 address;
	__be16 port;
	__u8 protocol;
	__u8 nat;	// enum poise_nat
	__u8 scheduler; // enum poise_scheduler
	__u8 flags;
	__u16 cursor; // index of the shared round-robin cursor, stable for the service's life
	__u32 slot_first;
	__u32 slot_count; // 0: no backend is up
	__u32 timeout_ms[POISE_TIMEOUTS];
	__u32 access_first; // into access[]
	__u32 access_count;
	__u32 source_interval; // between two new flows of one source, in 1/1024 ms; 0: any number. source_limit.h
	__u32 source_flows;    // of one source at the same time; 0: any number
	__u8 reserved[16];
};
POISE_ASSERT(sizeof(struct poise_vip) == 64, "one cache line a VIP");

#define POISE_BACKEND_UP 0x1	  // takes new flows
#define POISE_BACKEND_DRAINING 0x2 // keeps its flows, takes no new ones
#define POISE_BACKEND_REMOVED 0x4 // left the config; the index is kept while flows remain
#define POISE_BACKEND_RESETTING 0x8 // its flows are to be reset; not UP

struct poise_backend {
	__be32 address;
	__be16 port;
	__u16 vip;	// index into vips[]
	__u16 egress;	// index into egress[]
	__u16 flags;
	__u16 weight;
	__u16 reserved;
};
POISE_ASSERT(sizeof(struct poise_backend) == 16, "four a cache line");

// Longest prefix first; the first match wins.
struct poise_route {
	__be32 prefix;
	__be32 mask;
	__u16 egress; // POISE_NONE16: on-link, answer to the link address the packet came from
	__u16 port;
};

struct poise_snat {
	__be32 address;
	__u16 port; // index into ports[]
	__u16 first_port, last_port; // host order, inclusive
	__u16 reserved;
};

// What gets to the kernel where it is denied otherwise: host_filter.h.
struct poise_pass {
	__be32 prefix; // of the source
	__be32 mask;
	__u16 first_port, last_port; // of the destination, host order; last 0: any
	__u8 protocol;		     // 0: any
	__u8 version;		     // of IP; 0: any
	__u16 ports;		     // bit n: came in by ports[n]
};
POISE_ASSERT(sizeof(struct poise_pass) == 16, "four a cache line");

struct poise_snapshot {
	__u64 magic;
	__u32 abi_version;
	__u32 size; // sizeof(struct poise_snapshot)
	__u64 generation;
	__u32 vip_salt; // chosen so that no VIP is further than POISE_VIP_PROBE from its home
	__u16 ports_count;
	__u16 vips_count; // highest used index plus one, as are the others
	__u16 backends_count;
	__u16 egress_count;
	__u16 routes_count;
	__u16 snat_count;
	__u32 slots_count;
	__u32 flags;
	__u64 heartbeat_ns; // a worker whose last beat is older is bypassed by the XDP program
	__u64 access_version; // of all services' lists: differs when they do, 0 when there are none

	struct poise_port ports[POISE_MAX_PORTS];
	struct poise_snat snat[POISE_MAX_SNAT];
	struct poise_vip vips[POISE_MAX_VIPS];
	__u16 vip_hash[POISE_VIP_HASH_SIZE]; // index plus one; 0 ends a probe
	struct poise_egress egress[POISE_MAX_EGRESS];
	struct poise_backend backends[POISE_MAX_BACKENDS];
	struct poise_route routes[POISE_MAX_ROUTES];
	__u16 slots[POISE_MAX_SLOTS]; // backend indices in the order they are served
	char vip_names[POISE_MAX_VIPS][POISE_NAME_SIZE];
	char backend_names[POISE_MAX_BACKENDS][POISE_NAME_SIZE];
	__u32 access[POISE_MAX_ACCESS]; // addresses in host order, ascending in each service
	__u32 pass_count;
	__u32 glance_mask; // of the part of glance[] that is used
	struct poise_pass pass[POISE_MAX_PASS];
	__u64 glance[POISE_GLANCE_SIZE]; // endpoints of services, glance.h
};
POISE_ASSERT(offsetof(struct poise_snapshot, ports) == 64, "header size");
POISE_ASSERT(sizeof(struct poise_snapshot) % 8 == 0, "value of a BPF array");

#define POISE_SNAPSHOT_EXCEPTION_PATH 0x1 // packets of kind PASS have a kernel to go to
#define POISE_SNAPSHOT_NO_FALLBACK 0x2 // the XDP program does not balance what no dataplane takes
#define POISE_SNAPSHOT_RESETS 0x4	  // some backend is RESETTING: the sweep looks for its flows
#define POISE_SNAPSHOT_HANDSHAKES 0x8 // the XDP program times handshakes: there is no dataplane to do it
#define POISE_SNAPSHOT_HOST_DENY 0x10 // the kernel gets only what pass[] says and what it has asked for

POISE_INLINE __u32 poise_vip_home(__u32 salt, __be32 address, __be16 port)
{
	__u32 hash = ((__u32)address ^ salt) * 0x9e3779b1u;

	hash ^= hash >> 15;
	hash = (hash ^ (__u16)port) * 0x85ebca77u;
	return (hash >> 13) & (POISE_VIP_HASH_SIZE - 1);
}

// The service that listens on (address, port), or POISE_NONE16. With port 0: any service on the address
// (every service address is also entered once with port 0, for ARP and echo). Any thread.
POISE_PART __u16 poise_vip_find(const struct poise_snapshot *snapshot, __be32 address, __be16 port)
{
	__u32 home;

	if (!snapshot) // for the verifier
		return POISE_NONE16;
	home = poise_vip_home(snapshot->vip_salt, address, port);
	for (__u32 probe = 0; probe < POISE_VIP_PROBE; probe++) {
		__u16 entry = snapshot->vip_hash[(home + probe) & (POISE_VIP_HASH_SIZE - 1)];
		const struct poise_vip *vip;
		__u16 index;

		if (!entry)
			return POISE_NONE16;
		index = (entry - 1) & (POISE_MAX_VIPS - 1);
		vip = &snapshot->vips[index];
		// Entries for port 0 and for the service's own port name the same VIP.
		if (vip->address == address && (!port || vip->port == port))
			return index;
	}
	return POISE_NONE16;
}

// The entry of a SNAT address, or POISE_NONE16. There are few; the first that matches.
POISE_PART __u16 poise_snat_find(const struct poise_snapshot *snapshot, __be32 address)
{
	if (!snapshot)
		return POISE_NONE16;
	for (__u32 i = 0; i < POISE_MAX_SNAT; i++) {
		if (i >= snapshot->snat_count)
			break;
		if (snapshot->snat[i].address == address)
			return (__u16)i;
	}
	return POISE_NONE16;
}

// Route toward an address, or NULL.
POISE_INLINE const struct poise_route *poise_route_find(const struct poise_snapshot *snapshot,
							__be32 address)
{
	for (__u32 i = 0; i < POISE_MAX_ROUTES; i++) {
		if (i >= snapshot->routes_count)
			break;
		if ((address & snapshot->routes[i].mask) == snapshot->routes[i].prefix)
			return &snapshot->routes[i];
	}
	return NULL;
}

// Egress of that route; POISE_NONE16 when there is none, or the address is on the link.
POISE_PART __u16 poise_route_egress(const struct poise_snapshot *snapshot, __be32 address)
{
	const struct poise_route *route;

	if (!snapshot)
		return POISE_NONE16;
	route = poise_route_find(snapshot, address);
	return route ? route->egress : POISE_NONE16;
}
