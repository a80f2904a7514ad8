// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The dataplane's command line follows from the config and the host.
#include "check.h"
#include "eal.h"
#include "from_text.h"

#define PORTS "ports = ( { name = \"front\"; interface = \"eth1\"; }, { name = \"back\"; interface = \"eth2\"; queues = 2; } );\n"
#define WEB                                                                                                   \
	"services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; "                                     \
	"backends = ( { name = \"one\"; address = \"10.0.0.1\"; } ); } );\n"

static struct cp_host host_of(int cpus, uint64_t huge_mb)
{
	struct cp_host host = { .huge_bytes = huge_mb << 20 };

	for (int i = 0; i < cpus; i++)
		CPU_SET(i, &host.cpus);
	return host;
}

// All arguments in one line.
static char *line_of(const char *dataplane, int cpus, uint64_t huge_mb)
{
	struct cp_config *config = config_from("dataplane = { %s };\n" PORTS WEB, dataplane);
	struct cp_host host = host_of(cpus, huge_mb);
	struct cp_arguments arguments;
	char *line = check_memory(8192);

	CU_ASSERT_PTR_NOT_NULL_FATAL(config);
	CU_ASSERT_EQUAL_FATAL(cp_eal_arguments(config, &host, "/x/poise-dataplane", "run-poise", &arguments), 0);
	for (uint32_t i = 0; i < arguments.count; i++) {
		strcat(line, arguments.items[i]);
		strcat(line, " ");
	}
	cp_arguments_fini(&arguments);
	cp_config_free(config);
	return line;
}

static void expect(const char *dataplane, int cpus, uint64_t huge_mb, const char *part)
{
	char *line = line_of(dataplane, cpus, huge_mb);

	if (!strstr(line, part))
		fprintf(stderr, "%s lacks %s\n", line, part);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, part));
	free(line);
}

static void cores(void)
{
	expect("workers = 1;", 2, 0, "--lcores=0@0,1@1 ");
	expect("workers = 1;", 1, 0, "--lcores=0@0,1@0 ");
	expect("workers = 2;", 2, 0, "--lcores=0@0,1@1,2@0 ");
	expect("workers = 2;", 4, 0, "--lcores=0@0,1@1,2@2 ");
	expect("workers = 4;", 2, 0, "--lcores=0@0,1@1,2@0,3@1,4@0 ");
	expect("workers = 3; cores = \"0-1,3\";", 4, 0, "--lcores=0@2,1@0,2@1,3@3 ");
	expect("workers = 2; cores = \"1,0\";", 2, 0, "--lcores=0@0,1@1,2@0 ");
}

static void memory(void)
{
	char *line = line_of("", 2, 8192);

	CU_ASSERT_PTR_NULL(strstr(line, "--no-huge"));
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "--in-memory"));
	free(line);
	line = line_of("", 2, 64); // too few are as good as none
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "--no-huge"));
	CU_ASSERT_PTR_NULL(strstr(line, "--in-memory")); // EAL refuses both
	free(line);
	line = line_of("eal = [ \"--no-huge\" ];", 2, 8192); // the operator's word counts
	CU_ASSERT_PTR_NULL(strstr(line, "--in-memory"));
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "-m "));
	free(line);
}

static void devices(void)
{
	expect("", 2, 0, "--vdev=net_af_xdp_front,iface=eth1,start_queue=0,queue_count=1,");
	expect("", 2, 0, "--vdev=net_af_xdp_back,iface=eth2,start_queue=0,queue_count=1,");
	expect("", 2, 0, "--vdev=net_af_xdp_back_1,iface=eth2,start_queue=1,queue_count=1,");
	expect("", 2, 0, "--iova-mode=va ");
	expect("", 2, 0, "--file-prefix=poise-run-poise ");
}

static void own_options(void)
{
	expect("idle = \"poll\";", 2, 0, " -- --control /run/poise/dataplane.sock --mode af_xdp --idle poll ");
	expect("idle = \"adaptive\";", 2, 0, "--idle adaptive ");
	expect("eal = [ \"--log-level=8\", \"-v\" ];", 2, 0, " --log-level=8 -v -- ");
}

static const struct check_case cases[] = {
	{ "cores", cores },
	{ "huge pages or not", memory },
	{ "one device a queue", devices },
	{ "the config's EAL options and our own", own_options },
};

CHECK_MAIN("spawn", cases)
