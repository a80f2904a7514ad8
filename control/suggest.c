// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <string.h>

#include "suggest.h"

#define WORD_MAX 40 // longer words are no typing errors of ours

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

// Optimal string alignment distance; both words are at most WORD_MAX long.
static size_t distance(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b);
	size_t rows[3][WORD_MAX + 1];
	size_t *two_back = rows[0], *back = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		back[j] = two_back[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *oldest = two_back;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t best = least(back[j], row[j - 1]) + 1;

			best = least(best, back[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = least(best, two_back[j - 2] + 1);
			row[j] = best;
		}
		two_back = back;
		back = row;
		row = oldest;
	}
	return back[b_length];
}

const char *cp_suggest(const char *word, const char *const *candidates, size_t count)
{
	size_t length = strlen(word);
	// One error in three letters; for two-letter words nothing is near.
	size_t best = length / 3 + 1;
	const char *nearest = NULL;

	if (length < 3 || length > WORD_MAX)
		return NULL;
	if (best > 4)
		best = 4;
	for (size_t i = 0; i < count; i++) {
		size_t found;

		if (strlen(candidates[i]) > WORD_MAX)
			continue;
		found = distance(word, candidates[i]);
		if (found < best) {
			best = found;
			nearest = candidates[i];
		}
	}
	return nearest;
}
