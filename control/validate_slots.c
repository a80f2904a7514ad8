// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sched/sched.h"
#include "validate_slots.h"

static uint32_t divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

// Slots with all backends in turn. Fewer never need more: their sum is no larger, their common divisor no
// smaller.
static uint32_t most_slots(const struct cp_service *service)
{
	uint32_t sum = 0, common = 0;

	uint32_t tenths = service->lifecycle.slow_start_s ? CP_SHARE_WHOLE : 1; // weights in tenths meanwhile

	if (service->scheduler == POISE_SCHEDULER_MAGLEV)
		return cp_sched_maglev_size(service->backends_count);
	if (service->scheduler == POISE_SCHEDULER_RR)
		return service->backends_count * tenths;
	for (uint32_t i = 0; i < service->backends_count; i++) {
		sum += service->backends[i].weight;
		common = divisor(common, service->backends[i].weight);
	}
	sum = common ? sum / common * tenths : 0;
	return service->scheduler == POISE_SCHEDULER_LC && sum < CP_LC_SLOTS ? CP_LC_SLOTS : sum;
}

void cp_validate_slots(const struct cp_config *config, struct cp_report *report)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < config->services_count; i++)
		total += most_slots(&config->services[i]);
	if (total > POISE_MAX_SLOTS)
		cp_report_add(report, config->file, 0,
			      "the weights of all services need %llu slots, at most %u are possible: use smaller "
			      "weights or weights with a common divisor",
			      (unsigned long long)total, POISE_MAX_SLOTS);
}
