// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What every unit test needs: one suite a program, reproducible random numbers, exact-size buffers.
//
//	static const struct check_case cases[] = { { "folds", folds }, ... };
//	CHECK_MAIN("csum", cases)
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

struct check_case {
	const char *name;
	void (*run)(void);
};

// Run all cases, print every failed assertion with its place. Returns the program's exit status.
static inline int check_run(const char *suite_name, const struct check_case *cases, size_t count)
{
	CU_pSuite suite;
	int failed;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	suite = CU_add_suite(suite_name, NULL, NULL);
	for (size_t i = 0; suite && i < count; i++)
		if (!CU_add_test(suite, cases[i].name, cases[i].run))
			suite = NULL;
	if (!suite) {
		fprintf(stderr, "%s: %s\n", suite_name, CU_get_error_msg());
		CU_cleanup_registry();
		return 2;
	}
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures() != 0 || CU_get_number_of_tests_run() != count;
	CU_cleanup_registry();
	return failed;
}

#define CHECK_MAIN(suite, cases)                                                    \
	int main(void)                                                              \
	{                                                                           \
		return check_run(suite, cases, sizeof(cases) / sizeof((cases)[0])); \
	}

// SplitMix64: the same numbers in every run, so that a failure can be repeated.
static inline uint64_t check_random(uint64_t *state)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15ull;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
	return value ^ (value >> 31);
}

// Zeroed memory that is really there: a test has nothing useful to do without it.
static inline void *check_memory(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	if (!memory) {
		perror("calloc");
		exit(2);
	}
	return memory;
}

// A copy of exactly `length` bytes on the heap, so that AddressSanitizer sees the first byte read behind it.
static inline void *check_copy(const void *data, size_t length)
{
	void *memory = malloc(length ? length : 1);

	if (!memory) {
		perror("malloc");
		exit(2);
	}
	memcpy(memory, data, length);
	return memory;
}
