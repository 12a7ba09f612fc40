/* mock_provider: a small OpenAI-compatible server for load tests, whose replies a client can predict to the byte.
 *
 *   cc -O2 -o mock_provider mock_provider.c
 *   ./mock_provider [--host H] [--port P] [--delay-ms D] [--chunks N] [--chunk-ms C] [--log FILE]
 *
 * One thread, epoll. The first line on standard output is the port. A request whose model is
 * `load-N-C-PAD-TAG` overrides the options: N content events C ms apart with PAD bytes of filling each. Events are
 * made only while less than 64 KiB wait to be sent, so a reader that stops costs nothing here.
 *   POST   a chat.completion, or a stream when the body holds "stream": true
 *   GET    /stats: {"connections":n,"open":n,"requests":n,"done":n,"aborted":n}; any other path: a list of models
 * With --log each call is written down as it comes, `+ ID MODEL`, and as it ends, `- ID EVENTS done|aborted`; ID is its
 * x-client-request-id.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_HEAD = 64 << 10, HIGH_WATER = 64 << 10, WHEEL = 4096 };
static const size_t max_body = 64u << 20;

struct buffer {
    char *bytes;
    size_t start, length, capacity; /* unread: bytes[start ..< start + length] */
};

struct connection {
    int fd;
    int writing;                    /* EPOLLOUT is watched */
    int busy, streaming, usage;     /* of the request being answered */
    int closing;                    /* close when everything is sent */
    struct buffer in, out;
    size_t scanned;                 /* where the search for the end of the head goes on */
    char model[200], id[80];
    int chunks, next, chunk_ms, pad;
    uint64_t due;                   /* ms; 0: not in the wheel */
    struct connection *after, **link;
};

static struct { unsigned long connections, open, requests, done, aborted; } stats;
static struct connection *wheel[WHEEL];
static unsigned timers;
static int poller, option_delay, option_chunks = 20, option_chunk_ms;
static FILE *calls;

static uint64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

static char *room(struct buffer *b, size_t more) {
    if (b->start && b->start + b->length + more > b->capacity) {
        memmove(b->bytes, b->bytes + b->start, b->length);
        b->start = 0;
    }
    if (b->length + more > b->capacity) {
        size_t capacity = b->capacity ? b->capacity : 4096;
        while (capacity < b->length + more) capacity *= 2;
        if (!(b->bytes = realloc(b->bytes, capacity))) die("realloc");
        b->capacity = capacity;
    }
    return b->bytes + b->start + b->length;
}

static void append(struct buffer *b, const void *bytes, size_t count) {
    memcpy(room(b, count), bytes, count);
    b->length += count;
}

static void consume(struct buffer *b, size_t count) {
    b->start += count;
    b->length -= count;
    if (!b->length) b->start = 0;
}

/* Timers: a wheel of 1 ms slots; what is due later than one turn stays in its slot. */

static void disarm(struct connection *c) {
    if (!c->due) return;
    if ((*c->link = c->after)) c->after->link = c->link;
    c->due = 0;
    timers--;
}

static void arm(struct connection *c, uint64_t due) {
    disarm(c);
    struct connection **slot = &wheel[due % WHEEL];
    c->due = due;
    c->link = slot;
    if ((c->after = *slot)) c->after->link = &c->after;
    *slot = c;
    timers++;
}

static void log_end(const struct connection *c, const char *how) {
    if (!calls) return;
    fprintf(calls, "- %s %d %s\n", c->id, c->next > 0 ? c->next : 0, how);
    fflush(calls);
}

static void drop(struct connection *c) {
    disarm(c);
    if (c->busy) log_end(c, "aborted");
    stats.aborted += (unsigned)c->busy;
    stats.open--;
    close(c->fd);
    free(c->in.bytes);
    free(c->out.bytes);
    free(c);
}

/* Replies */

static void chunk(struct connection *c, const char *bytes, int count) {
    char size[20];
    append(&c->out, size, (size_t)sprintf(size, "%x\r\n", (unsigned)count));
    append(&c->out, bytes, (size_t)count);
    append(&c->out, "\r\n", 2);
}

static void event(struct connection *c, int index) {
    static char text[70000];
    int n = sprintf(text, "data: {\"id\":\"chatcmpl-load\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
                          "\"model\":\"%s\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" w%d", c->model, index);
    memset(text + n, 'x', (size_t)c->pad);
    n += c->pad;
    n += sprintf(text + n, "\"},\"finish_reason\":%s}]}\n\n", index == c->chunks - 1 ? "\"stop\"" : "null");
    chunk(c, text, n);
}

static void finish(struct connection *c) {
    if (c->busy) log_end(c, "done"); /* a question for the numbers is no call */
    c->busy = 0;
    stats.done++;
}

static void unary(struct connection *c, const char *json, int count) {
    char head[120];
    append(&c->out, head, (size_t)sprintf(head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                                "Content-Length: %d\r\n\r\n", count));
    append(&c->out, json, (size_t)count);
}

static void completion(struct connection *c) {
    static char text[70000];
    int n = sprintf(text, "{\"id\":\"chatcmpl-load\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"%s\","
                          "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\" w0", c->model);
    memset(text + n, 'x', (size_t)c->pad);
    n += c->pad;
    n += sprintf(text + n, "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":20,"
                           "\"total_tokens\":32}}");
    unary(c, text, n);
    finish(c);
}

/* Goes on with the answer as far as it is due and there is room. */
static void go_on(struct connection *c) {
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    if (!c->streaming) return completion(c);
    if (c->next < 0) {
        append(&c->out, head, sizeof head - 1);
        c->next = 0;
    }
    while (c->next < c->chunks) {
        if (c->out.length >= HIGH_WATER) return; /* `flush` comes back here */
        event(c, c->next++);
        if (c->chunk_ms && c->next < c->chunks) return arm(c, now_ms() + (uint64_t)c->chunk_ms);
    }
    if (c->usage) {
        char text[400];
        chunk(c, text, sprintf(text, "data: {\"id\":\"chatcmpl-load\",\"object\":\"chat.completion.chunk\",\"created\":"
              "1700000000,\"model\":\"%s\",\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":%d,"
              "\"total_tokens\":%d}}\n\n", c->model, c->chunks, c->chunks + 12));
    }
    chunk(c, "data: [DONE]\n\n", 14);
    append(&c->out, "0\r\n\r\n", 5);
    finish(c);
}

static void get(struct connection *c, const char *target) {
    char json[200];
    int n = strncmp(target, "/stats ", 7)
        ? sprintf(json, "{\"object\":\"list\",\"data\":[{\"id\":\"load\",\"object\":\"model\"}]}")
        : sprintf(json, "{\"connections\":%lu,\"open\":%lu,\"requests\":%lu,\"done\":%lu,\"aborted\":%lu}", stats.connections,
                  stats.open, stats.requests, stats.done, stats.aborted);
    unary(c, json, n);
}

/* The member `name` of the body, without looking at nesting: enough for the bodies these tests send. */
static const char *member(const char *body, size_t length, const char *name) {
    const char *end = body + length, *at = memmem(body, length, name, strlen(name));
    if (!at) return NULL;
    for (at += strlen(name); at < end && strchr(" \t\r\n:", *at); at++) continue;
    return end - at >= 4 ? at : NULL;
}

static void begin(struct connection *c, const char *body, size_t length) {
    const char *at;
    c->busy = 1;
    c->next = -1;
    c->chunks = option_chunks;
    c->chunk_ms = option_chunk_ms;
    c->pad = 0;
    c->streaming = (at = member(body, length, "\"stream\"")) && !memcmp(at, "true", 4);
    c->usage = (at = member(body, length, "\"include_usage\"")) && !memcmp(at, "true", 4);
    strcpy(c->model, "load");
    if ((at = member(body, length, "\"model\"")) && *at == '"') {
        const char *end = memchr(at + 1, '"', (size_t)(body + length - at - 1));
        size_t n = end ? (size_t)(end - at - 1) : 0;
        if (n && n < sizeof c->model) {
            memcpy(c->model, at + 1, n);
            c->model[n] = 0;
            int chunks, ms, pad;
            if (sscanf(c->model, "load-%d-%d-%d", &chunks, &ms, &pad) == 3 && chunks > 0 && ms >= 0 && pad >= 0 && pad <= 60000)
                c->chunks = chunks, c->chunk_ms = ms, c->pad = pad;
        }
    }
    stats.requests++;
    if (calls) fprintf(calls, "+ %s %s\n", c->id, c->model), fflush(calls);
    if (option_delay) arm(c, now_ms() + (uint64_t)option_delay);
    else go_on(c);
}

/* Requests. 1: one was taken, 0: more bytes are needed, -1: this is no request. */
static int take_request(struct connection *c) {
    char *p = c->in.bytes + c->in.start;
    char *end = c->in.length > c->scanned ? memmem(p + c->scanned, c->in.length - c->scanned, "\r\n\r\n", 4) : NULL;
    if (!end) {
        c->scanned = c->in.length > 3 ? c->in.length - 3 : 0;
        return c->in.length > MAX_HEAD ? -1 : 0;
    }
    size_t head = (size_t)(end + 4 - p), body = 0;
    strcpy(c->id, "none");
    for (char *line = p, *eol; line < end; line = eol + 2) {
        eol = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        if (!strncasecmp(line, "content-length:", 15)) body = strtoul(line + 15, NULL, 10);
        else if (!strncasecmp(line, "transfer-encoding:", 18)) return -1;
        else if (!strncasecmp(line, "x-client-request-id: ", 21))
            snprintf(c->id, sizeof c->id, "%.*s", (int)(eol - line - 21), line + 21);
        else if (!strncasecmp(line, "connection: close", 17)) c->closing = 1;
    }
    if (body > max_body) return -1;
    if (c->in.length < head + body) {
        room(&c->in, head + body - c->in.length);
        return 0;
    }
    c->scanned = 0;
    if (!strncmp(p, "GET ", 4)) get(c, p + 4);
    else begin(c, p + head, body);
    consume(&c->in, head + body);
    return 1;
}

/* Sends what waits; 0 when the connection is gone. */
static int flush(struct connection *c) {
    for (;;) {
        while (c->out.length) {
            ssize_t n = send(c->fd, c->out.bytes + c->out.start, c->out.length, MSG_NOSIGNAL);
            if (n > 0) consume(&c->out, (size_t)n);
            else if (errno == EAGAIN) break;
            else if (errno != EINTR) return drop(c), 0;
        }
        if (c->busy && c->streaming && c->next > 0 && !c->due && c->out.length < HIGH_WATER) {
            go_on(c);
            continue;
        }
        if (c->busy || c->out.length || !c->in.length) break;
        int taken = take_request(c);
        if (taken < 0) return drop(c), 0;
        if (!taken) break;
    }
    if (c->closing && !c->busy && !c->out.length) return drop(c), 0;
    if (c->writing != (c->out.length > 0)) {
        c->writing = c->out.length > 0;
        struct epoll_event e = { .events = EPOLLIN | (c->writing ? EPOLLOUT : 0), .data.ptr = c };
        if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e)) die("epoll_ctl");
    }
    return 1;
}

static void readable(struct connection *c) {
    char *into = room(&c->in, 16384);
    ssize_t n = recv(c->fd, into, c->in.capacity - c->in.start - c->in.length, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return drop(c);
    c->in.length += (size_t)n;
    flush(c);
}

static void accept_all(int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        if (!c) die("calloc");
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e)) die("epoll_ctl");
        stats.connections++;
        stats.open++;
    }
}

static void run_timers(uint64_t from, uint64_t to) {
    if (to - from >= WHEEL) from = to - WHEEL + 1;
    for (uint64_t ms = from; ms <= to && timers; ms++) {
        struct connection *c = wheel[ms % WHEEL], *after;
        for (; c; c = after) {
            after = c->after;
            if (c->due > to) continue;
            disarm(c);
            go_on(c);
            flush(c);
        }
    }
}

int main(int count, char **arguments) {
    const char *host = "127.0.0.1";
    int port = 0, one = 1;
    for (int i = 1; i + 1 < count; i += 2) {
        if (!strcmp(arguments[i], "--host")) host = arguments[i + 1];
        else if (!strcmp(arguments[i], "--port")) port = atoi(arguments[i + 1]);
        else if (!strcmp(arguments[i], "--delay-ms")) option_delay = atoi(arguments[i + 1]);
        else if (!strcmp(arguments[i], "--chunks")) option_chunks = atoi(arguments[i + 1]);
        else if (!strcmp(arguments[i], "--chunk-ms")) option_chunk_ms = atoi(arguments[i + 1]);
        else if (!strcmp(arguments[i], "--log")) {
            if (!(calls = fopen(arguments[i + 1], "we"))) die("--log");
        } else return fprintf(stderr, "unknown option %s\n", arguments[i]), 2;
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) die("--host");
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll_create1");
    /* Accepted sockets inherit it: what a reader does not take is held back here, not in megabytes of the kernel's. */
    int unsent = HIGH_WATER;
    setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL }, ready[512];
    if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e)) die("epoll_ctl");
    for (uint64_t turned = now_ms();;) {
        int n = epoll_wait(poller, ready, 512, timers ? 1 : -1);
        for (int i = 0; i < n; i++) {
            struct connection *c = ready[i].data.ptr;
            if (!c) accept_all(listener);
            else if (ready[i].events & ~(uint32_t)EPOLLOUT) readable(c);
            else flush(c);
        }
        uint64_t now = now_ms();
        run_timers(turned, now);
        turned = now;
    }
}
