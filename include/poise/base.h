// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// The few things that differ between gcc (DPDK, poised) and clang -target bpf (XDP).
// Nothing else under include/poise may test the compiler.
#pragma once

#include <linux/types.h>
#include <stddef.h>

#define POISE_INLINE static inline __attribute__((always_inline))
// A part that BPF's verifier may judge by itself, once, instead of anew on every way that leads to it. Such a part
// takes scalars and pointers to structs (at most five) and returns a scalar. In a process it is plain inline.
#ifdef __bpf__
#define POISE_PART __attribute__((noinline))
#define POISE_NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define POISE_PART POISE_INLINE
#define POISE_NO_UNROLL
#endif
#define POISE_LIKELY(x) __builtin_expect(!!(x), 1)
#define POISE_UNLIKELY(x) __builtin_expect(!!(x), 0)
// Headers lie on even addresses, and clang reads what may lie anywhere byte by byte.
#ifdef __bpf__
#define POISE_PACKED __attribute__((packed, aligned(2)))
#else
#define POISE_PACKED __attribute__((packed))
#endif
#define POISE_LINE_SIZE 64
#define POISE_ALIGNED __attribute__((aligned(POISE_LINE_SIZE)))

#ifndef __cplusplus
#define POISE_ASSERT(cond, text) _Static_assert(cond, text)
#endif

// Byte order. Fields of type __be16 and __be32 hold wire order, everything else host order.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define POISE_BE16(x) ((__be16)__builtin_bswap16((__u16)(x)))
#define POISE_BE32(x) ((__be32)__builtin_bswap32((__u32)(x)))
#define POISE_HOST16(x) ((__u16)__builtin_bswap16((__u16)(x)))
#define POISE_HOST32(x) ((__u32)__builtin_bswap32((__u32)(x)))
#else
#define POISE_BE16(x) ((__be16)(x))
#define POISE_BE32(x) ((__be32)(x))
#define POISE_HOST16(x) ((__u16)(x))
#define POISE_HOST32(x) ((__u32)(x))
#endif

// One load or store that the compiler may not tear, repeat or drop. The thread sanitizer takes only atomic ones for
// meant.
#ifdef __SANITIZE_THREAD__
#define POISE_LOAD(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define POISE_STORE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#else
#define POISE_LOAD(x) (*(const volatile __typeof__(x) *)&(x))
#define POISE_STORE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#endif

// Ordering. BPF has no fences of its own at this language level; its JITs run on the same host and
// the read-modify-write operations below order fully on both sides.
#ifdef __bpf__
#define POISE_BARRIER() __asm__ volatile("" ::: "memory")
#define POISE_BARRIER_READ() POISE_BARRIER()
#define POISE_LOAD_ACQUIRE(x) POISE_LOAD(x)
#define POISE_STORE_RELEASE(x, v)                                                                  \
	do {                                                                                       \
		POISE_BARRIER();                                                                   \
		POISE_STORE(x, v);                                                                 \
	} while (0)
#else
#define POISE_BARRIER() __atomic_thread_fence(__ATOMIC_ACQ_REL)
#define POISE_BARRIER_READ() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define POISE_LOAD_ACQUIRE(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define POISE_STORE_RELEASE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)
#endif

// Read-modify-write, sequentially consistent. Per new flow only, never per packet.
#define POISE_FETCH_ADD(p, v) __sync_fetch_and_add((p), (v))
#define POISE_CAS(p, expected, desired) __sync_val_compare_and_swap((p), (expected), (desired))
#ifdef __bpf__
#define POISE_EXCHANGE(p, v) __sync_lock_test_and_set((p), (v))
#else
#define POISE_EXCHANGE(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#endif

// Visit the set bits of a 10-bit mask, lowest first. BPF has no instruction for the lowest bit, so its place is looked
// up by a de Bruijn product in a word of 16 nibbles, and its verifier wants to see all bounds.
#ifdef __bpf__
#define POISE_LOWEST_BIT(mask)                                                                     \
	((__u32)(0xcd7ea84fb6935210ull >> (((((mask) & -(mask)) * 0x9af) >> 12 & 15) * 4)) & 15)
#define POISE_EACH_BIT(i, mask)                                                                    \
	_Pragma("clang loop unroll(disable)")                                                      \
	for (__u32 i##_left = (mask), i##_count = 0, i;                                            \
	     i##_left && i##_count < 10 && (i = POISE_LOWEST_BIT(i##_left), i < 10);               \
	     i##_left &= i##_left - 1, i##_count++)
#else
#define POISE_EACH_BIT(i, mask)                                                                    \
	for (__u32 i##_left = (mask), i; i##_left && (i = (__u32)__builtin_ctz(i##_left), 1);      \
	     i##_left &= i##_left - 1)
#endif

// Short pieces in BPF by words, which may lie anywhere in a packet or a map; the stack wants them aligned.
#ifdef __bpf__
#define POISE_COPY(dst, src, n) poise_copy((dst), (src), (n))
typedef __u16 __attribute__((may_alias)) poise_word16;
typedef __u32 __attribute__((may_alias)) poise_word32;

POISE_INLINE void poise_copy(void *dst, const void *src, size_t bytes)
{
	poise_word32 *to = dst;
	const poise_word32 *from = src;

	if (bytes == 2) {
		*(poise_word16 *)dst = *(const poise_word16 *)src;
	} else if (bytes == 4) {
		to[0] = from[0];
	} else if (bytes == 6) {
		__u32 first = from[0];
		__u16 last = ((const poise_word16 *)src)[2];

		to[0] = first;
		((poise_word16 *)dst)[2] = last;
	} else if (bytes == 8 || bytes == 12) {
		__u32 first = from[0], second = from[1], third = bytes == 12 ? from[2] : 0;

		to[0] = first;
		to[1] = second;
		if (bytes == 12)
			to[2] = third;
	} else {
		__builtin_memcpy(dst, src, bytes);
	}
}
#else
#define POISE_COPY(dst, src, n) __builtin_memcpy((dst), (src), (n))
#endif
#define POISE_ZERO(dst, n) __builtin_memset((dst), 0, (n))
#define POISE_COUNT(a) (sizeof(a) / sizeof((a)[0]))
