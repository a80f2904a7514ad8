// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// RFC 1624 against full recomputation, with the corners that have bitten others: a checksum of zero, its
// alias 0xffff, words that do not change.
#include <poise/csum.h>

#include "check.h"
#include "frame.h"

static const uint16_t corners[] = {0x0000, 0x0001, 0x00ff, 0x0100, 0x7fff, 0x8000,
				   0x8001, 0xff00, 0xfffe, 0xffff, 0x5555, 0xaaaa};

// RFC 1624 section 4: the example where the older equation gives 0xffff.
static void rfc1624_example(void)
{
	__u16 difference = poise_csum_fold(poise_csum_diff16(0x5555, 0x3285));

	CU_ASSERT_EQUAL(poise_csum_apply(0xdd2f, difference), 0x0000);
}

static void unchanged_word_keeps_zero(void)
{
	unsigned int bad = 0;

	for (uint32_t word = 0; word <= 0xffff; word++)
		if (poise_csum_apply(0, poise_csum_fold(poise_csum_diff16((__u16)word, (__u16)word))))
			bad++;
	CU_ASSERT_EQUAL(bad, 0);
}

// Words w[0..n-1] plus a checksum field that makes the sum right; change some words, update, compare.
static unsigned int rewrite_disagrees(uint16_t *words, const uint16_t *after, unsigned int count,
				      uint16_t fixed)
{
	uint32_t sum = fixed, difference = 0, want = fixed;
	uint16_t check, updated;

	for (unsigned int i = 0; i < count; i++) {
		sum += words[i];
		want += after[i];
		difference += poise_csum_diff16(words[i], after[i]);
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	while (want >> 16)
		want = (want & 0xffff) + (want >> 16);
	check = (uint16_t)~sum;
	updated = poise_csum_apply(check, poise_csum_fold(difference));
	// `fixed` is never 0 in a packet (protocol, version), so that neither sum is the other zero.
	return updated != (uint16_t)~want;
}

static void corner_words(void)
{
	unsigned int bad = 0, tried = 0;

	for (size_t a = 0; a < POISE_COUNT(corners); a++)
		for (size_t b = 0; b < POISE_COUNT(corners); b++)
			for (size_t c = 0; c < POISE_COUNT(corners); c++)
				for (size_t d = 0; d < POISE_COUNT(corners); d++)
					for (size_t f = 1; f < POISE_COUNT(corners); f++) {
						uint16_t before[2] = {corners[a], corners[b]};
						uint16_t after[2] = {corners[c], corners[d]};

						bad += rewrite_disagrees(before, after, 2, corners[f]);
						tried++;
					}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT(tried > 200000);
}

// What a NAT changes: four addresses words, two ports.
static void random_rewrites(void)
{
	uint64_t state = 1624;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 1000000; round++) {
		uint16_t before[6], after[6];
		uint64_t bits = check_random(&state);

		for (unsigned int i = 0; i < 6; i++) {
			uint64_t pair = check_random(&state);

			before[i] = bits >> i & 1 ? corners[pair % POISE_COUNT(corners)] : (uint16_t)pair;
			after[i] = bits >> (8 + i) & 1 ? before[i] : (uint16_t)(pair >> 16);
			if (bits >> (16 + i) & 1)
				after[i] = corners[(pair >> 32) % POISE_COUNT(corners)];
		}
		bad += rewrite_disagrees(before, after, 6, (uint16_t)(bits >> 48 | 1));
	}
	CU_ASSERT_EQUAL(bad, 0);
}

// 0xffff stands for the same number as 0: whatever comes out must still verify.
static void alias_of_zero_verifies(void)
{
	uint64_t state = 3;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 200000; round++) {
		uint64_t bits = check_random(&state);
		uint16_t before = (uint16_t)bits, after = bits >> 60 ? (uint16_t)(bits >> 16) : before;
		uint16_t rest = (uint16_t)~before; // before + rest = 0xffff, so 0 and 0xffff both verify
		uint16_t check = poise_csum_apply(0xffff, poise_csum_fold(poise_csum_diff16(before, after)));

		bad += poise_csum_fold((uint32_t)after + rest + check) != 0xffff;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

// A checksum that arrives wrong must leave wrong, by the same error.
static void damage_is_kept(void)
{
	uint64_t state = 4;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 200000; round++) {
		uint64_t bits = check_random(&state);
		uint16_t before = (uint16_t)bits, after = (uint16_t)(bits >> 16),
			 check = (uint16_t)(bits >> 32);
		uint16_t updated = poise_csum_apply(check, poise_csum_fold(poise_csum_diff16(before, after)));
		uint16_t error = poise_csum_fold((uint32_t)before + check);

		bad += poise_csum_fold((uint32_t)after + updated) % 0xffff != error % 0xffff;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void fold_is_exact(void)
{
	uint64_t state = 5;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 200000; round++) {
		uint32_t sum = (uint32_t)check_random(&state);
		uint16_t folded = poise_csum_fold(sum);

		bad += folded % 0xffff != sum % 0xffff || (sum && !folded);
	}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT_EQUAL(poise_csum_fold(0xffffffffu), 0xffff);
	CU_ASSERT_EQUAL(poise_csum_fold(0), 0);
}

static void differences_of_32_bits(void)
{
	uint64_t state = 6;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 200000; round++) {
		uint64_t bits = check_random(&state);
		uint32_t before = (uint32_t)bits, after = (uint32_t)(bits >> 32);
		uint32_t both = poise_csum_diff16((__u16)before, (__u16)after) +
				poise_csum_diff16((__u16)(before >> 16), (__u16)(after >> 16));

		bad += poise_csum_diff32(before, after) != both;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void sum_of_every_length(void)
{
	uint64_t state = 7;
	unsigned int bad = 0;

	for (uint32_t length = 0; length <= 1600; length++) {
		uint8_t *bytes = check_memory(length), word[2];

		for (uint32_t i = 0; i < length; i++)
			bytes[i] = (uint8_t)check_random(&state);
		frame_put16(word, frame_sum(bytes, length, 0));
		bad += memcmp(word, &(uint16_t){poise_csum_fold(poise_csum_sum(bytes, length))}, 2) != 0;
		free(bytes);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void sum_of_the_longest(void)
{
	uint8_t *bytes = check_memory(65535);

	memset(bytes, 0xff, 65535);
	CU_ASSERT_EQUAL(poise_csum_fold(poise_csum_sum(bytes, 65534)), 0xffff);
	CU_ASSERT_EQUAL(poise_csum_fold(poise_csum_sum(bytes, 65535)), POISE_BE16(0xff00));
	free(bytes);
}

static const struct check_case cases[] = {
	{"RFC 1624 example", rfc1624_example},
	{"unchanged word keeps a zero checksum", unchanged_word_keeps_zero},
	{"corner words", corner_words},
	{"random rewrites equal recomputation", random_rewrites},
	{"0xffff is an alias of zero", alias_of_zero_verifies},
	{"a damaged checksum stays damaged", damage_is_kept},
	{"fold", fold_is_exact},
	{"difference of 32 bits", differences_of_32_bits},
	{"sum of every length", sum_of_every_length},
	{"sum of 65535 bytes", sum_of_the_longest},
};

CHECK_MAIN("csum", cases)
