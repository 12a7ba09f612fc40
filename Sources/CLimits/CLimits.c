#define _GNU_SOURCE
#include "CLimits.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

_Static_assert(__atomic_always_lock_free(8, 0), "words of 64 bits are exchanged without a lock");

uint64_t sluice_limits_boottime_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

int sluice_limits_reserve(int fd, int64_t offset, int64_t length) {
    while (fallocate(fd, 0, offset, length) != 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}
