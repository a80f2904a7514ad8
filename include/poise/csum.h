// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Internet checksum arithmetic, RFC 1071 and RFC 1624 equation 3 (the form of RFC 1141 fails at zero).
// Sums are over 16-bit words as they lie in memory: the ones' complement sum does not depend on byte
// order as long as all words are read the same way.
#pragma once

#include <poise/base.h>

// Fold a sum of 16-bit words to 16 bits. Right for up to 65536 addends.
POISE_INLINE __u16 poise_csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

// Unfolded difference that replacing one word by another makes.
POISE_INLINE __u32 poise_csum_diff16(__u16 before, __u16 after)
{
	return (__u32)(__u16)~before + after;
}

POISE_INLINE __u32 poise_csum_diff32(__u32 before, __u32 after)
{
	return poise_csum_diff16((__u16)before, (__u16)after) +
	       poise_csum_diff16((__u16)(before >> 16), (__u16)(after >> 16));
}

// HC' = ~(~HC + difference). `difference` is a folded sum of ~m + m'. In ones' complement that is HC - difference,
// and what a borrow takes too much comes round at the other end.
POISE_INLINE __u16 poise_csum_apply(__u16 check, __u16 difference)
{
	__u32 rest = (__u32)check - difference;

	return (__u16)(rest - (rest >> 31));
}

// Sum of `length` bytes, for packets that are built here and for tests. An odd last byte is padded with
// zero as RFC 1071 asks. `length` at most 65535.
POISE_INLINE __u32 poise_csum_sum(const void *data, __u32 length)
{
	const __u8 *bytes = data;
	__u32 sum = 0;
	__u16 word;

	for (__u32 i = 0; i + 1 < length; i += 2) {
		POISE_COPY(&word, bytes + i, 2);
		sum += word;
	}
	if (length & 1) {
		word = 0;
		POISE_COPY(&word, bytes + length - 1, 1);
		sum = poise_csum_fold(sum) + word;
	}
	return sum;
}
