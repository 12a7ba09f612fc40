/* libcurl for Swift: its variadic calls as typed inline functions, one per kind of argument in use. */
#ifndef SLUICE_CCURL_H
#define SLUICE_CCURL_H

#include <curl/curl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

/* 0xXXYYZZ for X.Y.Z. */
static inline unsigned int sluice_curl_version(void) {
    return curl_version_info(CURLVERSION_NOW)->version_num;
}

/* ---- easy handles ---- */

static inline CURLcode sluice_curl_set_number(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode sluice_curl_set_offset(CURL *easy, CURLoption option, int64_t value) {
    return curl_easy_setopt(easy, option, (curl_off_t)value);
}

/* libcurl copies the string (but for CURLOPT_POSTFIELDS). */
static inline CURLcode sluice_curl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode sluice_curl_set_bytes(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode sluice_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode sluice_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

typedef size_t (*sluice_curl_data_function)(char *bytes, size_t size, size_t count, void *context);

/* CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION. */
static inline CURLcode sluice_curl_set_data_function(CURL *easy, CURLoption option, sluice_curl_data_function value) {
    return curl_easy_setopt(easy, option, value);
}

typedef curl_socket_t (*sluice_curl_open_function)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
typedef int (*sluice_curl_close_function)(void *context, curl_socket_t socket);

static inline CURLcode sluice_curl_set_open_function(CURL *easy, sluice_curl_open_function value) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, value);
}

static inline CURLcode sluice_curl_set_close_function(CURL *easy, sluice_curl_close_function value) {
    return curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, value);
}

/* The bytes of the address that a socket is about to be connected to, in network order: 4 or 16, the number is returned; 0 for
   another family. libcurl has more memory behind `addr` than its type says; `addrlen` says how much of it is filled. */
static inline int sluice_curl_address_bytes(const struct curl_sockaddr *address, unsigned char *bytes) {
    const char *start = (const char *)address + offsetof(struct curl_sockaddr, addr);
    if (address->family == AF_INET && address->addrlen >= sizeof(struct sockaddr_in)) {
        memcpy(bytes, start + offsetof(struct sockaddr_in, sin_addr), 4);
        return 4;
    }
    if (address->family == AF_INET6 && address->addrlen >= sizeof(struct sockaddr_in6)) {
        memcpy(bytes, start + offsetof(struct sockaddr_in6, sin6_addr), 16);
        return 16;
    }
    return 0;
}

/* Called before a request goes out on a connection that stands, and again if libcurl sends it once more. */
typedef int (*sluice_curl_prepare_function)(
    void *context, char *remote_address, char *local_address, int remote_port, int local_port);

static inline CURLcode sluice_curl_set_prepare_function(CURL *easy, sluice_curl_prepare_function value) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, value);
}

/* 0 when libcurl does not know. */
static inline long sluice_curl_get_number(CURL *easy, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

/* The socket of the connection a transfer with CURLOPT_CONNECT_ONLY has made; libcurl's own; -1 when there is none. */
static inline int sluice_curl_get_socket(CURL *easy) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK ? socket : -1;
}

/* NULL when there is none; libcurl's own memory, until the handle is used again. */
static inline const char *sluice_curl_get_string(CURL *easy, CURLINFO info) {
    char *value = NULL;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : NULL;
}

static inline void *sluice_curl_get_private(CURL *easy) {
    char *value = NULL;
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value) == CURLE_OK ? value : NULL;
}

/* ---- multi handles ---- */

static inline CURLMcode sluice_curl_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode sluice_curl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
    return curl_multi_setopt(multi, option, value);
}

typedef int (*sluice_curl_socket_function)(CURL *easy, curl_socket_t socket, int what, void *context, void *assigned);
typedef int (*sluice_curl_timer_function)(CURLM *multi, long milliseconds, void *context);

static inline CURLMcode sluice_curl_multi_set_socket_function(CURLM *multi, sluice_curl_socket_function value) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, value);
}

static inline CURLMcode sluice_curl_multi_set_timer_function(CURLM *multi, sluice_curl_timer_function value) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, value);
}

/* The next transfer that has ended, or NULL; *code says how. */
static inline CURL *sluice_curl_next_ended(CURLM *multi, CURLcode *code) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

#endif
