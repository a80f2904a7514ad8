// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "validate.h"

void cp_guard_table(const char *instance, char *table, size_t size)
{
	if (!strcmp(instance, "run-poise"))
		snprintf(table, size, "poise");
	else
		snprintf(table, size, "poise-%.100s", instance);
}

static bool is_local(const struct cp_guard_needs *needs, uint32_t address)
{
	for (uint32_t i = 0; i < needs->locals_count; i++)
		if (needs->locals[i] == address)
			return true;
	return false;
}

static void element(FILE *out, const char *set, bool *first, uint32_t address, uint16_t port)
{
	if (*first)
		fprintf(out, "\tset %s {\n\t\ttype ipv4_addr . inet_service\n\t\telements = {", set);
	fprintf(out, "%s\n\t\t\t%s . %u", *first ? "" : ",", cp_address_text(address).text, port);
	*first = false;
}

static bool write_services(FILE *out, const struct cp_config *config, const struct cp_guard_needs *needs)
{
	bool first = true;

	for (uint32_t i = 0; i < config->services_count; i++) {
		const struct cp_service *service = &config->services[i];

		if (needs->forwarding || is_local(needs, service->vip))
			element(out, "services", &first, service->vip, service->port);
	}
	if (!first)
		fputs("\n\t\t}\n\t}\n", out);
	return !first;
}

// Two services may share a backend; a set takes each element once, but says so with an error.
static bool seen(const struct cp_config *config, uint32_t service, uint32_t backend, uint32_t address,
		 uint16_t port)
{
	for (uint32_t i = 0; i <= service; i++) {
		const struct cp_service *other = &config->services[i];
		uint32_t count = i == service ? backend : other->backends_count;

		for (uint32_t j = 0; j < count; j++) {
			const struct cp_backend *row = &other->backends[j];

			if (row->address == address && (row->port ? row->port : other->port) == port)
				return true;
		}
	}
	return false;
}

static void write_backends(FILE *out, const struct cp_config *config)
{
	bool first = true;

	for (uint32_t i = 0; i < config->services_count; i++) {
		const struct cp_service *service = &config->services[i];

		for (uint32_t j = 0; j < service->backends_count; j++) {
			const struct cp_backend *backend = &service->backends[j];
			uint16_t port = backend->port ? backend->port : service->port;

			if (!seen(config, i, j, backend->address, port))
				element(out, "backends", &first, backend->address, port);
		}
	}
	fputs("\n\t\t}\n\t}\n", out);
}

// A reset without ACK is what a host sends that knows nothing of the connection; programs that abort send one
// with.
#define STRANGER "ip daddr . tcp dport @backends tcp flags & (fin | syn | rst | ack) == rst counter drop"

char *cp_guard_text(const struct cp_config *config, const struct cp_guard_needs *needs, const char *table)
{
	char *text = NULL, *sets = NULL;
	size_t size, sets_size;
	FILE *out = open_memstream(&sets, &sets_size);
	bool services;

	if (!out)
		return NULL;
	services = write_services(out, config, needs);
	if (services)
		write_backends(out, config);
	if (fclose(out) || !(out = open_memstream(&text, &size))) {
		free(sets);
		return NULL;
	}
	if (services)
		fprintf(out,
			"add table inet %s\ndelete table inet %s\ntable inet %s {\n%s"
			"\tchain guard {\n\t\ttype filter hook prerouting priority -310; policy accept;\n"
			"\t\tiifname \"lo\" accept\n"
			"\t\tip daddr . tcp dport @services counter drop\n"
			"\t\t" STRANGER "\n\t}\n"
			"\tchain own {\n\t\ttype filter hook output priority -310; policy accept;\n"
			"\t\t" STRANGER "\n\t}\n}\n",
			table, table, table, sets);
	free(sets);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
