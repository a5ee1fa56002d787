/* Echo in C: one connection, one write for each request. What a C library adds to the floor.
 *
 * With -DSLOW it is slow and fat on purpose: the budgets must catch it. With -DWORKER a worker of the
 * layer's answers, by worker.c. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 512
#define SIZE (ROOM + (16 << 10) + (6 << 20))

static char buffer[SIZE + 1];
static const char next[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: api\r\n\r\n";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void send_all(int socket, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = write(socket, bytes, length);
        if (sent <= 0) fail("write");
        bytes += sent;
        length -= sent;
    }
}

/* Reads one reply; gives where its body starts and how long it is. */
static char *receive(int socket, size_t *length) {
    char *end = buffer + ROOM, *body = NULL;
    do {
        ssize_t got = read(socket, end, buffer + SIZE - end);
        if (got <= 0) fail("read");
        end += got;
        if (body == NULL) {
            *end = 0;
            body = strstr(buffer + ROOM, "\r\n\r\n");
            if (body != NULL) {
                char *field = strcasestr(buffer + ROOM, "\r\nContent-Length:");
                if (field == NULL) fail("no length");
                *length = strtoul(field + 17, NULL, 10);
                body += 4;
            }
        }
    } while (body == NULL || end < body + *length);
    return body;
}

#ifdef WORKER
void start_worker(const char *folder, const char *handler);
void await_worker(void);
size_t through_worker(char *body, size_t length, size_t room);
#endif

#ifdef SLOW
/* Bytes that deflate cannot make smaller than the budgets. */
extern const unsigned char ballast[];
extern const unsigned char ballast_end[];

static unsigned slow(void) {
    volatile unsigned sum = 0;
    for (int i = 0; i < 200; i++) sum += getppid();
    for (int i = 0; i < 200000; i++) sum += ballast[i % (ballast_end - ballast)];
    return sum;
}
#endif

int main(void) {
#ifdef WORKER
    start_worker(getenv("LAMBDA_TASK_ROOT"), getenv("_HANDLER"));
#endif
    char *api = getenv("AWS_LAMBDA_RUNTIME_API"), *colon = api ? strchr(api, ':') : NULL;
    if (colon == NULL) fail("AWS_LAMBDA_RUNTIME_API");
    *colon = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
    if (inet_pton(AF_INET, api, &address.sin_addr) != 1) fail("address");
    int to_api = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(to_api, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
#ifdef WORKER
    await_worker();
#endif

    for (;;) {
#ifdef SLOW
        slow();
#endif
        send_all(to_api, next, sizeof next - 1);
        size_t length;
        char *body = receive(to_api, &length), head[256];
        char *id = strcasestr(buffer + ROOM, "\r\nLambda-Runtime-Aws-Request-Id:");
        if (id == NULL) fail("no request id");
        id += 32;
        id += strspn(id, " ");
#ifdef WORKER
        length = through_worker(body, length, buffer + SIZE - body);
#endif
        int head_length = snprintf(head, sizeof head,
            "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\nHost: api\r\nContent-Length: %zu\r\n\r\n",
            (int)strcspn(id, "\r\n"), id, length);
        memcpy(body - head_length, head, head_length);
        send_all(to_api, body - head_length, head_length + length);
        receive(to_api, &length);
    }
}
