#ifdef SLUICE_TEST_HOOKS
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *nothing(void *argument) { return argument; }

static int opened(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return errno;
    close(fd);
    return 0;
}

static int made(int fd) {
    if (fd < 0) return errno;
    close(fd);
    return 0;
}

static int failed(long result) { return result < 0 ? errno : 0; }

int sluice_probe(const char *what) {
    const char *colon = strchr(what, ':');
    size_t length = colon ? (size_t)(colon - what) : strlen(what);
    const char *rest = colon ? colon + 1 : "";
#define IS(word) (length == sizeof word - 1 && memcmp(what, word, length) == 0)
    if (IS("open")) return opened(rest, O_RDONLY);
    if (IS("write")) return opened(rest, O_WRONLY);
    if (IS("make")) {
        int code = opened(rest, O_WRONLY | O_CREAT | O_EXCL);
        if (code == 0) unlink(rest);
        return code;
    }
    if (IS("execve")) {
        char *none[] = {NULL};
        char *arguments[] = {"/bin/true", NULL};
        return failed(execve("/bin/true", arguments, none));
    }
    if (IS("fork")) {
        long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (child == 0) _exit(0);
        if (child > 0) waitpid((pid_t)child, NULL, 0);
        return failed(child);
    }
    if (IS("clone3")) return failed(syscall(435, NULL, 0));
    if (IS("thread")) {
        pthread_t thread;
        int code = pthread_create(&thread, NULL, nothing, NULL);
        if (code == 0) pthread_join(thread, NULL);
        return code;
    }
    /* A filter answers before the kernel looks at the arguments: without one these fail with EBADF or EINVAL. */
    if (IS("connect")) return failed(connect(-1, NULL, 0));
    if (IS("bind")) return failed(bind(-1, NULL, 0));
    if (IS("listen")) return failed(listen(-1, 1));
    if (IS("accept4")) return failed(accept4(-1, NULL, NULL, 0));
    if (IS("inet")) return made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (IS("inet6")) return made(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (IS("unix")) return made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (IS("packet")) return made(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (IS("alg")) return made(socket(38 /* AF_ALG */, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (IS("socketpair")) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
        close(pair[0]);
        return made(pair[1]);
    }
    if (IS("memfd")) return made(memfd_create("probe", MFD_CLOEXEC));
    if (IS("ptrace")) return failed(ptrace(PTRACE_PEEKDATA, getpid(), NULL, NULL));
    if (IS("process_vm_readv")) return failed(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
    if (IS("mount")) return failed(mount("none", "/nowhere", "tmpfs", 0, NULL));
    if (IS("unshare")) return failed(unshare(0));
    if (IS("setns")) return failed(setns(-1, 0));
    if (IS("setuid")) return failed(syscall(SYS_setuid, getuid()));
    if (IS("setresuid")) return failed(syscall(SYS_setresuid, -1, -1, -1));
    if (IS("bpf")) return failed(syscall(SYS_bpf, -1, NULL, 0));
    if (IS("perf_event_open")) return failed(syscall(SYS_perf_event_open, NULL, -1, -1, -1, 0));
    if (IS("keyctl")) return failed(syscall(SYS_keyctl, -1));
    if (IS("io_uring")) return failed(syscall(425, 0, NULL));
    if (IS("init_module")) return failed(syscall(SYS_init_module, NULL, 0, ""));
    if (IS("reboot")) return failed(syscall(SYS_reboot, 0, 0, 0, NULL));
    if (IS("kexec")) return failed(syscall(SYS_kexec_load, 0, -1, NULL, -1));
    if (IS("kill")) return failed(kill((pid_t)atoi(rest), 0));
#ifdef __x86_64__
    if (IS("x32")) return failed(syscall(0x40000000 | SYS_getpid));
#endif
    return EINVAL;
}
#else
/* Nothing to be found in other builds. */
typedef int sluice_no_probe;
#endif
