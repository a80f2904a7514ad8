// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The control socket with good and bad clients. poised's loop and the clients take turns in one thread.
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <jansson.h>

#include "api.h"
#include "app_world.h"

static struct app_world *serving(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	char *path = world->app.config->control_socket;

	snprintf(path, CP_PATH_SIZE, "%s/control.sock", world->directory);
	world->app.api = cp_api_create(&world->app);
	app_must(world->app.api != NULL, "control socket");
	return world;
}

static void serving_end(struct app_world *world)
{
	cp_api_destroy(world->app.api);
	app_free(world);
}

static int client(const struct app_world *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, world->app.config->control_socket);
	app_must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	return fd;
}

static void turn(struct app_world *world)
{
	const struct timeval step = {.tv_usec = 1000};

	event_base_loopexit(world->app.base, &step);
	event_base_dispatch(world->app.base);
}

// What the server says until it closes, at most `ms` long. Returns the milliseconds that it took, -1 when it
// did not close.
static int listen_to(struct app_world *world, int fd, char *text, size_t size, int ms)
{
	uint64_t start_ns = cp_view_now_ns();
	size_t used = 0;
	int passed = 0;

	text[0] = '\0';
	while (passed <= ms) {
		ssize_t got = recv(fd, text + used, size - 1 - used, 0);

		passed = (int)((cp_view_now_ns() - start_ns) / 1000000);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return passed;
		used += got > 0 ? (size_t)got : 0;
		text[used] = '\0';
		if (got < 0)
			turn(world);
	}
	return -1;
}

static int say(struct app_world *world, const char *request, char *answer, size_t size)
{
	int fd = client(world), took;

	CU_ASSERT_EQUAL(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	took = listen_to(world, fd, answer, size, 4000);
	close(fd);
	return took;
}

static int status_of(const char *answer)
{
	json_t *object = json_loads(answer, 0, NULL);
	int status = object ? (int)json_integer_value(json_object_get(object, "status")) : -1;

	json_decref(object);
	return status;
}

static void answers_and_hangs_up(void)
{
	struct app_world *world = serving();
	struct stat status;
	char answer[8192];

	CU_ASSERT_EQUAL(stat(world->app.config->control_socket, &status), 0);
	CU_ASSERT_EQUAL(status.st_mode & 07777, 0660);
	CU_ASSERT_TRUE(say(world, "{\"argv\":[\"version\"]}\n", answer, sizeof(answer)) >= 0);
	CU_ASSERT_EQUAL(status_of(answer), 0);
	CU_ASSERT_TRUE(say(world, "{\"argv\":[\"version\"]}\n{\"argv\":[\"version\"]}\n", answer,
			   sizeof(answer)) >= 0);
	CU_ASSERT_EQUAL(status_of(answer), 0); // the first line only
	CU_ASSERT_TRUE(say(world, "nonsense\n", answer, sizeof(answer)) >= 0);
	CU_ASSERT_EQUAL(status_of(answer), 2);
	serving_end(world);
}

static void half_closed_clients_are_answered(void)
{
	struct app_world *world = serving();
	const char *request = "{\"argv\":[\"version\"]}"; // no newline
	char answer[8192];
	int fd = client(world);

	send(fd, request, strlen(request), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	CU_ASSERT_TRUE(listen_to(world, fd, answer, sizeof(answer), 1000) >= 0);
	CU_ASSERT_EQUAL(status_of(answer), 0);
	close(fd);
	fd = client(world); // says nothing at all
	shutdown(fd, SHUT_WR);
	CU_ASSERT_TRUE(listen_to(world, fd, answer, sizeof(answer), 1000) >= 0);
	CU_ASSERT_STRING_EQUAL(answer, "");
	close(fd);
	serving_end(world);
}

static void too_long_is_refused(void)
{
	struct app_world *world = serving();
	char *request = check_memory(80001), answer[8192];
	int fd = client(world);

	memset(request, 'x', 80000);
	send(fd, request, 80000, MSG_NOSIGNAL);
	listen_to(world, fd, answer, sizeof(answer), 1000);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer, "too long"));
	close(fd);
	free(request);
	serving_end(world);
}

// A change is answered once the dataplane has it; without one that answers, after a bounded time.
static void changes_wait_for_the_dataplane(void)
{
	static const char drain[] = "{\"argv\":[\"drain\",\"web2\"]}\n";
	static const char enable[] = "{\"argv\":[\"enable\",\"web2\"]}\n";
	struct app_world *world = serving();
	char answer[8192];
	int fd = client(world), took;

	send(fd, drain, strlen(drain), MSG_NOSIGNAL);
	CU_ASSERT_EQUAL(listen_to(world, fd, answer, sizeof(answer), 300), -1);
	CU_ASSERT_STRING_EQUAL(answer, "");
	CU_ASSERT_NOT_EQUAL(world->app.snapshot->generation, world->app.dataplane.generation);
	world->app.dataplane.generation = world->app.snapshot->generation;
	CU_ASSERT_TRUE(listen_to(world, fd, answer, sizeof(answer), 300) >= 0);
	CU_ASSERT_EQUAL(status_of(answer), 0);
	close(fd);
	took = say(world, enable, answer, sizeof(answer)); // never acknowledged
	CU_ASSERT_TRUE(took >= 1500 && took < 3500);
	world->app.dataplane.state = CP_DATAPLANE_DOWN;
	took = say(world, drain, answer, sizeof(answer));
	CU_ASSERT_TRUE(took >= 0 && took < 500);
	serving_end(world);
}

// Clients that leave while their answer waits leave nothing behind.
static void clients_may_leave(void)
{
	static const char drain[] = "{\"argv\":[\"drain\",\"web2\"]}\n";
	struct app_world *world = serving();
	char answer[8192];

	for (int i = 0; i < 20; i++) {
		int fd = client(world);

		send(fd, drain, strlen(drain), MSG_NOSIGNAL);
		turn(world);
		close(fd);
		turn(world);
	}
	CU_ASSERT_TRUE(say(world, "{\"argv\":[\"version\"]}\n", answer, sizeof(answer)) >= 0);
	CU_ASSERT_EQUAL(status_of(answer), 0);
	serving_end(world); // with answers still waiting
}

static void more_clients_than_places(void)
{
	struct app_world *world = serving();
	char answer[8192];
	int fds[64];

	for (size_t i = 0; i < POISE_COUNT(fds); i++) {
		fds[i] = client(world);
		turn(world);
	}
	close(fds[7]); // one leaves, the next one gets in
	CU_ASSERT_TRUE(say(world, "{\"argv\":[\"version\"]}\n", answer, sizeof(answer)) >= 0);
	CU_ASSERT_EQUAL(status_of(answer), 0);
	for (size_t i = 0; i < POISE_COUNT(fds); i++)
		if (i != 7)
			close(fds[i]);
	serving_end(world);
}

static void stale_sockets_are_replaced(void)
{
	struct app_world *world = serving();
	const char *path = world->app.config->control_socket;
	struct cp_api *second = cp_api_create(&world->app); // takes the path over
	struct stat status;

	CU_ASSERT_PTR_NOT_NULL_FATAL(second);
	cp_api_destroy(world->app.api); // leaves the path to its new owner
	CU_ASSERT_EQUAL(stat(path, &status), 0);
	world->app.api = NULL;
	cp_api_destroy(second);
	CU_ASSERT_NOT_EQUAL(stat(path, &status), 0);
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0); // what is no socket is not ours
	CU_ASSERT_PTR_NULL(cp_api_create(&world->app));
	rmdir(path);
	serving_end(world);
}

// A table so large that flows takes several steps, of which a record in each shard is a flow.
static void enlarge(struct app_world *world)
{
	struct cp_flow_memory *flows = &world->app.flows;
	static const __u64 seed[2] = {1, 2};

	free(flows->base);
	flows->bytes = (size_t)poise_table_layout(&flows->table, 200000) * POISE_LINE_SIZE;
	flows->base = aligned_alloc(POISE_LINE_SIZE, flows->bytes);
	app_must(flows->base != NULL, "memory");
	memset(flows->base, 0, flows->bytes);
	poise_table_format(&flows->table, flows->base, 200000, seed);
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++) {
		struct poise_flow *flow = poise_record(&flows->table, (shard + 1) * flows->table.records_per_shard);

		flow->sequence = 2;
		flow->state = POISE_STATE_ESTABLISHED;
		poise_shard(&flows->table, shard)->used_top = flows->table.records_per_shard;
	}
}

static void long_requests_go_by_steps(void)
{
	static const char question[] = "{\"argv\":[\"flows\"],\"json\":true}\n";
	struct app_world *world = serving();
	struct evbuffer *answer = evbuffer_new();
	struct cp_api_request *request;
	unsigned steps = 0;
	bool changed;
	char *text;
	int fd;

	enlarge(world);
	request = cp_api_begin(&world->app, NULL, question, sizeof(question) - 1, answer, &changed);
	CU_ASSERT_PTR_NOT_NULL_FATAL(request);
	CU_ASSERT_FALSE(cp_api_continue(request, answer));
	cp_api_forget(request); // half-way
	CU_ASSERT_EQUAL(evbuffer_get_length(answer), 0);
	request = cp_api_begin(&world->app, NULL, question, sizeof(question) - 1, answer, &changed);
	for (bool done = false; !done && steps < 100; steps++)
		done = cp_api_continue(request, answer);
	CU_ASSERT(steps > 2 && steps < 100);
	evbuffer_add(answer, "", 1);
	text = (char *)evbuffer_pullup(answer, -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"matched\":64}"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "{\"status\":0,\"stdout\":{\"flows\":[{\"service\":"));
	evbuffer_free(answer);
	for (int i = 0; i < 2; i++) { // and clients who go in the middle of it
		fd = client(world);
		CU_ASSERT_EQUAL(write(fd, question, sizeof(question) - 1), sizeof(question) - 1);
		turn(world);
		close(fd);
	}
	serving_end(world);
}

static const struct check_case cases[] = {
	{"answers and hangs up", answers_and_hangs_up},
	{"half-closed clients are answered", half_closed_clients_are_answered},
	{"too long is refused", too_long_is_refused},
	{"changes wait for the dataplane", changes_wait_for_the_dataplane},
	{"clients may leave", clients_may_leave},
	{"more clients than places", more_clients_than_places},
	{"stale sockets are replaced", stale_sockets_are_replaced},
	{"long requests go by steps", long_requests_go_by_steps},
};
CHECK_MAIN("api", cases)
