// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The control plane's program.
#include <stdio.h>

#include <poise/abi.h>

#include "doctor.h"
#include "oneshot.h"
#include "options.h"
#include "run.h"

int main(int argc, char **argv)
{
	struct cp_options options;

	if (cp_options_parse(&options, argc, argv))
		return 2;
	cp_log_format(options.log_format);
	if (options.help) {
		cp_options_help();
		return 0;
	}
	if (options.version) {
		printf("poised %s (abi %u)\n", POISE_VERSION, POISE_ABI_VERSION);
		return 0;
	}
	if (options.check)
		return cp_oneshot_check(options.config);
	if (options.doctor)
		return cp_doctor_oneshot(options.config, options.log_format == CP_LOG_JSON);
	if (options.compile)
		return cp_oneshot_compile(options.config, options.compile);
	return cp_run(&options);
}
