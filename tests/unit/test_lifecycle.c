// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What time, checks and the operator do to backends, and which of them serve then.
#include "check.h"
#include "compile_world.h"
#include "lifecycle.h"
#include "states.h"

#define SECOND 1000000000ull
#define START (1000 * SECOND)
#define BACKEND(name, address, rest) "{ name = \"" name "\"; address = \"" address "\"; " rest "}"
#define A BACKEND("a", "10.0.0.1", "")
#define B BACKEND("b", "10.0.0.2", "")
#define C BACKEND("c", "10.0.0.3", "")
#define D BACKEND("d", "10.0.0.4", "")
#define SPARE BACKEND("spare", "10.0.0.9", "role = \"standby\"; ")
#define BY_ROLE "health = { type = \"postgresql\"; };"
#define SERVICE(keys, backends)                                                                              \
	VDEV "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; " keys " backends = ( " backends " ); } );"

struct life {
	struct cp_config *config;
	struct cp_states states;
	struct poise_snapshot *snapshot;
	uint64_t next_ns;
};

static char said[64];
static int said_count;

static void say(const struct cp_log_subject *subject, enum cp_log_level level, const char *id, const char *text)
{
	(void)level;
	(void)text;
	CU_ASSERT_STRING_EQUAL(subject->service, "web");
	snprintf(said, sizeof(said), "%s", id);
	said_count++;
}

static struct cp_backend_state *state(struct life *life, const char *name)
{
	struct cp_backend_state *found = cp_states_find(&life->states, "web", name);

	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	return found;
}

static struct life life_begin(const char *text)
{
	struct life life = {.config = config_from("%s", text)};

	CU_ASSERT_EQUAL(cp_states_sync(&life.states, life.config, true), 0);
	for (uint32_t i = 0; i < life.states.count; i++)
		life.states.items[i].known = true;
	said_count = 0;
	return life;
}

// The slots at a moment.
static const char *at(struct life *life, uint64_t now_ns)
{
	struct poise_snapshot *made;

	life->next_ns = cp_lifecycle_step(life->config, &life->states, now_ns, say);
	made = snapshot_of(life->config, &life->states, NULL, life->snapshot, NULL);
	free(life->snapshot);
	life->snapshot = made;
	return slots_of(made, "web");
}

static bool resets(const struct life *life, const char *address)
{
	const struct poise_backend *backend = &life->snapshot->backends[backend_index(life->snapshot, address)];
	const struct poise_egress *egress = &life->snapshot->egress[backend->egress];
	bool flag = backend->flags & POISE_BACKEND_RESETTING;

	CU_ASSERT_EQUAL(egress->flags, flag ? POISE_EGRESS_RESETTING : POISE_EGRESS_KNOWN);
	if (flag)
		CU_ASSERT(life->snapshot->flags & POISE_SNAPSHOT_RESETS);
	return flag;
}

static void life_end(struct life *life)
{
	free(life->snapshot);
	cp_states_fini(&life->states);
	cp_config_free(life->config);
}

static void standbys_below_min_active(void)
{
	struct life life = life_begin(SERVICE("min_active = 2;", A "," B "," SPARE));

	CU_ASSERT_STRING_EQUAL(at(&life, START), "a b");
	state(&life, "a")->healthy = false;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "b spare");
	state(&life, "b")->healthy = false;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "spare");
	state(&life, "a")->healthy = state(&life, "b")->healthy = true;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "a b");
	life_end(&life);
}

static void writes_go_to_the_primary(void)
{
	struct life life = life_begin(SERVICE("role_required = \"primary\"; " BY_ROLE, A "," B));

	CU_ASSERT_STRING_EQUAL(at(&life, START), ""); // nobody knows
	state(&life, "a")->node_role = CP_NODE_PRIMARY;
	state(&life, "b")->node_role = CP_NODE_REPLICA;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "a");
	CU_ASSERT_FALSE(resets(&life, "10.0.0.1"));
	state(&life, "b")->node_role = CP_NODE_PRIMARY; // promoted, the old one not yet demoted
	CU_ASSERT_STRING_EQUAL(at(&life, START), "");
	CU_ASSERT_STRING_EQUAL(said, "two-primaries");
	CU_ASSERT_EQUAL(said_count, 1);
	CU_ASSERT_FALSE(resets(&life, "10.0.0.1"));
	at(&life, START + SECOND);
	CU_ASSERT_EQUAL(said_count, 1); // said once
	state(&life, "a")->node_role = CP_NODE_REPLICA;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "b");
	CU_ASSERT_STRING_EQUAL(said, "two-primaries-over");
	CU_ASSERT_TRUE(resets(&life, "10.0.0.1"));
	CU_ASSERT_FALSE(resets(&life, "10.0.0.2"));
	life_end(&life);

	life = life_begin(SERVICE("role_required = \"primary\"; " BY_ROLE " on_demotion = \"keep\";", A));
	state(&life, "a")->node_role = CP_NODE_REPLICA;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "");
	CU_ASSERT_FALSE(resets(&life, "10.0.0.1"));
	life_end(&life);
}

static void reads_go_to_replicas(void)
{
	struct life life = life_begin(SERVICE("role_required = \"replica\"; " BY_ROLE " max_lag_ms = 500;", A "," B "," C));

	for (uint32_t i = 0; i < 3; i++) {
		life.states.items[i].node_role = i ? CP_NODE_REPLICA : CP_NODE_PRIMARY;
		life.states.items[i].lag_known = i > 0;
	}
	CU_ASSERT_STRING_EQUAL(at(&life, START), "b c");
	CU_ASSERT_EQUAL(life.next_ns, START + SECOND); // the lag is looked at again
	state(&life, "c")->lag_ms = 501;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "b");
	state(&life, "b")->lag_known = false;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "a"); // the last resort
	life.config->services[0].lifecycle.primary_last_resort = false;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "");
	life_end(&life);
}

static void all_down(void)
{
	struct life life = life_begin(SERVICE("all_down = \"fail_open\";", A "," B));

	state(&life, "a")->healthy = state(&life, "b")->healthy = false;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "a b");
	state(&life, "a")->disabled = true; // the operator means it
	CU_ASSERT_STRING_EQUAL(at(&life, START), "b");
	CU_ASSERT_EQUAL(life.snapshot->vips[0].flags, 0);
	life_end(&life);
	life = life_begin(SERVICE("all_down = \"reset\"; on_backend_down = \"reset\";", A "," B));
	CU_ASSERT_STRING_EQUAL(at(&life, START), "a b");
	state(&life, "a")->healthy = false;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "b");
	CU_ASSERT_TRUE(resets(&life, "10.0.0.1"));
	state(&life, "b")->healthy = false;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "");
	CU_ASSERT_EQUAL(life.snapshot->vips[0].flags, POISE_VIP_REFUSES);
	state(&life, "a")->healthy = true;
	CU_ASSERT_STRING_EQUAL(at(&life, START), "a");
	CU_ASSERT_FALSE(resets(&life, "10.0.0.1"));
	state(&life, "b")->known = false; // as after a start: no verdict, no reset
	at(&life, START);
	CU_ASSERT_FALSE(resets(&life, "10.0.0.2"));
	life_end(&life);
}

static void not_all_are_taken_out(void)
{
	struct life life =
		life_begin(SERVICE("max_ejected_percent = 50; ejection_interval_s = 10;", A "," B "," C "," D));

	CU_ASSERT_STRING_EQUAL(at(&life, START), "a b c d");
	for (uint32_t i = 0; i < 4; i++)
		life.states.items[i].healthy = false; // the checks' link is cut
	CU_ASSERT_STRING_EQUAL(at(&life, START), "c d");
	CU_ASSERT_TRUE(state(&life, "c")->held && state(&life, "d")->held);
	CU_ASSERT_STRING_EQUAL(said, "ejection-held");
	CU_ASSERT_EQUAL(life.next_ns, START + 10 * SECOND);
	state(&life, "d")->healthy = true;
	CU_ASSERT_STRING_EQUAL(at(&life, START + 9 * SECOND), "c d");
	CU_ASSERT_FALSE(state(&life, "d")->held);
	CU_ASSERT_STRING_EQUAL(at(&life, START + 10 * SECOND), "d"); // it fails for real
	for (uint32_t i = 0; i < 4; i++)
		life.states.items[i].healthy = true;
	CU_ASSERT_STRING_EQUAL(at(&life, START + 11 * SECOND), "a b c d");
	life_end(&life);
}

// Of 100 turns.
static uint32_t share_of(const struct life *life, const char *address)
{
	const struct poise_vip *vip = &life->snapshot->vips[0];
	uint32_t count = 0, index = (uint32_t)backend_index(life->snapshot, address);

	for (uint32_t i = 0; i < vip->slot_count; i++)
		count += life->snapshot->slots[vip->slot_first + i] == index;
	return vip->slot_count ? count * 100 / vip->slot_count : 0;
}

static void slow_start(void)
{
	struct life life = life_begin(SERVICE("slow_start_s = 9;", A "," B));

	CU_ASSERT_STRING_EQUAL(at(&life, START), "a b"); // nobody to be gentle with
	state(&life, "b")->healthy = false;
	CU_ASSERT_STRING_EQUAL(at(&life, START + 10 * SECOND), "a");
	state(&life, "b")->healthy = true;
	at(&life, START + 20 * SECOND);
	CU_ASSERT_EQUAL(share_of(&life, "10.0.0.2"), 9); // 1 to 10
	CU_ASSERT_EQUAL(life.next_ns, START + 21 * SECOND);
	at(&life, START + 24 * SECOND);
	CU_ASSERT_EQUAL(share_of(&life, "10.0.0.2"), 33); // 5 to 10
	at(&life, START + 28 * SECOND);
	CU_ASSERT_EQUAL(share_of(&life, "10.0.0.2"), 47); // 9 to 10
	CU_ASSERT_STRING_EQUAL(at(&life, START + 29 * SECOND), "a b");
	CU_ASSERT_EQUAL(life.next_ns, 0);
	state(&life, "a")->healthy = state(&life, "b")->healthy = false;
	at(&life, START + 30 * SECOND);
	state(&life, "a")->healthy = state(&life, "b")->healthy = true; // all come at once: none is slow
	CU_ASSERT_STRING_EQUAL(at(&life, START + 40 * SECOND), "a b");
	life_end(&life);
}

static void drain_has_an_end(void)
{
	struct life life = life_begin(SERVICE("", A "," B));

	state(&life, "a")->draining = true;
	state(&life, "a")->drain_ns = START;
	CU_ASSERT_STRING_EQUAL(at(&life, START + 99 * SECOND), "b");
	CU_ASSERT_FALSE(resets(&life, "10.0.0.1")); // without a deadline never
	CU_ASSERT_EQUAL(cp_lifecycle_drain_left(state(&life, "a"), START), -1);
	state(&life, "a")->drain_deadline_s = 100;
	CU_ASSERT_STRING_EQUAL(at(&life, START + 99 * SECOND), "b");
	CU_ASSERT_FALSE(resets(&life, "10.0.0.1"));
	CU_ASSERT_EQUAL(cp_lifecycle_drain_left(state(&life, "a"), START + 99 * SECOND), 1);
	CU_ASSERT_EQUAL(life.next_ns, START + 100 * SECOND);
	at(&life, START + 100 * SECOND);
	CU_ASSERT_TRUE(resets(&life, "10.0.0.1"));
	CU_ASSERT_STRING_EQUAL(said, "drain-deadline");
	state(&life, "a")->draining = false;
	CU_ASSERT_STRING_EQUAL(at(&life, START + 101 * SECOND), "a b");
	CU_ASSERT_FALSE(resets(&life, "10.0.0.1"));
	life_end(&life);
}

static const struct check_case cases[] = {
	{"standbys serve below min_active", standbys_below_min_active},
	{"writes go to the one primary", writes_go_to_the_primary},
	{"reads go to near replicas, at last to the primary", reads_go_to_replicas},
	{"all down: fail open, or refuse", all_down},
	{"not all are taken out at once", not_all_are_taken_out},
	{"a slow start grows by tenths", slow_start},
	{"a drain has an end", drain_has_an_end},
};

CHECK_MAIN("lifecycle", cases)
