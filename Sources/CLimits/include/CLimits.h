/* Atomic access to words of a mapping that several processes share, and what the limit table needs of the kernel and Swift does not
 * offer. Every pointer is aligned to its size. No policy here: return values and errno are the kernel's. */
#ifndef SLUICE_CLIMITS_H
#define SLUICE_CLIMITS_H

#include <stddef.h>
#include <stdint.h>

/* ---- words ---- */

static inline uint64_t sluice_limits_load(const uint64_t *_Nonnull word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* In one order with all exchanges of all processes. */
static inline uint64_t sluice_limits_load_ordered(const uint64_t *_Nonnull word) {
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline uint64_t sluice_limits_load_relaxed(const uint64_t *_Nonnull word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void sluice_limits_store(uint64_t *_Nonnull word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void sluice_limits_store_relaxed(uint64_t *_Nonnull word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* Puts `value` in the place of `expected`: 1, or 0 where the word was another one. */
static inline int sluice_limits_exchange(uint64_t *_Nonnull word, uint64_t expected, uint64_t value) {
    return __atomic_compare_exchange_n(word, &expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* What was read before is read before what is read afterwards. */
static inline void sluice_limits_fence(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

/* ---- images ---- */

/* Copies an even number of words that others may be writing, both ends at a multiple of 16. Each word of 8 bytes is copied as a
 * whole; whether they belong together is found out afterwards, by the slot's word. x86-64 takes two at a time: what is aligned there is
 * never torn within 8 bytes, and the compiler is not told what is read, so that it has no race to reason from. */
static inline void sluice_limits_read(uint64_t *_Nonnull to, const uint64_t *_Nonnull from, size_t words) {
#if defined(__x86_64__)
    typedef uint64_t pair __attribute__((vector_size(16), may_alias));
#pragma clang loop unroll_count(4)
    for (size_t i = 0; i < words; i += 2) {
        pair value;
        __asm__ volatile("movdqa %1, %0" : "=x"(value) : "m"(*(const pair *)(from + i)));
        *(pair *)(to + i) = value;
    }
#else
    for (size_t i = 0; i < words; i++) to[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
#endif
}

/* Copies words into a cell that is this process's own, but that somebody who is late may still be reading. One at a time: some of them
 * have just been written, and a wider load would wait for that. */
static inline void sluice_limits_write(uint64_t *_Nonnull to, const uint64_t *_Nonnull from, size_t words) {
    __atomic_thread_fence(__ATOMIC_RELEASE);
#pragma clang loop unroll_count(8)
    for (size_t i = 0; i < words; i++) __atomic_store_n(to + i, from[i], __ATOMIC_RELAXED);
}

/* ---- the kernel ---- */

/* Milliseconds since the host was started; never jumps, and counts while the host is suspended. */
uint64_t sluice_limits_boottime_ms(void);
/* Makes the bytes of the file really there, without changing any: 0 or an errno value. Never emulated by writing. */
int sluice_limits_reserve(int fd, int64_t offset, int64_t length);

#endif
