/* Steps a program through the instructions between its first two stops (SIGSTOP that it sends to itself).
 *
 *   limit_stepper watch FILE BYTES FOLDER NUMBER COMMAND PROGRAM [ARGUMENT...]
 *       looks at the first BYTES of FILE after each instruction and keeps a copy of it whenever they have changed:
 *       FOLDER/0000017, named by the number of the instruction; 0 is before the first one. What is left of FILE by a
 *       process that is killed after an instruction is exactly the copy made last. After NUMBER instructions (-1:
 *       never) a shell runs COMMAND, while the program stands still; copies are made only from then on.
 *   limit_stepper kill NUMBER PROGRAM [ARGUMENT...]
 *       kills it after that many instructions.
 *
 * Says how many instructions there were; ends with 0, or with 3 if the program did not stop as it should. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void give_up(const char *why) {
    fprintf(stderr, "limit_stepper: %s\n", why);
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    exit(3);
}

/* Lets the child go on and waits: the signal that it has stopped with, 0 where it has ended. */
static int go(int request) {
    int status;
    if (ptrace(request, child, 0, 0) != 0) give_up("ptrace");
    if (waitpid(child, &status, 0) != child) give_up("waitpid");
    return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
}

static void start(char **arguments) {
    int status;
    child = fork();
    if (child < 0) give_up("fork");
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execv(arguments[0], arguments);
        _exit(127);
    }
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) give_up("the program does not start");
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL);
    for (;;) {
        int signal = go(PTRACE_CONT);
        if (signal == SIGSTOP) return;
        if (signal == 0 || signal == SIGSEGV || signal == SIGILL || signal == SIGTRAP) give_up("no first stop");
    }
}

static void keep(const char *folder, long number, const unsigned char *bytes, size_t length, off_t whole) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%07ld", folder, number);
    int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0 || write(file, bytes, length) != (ssize_t)length || ftruncate(file, whole) != 0)
        give_up("cannot keep a copy");
    close(file);
}

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "";
    long number = 0;
    if (strcmp(mode, "kill") == 0 && count > 3) {
        long last = atol(arguments[2]);
        start(arguments + 3);
        while (number < last) {
            int signal = go(PTRACE_SINGLESTEP);
            if (signal == SIGSTOP) break;
            if (signal != SIGTRAP) give_up("no second stop");
            number++;
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        printf("%ld\n", number);
        return 0;
    }
    if (strcmp(mode, "watch") != 0 || count < 8) {
        fprintf(stderr, "usage: limit_stepper watch FILE BYTES FOLDER NUMBER COMMAND PROGRAM... | kill NUMBER PROGRAM...\n");
        return 64;
    }
    long pause = atol(arguments[5]);
    start(arguments + 7);
    int file = open(arguments[2], O_RDONLY | O_CLOEXEC);
    size_t length = (size_t)atol(arguments[3]);
    struct stat info;
    if (file < 0 || fstat(file, &info) != 0 || (off_t)length > info.st_size) give_up("cannot open the file");
    const unsigned char *bytes = mmap(NULL, length, PROT_READ, MAP_SHARED, file, 0);
    unsigned char *before = malloc(length);
    if (bytes == MAP_FAILED || before == NULL) give_up("cannot map the file");
    long copies = 0;
    for (;;) {
        if (number == pause && system(arguments[6]) != 0) give_up("the command failed");
        if (number < pause) {
            /* What there is before the command has been looked at without it. */
        } else if (copies == 0 || memcmp(before, bytes, length) != 0) {
            memcpy(before, bytes, length);
            keep(arguments[4], number, before, length, info.st_size);
            copies++;
        }
        int signal = go(PTRACE_SINGLESTEP);
        if (signal == SIGSTOP) break;
        if (signal != SIGTRAP) give_up("no second stop");
        number++;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    printf("%ld %ld\n", number, copies);
    return 0;
}
