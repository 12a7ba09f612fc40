#define _GNU_SOURCE
#include "CJournal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* ---- checksums ---- */

#define POLYNOMIAL 0x82F63B78u /* Castagnoli's, bits reversed */

static uint32_t tables[8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? POLYNOMIAL : 0);
        tables[0][byte] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int byte = 0; byte < 256; byte++)
            tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xFF];
}

static uint32_t word_at(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

uint32_t sluice_crc32c_by_tables(uint32_t crc, const void *bytes, size_t length) {
    pthread_once(&tables_once, make_tables);
    const uint8_t *at = bytes;
    crc = ~crc;
    for (; length >= 8; length -= 8, at += 8) {
        uint32_t low = word_at(at) ^ crc, high = word_at(at + 4);
        crc = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^ tables[4][low >> 24] ^
              tables[3][high & 0xFF] ^ tables[2][high >> 8 & 0xFF] ^ tables[1][high >> 16 & 0xFF] ^ tables[0][high >> 24];
    }
    for (; length > 0; length--, at++) crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xFF];
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_by_instruction(uint32_t seed, const uint8_t *at, size_t length) {
    uint64_t crc = (uint32_t)~seed;
    for (; length >= 8; length -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    uint32_t rest = (uint32_t)crc;
    for (; length > 0; length--, at++) rest = __builtin_ia32_crc32qi(rest, *at);
    return ~rest;
}

int sluice_crc32c_is_hardware(void) { return __builtin_cpu_supports("sse4.2") != 0; }

uint32_t sluice_crc32c(uint32_t crc, const void *bytes, size_t length) {
    if (__builtin_cpu_supports("sse4.2")) return crc32c_by_instruction(crc, bytes, length);
    return sluice_crc32c_by_tables(crc, bytes, length);
}
#else
int sluice_crc32c_is_hardware(void) { return 0; }

uint32_t sluice_crc32c(uint32_t crc, const void *bytes, size_t length) {
    return sluice_crc32c_by_tables(crc, bytes, length);
}
#endif

/* ---- words ---- */

uint32_t sluice_load_acquire(const void *word) { return __atomic_load_n((const uint32_t *)word, __ATOMIC_ACQUIRE); }

void sluice_store_release(void *word, uint64_t value) { __atomic_store_n((uint64_t *)word, value, __ATOMIC_RELEASE); }

int sluice_journal_is_zero(const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    return length == 0 || (at[0] == 0 && memcmp(at, at + 1, length - 1) == 0);
}

/* ---- mappings ---- */

void *sluice_journal_map(int fd, size_t size) {
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return start == MAP_FAILED ? NULL : start;
}

void sluice_journal_touch(void *start, size_t length) {
    if (madvise(start, length, MADV_POPULATE_WRITE) == 0) return;
    /* A kernel before 5.14. Adding nothing is atomic: a byte that the owner writes meanwhile stays. */
    for (size_t offset = 0; offset < length; offset += 4096)
        __atomic_fetch_or((uint32_t *)((char *)start + offset), 0, __ATOMIC_RELAXED);
}

void sluice_journal_forget(void *start, size_t length) { (void)madvise(start, length, MADV_DONTNEED); }

/* ---- files ---- */

int sluice_journal_rename(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    /* A file system without that: a hard link does not replace either. */
    return link(from, to) == 0 ? unlink(from) : -1;
}

/* ---- locks ---- */

int sluice_journal_lock(int fd) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock);
}

int sluice_journal_is_locked(int fd) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0) return -1;
    return lock.l_type != F_UNLCK;
}

/* ---- the thread ---- */

int sluice_journal_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void sluice_journal_wake(int fd) {
    uint64_t one = 1;
    ssize_t count = write(fd, &one, sizeof one);
    (void)count; /* EAGAIN: it is awake already */
}

void sluice_journal_wait(int fd, int timeout_ms) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (poll(&waiting, 1, timeout_ms) == 1) {
        uint64_t count;
        ssize_t got = read(fd, &count, sizeof count);
        (void)got;
    }
}
