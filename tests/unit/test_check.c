// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Health checks against servers on the loopback that answer well, badly or not at all.
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "check_world.h"

static void tcp_rises_and_falls(void)
{
	struct server server = {.hold = true};
	struct app_world *world = world_of(&server, "type = \"tcp\"; rise = 2; fall = 3;");

	CU_ASSERT_FALSE(view_of(world).known);
	run_probes(world, 1);
	CU_ASSERT_TRUE(view_of(world).healthy); // the first one decides
	CU_ASSERT_TRUE(cp_app_state(&world->app, "web", "a")->healthy);
	CU_ASSERT_TRUE(view_of(world).last_us > 0);
	evconnlistener_free(server.listener);
	server.listener = NULL;
	run_probes(world, 2);
	CU_ASSERT_TRUE(view_of(world).healthy);
	run_probes(world, 2);
	CU_ASSERT_FALSE(view_of(world).healthy);
	CU_ASSERT_FALSE(cp_app_state(&world->app, "web", "a")->healthy);
	CU_ASSERT_STRING_EQUAL(view_of(world).reason, "Connection refused");
	serve(&server, world->app.base, server.port);
	run_probes(world, 3);
	CU_ASSERT_TRUE(view_of(world).healthy);
	world_end(world, &server);
}

static void http_says_who_it_asks(void)
{
	struct server server = {.answer = "HTTP/1.1 204 No Content\r\n\r\n"};
	struct app_world *world =
		world_of(&server, "type = \"http\"; path = \"/a/../b?c=d\"; host = \"www.example.com\";");

	run_probes(world, 2);
	CU_ASSERT_TRUE(view_of(world).healthy);
	CU_ASSERT_EQUAL(strncmp(server.request, "GET /a/../b?c=d HTTP/1.1\r\n", 26), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(server.request, "\r\nHost: www.example.com\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(server.request, "\r\nConnection: close\r\n"));
	CU_ASSERT_EQUAL(server.accepted, view_of(world).probes); // a fresh connection each
	world_end(world, &server);
}

#define KIB                                                                \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void http_answers(void)
{
	static const struct {
		const char *answer;
		const char *more;
		bool hold;
		bool good;
		const char *reason;
	} servers[] = {
		{"HTTP/1.0 200 OK\r\n\r\nhello", NULL, false, true, ""},
		{"HTTP/1.1 399 x\r\nContent-Length: 0\r\n\r\n", NULL, true, true, ""},
		{"HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n", NULL, false, false,
		 "status 400, expected 200-399"},
		{"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", NULL, false, false,
		 "status 503, expected 200-399"},
		{"", NULL, false, false, "closed without an answer"},
		{NULL, NULL, true, false, "no answer within 400 ms"},
		{"\x01\x02 what\r\n\r\n", NULL, false, false, "answer is not HTTP/1"},
		{"HTTP/1.1 200 OK\r\n\r\n", KIB KIB KIB KIB, false, true, ""}, // endless body
		{"HTTP/1.1 200 OK\r\n", "X: " KIB "\r\n", false, false, "header is larger than 32 KiB"},
		{"HTTP/1.1 200 OK\r\nX: ", KIB KIB KIB KIB, false, false, "header is larger than 32 KiB"}, // one line
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx", NULL, true, false,
		 "no answer within 400 ms"},
	};

	for (size_t i = 0; i < POISE_COUNT(servers); i++) {
		struct server server = {
			.answer = servers[i].answer, .more = servers[i].more, .hold = servers[i].hold};
		struct app_world *world = world_of(&server, "type = \"http\";");

		run_probes(world, 1);
		CU_ASSERT_EQUAL(view_of(world).healthy, servers[i].good);
		CU_ASSERT_STRING_EQUAL(view_of(world).reason, servers[i].reason);
		world_end(world, &server);
	}
}

static void http_asks_and_judges_as_told(void)
{
	struct server server = {.answer = "HTTP/1.1 401 x\r\nContent-Length: 5\r\n\r\n"}; // HEAD: no body comes
	struct app_world *world = world_of(&server, "type = \"http\"; method = \"HEAD\"; expect = \"200-299, 401,403\";");

	run_probes(world, 1);
	CU_ASSERT_TRUE(view_of(world).healthy);
	CU_ASSERT_EQUAL(strncmp(server.request, "HEAD / HTTP/1.1\r\n", 17), 0);
	world_end(world, &server);
	server = (struct server){.answer = "HTTP/1.1 402 x\r\n\r\n"};
	world = world_of(&server, "type = \"http\"; method = \"OPTIONS\"; expect = \"200-299,401,403\";");
	run_probes(world, 1);
	CU_ASSERT_FALSE(view_of(world).healthy);
	CU_ASSERT_STRING_EQUAL(view_of(world).reason, "status 402, expected 200-299,401,403");
	CU_ASSERT_EQUAL(strncmp(server.request, "OPTIONS / HTTP/1.1\r\n", 20), 0);
	world_end(world, &server);
}

// A redirect is an answer, never a second request.
static void redirects_are_not_followed(void)
{
	struct server target = {.answer = "HTTP/1.1 200 OK\r\n\r\n"}, server = {.hold = false};
	struct app_world *world = world_of(&server, "type = \"http\"; expect = \"200\";");
	char answer[128];

	serve(&target, world->app.base, 0);
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:%u/\r\nContent-Length: 0\r\n\r\n",
		 target.port);
	server.answer = answer;
	run_probes(world, 2);
	CU_ASSERT_FALSE(view_of(world).healthy);
	CU_ASSERT_STRING_EQUAL(view_of(world).reason, "status 302, expected 200");
	CU_ASSERT_EQUAL(target.accepted, 0);
	evconnlistener_free(target.listener);
	world_end(world, &server);
}

// What a reload of `health` leaves of the check.
static void reload(struct app_world *world, const struct server *server, const char *health)
{
	struct cp_config *config = config_from(
		APP_PORTS
		"services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80;"
		"  health = { %s }; backends = ( { name = \"a\"; address = \"10.10.0.11\"; } ); } );",
		health);

	config->services[0].backends[0].address = htonl(INADDR_LOOPBACK);
	config->services[0].backends[0].port = server->port;
	app_config(world, config);
	cp_checks_apply(world->app.checks);
}

static void reload_keeps_what_it_can(void)
{
	static const char *const same = "type = \"tcp\"; interval_ms = 400; timeout_ms = 400;";
	struct server server = {.hold = true}, other = {.hold = true};
	struct app_world *world = world_of(&server, "type = \"tcp\";");
	struct cp_check_view view;
	uint64_t probes;

	run_probes(world, 2);
	probes = view_of(world).probes;
	reload(world, &server, same);
	CU_ASSERT_EQUAL(view_of(world).probes, probes); // goes on
	reload(world, &server, "type = \"tcp\"; interval_ms = 500; timeout_ms = 400;");
	CU_ASSERT_EQUAL(view_of(world).probes, 0); // a new check with the old verdict
	CU_ASSERT_TRUE(view_of(world).known && view_of(world).healthy);
	serve(&other, world->app.base, 0);
	reload(world, &other, same); // another endpoint has to earn its verdict
	CU_ASSERT_FALSE(view_of(world).known);
	CU_ASSERT_FALSE(cp_app_state(&world->app, "web", "a")->healthy);
	run_probes(world, 1);
	CU_ASSERT_TRUE(cp_app_state(&world->app, "web", "a")->healthy);
	reload(world, &other, "type = \"none\";");
	CU_ASSERT_FALSE(cp_checks_view(world->app.checks, "web", "a", &view));
	CU_ASSERT_TRUE(cp_app_state(&world->app, "web", "a")->healthy);
	evconnlistener_free(other.listener);
	world_end(world, &server);
}

// After a restart poised believes the snapshot that runs: one failure is no reason to take a backend out.
static void adopted_verdicts_last_until_fall(void)
{
	struct server server = {.hold = true};
	struct app_world *world = world_of(&server, "type = \"none\";");

	evconnlistener_free(server.listener);
	server.listener = NULL;
	world->app.states.items[0].healthy = true;
	reload(world, &server, "type = \"tcp\"; interval_ms = 400; timeout_ms = 400; fall = 3;");
	CU_ASSERT_TRUE(view_of(world).healthy);
	run_probes(world, 2);
	CU_ASSERT_TRUE(cp_app_state(&world->app, "web", "a")->healthy);
	run_probes(world, 1);
	CU_ASSERT_FALSE(cp_app_state(&world->app, "web", "a")->healthy);
	world_end(world, &server);
}

// Out of descriptors: no probe can be made, which is no verdict about the backend.
static void want_of_descriptors_is_no_verdict(const char *health)
{
	struct server server = {
		.answer = "HTTP/1.1 200 OK\r\n\r\n",
	};
	struct app_world *world = world_of(&server, health);
	struct rlimit limit, none;
	uint64_t probes;

	run_probes(world, 2);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 3;
	app_must(setrlimit(RLIMIT_NOFILE, &none) == 0, "limit");
	run_ms(world, 410); // what runs may end
	probes = view_of(world).probes;
	run_ms(world, 1000);
	CU_ASSERT_EQUAL(view_of(world).probes, probes);
	CU_ASSERT_TRUE(view_of(world).healthy);
	setrlimit(RLIMIT_NOFILE, &limit);
	run_probes(world, 1);
	CU_ASSERT_TRUE(view_of(world).healthy);
	CU_ASSERT_EQUAL(view_of(world).failures, 0);
	world_end(world, &server);
}

static void tcp_without_descriptors(void)
{
	want_of_descriptors_is_no_verdict("type = \"tcp\";");
}

static void http_without_descriptors(void)
{
	want_of_descriptors_is_no_verdict("type = \"http\";");
}

static void local_wants(void)
{
	CU_ASSERT_TRUE(cp_check_local(EMFILE));
	CU_ASSERT_TRUE(cp_check_local(EADDRNOTAVAIL));
	CU_ASSERT_FALSE(cp_check_local(ECONNREFUSED));
	CU_ASSERT_FALSE(cp_check_local(EHOSTUNREACH));
	CU_ASSERT_FALSE(cp_check_local(0));
}

// A real TLS server, `openssl s_server`, whose certificate signs itself and is for www.example.com.
struct tls_server {
	char directory[32];
	char ca[64];
	FILE *output; // of a shell that ends with us
	unsigned port;
	pid_t pid;
};

static void tls_serve(struct tls_server *server)
{
	char command[600], line[256];

	strcpy(server->directory, "/tmp/poise-tls-XXXXXX");
	app_must(mkdtemp(server->directory) != NULL, "directory");
	snprintf(server->ca, sizeof(server->ca), "%s/cert", server->directory);
	snprintf(command, sizeof(command),
		 "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=a"
		 " -addext subjectAltName=DNS:www.example.com -keyout key -out cert 2>/dev/null && echo PID $$ &&"
		 " exec openssl s_server -www -accept 127.0.0.1:0 -key key -cert cert </dev/null 2>&1",
		 server->directory);
	server->output = popen(command, "r");
	app_must(server->output != NULL, "openssl");
	while (!server->port && fgets(line, sizeof(line), server->output)) {
		sscanf(line, "PID %d", &server->pid);
		sscanf(line, "ACCEPT 127.0.0.1:%u", &server->port);
	}
	app_must(server->port && server->pid, "openssl s_server");
}

static void tls_end(struct tls_server *server)
{
	char path[64];

	kill(server->pid, SIGKILL);
	pclose(server->output);
	snprintf(path, sizeof(path), "%s/key", server->directory);
	unlink(path);
	unlink(server->ca);
	rmdir(server->directory);
}

// One probe of the TLS server, or of `plain`, with `keys` gives a verdict and a reason.
static void expect_tls(const struct tls_server *tls, bool plain, const char *keys, bool good, const char *reason)
{
	struct server server = {.answer = "HTTP/1.1 200 OK\r\n\r\n"};
	char health[300];
	struct app_world *world;
	struct cp_check_view view;

	snprintf(health, sizeof(health), "type = \"https\"; %s", keys);
	if (!plain)
		snprintf(health + strlen(health), sizeof(health) - strlen(health), " port = %u;", tls->port);
	world = world_of(&server, health);
	run_probes(world, 1);
	view = view_of(world);
	CU_ASSERT(view.known && view.healthy == good);
	CU_ASSERT_STRING_EQUAL(view.reason, reason);
	world_end(world, &server);
}

static void tls_is_verified(void)
{
	struct tls_server tls = {0};
	char keys[200];

	tls_serve(&tls);
	snprintf(keys, sizeof(keys), "ca = \"%s\"; server_name = \"www.example.com\";", tls.ca);
	expect_tls(&tls, false, keys, true, "");
	snprintf(keys, sizeof(keys), "ca = \"%s\"; host = \"www.example.com:8443\";", tls.ca);
	expect_tls(&tls, false, keys, true, "");
	snprintf(keys, sizeof(keys), "ca = \"%s\"; server_name = \"mail.example.com\";", tls.ca);
	expect_tls(&tls, false, keys, false, "certificate is not for mail.example.com");
	snprintf(keys, sizeof(keys), "ca = \"%s\";", tls.ca);
	expect_tls(&tls, false, keys, false, "certificate is not for the address");
	expect_tls(&tls, false, "server_name = \"www.example.com\";", false,
		   "certificate is not trusted (X509 error 18)");
	expect_tls(&tls, false, "verify = false;", true, "");
	expect_tls(&tls, true, "verify = false;", false, "TLS handshake failed");
	tls_end(&tls);
}

static void a_missing_ca_gives_no_verdict(void)
{
	struct server server = {.answer = NULL};
	struct app_world *world = world_of(&server, "type = \"https\"; ca = \"/nonexistent/ca.pem\"");

	run_ms(world, 300);
	CU_ASSERT_FALSE(view_of(world).known);
	CU_ASSERT_EQUAL(view_of(world).probes, 0);
	world_end(world, &server);
}

static const struct check_case cases[] = {
	{"tcp rises and falls", tcp_rises_and_falls},
	{"http says who it asks", http_says_who_it_asks},
	{"http answers", http_answers},
	{"http asks and judges as told", http_asks_and_judges_as_told},
	{"redirects are not followed", redirects_are_not_followed},
	{"a reload keeps what it can", reload_keeps_what_it_can},
	{"adopted verdicts last until fall", adopted_verdicts_last_until_fall},
	{"tcp without descriptors", tcp_without_descriptors},
	{"http without descriptors", http_without_descriptors},
	{"wants of this host", local_wants},
	{ "TLS is verified, and by name", tls_is_verified },
	{ "a missing CA gives no verdict", a_missing_ca_gives_no_verdict },
};
CHECK_MAIN("check", cases)
