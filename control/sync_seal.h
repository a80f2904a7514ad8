// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Who may speak on the sync link: both sides know a secret. HELLO and WELCOME are sealed with a key made of it, all
// that follows with keys made of it and of both sides' nonces, one for each direction, and numbered. So a message
// that was recorded fits into no other session, and into its own only once. Pure but for random numbers.
#pragma once

#include "sync_wire.h"

#define CP_SYNC_KEY_SIZE 32u

struct cp_sync_secret {
	uint8_t greeting[CP_SYNC_KEY_SIZE];
	uint8_t session[CP_SYNC_KEY_SIZE]; // keys of sessions are made of this one
};

struct cp_sync_session {
	uint8_t out[CP_SYNC_KEY_SIZE];
	uint8_t in[CP_SYNC_KEY_SIZE];
	uint64_t epoch;
	uint64_t sent; // sequence of the last message
	uint64_t received;
};

enum cp_sync_verdict {
	CP_SYNC_GOOD,
	CP_SYNC_FORGED,	  // the code is wrong: who made it does not know the key
	CP_SYNC_REPLAYED, // of another session, or not the next one of this
};

// Keys from the `size` bytes of a key file. 0 or -EIO (libcrypto refuses).
int cp_sync_secret(struct cp_sync_secret *secret, const void *bytes, size_t size);

// A session of two nonces; `sender` is true for who said HELLO. 0 or -EIO.
int cp_sync_session(struct cp_sync_session *session, const struct cp_sync_secret *secret, bool sender,
		    const uint8_t hello[CP_SYNC_NONCE_SIZE], const uint8_t welcome[CP_SYNC_NONCE_SIZE]);

// Write the code of a HELLO or WELCOME of `length` bytes in its place. 0 or -EIO.
int cp_sync_seal_greeting(const struct cp_sync_secret *secret, void *message, uint32_t length);
enum cp_sync_verdict cp_sync_open_greeting(const struct cp_sync_secret *secret, const void *message, uint32_t length);

// The same for any later message: epoch and sequence are written too, and checked. 0 or -EIO.
int cp_sync_seal(struct cp_sync_session *session, void *message, uint32_t length);
enum cp_sync_verdict cp_sync_open(struct cp_sync_session *session, const void *message, uint32_t length);

// A name for a flow table by its seed, which it does not tell. Never 0.
uint64_t cp_sync_table_id(const __u64 seed[2]);

// Fresh random bytes. 0 or -EIO.
int cp_sync_nonce(uint8_t nonce[CP_SYNC_NONCE_SIZE]);
