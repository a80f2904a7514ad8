// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The sync link's messages: only whole ones of our kind and version come in, only from who knows the key, each once.
#include <endian.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "sync_key.h"

static struct cp_sync_secret secret_of(const char *text)
{
	struct cp_sync_secret secret;

	CU_ASSERT_EQUAL_FATAL(cp_sync_secret(&secret, text, strlen(text)), 0);
	return secret;
}

static void frames(void)
{
	uint8_t bytes[CP_SYNC_MESSAGE_MAX] = { 0 };
	uint32_t length = 0, made = cp_sync_header(bytes, CP_SYNC_FLOWS, 3 * sizeof(struct cp_sync_flow));
	struct cp_sync_header *header = (void *)bytes;

	CU_ASSERT_EQUAL(made, 32 + 120 + 32);
	for (uint32_t size = 0; size < made; size++) {
		void *copy = check_copy(bytes, size);

		CU_ASSERT_EQUAL(cp_sync_frame(copy, size, &length), CP_SYNC_FRAME_PART);
		free(copy);
	}
	CU_ASSERT_EQUAL(cp_sync_frame(bytes, made, &length), CP_SYNC_FRAME_WHOLE);
	CU_ASSERT(length == made && cp_sync_flows(length) == 3 && cp_sync_type(bytes) == CP_SYNC_FLOWS);
	CU_ASSERT_EQUAL(cp_sync_frame(bytes, sizeof(bytes), &length), CP_SYNC_FRAME_WHOLE); // more behind it
	header->length = htobe32(made + 1);
	CU_ASSERT_EQUAL(cp_sync_frame(bytes, sizeof(bytes), &length), CP_SYNC_FRAME_NOT);
	header->length = htobe32(CP_SYNC_MESSAGE_MAX + 40);
	CU_ASSERT_EQUAL(cp_sync_frame(bytes, sizeof(bytes), &length), CP_SYNC_FRAME_NOT);
	header->length = htobe32(64); // no flow at all
	CU_ASSERT_EQUAL(cp_sync_frame(bytes, sizeof(bytes), &length), CP_SYNC_FRAME_NOT);
	header->length = 0;
	CU_ASSERT_EQUAL(cp_sync_frame(bytes, sizeof(bytes), &length), CP_SYNC_FRAME_NOT);
	header->version = htobe16(77);
	CU_ASSERT_EQUAL(cp_sync_frame(bytes, sizeof(bytes), &length), CP_SYNC_FRAME_VERSION);
	CU_ASSERT_EQUAL(length, 77);
	header->magic = 0;
	CU_ASSERT_EQUAL(cp_sync_frame(bytes, sizeof(bytes), &length), CP_SYNC_FRAME_NOT);
	for (uint32_t type = 0; type < 300; type++) { // a length that is right for one type is wrong for unknown ones
		cp_sync_header(bytes, (enum cp_sync_type)type, 40);
		CU_ASSERT_EQUAL(cp_sync_frame(bytes, sizeof(bytes), &length),
				type == CP_SYNC_FLOWS ? CP_SYNC_FRAME_WHOLE : CP_SYNC_FRAME_NOT);
	}
}

static void greetings_need_the_key(void)
{
	struct cp_sync_secret ours = secret_of("0123456789abcdef0123456789abcdef"), theirs = secret_of("another");
	uint8_t bytes[256] = { 0 };
	uint32_t length = cp_sync_header(bytes, CP_SYNC_HELLO, sizeof(struct cp_sync_greeting));

	CU_ASSERT_EQUAL(cp_sync_open_greeting(&ours, bytes, length), CP_SYNC_FORGED);
	CU_ASSERT_EQUAL(cp_sync_seal_greeting(&ours, bytes, length), 0);
	CU_ASSERT_EQUAL(cp_sync_open_greeting(&ours, bytes, length), CP_SYNC_GOOD);
	CU_ASSERT_EQUAL(cp_sync_open_greeting(&theirs, bytes, length), CP_SYNC_FORGED);
	for (uint32_t bit = 0; bit < length * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_EQUAL(cp_sync_open_greeting(&ours, bytes, length), CP_SYNC_FORGED);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

struct two {
	struct cp_sync_session sender, receiver;
};

static struct two sessions(uint8_t first, uint8_t second)
{
	struct cp_sync_secret secret = secret_of("0123456789abcdef0123456789abcdef");
	uint8_t hello[CP_SYNC_NONCE_SIZE] = { first }, welcome[CP_SYNC_NONCE_SIZE] = { second };
	struct two two;

	CU_ASSERT_EQUAL(cp_sync_session(&two.sender, &secret, true, hello, welcome), 0);
	CU_ASSERT_EQUAL(cp_sync_session(&two.receiver, &secret, false, hello, welcome), 0);
	return two;
}

static void messages_count_once(void)
{
	struct two now = sessions(1, 2), later = sessions(1, 3), turned = sessions(2, 1);
	uint8_t first[128] = { 0 }, second[128] = { 0 }, back[128] = { 0 };
	uint32_t length = cp_sync_header(first, CP_SYNC_PING, sizeof(struct cp_sync_number));

	cp_sync_header(second, CP_SYNC_PING, sizeof(struct cp_sync_number));
	cp_sync_header(back, CP_SYNC_PONG, sizeof(struct cp_sync_number));
	CU_ASSERT_NOT_EQUAL(now.sender.epoch, later.sender.epoch);
	CU_ASSERT_EQUAL(cp_sync_seal(&now.sender, first, length), 0);
	CU_ASSERT_EQUAL(cp_sync_seal(&now.sender, second, length), 0);
	CU_ASSERT_EQUAL(cp_sync_open(&now.receiver, second, length), CP_SYNC_REPLAYED); // not the next one
	CU_ASSERT_EQUAL(cp_sync_open(&now.receiver, first, length), CP_SYNC_GOOD);
	CU_ASSERT_EQUAL(cp_sync_open(&now.receiver, first, length), CP_SYNC_REPLAYED);
	CU_ASSERT_EQUAL(cp_sync_open(&later.receiver, first, length), CP_SYNC_REPLAYED);
	CU_ASSERT_EQUAL(cp_sync_open(&turned.receiver, first, length), CP_SYNC_REPLAYED);
	CU_ASSERT_EQUAL(cp_sync_open(&now.sender, first, length), CP_SYNC_FORGED); // sent back to who made it
	second[50] ^= 1;
	CU_ASSERT_EQUAL(cp_sync_open(&now.receiver, second, length), CP_SYNC_FORGED);
	second[50] ^= 1;
	CU_ASSERT_EQUAL(cp_sync_open(&now.receiver, second, length), CP_SYNC_GOOD);
	CU_ASSERT_EQUAL(cp_sync_seal(&now.receiver, back, length), 0);
	CU_ASSERT_EQUAL(cp_sync_open(&now.sender, back, length), CP_SYNC_GOOD);
}

// As `openssl dgst -sha256 -mac HMAC` has it: two versions of Poise come to the same keys.
static void keys_are_hmac_sha256(void)
{
	struct cp_sync_secret secret = secret_of("Jefe");
	static const uint8_t first[8] = { 0xd9, 0x64, 0xe6, 0x33, 0x53, 0xe0, 0x06, 0x60 };

	CU_ASSERT_EQUAL(memcmp(secret.greeting, first, sizeof(first)), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(secret.greeting, secret.session, CP_SYNC_KEY_SIZE), 0);
}

static void flows_are_checked(void)
{
	struct cp_sync_flow good = { .kind = CP_SYNC_PUT, .state = POISE_STATE_ESTABLISHED, .client = 1, .vip = 2,
				     .backend = 3, .snat = 1, .client_port = 4, .vip_port = 5, .backend_port = 6,
				     .snat_port = 4 }, flow = good;

	CU_ASSERT_PTR_NULL(cp_sync_flow_wrong(&flow));
	flow.kind = 3;
	CU_ASSERT_PTR_NOT_NULL(cp_sync_flow_wrong(&flow));
	flow = good, flow.state = POISE_STATE_SYN_RECEIVED;
	CU_ASSERT_PTR_NOT_NULL(cp_sync_flow_wrong(&flow));
	flow = good, flow.state = POISE_STATES;
	CU_ASSERT_PTR_NOT_NULL(cp_sync_flow_wrong(&flow));
	flow = good, flow.flags = 0x80;
	CU_ASSERT_PTR_NOT_NULL(cp_sync_flow_wrong(&flow));
	flow = good, flow.age_ms = ~0u;
	CU_ASSERT_PTR_NOT_NULL(cp_sync_flow_wrong(&flow));
	flow = good, flow.snat = 9;
	CU_ASSERT_PTR_NOT_NULL(cp_sync_flow_wrong(&flow));
	flow.flags = CP_SYNC_FULL_NAT;
	CU_ASSERT_PTR_NULL(cp_sync_flow_wrong(&flow));
	flow.backend_port = 0;
	CU_ASSERT_PTR_NOT_NULL(cp_sync_flow_wrong(&flow));
}

static void key_files(void)
{
	struct cp_sync_secret one, two;
	char path[] = "/tmp/poise-key-XXXXXX";
	int fd = mkstemp(path);
	FILE *file;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_PTR_NOT_NULL(cp_sync_key_load(path, &one)); // empty
	CU_ASSERT_EQUAL(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
	CU_ASSERT_PTR_NULL(cp_sync_key_load(path, &one));
	CU_ASSERT_EQUAL(write(fd, "\n", 1), 1);
	CU_ASSERT_PTR_NULL(cp_sync_key_load(path, &two));
	CU_ASSERT_EQUAL(memcmp(&one, &two, sizeof(one)), 0); // with or without a new line
	CU_ASSERT_EQUAL(fchmod(fd, 0640), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(cp_sync_key_load(path, &one), "chmod 600"));
	CU_ASSERT_EQUAL(fchmod(fd, 0600), 0);
	file = fdopen(fd, "a");
	for (int i = 0; i < 5000; i++)
		fputc('x', file);
	fclose(file);
	CU_ASSERT_PTR_NOT_NULL(strstr(cp_sync_key_load(path, &one), "larger"));
	unlink(path);
	CU_ASSERT_PTR_NOT_NULL(strstr(cp_sync_key_load(path, &one), "not there"));
	CU_ASSERT_PTR_NOT_NULL(strstr(cp_sync_key_load("/tmp", &one), "not a file"));
}

static const struct check_case cases[] = {
	{ "frames", frames },
	{ "greetings need the key", greetings_need_the_key },
	{ "messages count once", messages_count_once },
	{ "keys are HMAC-SHA256", keys_are_hmac_sha256 },
	{ "flows are checked", flows_are_checked },
	{ "key files", key_files },
};

CHECK_MAIN("sync_wire", cases)
