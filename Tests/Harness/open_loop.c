/* open_loop: sends HTTP/1.1 requests at given instants, whatever became of those before, and notes how each one ended.
 *
 *   cc -O2 -o open_loop open_loop.c
 *   ./open_loop HOST PORT PLAN RESULTS
 *
 * PLAN (little-endian, ordered by time): {u32 number, u32 flags, u64 at_us, u32 timeout_ms, u32 leave_after, u32 length}, then
 * the bytes of the request. Flags: 1 = on a connection of its own, 2 = close after the reply. leave_after: reset the connection
 * after so many bytes of the reply (0 = never). RESULTS: a `struct result` and the raw bytes of the reply for each request.
 * Standard output: one line with the instant of at_us = 0 in microseconds of CLOCK_MONOTONIC, before the first request.
 * TERM: what is not yet due is left out; what is under way ends.
 *
 * It judges nothing but the framing, which it must know to use a connection again: whoever reads RESULTS does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FRESH = 1, CLOSE = 2 };
enum { WHOLE = 1, END_OF_FILE, RESET, REFUSED, TIMEOUT, FAILED, MALFORMED, LEFT };
enum state { HEAD, LENGTH, SIZE, CHUNK, CHUNK_END, TRAILER, UNTIL_CLOSE };
enum { MAX_REPLY = 64 << 20 };

struct __attribute__((packed)) planned {
    uint32_t number, flags;
    uint64_t at_us;
    uint32_t timeout_ms, leave_after, length;
};

struct __attribute__((packed)) result {
    uint32_t number, port;
    uint8_t kind, reused;
    int32_t error;
    uint64_t scheduled, connected, sent, first, ended;
    uint32_t length;
};

struct connection {
    int fd, connecting, writing, requests;
    const char *out;
    size_t out_left;
    struct planned request; /* of the one under way */
    uint64_t deadline;      /* 0: idle */
    struct result result;
    char *in;
    size_t length, capacity, scanned; /* scanned: as far as the framing has been understood */
    enum state state;
    uint64_t left;
    int closes;
    struct connection *before, *after; /* of the list it is in: idle or busy */
};

static struct connection idle = { .before = &idle, .after = &idle }, busy = { .before = &busy, .after = &busy };
static struct sockaddr_in address;
static uint64_t zero;
static int poller;
static FILE *results;
static volatile sig_atomic_t stopping;

static void stop(int number) {
    (void)number;
    stopping = 1;
}

static _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void move(struct connection *c, struct connection *list) {
    if (c->after) c->before->after = c->after, c->after->before = c->before;
    c->after = list->after;
    c->before = list;
    list->after->before = c;
    list->after = c;
}

static void watch(struct connection *c, int operation) {
    struct epoll_event e = { .events = EPOLLIN | (c->writing ? EPOLLOUT : 0), .data.ptr = c };
    if (epoll_ctl(poller, operation, c->fd, &e)) die("epoll_ctl");
}

/* Connections that ended in this turn: an event that waits in the same turn may still name one. */
static struct connection *ended;

static void drop(struct connection *c, int reset) {
    struct linger linger = { 1, 0 };
    if (reset) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(c->fd);
    c->fd = -1;
    c->before->after = c->after;
    c->after->before = c->before;
    free(c->in);
    c->in = NULL;
    c->after = ended;
    ended = c;
}

static void forget(void) {
    for (struct connection *c = ended, *after; c; c = after) {
        after = c->after;
        free(c);
    }
    ended = NULL;
}

static void note(struct connection *c, int kind, int error) {
    c->result.kind = (uint8_t)kind;
    c->result.error = error;
    c->result.ended = now_us();
    c->result.length = (uint32_t)c->length;
    if (fwrite(&c->result, sizeof c->result, 1, results) != 1) die("results");
    if (c->length && fwrite(c->in, c->length, 1, results) != 1) die("results");
    c->deadline = 0;
}

static void end(struct connection *c, int kind, int error) {
    note(c, kind, error);
    drop(c, kind == TIMEOUT || kind == LEFT);
}

/* The framing of a reply, as far as its bytes are here. 1: whole, 0: more is to come, -1: this is no reply. */

static int head(struct connection *c) {
    char *from = c->in + c->scanned, *stop = memmem(from, c->length - c->scanned, "\r\n\r\n", 4);
    if (!stop) return c->length - c->scanned > 65536 ? -1 : 0;
    if (stop - from < 12 || memcmp(from, "HTTP/1.1 ", 9)) return -1;
    int status = atoi(from + 9), chunked = 0, known = 0;
    uint64_t length = 0;
    for (char *line = memmem(from, (size_t)(stop + 2 - from), "\r\n", 2) + 2, *eol; line < stop; line = eol + 2) {
        eol = memmem(line, (size_t)(stop + 2 - line), "\r\n", 2);
        if (!strncasecmp(line, "content-length:", 15)) length = strtoull(line + 15, NULL, 10), known = 1;
        else if (!strncasecmp(line, "transfer-encoding:", 18)) chunked = 1;
        else if (!strncasecmp(line, "connection: close", 17)) c->closes = 1;
    }
    c->scanned = (size_t)(stop + 4 - c->in);
    if (status < 200) return 2;
    c->left = length;
    c->state = chunked ? SIZE : known || status == 204 || status == 304 ? LENGTH : UNTIL_CLOSE;
    return 2;
}

static int line(struct connection *c, const char **text) {
    char *from = c->in + c->scanned, *stop = memmem(from, c->length - c->scanned, "\r\n", 2);
    if (!stop) return 0;
    *text = from;
    c->scanned = (size_t)(stop + 2 - c->in);
    return 1;
}

static int frame(struct connection *c) {
    for (;;) {
        const char *text;
        size_t here = c->length - c->scanned;
        switch (c->state) {
        case HEAD: {
            int found = head(c);
            if (found != 2) return found;
            break;
        }
        case LENGTH:
        case CHUNK:
            if (here > c->left) here = (size_t)c->left;
            c->scanned += here;
            if ((c->left -= here)) return 0;
            if (c->state == LENGTH) return c->scanned == c->length ? 1 : -1;
            c->state = CHUNK_END;
            break;
        case CHUNK_END:
            if (here < 2) return 0;
            if (memcmp(c->in + c->scanned, "\r\n", 2)) return -1;
            c->scanned += 2;
            c->state = SIZE;
            break;
        case SIZE: {
            if (!line(c, &text)) return 0;
            char *stop;
            c->left = strtoull(text, &stop, 16);
            if (stop == text) return -1;
            c->state = c->left ? CHUNK : TRAILER;
            break;
        }
        case TRAILER:
            if (!line(c, &text)) return 0;
            if (!memcmp(text, "\r\n", 2)) return c->scanned == c->length ? 1 : -1;
            break;
        case UNTIL_CLOSE:
            c->scanned = c->length;
            return 0;
        }
    }
}

static void push(struct connection *c) {
    while (c->out_left) {
        ssize_t n = send(c->fd, c->out, c->out_left, MSG_NOSIGNAL);
        if (n > 0) c->out += n, c->out_left -= (size_t)n;
        else if (errno == EAGAIN) break;
        else if (errno == EPIPE || errno == ECONNRESET) return; /* the reply may be here all the same: reading tells */
        else if (errno != EINTR) return end(c, FAILED, errno);
    }
    if (!c->out_left && !c->result.sent) c->result.sent = now_us();
    if (c->writing != (c->out_left > 0)) {
        c->writing = c->out_left > 0;
        watch(c, EPOLL_CTL_MOD);
    }
}

static void connected(struct connection *c) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return end(c, error == ECONNREFUSED ? REFUSED : error == ECONNRESET ? RESET : FAILED, error);
    c->connecting = 0;
    c->result.connected = now_us();
    push(c);
}

static void readable(struct connection *c) {
    for (;;) {
        if (c->capacity - c->length < 4096) {
            c->capacity = c->capacity ? c->capacity * 2 : 8192;
            if (!(c->in = realloc(c->in, c->capacity))) die("realloc");
        }
        ssize_t n = recv(c->fd, c->in + c->length, c->capacity - c->length, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (!c->deadline) return drop(c, 0); /* idle: the peer has closed, or said what nobody asked for */
        if (n < 0) return end(c, errno == ECONNRESET ? RESET : FAILED, errno);
        if (!n) return end(c, c->state == UNTIL_CLOSE ? WHOLE : END_OF_FILE, 0);
        if (!c->length) c->result.first = now_us();
        c->length += (size_t)n;
        int found = c->length > MAX_REPLY ? -1 : frame(c);
        if (found < 0) return end(c, MALFORMED, 0);
        if (found && c->out_left) c->closes = 1; /* answered before it was sent */
        if (found && (c->closes || c->request.flags & CLOSE)) return end(c, WHOLE, 0);
        if (found) {
            note(c, WHOLE, 0);
            c->length = c->scanned = 0;
            return move(c, &idle);
        }
        if (c->request.leave_after && c->length >= c->request.leave_after) return end(c, LEFT, 0);
    }
}

static void begin(const struct planned *request, const char *bytes) {
    struct connection *c = idle.after;
    int fresh = c == &idle || request->flags & FRESH;
    if (fresh) {
        if (!(c = calloc(1, sizeof *c))) die("calloc");
        c->connecting = c->writing = 1;
    }
    c->request = *request;
    c->out = bytes;
    c->out_left = request->length;
    c->state = HEAD;
    uint64_t scheduled = zero + request->at_us;
    uint32_t port = c->result.port;
    c->result = (struct result){ .number = request->number, .port = port, .scheduled = scheduled, .reused = c->requests++ > 0 };
    c->deadline = scheduled + (uint64_t)request->timeout_ms * 1000;
    if (!fresh) {
        c->result.connected = now_us();
        move(c, &busy);
        return push(c);
    }
    int one = 1;
    move(c, &busy);
    if ((c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0) die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
        return end(c, errno == ECONNREFUSED ? REFUSED : FAILED, errno);
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    if (!getsockname(c->fd, (struct sockaddr *)&own, &size)) c->result.port = ntohs(own.sin_port);
    watch(c, EPOLL_CTL_ADD);
}

static void expire(uint64_t now) {
    for (struct connection *c = busy.after, *after; c != &busy; c = after) {
        after = c->after;
        if (now >= c->deadline) end(c, TIMEOUT, 0);
    }
}

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "usage: open_loop HOST PORT PLAN RESULTS\n"), 2;
    address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[2])) };
    if (inet_pton(AF_INET, arguments[1], &address.sin_addr) != 1) die("HOST");
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct stat status;
    int plan = open(arguments[3], O_RDONLY | O_CLOEXEC);
    if (plan < 0 || fstat(plan, &status)) die("PLAN");
    size_t size = (size_t)status.st_size, at = 0;
    const char *bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, plan, 0) : "";
    if (bytes == MAP_FAILED) die("PLAN");
    if (!(results = fopen(arguments[4], "we"))) die("RESULTS");
    if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll_create1");
    struct sigaction action = { .sa_handler = stop };
    sigaction(SIGTERM, &action, NULL);
    zero = now_us() + 20000;
    printf("%llu\n", (unsigned long long)zero);
    fflush(stdout);

    struct epoll_event ready[256];
    for (uint64_t checked = zero, written = zero;;) {
        uint64_t now = now_us();
        struct planned next = { 0 };
        int more = 0;
        while (!stopping && at + sizeof next <= size) {
            memcpy(&next, bytes + at, sizeof next);
            if (at + sizeof next + next.length > size) die("PLAN is cut short");
            if ((more = zero + next.at_us > now)) break;
            begin(&next, bytes + at + sizeof next);
            at += sizeof next + next.length;
        }
        if (!more && busy.after == &busy) break;
        uint64_t wait = 20000;
        if (more && zero + next.at_us - now < wait) wait = zero + next.at_us - now;
        struct timespec timeout = { 0, (long)wait * 1000 };
        int n = epoll_pwait2(poller, ready, 256, &timeout, NULL);
        if (n < 0 && errno != EINTR) die("epoll_pwait2");
        for (int i = 0; i < n; i++) {
            struct connection *c = ready[i].data.ptr;
            if (c->fd >= 0 && c->connecting) connected(c);
            else if (c->fd >= 0 && c->out_left && ready[i].events & EPOLLOUT) push(c);
            if (c->fd >= 0 && !c->connecting && ready[i].events & ~(uint32_t)EPOLLOUT) readable(c);
        }
        if ((now = now_us()) - checked >= 20000) expire(checked = now);
        if (now - written >= 200000) fflush(results), written = now;
        forget();
    }
    return fclose(results) ? 1 : 0;
}
