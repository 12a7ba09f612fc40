/* What the journal needs of the processor and the kernel and Swift does not offer: CRC32C, ordered words in a mapping, locks of open
 * file descriptions. No policy here: return values and errno are the kernel's. */
#ifndef SLUICE_CJOURNAL_H
#define SLUICE_CJOURNAL_H

#include <stddef.h>
#include <stdint.h>

/* ---- checksums ---- */

/* CRC32C (Castagnoli) of `length` bytes, going on from `crc` (0 at the start): crc(a ++ b) = crc(crc(0, a), b). */
uint32_t sluice_crc32c(uint32_t crc, const void *bytes, size_t length);
/* The same by tables, whatever the processor can do. */
uint32_t sluice_crc32c_by_tables(uint32_t crc, const void *bytes, size_t length);
/* 1 when the processor's own instruction is used. */
int sluice_crc32c_is_hardware(void);

/* ---- words ---- */

uint32_t sluice_load_acquire(const void *word);
/* What was written before is seen by whoever sees this value. All of it is there or none, whenever the process is killed.
 * `word` is 8-byte aligned. */
void sluice_store_release(void *word, uint64_t value);

/* 1 when all of `length` bytes are zero. */
int sluice_journal_is_zero(const void *bytes, size_t length);

/* ---- mappings ---- */

/* Maps `size` bytes of `fd` shared, for reading and writing; NULL on error. */
void *sluice_journal_map(int fd, size_t size);
/* Has the pages of [start, start + length) there and writable, without changing a byte. `start` is at a page boundary. */
void sluice_journal_touch(void *start, size_t length);
/* Takes pages out of the mapping (they stay in the page cache). `start` is at a page boundary. */
void sluice_journal_forget(void *start, size_t length);

/* ---- files ---- */

/* Renames a file; never replaces one (EEXIST). */
int sluice_journal_rename(const char *from, const char *to);

/* ---- locks ---- */

/* Takes the open-file-description write lock on byte 0: 0, or -1 (EAGAIN: somebody holds it). */
int sluice_journal_lock(int fd);
/* Whether somebody else holds it: 1, 0, or -1 on error. */
int sluice_journal_is_locked(int fd);

/* ---- the thread ---- */

int sluice_journal_eventfd(void);
void sluice_journal_wake(int eventfd);
/* Waits until somebody woke the eventfd or `timeout_ms` have passed. */
void sluice_journal_wait(int eventfd, int timeout_ms);

#endif
