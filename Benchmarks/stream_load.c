/* stream_load: N streams at once over HTTP/1.1, as cheaply as possible, so that the machine's time goes to the gateway.
 *
 *   cc -O2 -o stream_load stream_load.c
 *   ./stream_load PORT STREAMS ROUNDS RAMP_MS <request-bytes
 *
 * Reads one whole HTTP request from standard input and sends it on STREAMS connections, begun evenly over RAMP_MS, each
 * ROUNDS times one after the other. A reply is whole when it ends in the last chunk. Prints one JSON line:
 * streams, complete, events, bytes, seconds, and times to the first body byte.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
    int fd, rounds, in_body;
    char tail[8];         /* the last bytes seen, to find what spans two reads */
    uint64_t sent;
};

static char request[1 << 20];
static size_t request_length;
static struct client *clients;
static uint64_t *first;
static unsigned long begun, complete, firsts, events, bytes;
static int poller, port;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

static void send_request(struct client *c) {
    for (size_t sent = 0; sent < request_length;) {
        ssize_t n = send(c->fd, request + sent, request_length - sent, MSG_NOSIGNAL);
        if (n > 0) sent += (size_t)n;
        else if (errno != EAGAIN && errno != EINTR) die("send");
    }
    begun++;
    c->in_body = 0;
    memset(c->tail, 0, sizeof c->tail);
    c->sent = now_us();
}

static void start(struct client *c, int rounds) {
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = 1;
    c->rounds = rounds;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e)) die("epoll_ctl");
    send_request(c);
}

/* 1 when the client has nothing more to do. */
static int readable(struct client *c) {
    static char buffer[sizeof c->tail + 65536];
    const size_t kept = sizeof c->tail;
    memcpy(buffer, c->tail, kept);
    ssize_t n = recv(c->fd, buffer + kept, sizeof buffer - kept, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) return close(c->fd), 1;
    bytes += (unsigned long)n;
    char *end = buffer + kept + n;
    /* An event ends in an empty line; only those whose second byte is new are counted. */
    for (char *p = buffer + kept - 1; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
        if (p + 1 < end && p[1] == '\n') events++;
    if (!c->in_body && memmem(buffer, (size_t)(end - buffer), "data: ", 6)) {
        c->in_body = 1;
        first[firsts++] = now_us() - c->sent;
    }
    int whole = !memcmp(end - 5, "0\r\n\r\n", 5) && end[-6] == '\n';
    memcpy(c->tail, end - kept, kept);
    if (!whole) return 0;
    complete++;
    if (--c->rounds == 0) return close(c->fd), 1;
    send_request(c);
    return 0;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "usage: stream_load PORT STREAMS ROUNDS RAMP_MS <request\n"), 2;
    port = atoi(arguments[1]);
    int streams = atoi(arguments[2]), rounds = atoi(arguments[3]), ramp = atoi(arguments[4]);
    request_length = fread(request, 1, sizeof request, stdin);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    clients = calloc((size_t)streams, sizeof *clients);
    first = calloc((size_t)streams * (size_t)rounds, sizeof *first);
    if (!clients || !first || (poller = epoll_create1(EPOLL_CLOEXEC)) < 0) die("start");

    uint64_t began = now_us();
    int started = 0, ended = 0;
    struct epoll_event ready[256];
    while (ended < streams) {
        int due = ramp ? (int)((now_us() - began) * (uint64_t)streams / ((uint64_t)ramp * 1000)) + 1 : streams;
        while (started < streams && started < due) start(&clients[started++], rounds);
        int n = epoll_wait(poller, ready, 256, started < streams ? 1 : 20000);
        if (n == 0 && started == streams) break; /* 20 s of silence */
        for (int i = 0; i < n; i++) ended += readable(ready[i].data.ptr);
    }
    double seconds = (double)(now_us() - began) / 1e6;
    qsort(first, firsts, sizeof *first, ascending);
    printf("{\"streams\":%lu,\"complete\":%lu,\"events\":%lu,\"bytes\":%lu,\"seconds\":%.3f,\"first_p50\":%lu,"
           "\"first_p99\":%lu}\n", begun, complete, events, bytes, seconds,
           firsts ? (unsigned long)first[firsts / 2] : 0, firsts ? (unsigned long)first[firsts * 99 / 100] : 0);
    return complete == (unsigned long)streams * (unsigned long)rounds ? 0 : 1;
}
