// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// ncurses. Keys and resizing are answered at once, poised is asked once a second.
#include "screen.h"

#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rows.h"

#define PERIOD_MS 1000
#define NAME_MIN 15
#define WIDTH_MIN 160
#define FIXED 65 // columns of everything but the name
#define HEAD 5	 // lines above the table

enum color { PLAIN, GOOD, WARN, BAD, CALM };

struct screen {
	WINDOW *pad;
	struct screen_rows rows;
	enum screen_order order;
	int top; // first row shown
	bool lost;
	bool color;
};

bool screen_can(const char *name)
{
	return name && !strcmp(name, "top") && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void start(struct screen *screen)
{
	setlocale(LC_CTYPE, "");
	initscr();
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	screen->color = !getenv("NO_COLOR") && has_colors();
	if (!screen->color)
		return;
	start_color();
	use_default_colors();
	init_pair(GOOD, COLOR_GREEN, -1);
	init_pair(WARN, COLOR_YELLOW, -1);
	init_pair(BAD, COLOR_RED, -1);
	init_pair(CALM, COLOR_CYAN, -1);
}

static attr_t paint(const struct screen *screen, enum color color)
{
	if (screen->color)
		return (attr_t)COLOR_PAIR(color);
	return color == BAD ? A_BOLD | A_UNDERLINE : color == WARN ? A_BOLD : A_NORMAL;
}

static const char *string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void head(const struct screen *screen)
{
	const json_t *status = json_object_get(screen->rows.now, "status");
	const json_t *path = json_object_get(status, "path");
	bool ready = json_is_true(json_object_get(status, "ready"));
	const char *carries = string(path, "carries");
	int up = (int)screen_number(status, "uptime_s", NULL);

	wattron(screen->pad, A_BOLD);
	mvwprintw(screen->pad, 0, 0, "Poise %s", string(status, "version"));
	wattroff(screen->pad, A_BOLD);
	wprintw(screen->pad, "  up %d:%02d:%02d  ", up / 3600, up / 60 % 60, up % 60);
	if (screen->lost) {
		wattron(screen->pad, paint(screen, BAD));
		wprintw(screen->pad, "poised does not answer, this is old");
		wattrset(screen->pad, A_NORMAL);
		return;
	}
	wattron(screen->pad, paint(screen, ready ? GOOD : BAD));
	wprintw(screen->pad, "%s", ready ? "ready" : string(status, "not_ready_reason"));
	wattrset(screen->pad, A_NORMAL);
	wprintw(screen->pad, "  path ");
	wattron(screen->pad, paint(screen, !strcmp(carries, "dpdk")   ? GOOD
					   : !strcmp(carries, "none") ? BAD
								      : WARN));
	wprintw(screen->pad, "%s", carries);
	wattrset(screen->pad, A_NORMAL);
	wprintw(screen->pad, "  dataplane %s", string(json_object_get(status, "dataplane"), "state"));
}

static void totals(const struct screen *screen)
{
	const struct screen_rows *rows = &screen->rows;
	const json_t *table = json_object_get(json_object_get(rows->now, "status"), "flow_table");
	double used = screen_number(table, "used", NULL), capacity = screen_number(table, "capacity", NULL);
	char cells[4][SCREEN_CELL];

	mvwprintw(screen->pad, 1, 0, "flows %s of %s (%.1f %%), %s half-open", screen_count(used, cells[0]),
		  screen_count(capacity, cells[1]), capacity > 0 ? 100 * used / capacity : 0,
		  screen_count(screen_number(table, "half_open", NULL), cells[2]));
	mvwprintw(screen->pad, 2, 0, "packets/s %s forwarded, ",
		  screen_count(screen_rate(rows, "packets", "forwarded"), cells[0]));
	if (screen_rate(rows, "packets", "dropped") > 0)
		wattron(screen->pad, paint(screen, BAD));
	wprintw(screen->pad, "%s dropped", screen_count(screen_rate(rows, "packets", "dropped"), cells[1]));
	wattrset(screen->pad, A_NORMAL);
	wprintw(screen->pad, ", %s passed, %s answered",
		screen_count(screen_rate(rows, "packets", "passed"), cells[2]),
		screen_count(screen_rate(rows, "packets", "answered"), cells[3]));
}

// "w0 [|||       ]  31%", as many as fit.
static void workers(const struct screen *screen)
{
	const json_t *list = json_object_get(json_object_get(screen->rows.now, "status"), "workers"), *worker;
	size_t i;

	json_array_foreach(list, i, worker)
	{
		double busy = screen_number(worker, "busy_percent", NULL);
		bool silent = screen_number(worker, "heartbeat_age_ms", NULL) > 1000;
		int at = (int)i * 21;

		if (at + 21 > COLS)
			return;
		mvwprintw(screen->pad, 3, at, "w%zu [", i);
		wattron(screen->pad, paint(screen, silent ? BAD : busy > 90 ? WARN : GOOD));
		for (int bar = 0; bar < 10; bar++)
			waddch(screen->pad, silent ? 'x' : busy >= bar * 10 + 5 ? '|' : ' ');
		wattrset(screen->pad, A_NORMAL);
		wprintw(screen->pad, "]%3.0f%%", busy);
	}
}

static enum color color_of(const struct screen_row *row)
{
	if (row->service)
		return atoi(row->state) ? PLAIN : BAD;
	if (!strcmp(row->state, "up"))
		return GOOD;
	if (!strcmp(row->state, "standby"))
		return CALM;
	return strcmp(row->state, "down") ? WARN : BAD;
}

static void line(const struct screen *screen, int y, const struct screen_row *row, int name)
{
	char cells[4][SCREEN_CELL], title[80];
	int role = (int)strlen(row->role);

	name -= !row->service * 2;
	snprintf(title, sizeof(title), "%.*s%s", name > role ? name - role : 0, row->name, row->role);

	if (row->service)
		wattron(screen->pad, A_BOLD);
	mvwprintw(screen->pad, y, 0, "%s%-*.*s %-21.21s ", row->service ? "" : "  ", name, name, title, row->address);
	wattron(screen->pad, paint(screen, color_of(row)));
	wprintw(screen->pad, "%-9.9s", row->state);
	wattroff(screen->pad, paint(screen, color_of(row)));
	wprintw(screen->pad, " %6s %6s %6s %6s", screen_count(row->flows, cells[0]),
		screen_count(row->made, cells[1]), screen_count(row->bits_in, cells[2]),
		screen_count(row->bits_out, cells[3]));
	if (row->check_ms >= 0)
		wprintw(screen->pad, " %4.0f", row->check_ms);
	else
		wprintw(screen->pad, "    -");
	wattrset(screen->pad, A_NORMAL);
}

static void table(struct screen *screen)
{
	int name = COLS - FIXED > NAME_MIN ? COLS - FIXED : NAME_MIN, room = LINES - HEAD - 1;
	int count = (int)screen->rows.count;

	if (screen->top > count - room)
		screen->top = count - room;
	if (screen->top < 0)
		screen->top = 0;
	wattron(screen->pad, A_REVERSE);
	mvwprintw(screen->pad, HEAD - 1, 0, "%-*s %-21s %-9s %6s %6s %6s %6s %4s", name, "SERVICE/BACKEND",
		  "ADDRESS", "STATE", "OPEN", "NEW/S", "BIT/S>", "<BIT/S", "MS");
	wattrset(screen->pad, A_NORMAL);
	for (int i = 0; i < room && screen->top + i < count; i++)
		line(screen, HEAD + i, &screen->rows.rows[screen->top + i], name);
}

// A pad as large as the terminal, and never narrower than a line: what does not fit is cut, not wrapped.
static bool fit(struct screen *screen)
{
	int height = LINES, width = COLS > WIDTH_MIN ? COLS : WIDTH_MIN;

	if (screen->pad && getmaxy(screen->pad) == height && getmaxx(screen->pad) == width)
		return true;
	if (screen->pad)
		delwin(screen->pad);
	screen->pad = newpad(height, width);
	return screen->pad;
}

static void draw(struct screen *screen)
{
	static const char *const orders[] = {"file", "open", "new", "bits", "state"};

	if (!fit(screen))
		return;
	werase(screen->pad);
	if (screen->rows.now) {
		head(screen);
		totals(screen);
		workers(screen);
		table(screen);
	} else {
		mvwprintw(screen->pad, 0, 0, "poised does not answer");
	}
	wattron(screen->pad, A_REVERSE);
	mvwprintw(screen->pad, LINES - 1, 0,
		  " q quit  sort: c file  o open  n new  b bits  s state  (now %s)  arrows ",
		  orders[screen->order]);
	wattrset(screen->pad, A_NORMAL);
	wnoutrefresh(stdscr);
	pnoutrefresh(screen->pad, 0, 0, 0, 0, LINES - 1, COLS - 1);
	doupdate();
}

// Returns false when the user has enough.
static bool press(struct screen *screen, int key)
{
	static const char orders[] = "conbs";
	const char *order = key > 0 && key < 128 ? strchr(orders, key) : NULL;
	int page = LINES - HEAD - 1;

	if (key == 'q' || key == 27)
		return false;
	if (order) {
		screen->order = (enum screen_order)(order - orders);
		screen_rows_sort(&screen->rows, screen->order);
	}
	if (key == KEY_DOWN || key == KEY_UP)
		screen->top += key == KEY_DOWN ? 1 : -1;
	if (key == KEY_NPAGE || key == KEY_PPAGE)
		screen->top += key == KEY_NPAGE ? page : -page;
	return true;
}

int screen_show(json_t *(*ask)(void *context), void *context)
{
	struct screen screen = {0};
	uint64_t next_ms = 0;
	bool on = true;

	start(&screen);
	while (on) {
		uint64_t time_ms = now_ms();
		int key;

		if (time_ms >= next_ms) {
			json_t *overview = ask(context);

			screen.lost = !overview || screen_rows_update(&screen.rows, overview, screen.order);
			next_ms = time_ms + PERIOD_MS;
		}
		draw(&screen);
		time_ms = now_ms();
		timeout(time_ms < next_ms ? (int)(next_ms - time_ms) : 0);
		key = getch();
		on = key == ERR || press(&screen, key);
	}
	if (screen.pad)
		delwin(screen.pad);
	endwin();
	screen_rows_fini(&screen.rows);
	return 0;
}
