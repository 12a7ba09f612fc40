/* Linux system calls that Swift's Glibc module lacks or cannot import (variadics, macros, packed structs),
 * as plain functions with typed arguments. No policy here: return values and errno are the kernel's. */
#ifndef SLUICE_CLINUX_H
#define SLUICE_CLINUX_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- event loop ---- */

/* One readiness report: which descriptor's token, and the EPOLL* bits. */
typedef struct {
    uint64_t token;
    uint32_t events;
} sluice_ready;

#define SLUICE_EPOLL_IN 0x001u
#define SLUICE_EPOLL_OUT 0x004u
#define SLUICE_EPOLL_ERR 0x008u
#define SLUICE_EPOLL_HUP 0x010u
#define SLUICE_EPOLL_RDHUP 0x2000u

int sluice_epoll_create(void);
/* `operation`: 1 add, 2 delete, 3 modify. */
int sluice_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token);
/* Waits at most `timeout_ms` (-1: for ever); fills at most `capacity` (≤ 256) reports. */
int sluice_epoll_wait(int epoll, sluice_ready *reports, int capacity, int timeout_ms);

/* A non-blocking eventfd. */
int sluice_eventfd(void);
/* A blocking eventfd that counts: each read takes one away. */
int sluice_counting_eventfd(void);
/* Adds one to an eventfd. */
void sluice_eventfd_add(int fd);
/* Takes one away from a counting eventfd, or all from another: 1 when there was something, else 0. A blocking one is waited for. */
int sluice_eventfd_take(int fd);
/* Starts a thread with a stack of 1 MiB that gets no signals but those of its own faults. 0 or an errno value. */
int sluice_start_thread(pthread_t *thread, const char *name, void *(*body)(void *context), void *context);
/* Monotonic nanoseconds (CLOCK_MONOTONIC). */
uint64_t sluice_monotonic_ns(void);
/* Wall clock in milliseconds since 1970 (CLOCK_REALTIME). */
uint64_t sluice_wall_ms(void);

/* ---- signals ---- */

/* Blocks `count` signals and returns a non-blocking signalfd that reports them, or -1. */
int sluice_signalfd(const int *signals, int count);
/* The next signal number from a signalfd, 0 if none is waiting, -1 on error. */
int sluice_signalfd_read(int fd);
void sluice_ignore_sigpipe(void);

/* ---- processes ---- */

/* One inherited descriptor: `source` in the parent becomes `target` in the child. */
typedef struct {
    int source;
    int target;
} sluice_inherited_fd;

/* posix_spawn with exactly the given descriptors (all others closed from max(target)+1 up, holes closed too), an empty signal mask and
 * default dispositions. argv and envp are NULL-terminated. `program` ≥ 0: the file that this descriptor is open on is started,
 * whatever is at `path` by now (needs /proc; not for scripts). Returns 0 or an errno value. */
int sluice_spawn(pid_t *pid, const char *path, int program, char *const argv[], char *const envp[],
                 const sluice_inherited_fd *fds, int count);
/* An O_PATH descriptor, close-on-exec, of the file at `path`; -1. */
int sluice_open_path(const char *path);
/* Whether the file at `path` begins with "#!": 1, 0, or -1 where it cannot be read. */
int sluice_is_script(const char *path);
/* execve(2) of the file that `program` is open on, or of `path` where it is negative. Returns errno. */
int sluice_exec(const char *path, int program, char *const argv[], char *const envp[]);
/* A memfd, close-on-exec, for another process to write to. */
int sluice_memfd_plain(const char *name);
int sluice_pidfd_open(pid_t pid);
/* Reaps `pid`: 1 with *code and *signal set when it has ended, 0 when it still runs, -1 on error. */
int sluice_reap(pid_t pid, int *code, int *signal);
/* Reaps any child that has ended: 1 with *pid, *code and *signal set, 0 when none has, -1 when there is no child. */
int sluice_reap_any(pid_t *pid, int *code, int *signal);
/* No core file, not dumpable (unless `traceable`), no new privileges. Returns 0, or -1 when one of them failed. */
int sluice_harden(int traceable);
/* Has the process outlive its parent by at most `seconds`: when the parent ends, `control_fd` is shut down for reading (so
 * that the event loop sees its end and finishes its work) and an alarm is set that kills a process whose loop hangs.
 * TERM from anybody else is ignored: the parent, not a process group or cgroup, says when to stop. */
int sluice_follow_parent(int control_fd, unsigned seconds);
/* The longest time a process may live from now on; the kernel ends it then. 0 takes that back. */
void sluice_limit_life(unsigned seconds);
/* Bounds what the allocator keeps: one arena, 32 MiB at the heap's end, blocks from 1 MiB on mapped and unmapped. A worker takes and
 * frees buffers of the size of a request body all the time; giving their pages back each time costs more than all the rest. */
void sluice_prepare_heap(void);
/* Gives the heap's free pages to the kernel. */
void sluice_give_heap_back(void);
/* Takes back an inherited SIG_IGN of SIGCHLD, under which the kernel would throw exit statuses away. */
void sluice_keep_ended_children(void);
/* Ignores the signals that a terminal or an operator sends to a whole group: HUP, INT, QUIT, USR1, USR2, TTIN, TTOU, PIPE. */
void sluice_ignore_group_signals(void);
/* Sets the process name shown by ps and /proc/PID/comm. */
void sluice_set_name(const char *name);
/* Raises the soft (and where allowed the hard) limit of open descriptors to `wanted`; *now is what holds afterwards. */
int sluice_raise_descriptor_limit(uint64_t wanted, uint64_t *now);

/* ---- what a process may do ---- */

/* Becomes another user for good, with exactly these further groups (≤ 16); fails too where there would be a way back to root. */
int sluice_become(uint32_t user, uint32_t group, const uint32_t *groups, int count);
/* Lowers the soft and the hard limit of open descriptors to `most`, where they are above it. */
int sluice_lower_descriptor_limit(uint64_t most);
/* 1 if the process can be dumped and traced. */
int sluice_is_dumpable(void);
/* 1 in a build with a sanitizer, which needs more of the system than the gateway does. */
int sluice_is_sanitized(void);

#define SLUICE_PATH_READ 1u         /* read files, list folders */
#define SLUICE_PATH_WRITE 2u        /* write and truncate files */
#define SLUICE_PATH_MAKE 4u         /* make, rename and remove files */
#define SLUICE_PATH_MAKE_SOCKETS 8u /* make and remove named sockets */

/* What may be done to a file, or to everything in a folder. */
typedef struct {
    const char *path;
    uint32_t rights;
} sluice_path_rule;

/* The kernel's version of landlock, 0 where there is none. */
int sluice_landlock_abi(void);
/* From now on the calling thread, and those it makes, can open nothing but what the rules allow, can bind no TCP port, connect to
 * one only if `connects`, and signal nobody outside. A path that is not there is left out. 0 or -1. Needs no-new-privileges. */
int sluice_landlock_restrict(const sluice_path_rule *rules, int count, int connects);

#define SLUICE_ALLOW_CONNECT 1u
#define SLUICE_ALLOW_BIND 2u
#define SLUICE_ALLOW_LISTEN 4u
#define SLUICE_ALLOW_ACCEPT 8u
#define SLUICE_ALLOW_UNIX 16u /* sockets of family UNIX */
#define SLUICE_ALLOW_INET 32u /* INET, INET6, and NETLINK for the resolver */

/* Refuses system calls to all threads, for good: programs, processes, mounts, modules, other users … to everybody, of networking all
 * but what `allowed` says. A refused call fails with EPERM, or with `kills` ends the process. 0 or -1. Needs no-new-privileges. */
int sluice_seccomp_refuse(unsigned allowed, int kills);

/* Builds with test hooks only: tries what a sandbox should refuse (`execve`, `connect`, `open:/path` …); 0 when it could be done, else
 * the errno. */
int sluice_probe(const char *what);

/* ---- descriptors ---- */

int sluice_memfd_create(const char *name);
/* Seals a memfd against growing, shrinking, writing and further seals. */
int sluice_memfd_seal(int fd);
/* 1 if all four seals are set, 0 if not, -1 if the descriptor is no memfd. */
int sluice_memfd_is_sealed(int fd);
/* A sparse memfd of `size` bytes, close-on-exec, that can be written but neither grow nor shrink nor get further seals; -1 where
 * that cannot be had. */
int sluice_memfd_create_area(const char *name, int64_t size);
/* 1 if the descriptor is a memfd that can neither grow nor shrink, else 0. */
int sluice_memfd_keeps_size(int fd);
/* Makes sure that there is memory for a range of a memfd: 0 or -1. */
int sluice_memfd_reserve(int fd, int64_t offset, int64_t length);
/* Writes a word of shared memory after all that was written before it, and reads one before all that is read after it. */
static inline void sluice_publish(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline uint64_t sluice_observe(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
/* Gives the memory of a range of a memfd back to the kernel; it reads as zeros then. 0 or -1. */
int sluice_memfd_drop(int fd, int64_t offset, int64_t length);
/* A connected AF_UNIX pair, close-on-exec and non-blocking; `packets` chooses SOCK_SEQPACKET over SOCK_STREAM. */
int sluice_socketpair(int packets, int pair[2]);
int sluice_set_nonblocking(int fd);
int sluice_set_cloexec(int fd, int on);
/* Duplicates `fd` to the lowest free number ≥ `minimum`, close-on-exec. */
int sluice_dup_above(int fd, int minimum);
/* Takes the open-file-description write lock on byte `offset`: 0, or -1 with errno EAGAIN when somebody holds it. */
int sluice_ofd_lock(int fd, int64_t offset);
int sluice_close_from(int first);
/* write(2) that never waits: -1 with errno EAGAIN when a pipe or socket is full. What the descriptor's kind cannot promise
 * (files, terminals) is polled first. */
ssize_t sluice_write_now(int fd, const void *bytes, size_t length);
/* Waits at most `timeout_ms` for room to write: 1, 0 on timeout, -1. */
int sluice_wait_writable(int fd, int timeout_ms);

/* ---- messages with descriptors ---- */

#define SLUICE_MAX_FDS 192

/* Sends one packet with `fd_count` descriptors. Returns bytes sent or -1. */
ssize_t sluice_send_fds(int socket, const void *bytes, size_t length, const int *fds, int fd_count);
/* Receives one packet; descriptors arrive close-on-exec. Returns bytes, 0 at end, -1 on error; sets *truncated when the packet or its
 * descriptors did not fit (what arrived of the descriptors is closed then). Blocks if `wait` is non-zero. */
ssize_t sluice_receive_fds(int socket, void *bytes, size_t capacity, int *fds, int *fd_count, int *truncated, int wait);

/* ---- sockets ---- */

/* A bound, listening, close-on-exec, non-blocking TCP socket. `ipv6` chooses the family; `address` is 4 or 16 bytes in network order. */
int sluice_listen_tcp(int ipv6, const uint8_t *address, uint16_t port, uint32_t scope, int backlog);
/* The same for a Unix path (≤ 107 bytes); a leftover socket file that nobody answers on is replaced. The socket file has at most the
   permissions of `mode` from its first moment on; 0 leaves it to the umask alone. */
int sluice_listen_unix(const char *path, int backlog, int mode);
/* A connected, close-on-exec, blocking socket to the Unix path (≤ 107 bytes), or -1. */
int sluice_connect_unix(const char *path);
/* The next waiting connection, close-on-exec and non-blocking; -1 with errno EAGAIN when there is none. */
int sluice_accept(int fd);
/* The user of the process at the other end of a Unix socket, when it connected: 0 and *uid, or -1. */
int sluice_peer_user(int fd, uint32_t *uid);
int sluice_listen_again(int fd, int backlog);
/* Options of a TCP listener that accepted sockets inherit; of no effect on others. */
void sluice_prepare_listener(int fd);
/* 1 if `fd` is a stream socket (IPv4, IPv6, Unix) that listens, else 0. */
int sluice_is_listening(int fd);
/* The local address as `127.0.0.1:80`, `[::1]:80` or `unix:/path` (abstract: `unix:@name`), NUL-terminated; its length or -1. */
int sluice_local_name(int fd, char *text, size_t capacity);
/* Sends one datagram to the Unix socket at `path` (a leading `@` stands for an abstract name). Waits up to 200 ms for room
 * in the receiver's queue. 0 or -1. */
int sluice_send_datagram(const char *path, const void *bytes, size_t length);
/* The local port of a TCP socket, 0 for other families, -1 on error. */
int sluice_local_port(int fd);
/* write/read without raising SIGPIPE and never blocking. */
ssize_t sluice_send(int fd, const void *bytes, size_t length);
ssize_t sluice_send_two(int fd, const void *first, size_t first_length, const void *second, size_t second_length);
ssize_t sluice_receive(int fd, void *bytes, size_t capacity);

#endif
