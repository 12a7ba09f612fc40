#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert(SLUICE_EPOLL_IN == EPOLLIN && SLUICE_EPOLL_OUT == EPOLLOUT && SLUICE_EPOLL_ERR == EPOLLERR &&
                   SLUICE_EPOLL_HUP == EPOLLHUP && SLUICE_EPOLL_RDHUP == EPOLLRDHUP,
               "the header repeats the kernel's values");

/* ---- event loop ---- */

int sluice_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int sluice_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, operation, fd, &event);
}

int sluice_epoll_wait(int epoll, sluice_ready *reports, int capacity, int timeout_ms) {
    struct epoll_event events[256];
    if (capacity > 256) capacity = 256;
    int n = epoll_wait(epoll, events, capacity, timeout_ms);
    for (int i = 0; i < n; i++) {
        reports[i].token = events[i].data.u64;
        reports[i].events = events[i].events;
    }
    return n;
}

int sluice_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int sluice_counting_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE); }

void sluice_eventfd_add(int fd) {
    uint64_t one = 1;
    ssize_t count;
    do count = write(fd, &one, sizeof one);
    while (count < 0 && errno == EINTR);
}

int sluice_eventfd_take(int fd) {
    uint64_t taken = 0;
    ssize_t count;
    do count = read(fd, &taken, sizeof taken);
    while (count < 0 && errno == EINTR);
    return count == sizeof taken && taken > 0;
}

int sluice_start_thread(pthread_t *thread, const char *name, void *(*body)(void *context), void *context) {
    sigset_t all, before;
    sigfillset(&all);
    /* Faults of the thread itself must end the process as they do elsewhere. */
    const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) sigdelset(&all, faults[i]);
    int result = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (result != 0) return result;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    result = pthread_create(thread, &attributes, body, context);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result == 0) pthread_setname_np(*thread, name);
    return result;
}

uint64_t sluice_monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t sluice_wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* ---- signals ---- */

int sluice_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int sluice_signalfd_read(int fd) {
    struct signalfd_siginfo info;
    ssize_t n = read(fd, &info, sizeof info);
    if (n == (ssize_t)sizeof info) return (int)info.ssi_signo;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

void sluice_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

/* ---- processes ---- */

int sluice_spawn(pid_t *pid, const char *path, int program, char *const argv[], char *const envp[],
                 const sluice_inherited_fd *fds, int count) {
    int lifted[64];
    int lifted_program = -1;
    char source[32], image[32];
    int highest = 2, result = 0;
    if (count < 0 || count > 64) return EINVAL;
    for (int i = 0; i < count; i++)
        if (fds[i].target > highest) highest = fds[i].target;
    if (highest > 255) return EINVAL;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if ((result = posix_spawn_file_actions_init(&actions)) != 0) return result;
    if ((result = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return result;
    }
    /* Sources are lifted above every target first: a later dup2 must not overwrite a source still needed. */
    int made = 0;
    for (; made < count; made++) {
        lifted[made] = fcntl(fds[made].source, F_DUPFD_CLOEXEC, highest + 2);
        if (lifted[made] < 0) {
            result = errno;
            goto done;
        }
    }
    if (program >= 0) {
        lifted_program = fcntl(program, F_DUPFD_CLOEXEC, highest + 2);
        if (lifted_program < 0) {
            result = errno;
            goto done;
        }
    }
    for (int i = 0; i < count && result == 0; i++)
        result = posix_spawn_file_actions_adddup2(&actions, lifted[i], fds[i].target);
    if (program >= 0) {
        /* The new program must not have this descriptor, and a duplicate is never close-on-exec, so it is opened: with every lower
         * number taken it gets the number highest + 1, and glibc need not move it. */
        for (int target = 3; target <= highest && result == 0; target++) {
            int kept = 0;
            for (int i = 0; i < count; i++) kept |= fds[i].target == target;
            if (!kept) result = posix_spawn_file_actions_adddup2(&actions, lifted_program, target);
        }
        snprintf(source, sizeof source, "/proc/self/fd/%d", lifted_program);
        snprintf(image, sizeof image, "/proc/self/fd/%d", highest + 1);
        path = image;
        if (result == 0)
            result = posix_spawn_file_actions_addopen(&actions, highest + 1, source, O_PATH | O_CLOEXEC, 0);
    }
    for (int target = 0; target <= highest && result == 0; target++) {
        int kept = 0;
        for (int i = 0; i < count; i++) kept |= fds[i].target == target;
        if (!kept && target > 2) result = posix_spawn_file_actions_addclose(&actions, target);
    }
    if (result == 0) result = posix_spawn_file_actions_addclosefrom_np(&actions, highest + (program >= 0 ? 2 : 1));

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (result == 0) result = posix_spawnattr_setsigmask(&attributes, &none);
    if (result == 0) result = posix_spawnattr_setsigdefault(&attributes, &all);
    if (result == 0) result = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (result == 0) result = posix_spawn(pid, path, &actions, &attributes, argv, envp);
done:
    for (int i = 0; i < made; i++) close(lifted[i]);
    if (lifted_program >= 0) close(lifted_program);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

int sluice_open_path(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

int sluice_is_script(const char *path) {
    char start[2] = {0, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t got = read(fd, start, sizeof start);
    close(fd);
    return got == 2 && start[0] == '#' && start[1] == '!';
}

int sluice_exec(const char *path, int program, char *const argv[], char *const envp[]) {
    char image[32];
    if (program >= 0) {
        snprintf(image, sizeof image, "/proc/self/fd/%d", program);
        execve(image, argv, envp);
        if (errno != ENOENT) return errno;
    }
    execve(path, argv, envp);
    return errno;
}

int sluice_memfd_plain(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int sluice_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static int reap(pid_t which, pid_t *pid, int *code, int *signal) {
    int status;
    pid_t got = waitpid(which, &status, WNOHANG);
    if (got <= 0) return got < 0 ? -1 : 0;
    *pid = got;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return 1;
}

int sluice_reap(pid_t pid, int *code, int *signal) { return reap(pid, &pid, code, signal); }

int sluice_reap_any(pid_t *pid, int *code, int *signal) { return reap(-1, pid, code, signal); }

int sluice_harden(int traceable) {
    struct rlimit none = {0, 0};
    int failed = 0;
    failed |= setrlimit(RLIMIT_CORE, &none) != 0;
    if (!traceable) failed |= prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0;
    failed |= prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0;
    return failed ? -1 : 0;
}

static volatile sig_atomic_t follow_fd = -1, follow_seconds;
static pid_t follow_parent;

static void parent_ended(int signal) {
    (void)signal;
    int saved = errno;
    if (getppid() != follow_parent) {
        /* The loop may have seen the end first and granted itself more. */
        unsigned granted = alarm((unsigned)follow_seconds);
        if (granted > (unsigned)follow_seconds) alarm(granted);
        shutdown(follow_fd, SHUT_RD);
    }
    errno = saved;
}

int sluice_follow_parent(int control_fd, unsigned seconds) {
    follow_parent = getppid();
    follow_fd = control_fd;
    follow_seconds = (sig_atomic_t)(seconds > 1000000 ? 1000000 : seconds);
    struct sigaction action = {.sa_handler = parent_ended, .sa_flags = SA_RESTART};
    if (sigaction(SIGTERM, &action, NULL) != 0) return -1;
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0) return -1;
    /* Gone between exec and prctl: the control socket says so by its end, as nobody will send the signal. */
    return 0;
}

void sluice_limit_life(unsigned seconds) { alarm(seconds); }

void sluice_prepare_heap(void) {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
}

void sluice_give_heap_back(void) { malloc_trim(0); }

void sluice_keep_ended_children(void) { signal(SIGCHLD, SIG_DFL); }

void sluice_ignore_group_signals(void) {
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
}

void sluice_set_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int sluice_raise_descriptor_limit(uint64_t wanted, uint64_t *now) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    if (limit.rlim_cur < wanted) {
        struct rlimit raised = limit;
        raised.rlim_cur = wanted;
        if (raised.rlim_max < wanted) raised.rlim_max = wanted;
        if (setrlimit(RLIMIT_NOFILE, &raised) != 0) { /* not allowed above the hard limit: take that */
            raised.rlim_cur = raised.rlim_max = limit.rlim_max;
            (void)setrlimit(RLIMIT_NOFILE, &raised);
        }
        if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    }
    *now = limit.rlim_cur;
    return 0;
}

/* ---- descriptors ---- */

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int sluice_memfd_create(const char *name) { return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }

int sluice_memfd_seal(int fd) { return fcntl(fd, F_ADD_SEALS, ALL_SEALS); }

int sluice_memfd_is_sealed(int fd) {
    int seals = fcntl(fd, F_GET_SEALS);
    return seals < 0 ? -1 : (seals & ALL_SEALS) == ALL_SEALS;
}

int sluice_memfd_create_area(const char *name, int64_t size) {
    int fd = sluice_memfd_create(name);
    if (fd < 0) return -1;
    if (ftruncate(fd, size) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int sluice_memfd_keeps_size(int fd) {
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_SHRINK) && (seals & F_SEAL_GROW);
}

int sluice_memfd_reserve(int fd, int64_t offset, int64_t length) {
    int result;
    do result = fallocate(fd, 0, offset, length);
    while (result < 0 && errno == EINTR);
    return result;
}

int sluice_memfd_drop(int fd, int64_t offset, int64_t length) {
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int sluice_socketpair(int packets, int pair[2]) {
    return socketpair(AF_UNIX, (packets ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
}

int sluice_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int sluice_set_cloexec(int fd, int on) { return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0); }

int sluice_dup_above(int fd, int minimum) { return fcntl(fd, F_DUPFD_CLOEXEC, minimum); }

int sluice_ofd_lock(int fd, int64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock);
}

int sluice_close_from(int first) { return close_range((unsigned)first, ~0u, 0); }

int sluice_wait_writable(int fd, int timeout_ms) {
    struct pollfd waiting = {.fd = fd, .events = POLLOUT};
    int n = poll(&waiting, 1, timeout_ms);
    if (n == 1 && !(waiting.revents & POLLOUT)) {
        errno = EPIPE;
        return -1;
    }
    return n;
}

ssize_t sluice_write_now(int fd, const void *bytes, size_t length) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    ssize_t n = pwritev2(fd, &part, 1, -1, RWF_NOWAIT);
    if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)) return n;
    int ready = sluice_wait_writable(fd, 0);
    if (ready == 0) errno = EAGAIN;
    return ready == 1 ? write(fd, bytes, length) : -1;
}

/* ---- messages with descriptors ---- */

ssize_t sluice_send_fds(int socket, const void *bytes, size_t length, const int *fds, int fd_count) {
    if (fd_count < 0 || fd_count > SLUICE_MAX_FDS) {
        errno = EINVAL;
        return -1;
    }
    char control[CMSG_SPACE(sizeof(int) * SLUICE_MAX_FDS)];
    memset(control, 0, sizeof control);
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * (size_t)fd_count);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t sluice_receive_fds(int socket, void *bytes, size_t capacity, int *fds, int *fd_count, int *truncated, int wait) {
    char control[CMSG_SPACE(sizeof(int) * SLUICE_MAX_FDS)];
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    *fd_count = 0;
    *truncated = 0;
    ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    if (n < 0) return n;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + sizeof(int) * (size_t)i, sizeof fd);
            if (*fd_count < SLUICE_MAX_FDS)
                fds[(*fd_count)++] = fd;
            else
                close(fd);
        }
    }
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        for (int i = 0; i < *fd_count; i++) close(fds[i]);
        *fd_count = 0;
        *truncated = 1;
    }
    return n;
}

/* ---- sockets ---- */

static int fail_closed(int fd) {
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

void sluice_prepare_listener(int fd) {
    int on = 1;
    /* Accepted sockets inherit it: replies are small writes that must not wait for an acknowledgement. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* This too: a client that stops reading is felt after so many unsent bytes, not after the megabytes the kernel would keep. */
    int unsent = 128 << 10;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

int sluice_listen_tcp(int ipv6, const uint8_t *address, uint16_t port, uint32_t scope, int backlog) {
    int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return fail_closed(fd);
    int bound;
    if (ipv6) {
        struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope};
        memcpy(&name.sin6_addr, address, 16);
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) return fail_closed(fd);
        bound = bind(fd, (struct sockaddr *)&name, sizeof name);
    } else {
        struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&name.sin_addr, address, 4);
        bound = bind(fd, (struct sockaddr *)&name, sizeof name);
    }
    if (bound != 0) return fail_closed(fd);
    sluice_prepare_listener(fd);
    if (listen(fd, backlog) != 0) return fail_closed(fd);
    return fd;
}

int sluice_listen_unix(const char *path, int backlog, int mode) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof name.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(name.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    /* The socket file gets the mode of the descriptor, less the umask. */
    if (mode != 0 && fchmod(fd, (mode_t)mode) != 0) return fail_closed(fd);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) != 0) {
        if (errno != EADDRINUSE) return fail_closed(fd);
        struct stat info;
        if (lstat(path, &info) != 0 || !S_ISSOCK(info.st_mode)) {
            errno = EADDRINUSE;
            return fail_closed(fd);
        }
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int answered = probe >= 0 && connect(probe, (struct sockaddr *)&name, sizeof name) == 0;
        if (probe >= 0) close(probe);
        if (answered) {
            errno = EADDRINUSE;
            return fail_closed(fd);
        }
        if (unlink(path) != 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0) return fail_closed(fd);
    }
    if (listen(fd, backlog) != 0) return fail_closed(fd);
    return fd;
}

int sluice_connect_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int code = errno;
        close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

int sluice_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int sluice_peer_user(int fd, uint32_t *uid) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
    *uid = peer.uid;
    return 0;
}

int sluice_listen_again(int fd, int backlog) { return listen(fd, backlog); }

int sluice_is_listening(int fd) {
    int on = 0, type = 0, domain = 0;
    socklen_t length = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &length) == 0 && on &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
           (domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX);
}

int sluice_local_name(int fd, char *text, size_t capacity) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    memset(&name, 0, sizeof name);
    if (getsockname(fd, (struct sockaddr *)&name, &length) != 0) return -1;
    char address[INET6_ADDRSTRLEN];
    int written = -1;
    if (name.ss_family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&name;
        if (!inet_ntop(AF_INET, &in->sin_addr, address, sizeof address)) return -1;
        written = snprintf(text, capacity, "%s:%u", address, ntohs(in->sin_port));
    } else if (name.ss_family == AF_INET6) {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)&name;
        if (!inet_ntop(AF_INET6, &in->sin6_addr, address, sizeof address)) return -1;
        written = snprintf(text, capacity, "[%s]:%u", address, ntohs(in->sin6_port));
    } else if (name.ss_family == AF_UNIX) {
        struct sockaddr_un *un = (struct sockaddr_un *)&name;
        size_t offset = offsetof(struct sockaddr_un, sun_path);
        size_t size = length > offset ? length - offset : 0;
        int abstract = size > 0 && un->sun_path[0] == 0;
        if (!abstract) size = strnlen(un->sun_path, size);
        written = snprintf(text, capacity, "unix:%s%.*s", abstract ? "@" : "", (int)(size - (size_t)abstract),
                           un->sun_path + abstract);
    } else {
        errno = EAFNOSUPPORT;
    }
    return written >= 0 && (size_t)written < capacity ? written : -1;
}

int sluice_send_datagram(const char *path, const void *bytes, size_t length) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof name.sun_path) {
        errno = EINVAL;
        return -1;
    }
    memcpy(name.sun_path, path, size);
    if (path[0] == '@') name.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    /* The receiver's queue is ten datagrams by default: one that is full is worth a short wait, for READY=1 comes once. */
    struct timeval patience = {.tv_usec = 200 * 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ssize_t sent = sendto(fd, bytes, length, MSG_NOSIGNAL, (struct sockaddr *)&name,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
    int saved = errno;
    close(fd);
    errno = saved;
    return sent == (ssize_t)length ? 0 : -1;
}

int sluice_local_port(int fd) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &length) != 0) return -1;
    if (name.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&name)->sin_port);
    if (name.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
    return 0;
}

ssize_t sluice_send(int fd, const void *bytes, size_t length) {
    return send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t sluice_send_two(int fd, const void *first, size_t first_length, const void *second, size_t second_length) {
    struct iovec parts[2] = {{(void *)first, first_length}, {(void *)second, second_length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t sluice_receive(int fd, void *bytes, size_t capacity) { return recv(fd, bytes, capacity, MSG_DONTWAIT); }
