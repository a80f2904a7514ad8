// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_text.h"
#include "io_all.h"

#define FILE_MAX (4u << 20) // a full config of 1024 services is a quarter of this
#define DEPTH_MAX 16	    // ours needs 6

struct scan {
	const char *file;
	struct cp_report *report;
	const char *at;
	char *out; // where the next character goes; room for twice the input
	int line;
	int depth;
};

static bool fail(const struct scan *scan, int line, const char *text)
{
	cp_report_add(scan->report, scan->file, line, "%s", text);
	return false;
}

static void take(struct scan *scan)
{
	if (*scan->at == '\n')
		scan->line++;
	*scan->out++ = *scan->at++;
}

// From a '#', "//" or "/*" to the end of the comment.
static bool comment(struct scan *scan)
{
	int line = scan->line;

	if (scan->at[0] == '#' || scan->at[1] == '/') {
		while (*scan->at && *scan->at != '\n')
			take(scan);
		return true;
	}
	take(scan);
	take(scan);
	while (*scan->at && !(scan->at[0] == '*' && scan->at[1] == '/'))
		take(scan);
	if (!*scan->at)
		return fail(scan, line, "this comment never ends, close it with */");
	take(scan);
	take(scan);
	return true;
}

static bool string(struct scan *scan)
{
	int line = scan->line;

	take(scan);
	while (*scan->at && *scan->at != '"') {
		if (*scan->at == '\n')
			return fail(scan, line, "this string has no end on its line, close it with \"");
		if (*scan->at == '\\' && scan->at[1]) {
			if (!strncmp(scan->at, "\\x00", 4))
				return fail(scan, line, "\\x00 in a string would cut it off, remove it");
			take(scan);
			if (*scan->at == '\n')
				continue;
		}
		take(scan);
	}
	if (!*scan->at)
		return fail(scan, line, "this string never ends, close it with \"");
	take(scan);
	return true;
}

// An integer that libconfig would cut is marked as a long one, so that it fails its range and not silently.
static void number(struct scan *scan)
{
	const char *start = scan->at;
	bool hexadecimal = start[0] == '0' && (start[1] == 'x' || start[1] == 'X'), integer = true;
	uint64_t value;

	while (isalnum((unsigned char)*scan->at) || *scan->at == '.') {
		char c = *scan->at;

		if (hexadecimal ? !isxdigit((unsigned char)c) && c != 'x' && c != 'X' : !isdigit((unsigned char)c))
			integer = false; // a float, has its L already, or is a syntax error
		take(scan);
	}
	if (!integer)
		return;
	errno = 0;
	value = strtoull(start, NULL, hexadecimal ? 16 : 10);
	if (errno || value > INT32_MAX)
		*scan->out++ = 'L';
}

// One token outside of comments and strings.
static bool token(struct scan *scan)
{
	unsigned char c = (unsigned char)*scan->at;

	if (isalpha(c) || c == '*' || c == '_') {
		while (isalnum((unsigned char)*scan->at) || (*scan->at && strchr("-_*", *scan->at)))
			take(scan);
		return true;
	}
	if (isdigit(c)) {
		number(scan);
		return true;
	}
	if (c == '@')
		return fail(scan, scan->line, "@include is not supported, write one file");
	if (c < ' ' && !isspace(c))
		return fail(scan, scan->line, "a control character stands here, is this a text file?");
	if (c == '{' || c == '(' || c == '[') {
		if (++scan->depth > DEPTH_MAX)
			return fail(scan, scan->line, "brackets are nested too deep, at most 16");
	} else if ((c == '}' || c == ')' || c == ']') && scan->depth > 0) {
		scan->depth--;
	}
	take(scan);
	return true;
}

// Copy `text` of `size` bytes to `out` (twice as large), checked and with long integers marked.
static bool scan_text(const char *file, const char *text, size_t size, char *out, struct cp_report *report)
{
	struct scan scan = { .file = file, .report = report, .at = text, .out = out, .line = 1 };
	const char *zero = memchr(text, 0, size);

	if (zero) {
		for (const char *c = text; c < zero; c++)
			scan.line += *c == '\n';
		return fail(&scan, scan.line, "a NUL byte stands here, is this a text file?");
	}
	if (!strncmp(text, "\xef\xbb\xbf", 3)) // byte order mark of some editors
		scan.at += 3;
	while (*scan.at) {
		char c = scan.at[0], next = scan.at[1];
		bool good;

		if (c == '#' || (c == '/' && (next == '/' || next == '*')))
			good = comment(&scan);
		else if (c == '"')
			good = string(&scan);
		else
			good = token(&scan);
		if (!good)
			return false;
	}
	*scan.out = 0;
	return true;
}

// The file's bytes with a NUL behind them, or NULL with a line in *report.
static char *read_file(const char *file, size_t *length, struct cp_report *report)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), error = 0; // a FIFO must not hold us
	struct stat status;
	char *text = NULL;

	if (fd < 0) {
		cp_report_add(report, file, 0, "cannot be opened: %s", strerror(errno));
		return NULL;
	}
	if (fstat(fd, &status))
		error = -errno;
	else if (S_ISDIR(status.st_mode))
		error = -EISDIR;
	else if (!S_ISREG(status.st_mode))
		cp_report_add(report, file, 0, "is not a regular file");
	else if (!(text = malloc(FILE_MAX + 2)))
		error = -ENOMEM;
	else
		error = cp_read_all(fd, text, FILE_MAX + 1, length);
	close(fd);
	if (!error && text && *length > FILE_MAX)
		error = -EFBIG;
	if (error == -EFBIG)
		cp_report_add(report, file, 0, "is larger than %u MiB, this is not a config", FILE_MAX >> 20);
	else if (error)
		cp_report_add(report, file, 0, "cannot be read: %s", strerror(-error));
	else if (text) {
		text[*length] = 0;
		return text;
	}
	free(text);
	return NULL;
}

char *cp_text_load(const char *file, struct cp_report *report)
{
	size_t length = 0;
	char *text = read_file(file, &length, report), *out;

	if (!text)
		return NULL;
	out = malloc(2 * length + 1);
	if (!out)
		cp_report_add(report, file, 0, "out of memory");
	if (!out || !scan_text(file, text, length, out, report)) {
		free(text);
		free(out);
		return NULL;
	}
	free(text);
	return out;
}
