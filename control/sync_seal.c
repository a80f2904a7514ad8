// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sync_seal.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static int code_of(const void *key, size_t key_size, const void *data, size_t length, uint8_t out[CP_SYNC_CODE_SIZE])
{
	unsigned int size = CP_SYNC_CODE_SIZE;

	return HMAC(EVP_sha256(), key, (int)key_size, data, length, out, &size) ? 0 : -EIO;
}

int cp_sync_secret(struct cp_sync_secret *secret, const void *bytes, size_t size)
{
	static const char greeting[] = "poise sync greeting", session[] = "poise sync session";
	int error = code_of(bytes, size, greeting, sizeof(greeting), secret->greeting);

	return error ? error : code_of(bytes, size, session, sizeof(session), secret->session);
}

// One key for each purpose, told apart by a letter.
int cp_sync_session(struct cp_sync_session *session, const struct cp_sync_secret *secret, bool sender,
		    const uint8_t hello[CP_SYNC_NONCE_SIZE], const uint8_t welcome[CP_SYNC_NONCE_SIZE])
{
	uint8_t text[1 + 2 * CP_SYNC_NONCE_SIZE], epoch[CP_SYNC_CODE_SIZE];
	int error = 0;

	memset(session, 0, sizeof(*session));
	memcpy(text + 1, hello, CP_SYNC_NONCE_SIZE);
	memcpy(text + 1 + CP_SYNC_NONCE_SIZE, welcome, CP_SYNC_NONCE_SIZE);
	text[0] = 's';
	error |= code_of(secret->session, CP_SYNC_KEY_SIZE, text, sizeof(text), sender ? session->out : session->in);
	text[0] = 'r';
	error |= code_of(secret->session, CP_SYNC_KEY_SIZE, text, sizeof(text), sender ? session->in : session->out);
	text[0] = 'e';
	error |= code_of(secret->session, CP_SYNC_KEY_SIZE, text, sizeof(text), epoch);
	memcpy(&session->epoch, epoch, sizeof(session->epoch));
	session->epoch = be64toh(session->epoch) | 1; // 0 is no session
	return error ? -EIO : 0;
}

static uint8_t *code_place(void *message, uint32_t length)
{
	return (uint8_t *)message + length - CP_SYNC_CODE_SIZE;
}

static bool code_fits(const uint8_t key[CP_SYNC_KEY_SIZE], const void *message, uint32_t length)
{
	uint8_t code[CP_SYNC_CODE_SIZE];
	size_t covered = length - CP_SYNC_CODE_SIZE;

	return !code_of(key, CP_SYNC_KEY_SIZE, message, covered, code) &&
	       CRYPTO_memcmp(code, (const uint8_t *)message + covered, CP_SYNC_CODE_SIZE) == 0;
}

int cp_sync_seal_greeting(const struct cp_sync_secret *secret, void *message, uint32_t length)
{
	return code_of(secret->greeting, CP_SYNC_KEY_SIZE, message, length - CP_SYNC_CODE_SIZE,
		       code_place(message, length));
}

enum cp_sync_verdict cp_sync_open_greeting(const struct cp_sync_secret *secret, const void *message, uint32_t length)
{
	return code_fits(secret->greeting, message, length) ? CP_SYNC_GOOD : CP_SYNC_FORGED;
}

int cp_sync_seal(struct cp_sync_session *session, void *message, uint32_t length)
{
	struct cp_sync_header header;

	memcpy(&header, message, sizeof(header));
	header.epoch = htobe64(session->epoch);
	header.sequence = htobe64(++session->sent);
	memcpy(message, &header, sizeof(header));
	return code_of(session->out, CP_SYNC_KEY_SIZE, message, length - CP_SYNC_CODE_SIZE,
		       code_place(message, length));
}

enum cp_sync_verdict cp_sync_open(struct cp_sync_session *session, const void *message, uint32_t length)
{
	struct cp_sync_header header;

	memcpy(&header, message, sizeof(header));
	if (!code_fits(session->in, message, length)) // what is said of the epoch is only good for the diagnosis
		return be64toh(header.epoch) == session->epoch ? CP_SYNC_FORGED : CP_SYNC_REPLAYED;
	if (be64toh(header.epoch) != session->epoch || be64toh(header.sequence) != session->received + 1)
		return CP_SYNC_REPLAYED;
	session->received++;
	return CP_SYNC_GOOD;
}

uint64_t cp_sync_table_id(const __u64 seed[2])
{
	static const char name[] = "poise flow table";
	uint8_t code[CP_SYNC_CODE_SIZE] = {0};
	uint64_t id;

	if (code_of(seed, 2 * sizeof(seed[0]), name, sizeof(name), code))
		return 1; // then no session comes about either
	memcpy(&id, code, sizeof(id));
	return id ? id : 1;
}

int cp_sync_nonce(uint8_t nonce[CP_SYNC_NONCE_SIZE])
{
	return getrandom(nonce, CP_SYNC_NONCE_SIZE, 0) == CP_SYNC_NONCE_SIZE ? 0 : -EIO;
}
