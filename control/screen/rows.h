// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What `poisectl top` shows: services and their backends with rates, made from two overviews in a row. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum screen_order {
	SCREEN_ORDER_FILE, // as in the configuration
	SCREEN_ORDER_FLOWS,
	SCREEN_ORDER_NEW,
	SCREEN_ORDER_BITS,
	SCREEN_ORDER_STATE, // those in trouble first
};

struct screen_row {
	bool service;	     // else a backend of the service above
	const char *name;    // points into the overview
	const char *address; // the same
	char state[24];
	const char *role; // of a database: " P" primary, " R" replica, else ""; a static text
	double flows;
	double made;	// a second; below 0: not known yet
	double bits_in; // a second, toward backends
	double bits_out;
	double check_ms; // below 0: no check
	double key;	 // to sort by, the largest first
};

struct screen_rows {
	json_t *now;		 // the overview that the rows point into; owned
	json_t *before;		 // the one before, NULL at first; owned
	struct screen_row *rows; // owned
	size_t count;
};

// Take over `overview` and make the rows anew. Returns 0, or -1 when it is none, or without memory: then the
// rows stay what they were.
int screen_rows_update(struct screen_rows *rows, json_t *overview, enum screen_order order);
// Make the rows anew, in another order.
void screen_rows_sort(struct screen_rows *rows, enum screen_order order);
void screen_rows_fini(struct screen_rows *rows);

// Rate of a counter at the path GROUP.KEY of status, a second; below 0 when it is not known.
double screen_rate(const struct screen_rows *rows, const char *group, const char *key);

// A number behind a path of keys, ended by NULL; 0 when there is none.
double screen_number(const json_t *object, ...) __attribute__((sentinel));

// "12.3k"; "-" below 0. Returns `text`, a buffer of SCREEN_CELL bytes.
#define SCREEN_CELL 16
const char *screen_count(double value, char *text);
