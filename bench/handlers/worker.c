/* A worker for the layer that returns its event: layer/PROTOCOL.md, version 1. */

#include <string.h>
#include <unistd.h>

enum { ORDERS = 3, ANSWERS = 4, EVENT = 5, RESPONSE = 6 };

static char block[64 << 10];

static int say(const char *text, size_t length) { return write(ANSWERS, text, length) == (ssize_t)length; }

int main(void) {
    char line[64];
    ssize_t length;
    if (!say("ready no-seed\n", 14)) return 1;
    while ((length = read(ORDERS, line, sizeof line)) > 0) {
        char *number = memchr(line, ' ', length), answer[64] = "response";
        if (number == NULL) return 2;
        for (ssize_t got; (got = read(EVENT, block, sizeof block)) > 0;)
            if (write(RESPONSE, block, got) != got) return 3;
        /* The number and the end of the line are the order's own. */
        size_t rest = line + length - number;
        memcpy(answer + 8, number, rest);
        if (!say(answer, 8 + rest)) return 4;
    }
    return 0;
}
