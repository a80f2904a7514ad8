// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <arpa/inet.h>
#include <sys/stat.h>

#include "from_text.h"
#include "suggest.h"

// libconfig 1.5 forgets the string that it was reading when a syntax error comes.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

static const char one_service[] =
	"services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; backends = ( { name = \"web1\"; "
	"address = \"10.0.0.1\"; } ); } );";

static const char *fixture(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), POISE_SOURCE "/tests/fixtures/config/%s", name);
	return path;
}

static void defaults(void)
{
	struct cp_config *config = config_from("ports = ( { name = \"front\"; interface = \"eth1\"; } );\n%s",
					       one_service);
	const struct cp_service *service = &config->services[0];

	CU_ASSERT_EQUAL(config->dataplane.mode, CP_NIC_AF_XDP);
	CU_ASSERT_EQUAL(config->dataplane.workers, 1);
	CU_ASSERT_PTR_NULL(config->dataplane.cores);
	CU_ASSERT_EQUAL(config->dataplane.idle, CP_IDLE_ADAPTIVE);
	CU_ASSERT_EQUAL(config->dataplane.max_flows, 1048576);
	CU_ASSERT_TRUE(config->dataplane.spawn);
	CU_ASSERT_EQUAL(config->dataplane.eal_count, 0);
	CU_ASSERT_EQUAL(config->ports[0].queues, 1);
	CU_ASSERT_EQUAL(config->ports[0].snat_count, 0);
	CU_ASSERT_EQUAL(config->ports[0].snat_first_port, 1024);
	CU_ASSERT_EQUAL(config->ports[0].snat_last_port, 32767);
	CU_ASSERT_EQUAL(service->line, 2);
	CU_ASSERT_EQUAL(service->protocol, IPPROTO_TCP);
	CU_ASSERT_EQUAL(service->nat, POISE_NAT_DNAT);
	CU_ASSERT_EQUAL(service->scheduler, POISE_SCHEDULER_RR);
	CU_ASSERT_EQUAL(service->timeout_ms[POISE_TIMEOUT_HALF_OPEN], 30000);
	CU_ASSERT_EQUAL(service->timeout_ms[POISE_TIMEOUT_ESTABLISHED], 7440000);
	CU_ASSERT_EQUAL(service->timeout_ms[POISE_TIMEOUT_CLOSING], 240000);
	CU_ASSERT_EQUAL(service->health.type, CP_HEALTH_TCP);
	CU_ASSERT_EQUAL(service->health.port, 0);
	CU_ASSERT_EQUAL(service->health.interval_ms, 1000);
	CU_ASSERT_EQUAL(service->health.timeout_ms, 500);
	CU_ASSERT_EQUAL(service->health.rise, 2);
	CU_ASSERT_EQUAL(service->health.fall, 3);
	CU_ASSERT_EQUAL(service->backends[0].port, 80);
	CU_ASSERT_EQUAL(service->backends[0].weight, 1);
	CU_ASSERT_EQUAL(service->backends[0].role, CP_ROLE_ACTIVE);
	CU_ASSERT_TRUE(config->xdp);
	CU_ASSERT_EQUAL(config->heartbeat_ms, 5);
	CU_ASSERT_STRING_EQUAL(config->metrics_address, "127.0.0.1");
	CU_ASSERT_EQUAL(config->metrics_port, 9650);
	CU_ASSERT_STRING_EQUAL(config->control_socket, "/run/poise/control.sock");
	CU_ASSERT_STRING_EQUAL(config->dataplane_socket, "/run/poise/dataplane.sock");
	cp_config_free(config);
}

static void every_key_objects(const struct cp_config *config)
{
	const struct cp_service *service = &config->services[0];
	static const uint8_t mac[6] = { 2, 0xab, 0xcd, 0, 0, 0xfe };

	CU_ASSERT_EQUAL(service->nat, POISE_NAT_FULL);
	CU_ASSERT_EQUAL(service->scheduler, POISE_SCHEDULER_WRR);
	CU_ASSERT_EQUAL(service->vip, inet_addr("203.0.113.10"));
	CU_ASSERT_EQUAL(service->port, 443);
	CU_ASSERT_EQUAL(service->backends_count, 2);
	CU_ASSERT_EQUAL(service->backends[0].port, 8443);
	CU_ASSERT_EQUAL(service->backends[0].weight, 256);
	CU_ASSERT_EQUAL(service->backends[1].port, 443);
	CU_ASSERT_EQUAL(service->backends[1].weight, 0);
	CU_ASSERT_EQUAL(service->backends[1].role, CP_ROLE_STANDBY);
	CU_ASSERT_EQUAL(service->backends[1].line, 10);
	CU_ASSERT_EQUAL(service->health.type, CP_HEALTH_HTTP);
	CU_ASSERT_EQUAL(service->health.port, 8080);
	CU_ASSERT_STRING_EQUAL(service->health.path, "/healthz?a=b");
	CU_ASSERT_STRING_EQUAL(service->health.host, "www.example.com");
	CU_ASSERT_STRING_EQUAL(service->health.expect, "204, 301-302");
	CU_ASSERT_EQUAL(service->health.method, CP_HTTP_HEAD);
	CU_ASSERT_EQUAL(service->health.jitter_percent, 0);
	CU_ASSERT_EQUAL(service->health.damping_s, 60);
	CU_ASSERT_TRUE(service->health.passive);
	CU_ASSERT_EQUAL(service->health.fall, 1000);
	CU_ASSERT_EQUAL(service->timeout_ms[POISE_TIMEOUT_ESTABLISHED], 604800000);
	CU_ASSERT_EQUAL(service->access.allow.count, 2);
	CU_ASSERT_EQUAL(service->access.allow.items[0].address, inet_addr("192.0.2.1")); // in order
	CU_ASSERT_EQUAL(service->access.allow.items[0].length, 32);
	CU_ASSERT_EQUAL(service->access.deny.count, 1);
	CU_ASSERT_EQUAL(service->access.deny.items[0].length, 25);
	CU_ASSERT_EQUAL(service->new_flows_per_source_s, 10000);
	CU_ASSERT_EQUAL(service->flows_per_source, 1000000);
	CU_ASSERT_EQUAL(config->services[1].health.type, CP_HEALTH_NONE);
	CU_ASSERT_EQUAL(config->neighbors_count, 2);
	CU_ASSERT_EQUAL(config->neighbors[0].prefix, 32);
	CU_ASSERT_EQUAL(config->neighbors[1].prefix, 0);
	CU_ASSERT_EQUAL(config->neighbors[1].address, 0);
	CU_ASSERT_EQUAL(memcmp(config->neighbors[1].mac, mac, 6), 0);
	CU_ASSERT_STRING_EQUAL(config->neighbors[1].port, "Back-1_a.b");
}

static void every_key(void)
{
	struct cp_report report = {0};
	struct cp_config *config = cp_config_load(fixture("good/every-key.conf"), &report);

	CU_ASSERT_PTR_NOT_NULL_FATAL(config);
	CU_ASSERT_EQUAL(report.count, 0);
	CU_ASSERT_EQUAL(config->dataplane.workers, 3);
	CU_ASSERT_STRING_EQUAL(config->dataplane.cores, "1,3-4");
	CU_ASSERT_EQUAL(config->dataplane.idle, CP_IDLE_POLL);
	CU_ASSERT_EQUAL(config->dataplane.max_flows, 268435456);
	CU_ASSERT_FALSE(config->dataplane.spawn);
	CU_ASSERT_EQUAL(config->dataplane.eal_count, 3);
	CU_ASSERT_STRING_EQUAL(config->dataplane.eal[2], "512");
	CU_ASSERT_EQUAL(config->ports_count, 2);
	CU_ASSERT_EQUAL(config->ports[0].queues, 16);
	CU_ASSERT_STRING_EQUAL(config->ports[1].interface, "a2345678901234x");
	CU_ASSERT_EQUAL(config->ports[1].snat_count, 2);
	CU_ASSERT_EQUAL(config->ports[1].snat[1], inet_addr("10.0.0.253"));
	CU_ASSERT_EQUAL(config->ports[1].snat_first_port, 2048);
	CU_ASSERT_EQUAL(config->ports[1].snat_last_port, 65535);
	CU_ASSERT_EQUAL(cp_config_port(config, "Back-1_a.b"), 1);
	CU_ASSERT_EQUAL(cp_config_port(config, "back"), -1);
	every_key_objects(config);
	CU_ASSERT_TRUE(config->firewall.deny);
	CU_ASSERT_EQUAL(config->firewall.pass_count, 3);
	CU_ASSERT_EQUAL(config->firewall.pass[0].source.length, 24);
	CU_ASSERT_STRING_EQUAL(config->firewall.pass[0].interface, "eth1");
	CU_ASSERT_EQUAL(config->firewall.pass[1].first_port, 3784);
	CU_ASSERT_EQUAL(config->firewall.pass[1].last_port, 3785);
	CU_ASSERT_EQUAL(config->firewall.pass[2].protocol, CP_PASS_IPV6);
	CU_ASSERT_FALSE(config->xdp);
	CU_ASSERT_EQUAL(config->heartbeat_ms, 1000);
	CU_ASSERT_STRING_EQUAL(config->metrics_address, "::1");
	CU_ASSERT_EQUAL(config->metrics_port, 65535);
	CU_ASSERT_STRING_EQUAL(config->dataplane_socket, "/run/dataplane.sock");
	cp_config_free(config);
}

static void liberal_syntax(void)
{
	struct cp_report report = {0};
	struct cp_config *config = cp_config_load(fixture("good/liberal.conf"), &report);

	CU_ASSERT_PTR_NOT_NULL_FATAL(config);
	CU_ASSERT_EQUAL(config->services[0].port, 80);
	CU_ASSERT_EQUAL(config->services[0].line, 5);
	CU_ASSERT_EQUAL(config->services[0].backends[0].weight, 0);
	cp_config_free(config);
}

static void no_metrics(void)
{
	struct cp_config *config = config_from("ports = ( { name = \"f\"; interface = \"e\"; } ); %s "
					       "metrics = { listen = \"\"; };", one_service);

	CU_ASSERT_STRING_EQUAL(config->metrics_address, "");
	cp_config_free(config);
}

static void refused(const char *file, const char *line)
{
	struct cp_report report = {0};

	CU_ASSERT_PTR_NULL(cp_config_load(file, &report));
	CU_ASSERT_EQUAL(report.count, 1);
	if (!report_says(&report, line)) {
		fprintf(stderr, "%s: wanted %s, got %s\n", file, line, report.count ? report.lines[0] : "nothing");
		CU_FAIL("another message");
	}
	cp_report_fini(&report);
}

static void odd_files(void)
{
	char directory[] = P_tmpdir "/poise-test-XXXXXX", path[64];

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
	refused(directory, ": cannot be read: Is a directory");
	refused("/nonexistent/poise.conf", "/nonexistent/poise.conf: cannot be opened: No such file");
	refused("/dev/zero", "/dev/zero: is not a regular file");
	refused("", ": cannot be opened");
	snprintf(path, sizeof(path), "%s/fifo", directory);
	CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
	refused(path, "is not a regular file"); // and does not wait for a writer
	unlink(path);
	rmdir(directory);
}

static void refused_bytes(const void *bytes, size_t length, const char *line)
{
	struct cp_report report = {0};

	CU_ASSERT_PTR_NULL(config_from_bytes(bytes, length, &report));
	CU_ASSERT(report.count > 0);
	if (line && !report_says(&report, line)) {
		fprintf(stderr, "wanted %s, got %s\n", line, report.count ? report.lines[0] : "nothing");
		CU_FAIL("another message");
	}
	cp_report_fini(&report);
}

static void odd_contents(void)
{
	size_t size = (4u << 20) + 1;
	char *bytes = check_memory(size);
	uint64_t seed = 1;

	refused_bytes("", 0, ": no services, add");
	refused_bytes("ports = (\n\0);", 13, ":2: a NUL byte");
	refused_bytes("a = 1; \x01", 8, ":1: a control character");
	memset(bytes, '{', size);
	refused_bytes(bytes, 1 << 20, ":1: brackets are nested too deep");
	refused_bytes(bytes, size, "is larger than 4 MiB");
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)check_random(&seed);
	refused_bytes(bytes, 1 << 20, "NUL byte");
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(' ' + check_random(&seed) % 95);
	refused_bytes(bytes, 1 << 20, NULL);
	memset(bytes, 'x', size);
	refused_bytes(bytes, 1 << 20, "syntax error");
	memset(bytes, '9', size);
	memcpy(bytes, "a = ", 4);
	refused_bytes(bytes, 1 << 20, "unknown key");
	memset(bytes, '"', size);
	refused_bytes(bytes, 1 << 20, NULL);
	free(bytes);
}

// libconfig alone would read 4294967297 as 1.
static void huge_numbers(void)
{
	static const char *const numbers[] = { "2147483648", "4294967297", "-4294967295", "0x100000001",
					       "9223372036854775808", "99999999999999999999999999", "-1",
					       "0xffffffffffffffffff", "1e3", "1.0", "4294967297L" };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct cp_report report = {0};
		char text[512];

		snprintf(text, sizeof(text), "dataplane = {\nworkers = %s; };\nports = ( { name = \"f\"; "
			 "interface = \"e\"; } );\n%s", numbers[i], one_service);
		CU_ASSERT_PTR_NULL(config_from_bytes(text, strlen(text), &report));
		CU_ASSERT_EQUAL(report.count, 1);
		CU_ASSERT(report_says(&report, ":2: "));
		cp_report_fini(&report);
	}
}

// A good file with bytes changed: whatever comes, it is an answer, and memory is clean.
static void damaged_files(void)
{
	static char text[8192];
	uint64_t seed = 7;
	size_t length;
	FILE *file = fopen(fixture("good/every-key.conf"), "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	length = fread(text, 1, sizeof(text), file);
	fclose(file);
	for (int round = 0; round < 3000; round++) {
		struct cp_report report = {0};
		char *copy = check_copy(text, length);
		struct cp_config *config;
		size_t cut = length;

		for (uint64_t i = check_random(&seed) % 6; i > 0; i--)
			copy[check_random(&seed) % length] = (char)check_random(&seed);
		for (uint64_t i = check_random(&seed) % 6; i > 0; i--)
			copy[check_random(&seed) % length] = "{}()[];=\",.0#"[check_random(&seed) % 13];
		if (check_random(&seed) % 4 == 0)
			cut = check_random(&seed) % length;
		config = config_from_bytes(copy, cut, &report);
		CU_ASSERT_EQUAL(!config, report.count > 0);
		cp_config_free(config);
		cp_report_fini(&report);
		free(copy);
	}
}

static void messages_are_harmless(void)
{
	struct cp_report report = {0};
	static const char text[] = "ports = ( { name = \"\\x1b[31mred\\n\"; interface = \"e\"; } );";

	CU_ASSERT_PTR_NULL(config_from_bytes(text, sizeof(text) - 1, &report));
	CU_ASSERT(report_says(&report, "\"?[31mred?\""));
	cp_report_fini(&report);
}

static void suggestions(void)
{
	static const char *const words[] = { "workers", "cores", "max_flows", "vip" };

	CU_ASSERT_STRING_EQUAL(cp_suggest("wrokers", words, 4), "workers");
	CU_ASSERT_STRING_EQUAL(cp_suggest("worker", words, 4), "workers");
	CU_ASSERT_STRING_EQUAL(cp_suggest("maxflows", words, 4), "max_flows");
	CU_ASSERT_STRING_EQUAL(cp_suggest("vpi", words, 4), "vip");
	CU_ASSERT_PTR_NULL(cp_suggest("weight", words, 4));
	CU_ASSERT_PTR_NULL(cp_suggest("x", words, 4));
	CU_ASSERT_PTR_NULL(cp_suggest("", words, 4));
	CU_ASSERT_PTR_NULL(cp_suggest("a-word-that-is-longer-than-any-key-of-the-file", words, 4));
}

static void names(void)
{
	CU_ASSERT_STRING_EQUAL(cp_nic_mode_name(CP_NIC_AF_XDP), "af_xdp");
	CU_ASSERT_STRING_EQUAL(cp_nic_mode_name(CP_NIC_MODES), "?");
	CU_ASSERT_STRING_EQUAL(cp_nat_name(POISE_NAT_FULL), "full");
	CU_ASSERT_STRING_EQUAL(cp_scheduler_name(POISE_SCHEDULER_WRR), "wrr");
	CU_ASSERT_STRING_EQUAL(cp_role_name(CP_ROLE_STANDBY), "standby");
	CU_ASSERT_STRING_EQUAL(cp_health_type_name(CP_HEALTH_HTTP), "http");
}

static const struct check_case cases[] = {
	{ "defaults", defaults },
	{ "every key", every_key },
	{ "liberal syntax", liberal_syntax },
	{ "metrics can be off", no_metrics },
	{ "odd files", odd_files },
	{ "odd contents", odd_contents },
	{ "huge numbers are not cut", huge_numbers },
	{ "damaged files", damaged_files },
	{ "messages cannot steer a terminal", messages_are_harmless },
	{ "suggestions", suggestions },
	{ "names", names },
};

CHECK_MAIN("config", cases)
