/* With echo.c and -DWORKER: the least that a program does to answer by a worker (layer/PROTOCOL.md). What
 * the layer takes beyond this is for its promises: context, deadline, log, SIGTERM, errors.
 *
 * The worker gets the same pipes and files from it; nothing is written into the context. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The worker's numbers: lines for it, lines of it, event, response, context. */
enum { FIRST = 3, COUNT = 5 };

static const char order[] = "event 1\n", answer[] = "response 1\n";
static int orders, answers, event, response;
static size_t known;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* Starts the worker that the handler names, and does not wait for it. */
void start_worker(const char *folder, const char *handler) {
    char path[512], *arguments[] = {path, NULL};
    int to[2], from[2];
    if (folder == NULL || handler == NULL) fail("LAMBDA_TASK_ROOT and _HANDLER");
    if (strncmp(handler, "worker:", 7) == 0) handler += 7;
    if (snprintf(path, sizeof path, "%s/%s", folder, handler) >= (int)sizeof path) fail("a long name");
    /* In the order of the worker's numbers, so that no number is given away that another one still has. */
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) fail("pipe2");
    event = memfd_create("event", MFD_CLOEXEC);
    response = memfd_create("response", MFD_CLOEXEC);
    int context = memfd_create("context", MFD_CLOEXEC);
    if (context < 0 || fcntl(response, F_SETFL, O_APPEND) != 0) fail("memfd_create");
    const int given[COUNT] = {to[0], from[1], event, response, context};
    pid_t worker = vfork();
    if (worker == 0) {
        for (int i = 0; i < COUNT; i++)
            if (given[i] == FIRST + i ? fcntl(given[i], F_SETFD, 0) : dup2(given[i], FIRST + i) < 0) _exit(126);
        execve(path, arguments, environ);
        _exit(127);
    }
    if (worker < 0) fail("vfork");
    close(to[0]);
    close(from[1]);
    orders = to[1];
    answers = from[0];
}

void await_worker(void) {
    char line[512];
    ssize_t got = read(answers, line, sizeof line);
    if (got < 6 || memcmp(line, "ready", 5) != 0 || line[got - 1] != '\n') fail("the worker is not ready");
}

/* Puts the worker's answer in the place of the event; gives its length. */
size_t through_worker(char *body, size_t length, size_t room) {
    char line[64];
    ssize_t got;
    if (length < known && ftruncate(event, length) != 0) fail("ftruncate");
    known = length;
    if (pwrite(event, body, length, 0) != (ssize_t)length || lseek(event, 0, SEEK_SET) != 0) fail("the event");
    if (ftruncate(response, 0) != 0) fail("ftruncate");
    if (write(orders, order, sizeof order - 1) != sizeof order - 1) fail("the worker took no event");
    got = read(answers, line, sizeof line);
    if (got != sizeof answer - 1 || memcmp(line, answer, got) != 0) fail("the worker gave no response");
    if ((got = pread(response, body, room, 0)) < 0) fail("the response");
    return got;
}
