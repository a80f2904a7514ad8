// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "guard.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "log.h"
#include "nft.h"

struct cp_guard {
	struct cp_app *app;
	char table[128];
	char *text;		     // the rules that stand, NULL: not known
	struct cp_guard_needs needs; // what they were made for
	uint64_t reloads;
	enum cp_guard_state state;
	struct mnl_socket *socket; // tells when somebody removes them
	struct event *readable;
	bool removed;
};

static bool read_forwarding(const struct cp_config *config)
{
	for (uint32_t i = 0; i < config->ports_count; i++) {
		char path[96], value = '0';
		FILE *file;

		snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/forwarding",
			 config->ports[i].interface);
		file = fopen(path, "re");
		if (file && fread(&value, 1, 1, file) != 1)
			value = '0';
		if (file)
			fclose(file);
		if (value != '0')
			return true;
	}
	return false;
}

int cp_guard_read_needs(const struct cp_config *config, struct cp_guard_needs *needs)
{
	struct ifaddrs *list;
	uint32_t count = 0;

	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next)
		count++;
	*needs = (struct cp_guard_needs){.forwarding = read_forwarding(config)};
	needs->locals = calloc(count + 1, sizeof(*needs->locals));
	for (const struct ifaddrs *entry = list; needs->locals && entry; entry = entry->ifa_next)
		if (entry->ifa_addr && entry->ifa_addr->sa_family == AF_INET)
			needs->locals[needs->locals_count++] =
				((const struct sockaddr_in *)(const void *)entry->ifa_addr)->sin_addr.s_addr;
	freeifaddrs(list);
	return needs->locals ? 0 : -ENOMEM;
}

static int apply(const struct cp_guard *guard, const char *text, char *why, size_t size)
{
	char none[300];

	if (*text)
		return cp_nft_run(text, why, size);
	snprintf(none, sizeof(none), "add table inet %s\ndelete table inet %s\n", guard->table, guard->table);
	return cp_nft_run(none, why, size);
}

static void use(struct cp_guard *guard, char *text)
{
	enum cp_guard_state before = guard->state;
	bool first = !guard->text;
	char why[256] = "";
	int error = apply(guard, text, why, sizeof(why));

	free(guard->text);
	guard->text = text;
	guard->removed = false;
	guard->state = !*text ? CP_GUARD_OFF : error ? CP_GUARD_FAILED : CP_GUARD_ON;
	if (guard->state == CP_GUARD_FAILED && before != CP_GUARD_FAILED)
		cp_log(CP_LOG_WARNING, "guard-missing",
		       "the kernel may reset connections while no data path runs: no nftables guard: %s",
		       why);
	else if (guard->state != before || (first && *text))
		cp_log(CP_LOG_INFO, "guard",
		       *text ? "guard: table inet %s keeps the kernel off the services"
			     : "guard: table inet %s is not needed and removed",
		       guard->table);
}

static bool same(const struct cp_guard *guard, const struct cp_guard_needs *needs)
{
	return guard->text && !guard->removed && guard->reloads == guard->app->reloads &&
	       needs->forwarding == guard->needs.forwarding &&
	       needs->locals_count == guard->needs.locals_count &&
	       !memcmp(needs->locals, guard->needs.locals, needs->locals_count * sizeof(*needs->locals));
}

void cp_guard_look(struct cp_guard *guard)
{
	struct cp_guard_needs needs;
	char *text;

	if (!guard || guard->app->stopping || cp_guard_read_needs(guard->app->config, &needs))
		return;
	if (same(guard, &needs)) {
		free(needs.locals);
		return;
	}
	text = cp_guard_text(guard->app->config, &needs, guard->table);
	free(guard->needs.locals);
	guard->needs = needs;
	guard->reloads = guard->app->reloads;
	if (text && (!guard->text || strcmp(text, guard->text) || (guard->removed && *text)))
		use(guard, text);
	else
		free(text);
}

static int on_message(const struct nlmsghdr *header, void *context)
{
	struct cp_guard *guard = context;
	int kind = header->nlmsg_type & 0xff;
	const struct nlattr *attribute;

	if (header->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    (kind != NFT_MSG_NEWTABLE && kind != NFT_MSG_DELTABLE))
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, header,
			  sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME &&
						       !mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) &&
						       !strcmp(mnl_attr_get_str(attribute), guard->table))
		guard->removed = kind == NFT_MSG_DELTABLE;
	return MNL_CB_OK;
}

// "flush ruleset" stands at the head of many a firewall's file. Our own changes remove and make the table
// too: what was said last counts.
static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct cp_guard *guard = context;
	char buffer[16384];
	ssize_t got;

	for (int turn = 0; turn < 256 && (got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) != 0;
	     turn++) {
		if (got < 0 && errno != ENOBUFS)
			break;
		if (got < 0)
			guard->removed = true; // perhaps
		else
			mnl_cb_run(buffer, (size_t)got, 0, 0, on_message, guard);
	}
	if (guard->removed && guard->state != CP_GUARD_OFF)
		cp_guard_look(guard);
}

// Without it the guard works, but is not put back.
static void watch(struct cp_guard *guard)
{
	int group = NFNLGRP_NFTABLES;

	guard->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!guard->socket || mnl_socket_bind(guard->socket, 0, MNL_SOCKET_AUTOPID) ||
	    mnl_socket_setsockopt(guard->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return;
	guard->readable = event_new(guard->app->base, mnl_socket_get_fd(guard->socket), EV_READ | EV_PERSIST,
				    on_readable, guard);
	if (guard->readable)
		event_add(guard->readable, NULL);
}

struct cp_guard *cp_guard_create(struct cp_app *app)
{
	struct cp_guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return NULL;
	guard->app = app;
	cp_guard_table(app->instance, guard->table, sizeof(guard->table));
	watch(guard);
	cp_guard_look(guard);
	return guard;
}

void cp_guard_destroy(struct cp_guard *guard, bool remove)
{
	char why[256];

	if (!guard)
		return;
	if (remove && guard->state == CP_GUARD_ON)
		apply(guard, "", why, sizeof(why));
	if (guard->readable)
		event_free(guard->readable);
	if (guard->socket)
		mnl_socket_close(guard->socket);
	free(guard->needs.locals);
	free(guard->text);
	free(guard);
}

enum cp_guard_state cp_guard_state(const struct cp_guard *guard)
{
	return guard ? guard->state : CP_GUARD_OFF;
}
