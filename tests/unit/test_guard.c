// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The guard's rules follow from the configuration and from what the kernel has.
#include "check.h"
#include "from_text.h"
#include "guard.h"

#define CONFIG                                                                                                     \
	"ports = ( { name = \"front\"; interface = \"eth1\"; } );\n"                                               \
	"services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; backends = ("                           \
	"  { name = \"a\"; address = \"10.0.0.1\"; port = 8080; }, { name = \"b\"; address = \"10.0.0.2\"; } ); }," \
	"{ name = \"web2\"; vip = \"203.0.113.20\"; port = 8080; backends = ("                                     \
	"  { name = \"a\"; address = \"10.0.0.1\"; } ); } );\n"

static char *rules(bool forwarding, const char *local)
{
	struct cp_config *config = config_from("%s", CONFIG);
	uint32_t locals[2] = {POISE_BE32(0x0a000063), 0};
	struct cp_guard_needs needs = {.forwarding = forwarding, .locals = locals, .locals_count = 2};
	char *text;

	CU_ASSERT_PTR_NOT_NULL_FATAL(config);
	if (local && !strcmp(local, "web"))
		locals[1] = POISE_BE32(0xcb00710a);
	text = cp_guard_text(config, &needs, "poise");
	cp_config_free(config);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	return text;
}

static uint32_t times(const char *text, const char *part)
{
	uint32_t count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

static void not_needed(void)
{
	char *text = rules(false, NULL);

	CU_ASSERT_STRING_EQUAL(text, "");
	free(text);
}

static void address_of_the_kernel(void)
{
	char *text = rules(false, "web");

	CU_ASSERT_EQUAL(times(text, "203.0.113.10 . 80"), 1);
	CU_ASSERT_EQUAL(times(text, "203.0.113.20"), 0); // the kernel drops it by itself
	CU_ASSERT_EQUAL(times(text, "hook prerouting priority -310; policy accept;"), 1);
	CU_ASSERT_EQUAL(times(text, "iifname \"lo\" accept"), 1);
	free(text);
}

static void routed(void)
{
	char *text = rules(true, NULL);

	CU_ASSERT_EQUAL(times(text, "203.0.113.10 . 80"), 1);
	CU_ASSERT_EQUAL(times(text, "203.0.113.20 . 8080"), 1);
	free(text);
}

// The old rules go and the new ones come in one transaction; a shared backend is one element.
static void whole(void)
{
	char *text = rules(true, "web");

	CU_ASSERT_PTR_EQUAL(strstr(text, "add table inet poise\ndelete table inet poise\ntable inet poise {\n"), text);
	CU_ASSERT_EQUAL(times(text, "10.0.0.1 . 8080"), 1);
	CU_ASSERT_EQUAL(times(text, "10.0.0.2 . 80\n"), 1);
	CU_ASSERT_EQUAL(times(text, "{"), times(text, "}"));
	free(text);
}

static void names(void)
{
	char table[128];

	cp_guard_table("run-poise", table, sizeof(table));
	CU_ASSERT_STRING_EQUAL(table, "poise");
	cp_guard_table("run-other", table, sizeof(table));
	CU_ASSERT_STRING_EQUAL(table, "poise-run-other");
}

static const struct check_case cases[] = {
	{"not needed", not_needed},
	{"the kernel has the address", address_of_the_kernel},
	{"the kernel routes", routed},
	{"the whole text", whole},
	{"names of the table", names},
};

CHECK_MAIN("guard", cases)
