#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- sanitizers ---- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUICE_SANITIZED 1
#endif
#endif
#ifndef SLUICE_SANITIZED
#define SLUICE_SANITIZED 0
#endif

int sluice_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1; }

int sluice_is_sanitized(void) { return SLUICE_SANITIZED; }

/* ---- users ---- */

int sluice_become(uint32_t user, uint32_t group, const uint32_t *groups, int count) {
    gid_t list[16];
    if (count < 0 || count > 16) {
        errno = EINVAL;
        return -1;
    }
    for (int i = 0; i < count; i++) list[i] = groups[i];
    if (setgroups((size_t)count, list) != 0 || setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0)
        return -1;
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;
    if (getresuid(&real, &effective, &saved) != 0 || getresgid(&real_group, &effective_group, &saved_group) != 0)
        return -1;
    int is_done = real == user && effective == user && saved == user && real_group == group &&
                  effective_group == group && saved_group == group;
    /* There must be no way back. */
    if (user != 0 && (setuid(0) == 0 || seteuid(0) == 0)) is_done = 0;
    if (is_done) return 0;
    errno = EPERM;
    return -1;
}

int sluice_lower_descriptor_limit(uint64_t most) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    if (limit.rlim_max <= most) return 0;
    limit.rlim_cur = limit.rlim_max = most;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

/* ---- landlock ---- */

/* The kernel's interface, as of ABI 6; older headers lack parts of it. A kernel is told no more of it than it knows. */
struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};
struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

#define FS_EXECUTE (1ULL << 0)
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_REMOVE_DIR (1ULL << 4)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_DIR (1ULL << 7)
#define FS_MAKE_REG (1ULL << 8)
#define FS_MAKE_SOCK (1ULL << 9)
#define FS_ALL_OF_ABI_1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13)    /* ABI 2 */
#define FS_TRUNCATE (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_BIND_TCP (1ULL << 0) /* ABI 4 */
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX (1ULL << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ULL << 1)

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

int sluice_landlock_abi(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u /* LANDLOCK_CREATE_RULESET_VERSION */);
    return abi < 0 ? 0 : (int)abi;
}

static int add_path(int ruleset, uint64_t handled, const sluice_path_rule *rule) {
    int fd = open(rule->path, O_PATH | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -1;
    struct stat info;
    int result = fstat(fd, &info);
    uint64_t allowed = 0;
    if (rule->rights & SLUICE_PATH_READ) allowed |= FS_READ_FILE;
    if (rule->rights & SLUICE_PATH_WRITE) allowed |= FS_WRITE_FILE | FS_TRUNCATE;
    if (result == 0 && S_ISDIR(info.st_mode)) {
        if (rule->rights & SLUICE_PATH_READ) allowed |= FS_READ_DIR;
        if (rule->rights & SLUICE_PATH_MAKE) allowed |= FS_MAKE_REG | FS_REMOVE_FILE;
        if (rule->rights & SLUICE_PATH_MAKE_SOCKETS) allowed |= FS_MAKE_SOCK | FS_REMOVE_FILE;
    }
    struct path_rule kernel = {.allowed = allowed & handled, .parent = fd};
    if (result == 0 && kernel.allowed != 0)
        result = (int)syscall(SYS_landlock_add_rule, ruleset, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &kernel, 0);
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int sluice_landlock_restrict(const sluice_path_rule *rules, int count, int connects) {
    int abi = sluice_landlock_abi();
    if (abi < 1) {
        errno = ENOSYS;
        return -1;
    }
    struct ruleset attributes = {.fs = FS_ALL_OF_ABI_1};
    size_t size = offsetof(struct ruleset, net);
    if (abi >= 2) attributes.fs |= FS_REFER;
    if (abi >= 3) attributes.fs |= FS_TRUNCATE;
    if (abi >= 5) attributes.fs |= FS_IOCTL_DEV;
    if (abi >= 4) {
        attributes.net = NET_BIND_TCP | (connects ? 0 : NET_CONNECT_TCP);
        size = offsetof(struct ruleset, scoped);
    }
    if (abi >= 6) {
        attributes.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
        size = sizeof attributes;
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0) return -1;
    int result = 0;
    for (int i = 0; i < count && result == 0; i++) result = add_path(ruleset, attributes.fs, &rules[i]);
    if (result == 0) result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    int saved = errno;
    close(ruleset);
    errno = saved;
    return result;
}

/* ---- seccomp ---- */

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* What no role ever needs after its start. */
static const int refused_to_all[] = {
    /* other programs, other processes */
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
#ifdef SYS_fork
    SYS_fork, SYS_vfork,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
#ifdef SYS_process_madvise
    SYS_process_madvise,
#endif
    /* file systems and namespaces */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_swapon, SYS_swapoff, SYS_unshare, SYS_setns,
    SYS_open_by_handle_at, SYS_quotactl,
#ifdef SYS_open_tree
    SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
#endif
#ifdef SYS_mount_setattr
    SYS_mount_setattr,
#endif
    SYS_mknodat,
#ifdef SYS_mknod
    SYS_mknod,
#endif
    /* the kernel itself */
    SYS_kexec_load,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_reboot,
    SYS_syslog, SYS_acct, SYS_personality, SYS_lookup_dcookie,
#ifdef SYS_modify_ldt
    SYS_modify_ldt, SYS_iopl, SYS_ioperm,
#endif
    /* would pass by this filter: what is submitted there is no system call */
    425 /* io_uring_setup */, 426 /* io_uring_enter */, 427 /* io_uring_register */,
    SYS_keyctl, SYS_add_key, SYS_request_key,
    /* clock and names of the host */
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname,
    /* another user */
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_setfsuid,
    SYS_setfsgid, SYS_capset,
};

enum { MOST_INSTRUCTIONS = 512 };

struct filter {
    struct sock_filter code[MOST_INSTRUCTIONS];
    unsigned short length;
};

static void add(struct filter *filter, uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t value) {
    if (filter->length < MOST_INSTRUCTIONS)
        filter->code[filter->length++] = (struct sock_filter){code, if_true, if_false, value};
}

static void load(struct filter *filter, size_t offset) {
    add(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* The number of the system call is in the accumulator. */
static void refuse(struct filter *filter, int number, uint32_t action) {
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)number);
    add(filter, BPF_RET | BPF_K, 0, 0, action);
}

/* Only these values of the first argument pass; `count` ≥ 1. */
static void allow_first(struct filter *filter, int number, const uint32_t *values, int count, uint32_t action) {
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(count + 3), (uint32_t)number);
    load(filter, offsetof(struct seccomp_data, args[0]));
    for (int i = 0; i < count; i++)
        add(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(count - i), 0, values[i]);
    add(filter, BPF_RET | BPF_K, 0, 0, action);
    add(filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

int sluice_seccomp_refuse(unsigned allowed, int kills) {
#ifndef NATIVE_ARCHITECTURE
    (void)allowed, (void)kills;
    errno = ENOSYS;
    return -1;
#else
    uint32_t action = kills ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM;
    struct filter filter = {.length = 0};
    load(&filter, offsetof(struct seccomp_data, arch));
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE_ARCHITECTURE);
    add(&filter, BPF_RET | BPF_K, 0, 0, action);
    load(&filter, offsetof(struct seccomp_data, nr));
#ifdef X32_BIT
    add(&filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
    add(&filter, BPF_RET | BPF_K, 0, 0, action);
#endif
    for (size_t i = 0; i < sizeof refused_to_all / sizeof *refused_to_all; i++)
        refuse(&filter, refused_to_all[i], action);
    if (!(allowed & SLUICE_ALLOW_CONNECT)) refuse(&filter, SYS_connect, action);
    if (!(allowed & SLUICE_ALLOW_BIND)) refuse(&filter, SYS_bind, action);
    if (!(allowed & SLUICE_ALLOW_LISTEN)) refuse(&filter, SYS_listen, action);
    if (!(allowed & SLUICE_ALLOW_ACCEPT)) {
        refuse(&filter, SYS_accept4, action);
        refuse(&filter, SYS_accept, action);
    }
    /* With clone3 the flags are in memory, where a filter cannot look; the C library falls back to clone. */
    refuse(&filter, 435 /* clone3 */, SECCOMP_RET_ERRNO | ENOSYS);
    /* A thread, no process. */
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_clone);
    load(&filter, offsetof(struct seccomp_data, args[0]));
    add(&filter, BPF_JMP | BPF_JSET | BPF_K, 1, 0, CLONE_THREAD);
    add(&filter, BPF_RET | BPF_K, 0, 0, action);
    add(&filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
    /* Typing into a terminal that the gateway was started from. */
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, SYS_ioctl);
    load(&filter, offsetof(struct seccomp_data, args[1]));
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, TIOCSTI);
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x541C /* TIOCLINUX */);
    add(&filter, BPF_RET | BPF_K, 0, 0, action);
    add(&filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);

    uint32_t families[4];
    int count = 0;
    if (allowed & SLUICE_ALLOW_UNIX) families[count++] = AF_UNIX;
    if (allowed & SLUICE_ALLOW_INET) {
        families[count++] = AF_INET;
        families[count++] = AF_INET6;
        families[count++] = AF_NETLINK; /* the resolver asks which addresses this host has */
    }
    if (count == 0)
        refuse(&filter, SYS_socket, action);
    else
        allow_first(&filter, SYS_socket, families, count, action);
    const uint32_t pairs[1] = {AF_UNIX};
    allow_first(&filter, SYS_socketpair, pairs, 1, action);
    add(&filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);

    if (filter.length >= MOST_INSTRUCTIONS) {
        errno = E2BIG;
        return -1;
    }
    struct sock_fprog program = {.len = filter.length, .filter = filter.code};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    /* A positive number is a thread that could not be bound. */
    if (result > 0) errno = EBUSY;
    return result == 0 ? 0 : -1;
#endif
}
