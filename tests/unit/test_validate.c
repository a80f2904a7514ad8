// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Every bad file of tests/fixtures/config/bad gives exactly the lines of its .expect, in that order.
#include <dirent.h>

#include "from_text.h"

#define LINE_MAX_BYTES 1024

static void fixtures(char *path, size_t size)
{
	snprintf(path, size, POISE_SOURCE "/tests/fixtures/config/bad");
}

static void compare(const char *name, const struct cp_report *report, FILE *expected)
{
	char line[LINE_MAX_BYTES];
	size_t at = 0;

	while (fgets(line, sizeof(line), expected)) {
		const char *said = at < report->count ? report->lines[at] : "";

		line[strcspn(line, "\n")] = 0;
		at++;
		// The directory in front of the name depends on where the test runs.
		if (strlen(said) < strlen(line) || strcmp(said + strlen(said) - strlen(line), line)) {
			fprintf(stderr, "%s, line %zu:\n wanted %s\n got    %s\n", name, at, line, said);
			CU_FAIL("another line than expected");
		}
	}
	if (at != report->count)
		fprintf(stderr, "%s: %zu lines instead of %zu\n", name, report->count, at);
	CU_ASSERT_EQUAL(at, report->count);
}

static void check_one(const char *directory, const char *name)
{
	struct cp_report report = {0};
	char path[4096 + 256];
	FILE *expected;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	CU_ASSERT_PTR_NULL(cp_config_load(path, &report));
	strcpy(strrchr(path, '.'), ".expect");
	expected = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL(expected);
	if (expected) {
		compare(name, &report, expected);
		fclose(expected);
	}
	cp_report_fini(&report);
}

static void all_bad_files(void)
{
	char directory[4096];
	struct dirent *entry;
	int seen = 0;
	DIR *open;

	fixtures(directory, sizeof(directory));
	open = opendir(directory);
	if (!open)
		perror(directory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(open);
	while ((entry = readdir(open))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && !strcmp(dot, ".conf")) {
			check_one(directory, entry->d_name);
			seen++;
		}
	}
	closedir(open);
	CU_ASSERT(seen >= 20);
}

// The files that users begin with must stay good.
static void shipped_files(void)
{
	static const char *const names[] = { "minimal", "poise", "demo", "vdev" };

	for (size_t i = 0; i < 4; i++) {
		struct cp_report report = {0};
		struct cp_config *config;
		char path[4096];

		snprintf(path, sizeof(path), POISE_SOURCE "/configs/%s.conf", names[i]);
		config = cp_config_load(path, &report);
		CU_ASSERT_PTR_NOT_NULL(config);
		for (size_t j = 0; j < report.count; j++)
			fprintf(stderr, "%s\n", report.lines[j]);
		cp_report_fini(&report);
		cp_config_free(config);
	}
}

// A file of `services` services with `backends` backends each, all of one weight but the first.
static char *large(uint32_t services, uint32_t backends, uint32_t weight)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		exit(2);
	fputs("ports = ( { name = \"f\"; interface = \"e\"; } );\nservices = (\n", out);
	for (uint32_t i = 0; i < services; i++) {
		fprintf(out, "%s{ name = \"s%u\"; vip = \"203.0.%u.%u\"; port = 80; scheduler = \"wrr\"; backends = (\n",
			i ? "," : "", i, i / 250, i % 250 + 1);
		for (uint32_t j = 0; j < backends; j++)
			fprintf(out, "%s{ name = \"b%u\"; address = \"10.0.%u.%u\"; weight = %u; }\n", j ? "," : "", j,
				j / 250, j % 250 + 1, j ? weight : weight - 1);
		fputs("); }\n", out);
	}
	fputs(");\n", out);
	fclose(out);
	return text;
}

static void expect_large(uint32_t services, uint32_t backends, uint32_t weight, const char *line)
{
	struct cp_report report = {0};
	char *text = large(services, backends, weight);
	struct cp_config *config = config_from_bytes(text, strlen(text), &report);

	if (line) {
		CU_ASSERT_PTR_NULL(config);
		CU_ASSERT_EQUAL(report.count, 1);
		CU_ASSERT(report_says(&report, line));
	} else {
		CU_ASSERT_PTR_NOT_NULL(config);
	}
	if (report.count && (!line || !report_says(&report, line)))
		fprintf(stderr, "%s\n", report.lines[0]);
	cp_report_fini(&report);
	cp_config_free(config);
	free(text);
}

static void limits(void)
{
	expect_large(1024, 4, 2, NULL);
	expect_large(1025, 1, 2, ":2: services has 1025 entries, at most 1024 are possible");
	expect_large(1, 4096, 2, NULL);
	expect_large(1, 4097, 2, "backends has 4097 entries, at most 4096 are possible");
	expect_large(2, 2049, 2, "backends has 2049 entries, at most 2047 are possible");
	expect_large(1, 512, 256, NULL);
	expect_large(1, 520, 256, "need 133119 slots, at most 131072 are possible");
}

static void many_ports(void)
{
	char *text = NULL;
	struct cp_report report = {0};
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		exit(2);
	fputs("ports = (\n", out);
	for (int i = 0; i < 17; i++) {
		fprintf(out, "%s{ name = \"p%d\"; interface = \"e%d\"; snat = [ ", i ? "," : "", i, i);
		for (int j = 0; j < 5; j++)
			fprintf(out, "%s\"10.1.%d.%d\"", j ? "," : "", i, j + 1);
		fputs(" ]; }\n", out);
	}
	fputs(");\nservices = ( { name = \"s\"; vip = \"203.0.113.1\"; port = 80; backends = ( { name = \"b\"; "
	      "address = \"10.0.0.1\"; } ); } );", out);
	fclose(out);
	CU_ASSERT_PTR_NULL(config_from_bytes(text, strlen(text), &report));
	CU_ASSERT_EQUAL(report.count, 2);
	CU_ASSERT(report_says(&report, ":1: ports has 17 entries, at most 16"));
	CU_ASSERT(report_says(&report, ": 80 snat addresses on all ports, at most 64"));
	cp_report_fini(&report);
	free(text);
}

static const struct check_case cases[] = {
	{ "bad files say all their mistakes", all_bad_files },
	{ "the shipped files are good", shipped_files },
	{ "limits", limits },
	{ "too many ports and addresses", many_ports },
};

CHECK_MAIN("validate", cases)
