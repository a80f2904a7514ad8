// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Ships its arguments to poised, prints the answer, exits with its status. Knows no verbs.
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "screen/screen.h"

#define SOCKET_DEFAULT "/run/poise/control.sock"
#define WAIT_S 15
#define EXIT_USAGE 2

static int usage(FILE *to)
{
	fputs("usage: poisectl [-j] [-s SOCKET] VERB [ARGUMENTS]\n"
	      "  -j         answer in JSON\n"
	      "  -s SOCKET  poised's control socket (default $POISE_SOCKET, else " SOCKET_DEFAULT ")\n"
	      "`poisectl help` lists the verbs.\n",
	      to);
	return EXIT_USAGE;
}

// How wide the text may be, and whether colours are wanted (https://no-color.org).
static void add_terminal(json_t *request)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size = {0};

	if (!isatty(STDOUT_FILENO))
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		json_object_set_new(request, "columns", json_integer(size.ws_col));
	if (!(no && *no) && term && strcmp(term, "dumb") != 0)
		json_object_set_new(request, "colors", json_true());
}

static json_t *request_of(int argc, char **argv, bool json)
{
	char cwd[PATH_MAX];
	json_t *arguments = json_array();
	json_t *request;

	for (int i = 0; i < argc; i++) {
		if (json_array_append_new(arguments, json_string(argv[i]))) {
			fprintf(stderr, "poisectl: argument %d is not UTF-8\n", i + 1);
			json_decref(arguments);
			return NULL;
		}
	}
	request = json_pack("{so sb}", "argv", arguments, "json", json);
	if (request)
		add_terminal(request);
	if (request && getcwd(cwd, sizeof(cwd)))
		json_object_set_new(request, "cwd", json_string(cwd));
	return request;
}

static int unreachable(const char *path, int error)
{
	if (error == EACCES)
		fprintf(stderr, "poisectl: %s: permission denied; try as root\n", path);
	else
		fprintf(stderr,
			"poisectl: poised does not answer at %s (%s); start it with: poised -c "
			"/etc/poise/poise.conf\n",
			path, strerror(error));
	return -1;
}

// A connected socket, or -errno.
static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = WAIT_S};
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static int connect_to(const char *path)
{
	int fd = open_socket(path);

	return fd < 0 ? unreachable(path, -fd) : fd;
}

static int send_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return -1;
		text += sent;
		length -= (size_t)sent;
	}
	return 0;
}

static int send_request(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	int status = text && send_all(fd, text, strlen(text)) == 0 ? send_all(fd, "\n", 1) : -1;

	free(text);
	return status;
}

static json_t *receive(int fd)
{
	FILE *stream = fdopen(fd, "r");
	json_t *answer = stream ? json_loadf(stream, JSON_DISABLE_EOF_CHECK, NULL) : NULL;

	if (stream)
		fclose(stream);
	else
		close(fd);
	return answer;
}

static int digit(char character)
{
	return character <= '9' ? character - '0' : (character | 32) - 'a' + 10;
}

// The answer's file, with the caller's own rights. Returns 0, or 1 after a line.
static int write_file(const json_t *file)
{
	const char *name = json_string_value(json_object_get(file, "name"));
	const char *hex = json_string_value(json_object_get(file, "hex"));
	bool start = json_is_true(json_object_get(file, "start"));
	FILE *stream;
	int failed;

	if (!name || !hex)
		return 0;
	stream = strcmp(name, "-") == 0 ? stdout : fopen(name, start ? "we" : "ae");
	if (!stream) {
		fprintf(stderr, "poisectl: %s: %s\n", name, strerror(errno));
		return 1;
	}
	for (; hex[0] && hex[1]; hex += 2)
		putc(digit(hex[0]) << 4 | digit(hex[1]), stream);
	failed = fflush(stream) || ferror(stream);
	if (failed)
		fprintf(stderr, "poisectl: %s: cannot write: %s\n", name, strerror(errno));
	if (stream != stdout)
		fclose(stream);
	return failed;
}

static void print_lines(const json_t *rows)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_dumpf(json_array_get(rows, i), stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
		putchar('\n');
	}
}

static int print(const json_t *answer)
{
	const json_t *out = json_object_get(answer, "stdout");
	const char *err = json_string_value(json_object_get(answer, "stderr"));
	const json_t *status = json_object_get(answer, "status");

	if (json_is_string(out)) {
		fputs(json_string_value(out), stdout);
	} else if (json_is_true(json_object_get(answer, "lines"))) {
		print_lines(out);
	} else if (out && !json_is_null(out)) {
		json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
		putchar('\n');
	}
	if (err && *err)
		fprintf(stderr, "%s", err);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "poisectl: cannot write: %s\n", strerror(errno));
		return 1;
	}
	if (write_file(json_object_get(answer, "file")))
		return 1;
	return json_is_integer(status) ? (int)json_integer_value(status) & 0xff : 1;
}

// Does the answer want to be asked again? Then wait and put its arguments into the request.
static bool follow(const json_t *answer, json_t *request)
{
	json_t *again = json_object_get(answer, "again");
	json_int_t ms = json_integer_value(json_object_get(again, "ms"));
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	if (!json_is_array(json_object_get(again, "argv")))
		return false;
	nanosleep(&pause, NULL);
	json_object_set(request, "argv", json_object_get(again, "argv"));
	return true;
}

struct question {
	const char *path;
	const json_t *request;
};

// For a screen: the document of the answer, NULL when there is none. Complaints would be painted over.
static json_t *ask_quietly(void *context)
{
	const struct question *question = context;
	int fd = open_socket(question->path);
	json_t *answer = NULL, *document;

	if (fd >= 0) {
		send_request(fd, question->request);
		answer = receive(fd);
	}
	document = json_incref(json_object_get(answer, "stdout"));
	json_decref(answer);
	return document;
}

// One question. *more says that there is another one.
static int ask(const char *path, json_t *request, bool *more)
{
	int fd = connect_to(path), status;
	json_t *answer;

	if (fd < 0)
		return 1;
	// poised answers before it hangs up on a request it does not like: look for the answer in any case.
	send_request(fd, request);
	answer = receive(fd);
	if (!answer) {
		fprintf(stderr, "poisectl: no answer from poised at %s\n", path);
		return 1;
	}
	if (!json_is_true(json_object_get(request, "json")) &&
	    screen_can(json_string_value(json_object_get(answer, "screen")))) {
		struct question question = {.path = path, .request = request};

		json_decref(answer);
		json_object_set_new(request, "json", json_true());
		return screen_show(ask_quietly, &question);
	}
	status = print(answer);
	*more = status == 0 && follow(answer, request);
	json_decref(answer);
	return status;
}

static int run(const char *path, json_t *request)
{
	bool more = true;
	int status = 0;

	while (more) {
		more = false;
		status = ask(path, request, &more);
	}
	return status;
}

int main(int argc, char **argv)
{
	const char *path = getenv("POISE_SOCKET");
	bool json = false;
	json_t *request;
	int option, status;

	// "+": what stands behind the verb belongs to the verb.
	while ((option = getopt(argc, argv, "+js:h")) != -1) {
		if (option == 'j')
			json = true;
		else if (option == 's')
			path = optarg;
		else if (option == 'h')
			return usage(stdout), 0;
		else
			return usage(stderr);
	}
	if (optind == argc)
		return usage(stderr);
	request = request_of(argc - optind, argv + optind, json);
	if (!request)
		return EXIT_USAGE;
	status = run(path && *path ? path : SOCKET_DEFAULT, request);
	json_decref(request);
	return status;
}
