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

/* Copies words that others may be writing. Whether they belong together is found out afterwards, by the slot's word. */
static inline void sluice_limits_read(uint64_t *_Nonnull to, const uint64_t *_Nonnull from, size_t words) {
    for (size_t i = 0; i < words; i++) to[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
}

/* Copies words into a cell that is this process's own, but that somebody who is late may still be reading. */
static inline void sluice_limits_write(uint64_t *_Nonnull to, const uint64_t *_Nonnull from, size_t words) {
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (size_t i = 0; i < words; i++) __atomic_store_n(to + i, from[i], __ATOMIC_RELAXED);
}

/* ---- the kernel ---- */

/* Milliseconds since the host was started; never jumps, and counts while the host is suspended. */
uint64_t sluice_limits_boottime_ms(void);
/* Makes the bytes of the file really there, without changing any: 0 or an errno value. Never emulated by writing. */
int sluice_limits_reserve(int fd, int64_t offset, int64_t length);

#endif
