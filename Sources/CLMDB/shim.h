#ifndef SLUICE_CLMDB_H
#define SLUICE_CLMDB_H
#include <lmdb.h>
#include <sys/file.h>

/* flock(2), which shares its name with a structure: Swift finds only that. Without waiting; 0, or -1 with errno. */
static inline int sluice_flock_exclusive(int fd) { return flock(fd, LOCK_EX | LOCK_NB); }
static inline int sluice_flock_release(int fd) { return flock(fd, LOCK_UN); }
#endif
