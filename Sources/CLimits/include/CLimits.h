#ifndef SLUICE_CLIMITS_H
#define SLUICE_CLIMITS_H

// Atomic access to words of a mapping that several processes share. Every pointer is aligned to its size.

#include <stdint.h>

static inline uint64_t sluice_load_acquire64(const uint64_t *_Nonnull word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

#endif
