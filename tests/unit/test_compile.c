// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "compile_world.h"

#define WEB(backends) "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; backends = ( " backends  \
		      " ); } );"
#define BACKEND(name, address) "{ name = \"" name "\"; address = \"" address "\"; }"
#define WEB1 BACKEND("web1", "10.0.0.1")
#define WEB2 BACKEND("web2", "10.0.0.2")
#define WEB3 BACKEND("web3", "10.0.0.3")

static void busy_set(uint64_t *busy, int index)
{
	memset(busy, 0, POISE_MAX_BACKENDS / 8);
	if (index >= 0)
		busy[index / 64] |= 1ull << (index % 64);
}

static void whole_snapshot(void)
{
	struct poise_snapshot *s = NULL;
	const struct poise_vip *vip;
	const struct poise_backend *backend;
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0xbb };

	next(&s, VDEV WEB(WEB1 ", { name = \"web2\"; address = \"10.0.0.2\"; port = 8080; }"), NULL);
	CU_ASSERT_EQUAL(s->magic, POISE_SNAPSHOT_MAGIC);
	CU_ASSERT_EQUAL(s->flags, 0);
	CU_ASSERT_EQUAL(s->ports_count, 2);
	CU_ASSERT_STRING_EQUAL(s->ports[1].name, "back");
	CU_ASSERT_STRING_EQUAL(s->ports[1].device, "net_null1");
	CU_ASSERT_EQUAL(s->ports[0].snat_count, 0);
	CU_ASSERT_EQUAL(s->ports[1].snat_count, 2);
	CU_ASSERT_EQUAL(s->snat[1].address, inet_addr("10.0.0.253"));
	CU_ASSERT_EQUAL(s->snat[1].port, 1);
	CU_ASSERT_EQUAL(s->snat[1].first_port, 2000);
	CU_ASSERT_EQUAL(s->snat[1].last_port, 3000);
	CU_ASSERT_EQUAL(poise_vip_find(s, inet_addr("203.0.113.10"), htons(80)), 0);
	CU_ASSERT_EQUAL(poise_vip_find(s, inet_addr("203.0.113.10"), 0), 0);
	CU_ASSERT_EQUAL(poise_vip_find(s, inet_addr("203.0.113.10"), htons(81)), POISE_NONE16);
	vip = &s->vips[0];
	CU_ASSERT_EQUAL(vip->protocol, IPPROTO_TCP);
	CU_ASSERT_EQUAL(vip->timeout_ms[POISE_TIMEOUT_ESTABLISHED], 7440000);
	CU_ASSERT_EQUAL(vip->cursor, 0);
	CU_ASSERT_STRING_EQUAL(slots_of(s, "web"), "web1 web2");
	backend = &s->backends[1];
	CU_ASSERT_EQUAL(backend->port, htons(8080));
	CU_ASSERT_EQUAL(backend->flags, POISE_BACKEND_UP);
	CU_ASSERT_EQUAL(backend->weight, 1);
	CU_ASSERT_EQUAL(s->egress[backend->egress].flags, POISE_EGRESS_KNOWN);
	CU_ASSERT_EQUAL(s->egress[backend->egress].port, 1);
	CU_ASSERT_EQUAL(memcmp(s->egress[backend->egress].dst_mac, mac, 6), 0);
	CU_ASSERT_EQUAL(memcmp(s->egress[backend->egress].src_mac, s->ports[1].mac, 6), 0);
	CU_ASSERT_EQUAL(s->egress[0].flags, 0);
	CU_ASSERT_EQUAL(s->routes_count, 1);
	CU_ASSERT(s->routes[0].egress > POISE_MAX_BACKENDS && s->routes[0].egress < s->egress_count);
	free(s);
}

static void af_xdp_has_a_kernel(void)
{
	struct cp_config *config = config_from("ports = ( { name = \"front\"; interface = \"e\"; } ); %s", WEB(WEB1));
	struct cp_topology nothing = { .links[0].ifindex = 7 };
	struct poise_snapshot *s = snapshot_of(config, NULL, &nothing, NULL, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(s->flags, POISE_SNAPSHOT_EXCEPTION_PATH);
	CU_ASSERT_EQUAL(s->ports[0].ifindex, 7);
	CU_ASSERT_STRING_EQUAL(s->ports[0].device, "net_af_xdp_front");
	CU_ASSERT_EQUAL(s->vips[0].slot_count, 0); // no next hop is known
	CU_ASSERT_EQUAL(s->backends[0].flags, 0);
	free(s);
	cp_config_free(config);
}

static void without_a_dataplane_the_kernel_times_handshakes(void)
{
	struct cp_config *config = config_from("dataplane = { mode = \"xdp\"; };\n"
					       "ports = ( { name = \"front\"; interface = \"e\"; } ); %s", WEB(WEB1));
	struct cp_topology nothing = { .links[0].ifindex = 7 };
	struct poise_snapshot *s = snapshot_of(config, NULL, &nothing, NULL, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(s->flags, POISE_SNAPSHOT_EXCEPTION_PATH | POISE_SNAPSHOT_HANDSHAKES);
	free(s);
	cp_config_free(config);
}

static void device_names_do_not_collide(void)
{
	struct cp_config *config = check_memory(sizeof(*config));
	static const char *const names[] = { "a", "a_1", "a_b", "_1", "12345678901234567", "123456789012345678",
					     "123456789012345679", "a2345678901234567890_12" };
	char device[8][POISE_DEVICE_SIZE];

	config->dataplane.mode = CP_NIC_AF_XDP;
	config->ports_count = 8;
	for (uint32_t i = 0; i < 8; i++) {
		strcpy(config->ports[i].name, names[i]);
		cp_port_device(config, i, device[i]);
		CU_ASSERT(strlen(device[i]) <= POISE_DEVICE_SIZE - 4);
		CU_ASSERT_EQUAL(strncmp(device[i], "net_af_xdp_", 11), 0);
		for (uint32_t j = 0; j < i; j++) {
			CU_ASSERT_STRING_NOT_EQUAL(device[i], device[j]);
			for (int queue = 1; queue < 16; queue++) {
				char name[POISE_DEVICE_SIZE + 16];

				snprintf(name, sizeof(name), "%.31s_%d", device[j], queue);
				CU_ASSERT_STRING_NOT_EQUAL(name, device[i]);
				snprintf(name, sizeof(name), "%.31s_%d", device[i], queue);
				CU_ASSERT_STRING_NOT_EQUAL(name, device[j]);
			}
		}
	}
	CU_ASSERT_STRING_EQUAL(device[0], "net_af_xdp_a");
	CU_ASSERT_STRING_EQUAL(device[2], "net_af_xdp_a_b");
	free(config);
}

static void backends_keep_their_indices(void)
{
	struct poise_snapshot *s = NULL;
	uint64_t busy[POISE_MAX_BACKENDS / 64];
	int web1, web2, web3;

	next(&s, VDEV WEB(WEB1 "," WEB2), NULL);
	web1 = backend_index(s, "10.0.0.1");
	web2 = backend_index(s, "10.0.0.2");
	next(&s, VDEV WEB(WEB3 "," WEB2 "," WEB1), NULL); // another order, one more
	web3 = backend_index(s, "10.0.0.3");
	CU_ASSERT_EQUAL(backend_index(s, "10.0.0.1"), web1);
	CU_ASSERT_EQUAL(backend_index(s, "10.0.0.2"), web2);
	CU_ASSERT_STRING_EQUAL(slots_of(s, "web"), "web1 web2 web3");
	next(&s, VDEV WEB(WEB3), NULL); // one generation of grace
	CU_ASSERT_EQUAL(s->backends[web1].flags, POISE_BACKEND_REMOVED);
	CU_ASSERT_EQUAL(s->egress[s->backends[web1].egress].flags, POISE_EGRESS_KNOWN);
	CU_ASSERT_STRING_EQUAL(slots_of(s, "web"), "web3");
	busy_set(busy, web1);
	next(&s, VDEV WEB(WEB3 "," BACKEND("web4", "10.0.0.4")), busy);
	CU_ASSERT_EQUAL(s->backends[web1].flags, POISE_BACKEND_REMOVED); // its flows remain
	CU_ASSERT_EQUAL(backend_index(s, "10.0.0.2"), -1);		 // nobody remembers this one
	CU_ASSERT_NOT_EQUAL(backend_index(s, "10.0.0.4"), web2);	 // nor will by mistake
	next(&s, VDEV WEB(WEB3 "," WEB1), busy);
	CU_ASSERT_EQUAL(backend_index(s, "10.0.0.1"), web1); // it is back
	CU_ASSERT_EQUAL(s->backends[web1].flags, POISE_BACKEND_UP);
	CU_ASSERT_EQUAL(backend_index(s, "10.0.0.3"), web3);
	next(&s, VDEV WEB(WEB3), NULL);
	next(&s, VDEV WEB(WEB3), NULL);
	CU_ASSERT_EQUAL(backend_index(s, "10.0.0.1"), -1);
	free(s);
}

// Flows to the old address find their next hop by the index, so a new address is another backend.
static void another_address_is_another_backend(void)
{
	struct poise_snapshot *s = NULL;
	int before;

	next(&s, VDEV WEB(WEB1 "," WEB2), NULL);
	before = backend_index(s, "10.0.0.1");
	next(&s, VDEV WEB(BACKEND("web1", "10.0.0.11") "," WEB2), NULL);
	CU_ASSERT_NOT_EQUAL(backend_index(s, "10.0.0.11"), before);
	CU_ASSERT_EQUAL(s->backends[before].flags, POISE_BACKEND_REMOVED);
	CU_ASSERT_EQUAL(s->backends[before].address, inet_addr("10.0.0.1"));
	before = backend_index(s, "10.0.0.2");
	next(&s, VDEV WEB(BACKEND("other", "10.0.0.2")), NULL);
	CU_ASSERT_STRING_EQUAL(slots_of(s, "web"), "other");
	CU_ASSERT_EQUAL(s->backends[before].flags, POISE_BACKEND_REMOVED);
	free(s);
}

#define SERVICE(name, port, backends)                                                                          \
	"{ name = \"" name "\"; vip = \"203.0.113.10\"; port = " port "; backends = ( " backends " ); }"

static void services_keep_their_indices(void)
{
	struct poise_snapshot *s = NULL;
	uint64_t busy[POISE_MAX_BACKENDS / 64];
	int web, api, web1;

	next(&s, VDEV "services = ( " SERVICE("web", "80", WEB1) "," SERVICE("api", "81", WEB1) " );", NULL);
	web = vip_index(s, "web");
	api = vip_index(s, "api");
	web1 = s->slots[s->vips[web].slot_first];
	CU_ASSERT_NOT_EQUAL(s->slots[s->vips[api].slot_first], web1); // one name in two services
	next(&s, VDEV "services = ( " SERVICE("new", "82", WEB1) "," SERVICE("api", "81", WEB1) " );", NULL);
	CU_ASSERT_EQUAL(vip_index(s, "api"), api);
	CU_ASSERT_EQUAL(s->vips[api].cursor, api);
	CU_ASSERT_NOT_EQUAL(vip_index(s, "new"), web);
	CU_ASSERT_EQUAL(s->vips[web].flags, POISE_VIP_REMOVED);
	CU_ASSERT_EQUAL(s->vips[web].slot_count, 0);
	CU_ASSERT_EQUAL(s->vips[web].timeout_ms[POISE_TIMEOUT_CLOSING], 240000);
	CU_ASSERT_EQUAL(poise_vip_find(s, inet_addr("203.0.113.10"), htons(80)), POISE_NONE16);
	CU_ASSERT_NOT_EQUAL(poise_vip_find(s, inet_addr("203.0.113.10"), 0), web);
	busy_set(busy, web1);
	next(&s, VDEV "services = ( " SERVICE("api", "81", WEB1) " );", busy);
	CU_ASSERT_EQUAL(s->vips[web].flags, POISE_VIP_REMOVED);
	next(&s, VDEV "services = ( " SERVICE("web", "80", WEB1) " );", busy);
	CU_ASSERT_EQUAL(vip_index(s, "web"), web); // the same again, flows and all
	CU_ASSERT_EQUAL(s->vips[web].flags, 0);
	CU_ASSERT_EQUAL(s->slots[s->vips[web].slot_first], web1);
	CU_ASSERT_EQUAL(poise_vip_find(s, inet_addr("203.0.113.10"), htons(80)), web);
	next(&s, VDEV "services = ( " SERVICE("x", "80", WEB1) " );", NULL);
	next(&s, VDEV "services = ( " SERVICE("x", "80", WEB1) "," SERVICE("y", "81", WEB1) " );", NULL);
	CU_ASSERT_EQUAL(vip_index(s, "web"), -1);
	CU_ASSERT_EQUAL(s->vips[web].address, 0); // free, but not given away at once
	free(s);
}

static struct cp_backend_state states_items[3];
static struct cp_states states = { states_items, 3 };

static void set_state(int backend, bool healthy, bool disabled, bool draining, int weight)
{
	struct cp_backend_state *item = &states_items[backend];

	memset(item, 0, sizeof(*item));
	strcpy(item->service, "web");
	snprintf(item->backend, sizeof(item->backend), "web%d", backend + 1);
	item->healthy = healthy;
	item->disabled = disabled;
	item->draining = draining;
	item->weight = weight;
}

static void expect_slots(const struct cp_config *config, const char *slots)
{
	struct poise_snapshot *s = snapshot_of(config, &states, NULL, NULL, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	if (strcmp(slots_of(s, "web"), slots))
		fprintf(stderr, "wanted \"%s\", got \"%s\"\n", slots, slots_of(s, "web"));
	CU_ASSERT_STRING_EQUAL(slots_of(s, "web"), slots);
	for (int i = 0; i < 3; i++) {
		const struct poise_backend *backend = &s->backends[i];
		bool up = strstr(slots, s->backend_names[i]);

		CU_ASSERT_EQUAL(!!(backend->flags & POISE_BACKEND_UP), up);
		CU_ASSERT_EQUAL(!!(backend->flags & POISE_BACKEND_DRAINING), states_items[i].draining);
	}
	free(s);
}

static void who_takes_new_flows(void)
{
	struct cp_config *config = config_from(
		"%s", VDEV WEB(WEB1 "," WEB2 ", { name = \"web3\"; address = \"10.0.0.3\"; role = \"standby\"; }"));

	for (int i = 0; i < 3; i++)
		set_state(i, true, false, false, -1);
	expect_slots(config, "web1 web2");
	set_state(0, false, false, false, -1);
	expect_slots(config, "web2");
	set_state(1, true, true, false, -1);
	expect_slots(config, "web3"); // the standby's turn
	set_state(1, true, false, true, -1);
	expect_slots(config, "web3");
	set_state(1, true, false, false, 0);
	expect_slots(config, "web3");
	set_state(2, false, false, false, -1);
	expect_slots(config, "");
	set_state(1, true, false, false, 9);
	expect_slots(config, "web2"); // round robin does not weigh
	config->services[0].scheduler = POISE_SCHEDULER_WRR;
	set_state(0, true, false, false, 2);
	set_state(1, true, false, false, -1);
	expect_slots(config, "web1 web2 web1");
	set_state(0, true, false, false, INT32_MAX);
	set_state(1, true, false, false, 256);
	expect_slots(config, "web1 web2");
	states.count = 1; // no state yet: no verdict yet
	expect_slots(config, "web1");
	config->services[0].health.type = CP_HEALTH_NONE;
	set_state(0, true, false, false, 1);
	memset(&states_items[1], 0, sizeof(states_items[1]));
	expect_slots(config, "web1 web2");
	states.count = 3;
	cp_config_free(config);
}

static void full_nat_needs_a_source(void)
{
	struct cp_config *config = config_from("%s", VDEV WEB(WEB1 "," WEB2));
	struct cp_next_hop hops[] = { { inet_addr("10.0.0.1"), 0, { 2 }, true },
				      { inet_addr("10.0.0.2"), 1, { 2 }, true } };
	struct cp_topology topology = { .hops = hops, .hops_count = 2 };
	struct poise_snapshot *s;

	config->services[0].nat = POISE_NAT_FULL;
	s = snapshot_of(config, NULL, &topology, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_STRING_EQUAL(slots_of(s, "web"), "web2"); // port 0 has no source addresses
	free(s);
	cp_config_free(config);
}

static void weights_beyond_the_slots(void)
{
	struct cp_config *config = config_from("%s", VDEV WEB(WEB1));
	struct cp_service *service = &config->services[0];

	service->scheduler = POISE_SCHEDULER_WRR;
	free(service->backends);
	service->backends_count = 1024;
	service->backends = check_memory(1024 * sizeof(*service->backends));
	for (uint32_t i = 0; i < 1024; i++) {
		snprintf(service->backends[i].name, POISE_NAME_SIZE, "b%u", i);
		service->backends[i].address = htonl(0x0a000001 + i);
		service->backends[i].weight = 255 + i % 2;
	}
	CU_ASSERT_PTR_NULL(snapshot_of(config, NULL, NULL, NULL, NULL));
	cp_config_free(config);
}

static void same_means_same(void)
{
	struct poise_snapshot *a = NULL, *b = NULL;

	next(&a, VDEV WEB(WEB1 "," WEB2), NULL);
	next(&b, VDEV WEB(WEB1 "," WEB2), NULL);
	CU_ASSERT_TRUE(cp_snapshot_same(a, b));
	next(&b, VDEV WEB(WEB1 "," WEB2), NULL);
	CU_ASSERT_EQUAL(b->generation, 2);
	CU_ASSERT_TRUE(cp_snapshot_same(a, b));
	next(&b, VDEV WEB(WEB1), NULL);
	CU_ASSERT_FALSE(cp_snapshot_same(a, b));
	free(a);
	free(b);
}

static const struct check_case cases[] = {
	{ "a whole snapshot", whole_snapshot },
	{ "af_xdp has a kernel", af_xdp_has_a_kernel },
	{ "without a dataplane the kernel times handshakes", without_a_dataplane_the_kernel_times_handshakes },
	{ "device names do not collide", device_names_do_not_collide },
	{ "backends keep their indices", backends_keep_their_indices },
	{ "another address is another backend", another_address_is_another_backend },
	{ "services keep their indices", services_keep_their_indices },
	{ "who takes new flows", who_takes_new_flows },
	{ "full NAT needs a source", full_nat_needs_a_source },
	{ "weights beyond the slots", weights_beyond_the_slots },
	{ "same means same", same_means_same },
};

CHECK_MAIN("compile", cases)
