/* A web server of one thread that answers at once: what any bootstrap adds stands beside almost nothing.
 *
 * GET /large has 4.7 MB of bytes that are no text, GET /stream a first part, and a second one after 20 ms;
 * every other request is answered with "ok" when its body has come. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 64, HEAD = 16384, LARGE = 4700000, PAUSE_US = 20000 };

struct connection {
    int socket;
    size_t filled;    /* bytes of the head */
    size_t body_left; /* bytes of the body to come, once the head is whole */
    char kind;        /* 0 while the head is not whole; 'l', 's' or 'o' */
    char head[HEAD];
};

static struct connection connections[CONNECTIONS];
static char body[LARGE], rest[65536];

static void put(int socket, const char *bytes, size_t count) {
    while (count) {
        ssize_t sent = write(socket, bytes, count);
        if (sent <= 0) return;
        bytes += sent;
        count -= (size_t)sent;
    }
}

static void text(int socket, const char *it) { put(socket, it, strlen(it)); }

static void answer(struct connection *one) {
    static const char large[] = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 4700000\r\n\r\n";
    if (one->kind == 'l') {
        put(one->socket, large, sizeof large - 1);
        memset(body, 0x80, sizeof body);
        put(one->socket, body, sizeof body);
    } else if (one->kind == 's') {
        text(one->socket, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\na\r\nfirst-part\r\n");
        usleep(PAUSE_US);
        text(one->socket, "9\r\nlast-part\r\n0\r\n\r\n");
    } else {
        text(one->socket, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok");
    }
    one->filled = 0;
    one->kind = 0;
}

/* Reads once; 0 when the connection has ended. */
static int advance(struct connection *one) {
    if (one->kind) {
        size_t most = one->body_left < sizeof rest ? one->body_left : sizeof rest;
        ssize_t got = read(one->socket, rest, most);
        if (got <= 0) return 0;
        one->body_left -= (size_t)got;
    } else {
        ssize_t got = read(one->socket, one->head + one->filled, HEAD - 1 - one->filled);
        if (got <= 0) return 0;
        one->filled += (size_t)got;
        one->head[one->filled] = 0;
        char *end = strstr(one->head, "\r\n\r\n"), *length;
        if (!end) return one->filled < HEAD - 1;
        length = strcasestr(one->head, "\r\ncontent-length:");
        one->body_left = length && length < end ? strtoul(length + 17, 0, 10) : 0;
        one->body_left -= one->filled - (size_t)(end + 4 - one->head);
        one->kind = !strncmp(one->head, "GET /large", 10) ? 'l' : !strncmp(one->head, "GET /stream", 11) ? 's' : 'o';
    }
    if (!one->body_left) answer(one);
    return 1;
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    const char *port = getenv("PORT");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((unsigned short)atoi(port ? port : "8080"));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, CONNECTIONS)) {
        perror("listening");
        return 1;
    }
    for (size_t i = 0; i < CONNECTIONS; i++) connections[i].socket = -1;
    for (;;) {
        struct pollfd polled[CONNECTIONS + 1] = {{.fd = listener, .events = POLLIN}};
        for (size_t i = 0; i < CONNECTIONS; i++) polled[i + 1] = (struct pollfd){.fd = connections[i].socket, .events = POLLIN};
        if (poll(polled, CONNECTIONS + 1, -1) < 0) continue;
        for (size_t i = 0; i < CONNECTIONS; i++) {
            if (polled[i + 1].revents && !advance(&connections[i])) {
                close(connections[i].socket);
                connections[i].socket = -1;
            }
        }
        if (!polled[0].revents) continue;
        int accepted = accept(listener, 0, 0);
        size_t place = 0;
        while (place < CONNECTIONS && connections[place].socket >= 0) place++;
        if (accepted < 0 || place == CONNECTIONS) continue;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[place].socket = accepted;
        connections[place].filled = 0;
        connections[place].kind = 0;
        /* The request is mostly there already. */
        struct pollfd now = {.fd = accepted, .events = POLLIN};
        if (poll(&now, 1, 0) == 1 && !advance(&connections[place])) {
            close(accepted);
            connections[place].socket = -1;
        }
    }
}
