// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdlib.h>
#include <string.h>

#include "config_parts.h"
#include "config_value.h"

static const struct cp_choice modes[] = {
#define POISE_NIC_MODE(NAME, name, built, help) { #name, CP_NIC_##NAME, built },
#include <poise/modes.def>
#undef POISE_NIC_MODE
};

static const struct cp_choice idles[] = {
	{ "poll", CP_IDLE_POLL, true },
	{ "adaptive", CP_IDLE_ADAPTIVE, true },
};

static void parse_eal(struct cp_read *read, struct cp_dataplane *dataplane)
{
	uint32_t count;
	config_setting_t *list = cp_read_list(read, "eal", CP_MAX_LIST, &count);

	for (uint32_t i = 0; i < count; i++) {
		const char *option = config_setting_get_string_elem(list, (int)i);

		if (!option || !*option || !strcmp(option, "--")) {
			cp_read_fail(read, "eal", "eal option number %u must be one word in quotes, such as "
				     "\"--no-huge\"", i + 1);
			continue;
		}
		dataplane->eal[dataplane->eal_count] = strdup(option);
		if (!dataplane->eal[dataplane->eal_count]) {
			cp_read_fail(read, "eal", "out of memory");
			return;
		}
		dataplane->eal_count++;
	}
}

// One core a worker, or the choice is left to poised.
static void parse_cores(struct cp_read *read, struct cp_dataplane *dataplane)
{
	uint32_t count;

	if (!cp_read_copy(read, "cores", &dataplane->cores))
		return;
	count = cp_value_cores(dataplane->cores);
	if (!count)
		cp_read_fail(read, "cores", "cores is \"%s\", write a list such as \"1,3-4\", each core once",
			     dataplane->cores);
	else if (count != dataplane->workers)
		cp_read_fail(read, "cores", "cores names %u for %u workers, name one for each worker", count,
			     dataplane->workers);
}

void cp_parse_dataplane(struct cp_read *root, struct cp_config *config)
{
	struct cp_dataplane *dataplane = &config->dataplane;
	int mode = CP_NIC_AF_XDP, idle = CP_IDLE_ADAPTIVE;
	struct cp_read read;

	dataplane->workers = 1;
	dataplane->max_flows = 1048576;
	dataplane->spawn = true;
	cp_read_begin(&read, root, cp_read_get(root, "dataplane"), "dataplane");
	dataplane->line = read.line;
	if (!cp_read_choice(&read, "mode", modes, POISE_COUNT(modes), &mode) && cp_read_get(&read, "mode"))
		mode = CP_NIC_MODES; // refused; what a port needs is then not known
	cp_read_number(&read, "workers", 1, POISE_MAX_WORKERS, &dataplane->workers);
	parse_cores(&read, dataplane);
	cp_read_choice(&read, "idle", idles, POISE_COUNT(idles), &idle);
	cp_read_number(&read, "max_flows", 1024, 1u << 28, &dataplane->max_flows);
	cp_read_bool(&read, "spawn", &dataplane->spawn);
	parse_eal(&read, dataplane);
	cp_read_end(&read);
	dataplane->mode = (enum cp_nic_mode)mode;
	dataplane->idle = (enum cp_idle)idle;
}
