// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Snapshots for tests of the compiler: from texts, generation after generation.
#pragma once

#include <arpa/inet.h>

#include "compile.h"
#include "from_text.h"

#define VDEV "dataplane = { mode = \"vdev\"; };\n"                                                               \
	     "ports = ( { name = \"front\"; vdev = \"net_null0\"; mac = \"02:00:00:00:00:01\"; },\n"                   \
	     "{ name = \"back\"; vdev = \"net_null1,copy=1\"; mac = \"02:00:00:00:00:02\"; "                           \
	     "snat = [ \"10.0.0.254\", \"10.0.0.253\" ]; snat_ports = \"2000-3000\"; } );\n"                           \
	     "neighbors = ( { address = \"10.0.0.0/8\"; mac = \"02:00:00:00:00:bb\"; port = \"back\"; } );\n"

// Compile `config` on top of `previous`; with no topology the static one. The caller frees it. NULL on failure.
static inline struct poise_snapshot *snapshot_of(const struct cp_config *config, const struct cp_states *states,
						 const struct cp_topology *topology,
						 const struct poise_snapshot *previous, const uint64_t *busy)
{
	struct poise_snapshot *out = check_memory(sizeof(*out));
	struct cp_report report = {0};
	struct cp_topology fixed = {0};
	int error;

	memset(out, 0x5a, sizeof(*out));
	if (!topology && cp_topology_static(config, &fixed))
		exit(2);
	error = cp_compile(config, states, topology ? topology : &fixed, previous, busy, out, &report);
	CU_ASSERT_EQUAL(!error, report.count == 0);
	cp_report_fini(&report);
	cp_topology_fini(&fixed);
	if (error) {
		free(out);
		return NULL;
	}
	if (cp_snapshot_check(out, sizeof(*out)))
		fprintf(stderr, "%s\n", cp_snapshot_check(out, sizeof(*out)));
	CU_ASSERT_PTR_NULL(cp_snapshot_check(out, sizeof(*out)));
	CU_ASSERT_EQUAL(out->generation, previous ? previous->generation + 1 : 1);
	return out;
}

// The next generation: from a text, in place of *snapshot, which may be NULL.
static inline void next(struct poise_snapshot **snapshot, const char *text, const uint64_t *busy)
{
	struct cp_config *config = config_from("%s", text);
	struct poise_snapshot *made = snapshot_of(config, NULL, NULL, *snapshot, busy);

	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
	free(*snapshot);
	*snapshot = made;
	cp_config_free(config);
}

static inline int vip_index(const struct poise_snapshot *snapshot, const char *name)
{
	for (int i = 0; i < snapshot->vips_count; i++)
		if (!strcmp(snapshot->vip_names[i], name))
			return i;
	return -1;
}

// By address, since names may be there twice.
static inline int backend_index(const struct poise_snapshot *snapshot, const char *address)
{
	for (int i = 0; i < snapshot->backends_count; i++)
		if (snapshot->backends[i].address == inet_addr(address))
			return i;
	return -1;
}

// The slots of a service as names: "web1 web2".
static inline const char *slots_of(const struct poise_snapshot *snapshot, const char *service)
{
	static char text[1024];
	const struct poise_vip *vip = &snapshot->vips[vip_index(snapshot, service)];
	size_t used = 0;

	text[0] = 0;
	for (uint32_t i = 0; i < vip->slot_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
					 snapshot->backend_names[snapshot->slots[vip->slot_first + i]]);
	return text;
}
