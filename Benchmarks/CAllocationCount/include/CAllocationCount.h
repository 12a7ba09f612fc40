#ifndef SLUICE_ALLOCATION_COUNT_H
#define SLUICE_ALLOCATION_COUNT_H

#include <stdint.h>

// Allocations of this process so far, by any of its threads: every malloc, calloc, realloc and aligned allocation. Linking this
// target puts its functions in front of the C library's.
uint64_t sluice_allocation_count(void);

#endif
