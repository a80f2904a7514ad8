// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// reader_keys FILE: read a configuration, and print for each group that was looked at its title and the keys that were
// asked for. tests/docs/keys_test.py compares them with the documentation. The reader is poised's own; only
// the end of a group is wrapped by the linker, since there all of its keys are known.
#include <stdio.h>

#include "config_read.h"

void __real_cp_read_end(struct cp_read *read);
void __wrap_cp_read_end(struct cp_read *read);

void __wrap_cp_read_end(struct cp_read *read)
{
	printf("%s\t", read->where);
	for (uint32_t i = 0; i < read->keys_count; i++)
		printf("%s%s", i ? " " : "", read->keys[i]);
	putchar('\n');
	if (read->keys_count == CP_READ_KEYS)
		printf("full\t\n");
	__real_cp_read_end(read);
}

int main(int argc, char **argv)
{
	struct cp_report report = {0};
	struct cp_config *config = argc > 1 ? cp_config_load(argv[1], &report) : NULL;

	for (size_t i = 0; i < report.count; i++)
		fprintf(stderr, "%s\n", report.lines[i]);
	cp_report_fini(&report);
	cp_config_free(config);
	return config ? 0 : 1;
}
