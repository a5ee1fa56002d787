/* `/init` of the virtual machine of scripts/bench --kernel: starts each program of /plan, is its
 * Runtime API on loopback, and runs a mark, which plugin/kernel.c sees, at each step.
 *
 * A line of /plan is `ROUNDS EVENTS NAME HANDLER`; the program is /programs/NAME/bootstrap. What the
 * host gets on the serial line:
 *
 *   @kernel RELEASE                   at first
 *   @run NAME MINOR MAJOR PROCESSES   after a round; the page faults of the program and of those that
 *                                     it started, up to the first `next`, and how many those were
 *   @failed WHY                       and the machine ends
 *   @end                              all is done */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* The marks that plugin/kernel.c looks for. */
#if defined(__x86_64__)
#define A_MARK ".byte 0x0f, 0x1f, 0x80\n.long 0x5eed0000 + %c0\n"
#else
#define A_MARK ".inst 0xd280001f + ((0x5e00 + %c0) << 5)\n"
#endif
#define MARK(number) __asm__ volatile(A_MARK ::"i"(number) : "memory")
enum { SPAWN = 1, NEXT, SENT, ANSWERED, REPEAT, REPEATED, NOTHING };

enum { PORT = 9001, CONNECTIONS = 8, ROOM = 64 << 10, LIMIT_MS = 60000 };

#define EVENT "{\"message\":\"hello from the benchmark\"}"

/* What has come on a connection. A program may open one for each call, or keep one. */
static struct connection { int socket; size_t used; char text[ROOM]; } connections[CONNECTIONS];
static int listener;
static const char *program = "the machine";

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("@failed %s: ", program);
    vprintf(format, arguments);
    printf(" (%s)\n", strerror(errno));
    fflush(stdout);
    /* The end of the first process is the end of the kernel, which would cut the line off. */
    for (;;) pause();
}

static void prepare(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int yes = 1;
    mkdir("/proc", 0755), mkdir("/tmp", 0777);
    if (mount("proc", "/proc", "proc", 0, NULL) != 0) fail("mounting /proc");
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (ioctl(listener, SIOCSIFFLAGS, &loopback) != 0) fail("bringing loopback up");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 8) != 0)
        fail("listening");
    for (int i = 0; i < CONNECTIONS; i++) connections[i].socket = -1;
}

/* Bytes of the request that has arrived whole, or 0. */
static size_t whole(struct connection *from) {
    from->text[from->used] = 0;
    char *end = strstr(from->text, "\r\n\r\n"), *field;
    if (end == NULL) return 0;
    size_t head = end + 4 - from->text, length = 0;
    for (field = strstr(from->text, "\r\n"); field < end; field = strstr(field + 2, "\r\n")) {
        if (strncasecmp(field + 2, "content-length:", 15) == 0) length = strtoul(field + 17, NULL, 10);
        if (strncasecmp(field + 2, "transfer-encoding:", 18) == 0) {
            char *last = strstr(end, "\r\n0\r\n\r\n");
            if (last == NULL) return 0;
            length = last + 7 - end - 4;
        }
    }
    return from->used >= head + length ? head + length : 0;
}

/* Whether the body of a whole request is the event, in chunks or not. */
static int is_event(const struct connection *from) {
    const char *text = strstr(from->text, "\r\n\r\n") + 4;
    if (!strcasestr(from->text, "transfer-encoding:")) return strcmp(text, EVENT) == 0;
    size_t known = 0, length;
    while ((length = strtoul(text, NULL, 16)) > 0) {
        text = strstr(text, "\r\n") + 2;
        if (known + length > sizeof EVENT - 1 || memcmp(text, &EVENT[known], length) != 0) return 0;
        text += length + 2, known += length;
    }
    return known == sizeof EVENT - 1;
}

/* Waits for a request whose method begins with this letter, G or P. */
static struct connection *request(char method) {
    for (;;) {
        struct pollfd wanted[CONNECTIONS + 1] = {{.fd = listener, .events = POLLIN}};
        for (int i = 0; i < CONNECTIONS; i++)
            wanted[i + 1] = (struct pollfd){.fd = connections[i].socket, .events = POLLIN};
        if (poll(wanted, CONNECTIONS + 1, LIMIT_MS) <= 0) fail("no request with %c came in time", method);
        for (int i = 0; i < CONNECTIONS; i++) {
            struct connection *from = &connections[i];
            if (!wanted[i + 1].revents) continue;
            ssize_t got = read(from->socket, from->text + from->used, ROOM - 1 - from->used);
            if (got <= 0) {
                close(from->socket);
                from->socket = -1, from->used = 0;
                continue;
            }
            from->used += got;
            size_t size = whole(from);
            if (size == 0) continue;
            if (from->text[0] != method) fail("it asked %.60s", from->text);
            if (method == 'P' && !(strstr(from->text, "/response ") && is_event(from)))
                fail("it did not return its event: %s", from->text);
            from->used = 0;
            return from;
        }
        if (wanted[0].revents) {
            int place = 0, new = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            while (place < CONNECTIONS && connections[place].socket >= 0) place++;
            if (new < 0 || place == CONNECTIONS) fail("a connection too many");
            connections[place].socket = new;
        }
    }
}

static void reply(struct connection *to, const char *text, size_t size) {
    if (write(to->socket, text, size) != (ssize_t)size) fail("its connection took no reply");
}

/* Everything but this process is the program, what it has started, and the kernel's threads, which
 * have no file that is executed. */
static void faults(unsigned long *minor, unsigned long *major, int *processes) {
    DIR *all = opendir("/proc");
    struct dirent *entry;
    *minor = *major = 0, *processes = 0;
    while ((entry = readdir(all)) != NULL) {
        char path[64], text[1024] = "", link[8];
        unsigned long own = 0, ended = 0, own_major = 0, ended_major = 0;
        int pid = atoi(entry->d_name);
        snprintf(path, sizeof path, "/proc/%d/exe", pid);
        if (pid <= 1 || readlink(path, link, sizeof link) < 0) continue;
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0 || read(file, text, sizeof text - 1) <= 0) fail("%s", path);
        close(file);
        char *rest = strrchr(text, ')');
        if (rest == NULL || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %lu %lu %lu %lu",
                                   &own, &ended, &own_major, &ended_major) != 4)
            fail("%s is not understood", path);
        *minor += own + ended, *major += own_major + ended_major, *processes += 1;
    }
    closedir(all);
}

static void run(const char *name, const char *handler, int events) {
    static char accepted[] = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
                             "Content-Length: 16\r\n\r\n{\"status\":\"OK\"}\n";
    char path[128], root[128], function[128], event[1024];
    snprintf(path, sizeof path, "/programs/%s/bootstrap", name);
    snprintf(root, sizeof root, "LAMBDA_TASK_ROOT=/programs/%s", name);
    snprintf(function, sizeof function, "_HANDLER=%s", handler);
    /* As in src/programs.rs. */
    char *environment[] = {
        "PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin", "LANG=en_US.UTF-8", "TZ=:UTC",
        "AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1", "AWS_LAMBDA_FUNCTION_NAME=bench",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/bench",
        "AWS_LAMBDA_LOG_STREAM_NAME=2026/01/01/[$LATEST]0123456789abcdef", function, root,
        "LAMBDA_RUNTIME_DIR=/var/runtime", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001", NULL};
    char *arguments[] = {path, NULL};
    pid_t pid;

    MARK(SPAWN);
    int error = posix_spawn(&pid, path, NULL, NULL, arguments, environment);
    if (error != 0) errno = error, fail("starting it");
    struct connection *from = request('G');
    MARK(NEXT);
    unsigned long minor, major;
    int processes;
    faults(&minor, &major, &processes);
    for (int number = 0; number < events; number++) {
        size_t size = snprintf(
            event, sizeof event,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-%012d\r\n"
            "Lambda-Runtime-Deadline-Ms: 4102444800000\r\n"
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:123456789012:function:bench\r\n"
            "Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0\r\n"
            "Content-Length: %zu\r\n\r\n%s", number, sizeof EVENT - 1, EVENT);
        MARK(SENT);
        reply(from, event, size);
        from = request('P');
        MARK(ANSWERED);
        reply(from, accepted, sizeof accepted - 1);
        from = request('G');
        MARK(NEXT);
    }
    /* All that is left but this process. */
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0) {}
    for (int i = 0; i < CONNECTIONS; i++) {
        if (connections[i].socket >= 0) close(connections[i].socket);
        connections[i].socket = -1, connections[i].used = 0;
    }
    printf("@run %s %lu %lu %d\n", name, minor, major, processes);
    fflush(stdout);
    /* What the kernel frees later is freed before the next one begins. */
    usleep(100000);
}

/* What the count makes of x86's `rep`, and of nothing. */
static void probe(void) {
    __asm__ volatile(A_MARK A_MARK ::"i"(NOTHING) : "memory");
#if defined(__x86_64__)
    static char from[1000], to[1000];
    const void *source = from;
    void *target = to;
    size_t count = sizeof from;
    MARK(REPEAT);
    __asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(count)::"memory");
    MARK(REPEATED);
#endif
}

int main(void) {
    static char name[64], handler[64];
    struct utsname kernel;
    int rounds, events;
    prepare();
    uname(&kernel);
    printf("@kernel %s\n", kernel.release);
    fflush(stdout);
    /* What the kernel does in its first seconds is done then. The clock jumps over idle time. */
    sleep(10);
    probe();
    FILE *plan = fopen("/plan", "re");
    if (plan == NULL) fail("opening /plan");
    while (fscanf(plan, "%d %d %63s %63s", &rounds, &events, name, handler) == 4) {
        program = name;
        for (int round = 0; round < rounds; round++) run(name, handler, events);
    }
    printf("@end\n");
    fflush(stdout);
    for (;;) pause();
}
