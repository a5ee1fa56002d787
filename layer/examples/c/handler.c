/* A worker in C: greets the person that the event names. Build it with `layer/examples/c/build .`; run it
 * with `scripts/run-local --layer layer/examples/c`, which builds it itself. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    char line[64], event[65536], name[256];
    unsigned long number;
    FILE *in = fdopen(3, "r");
    dprintf(4, "ready\n");
    while (fgets(line, sizeof line, in) && sscanf(line, "event %lu", &number) == 1) {
        ssize_t length = pread(5, event, sizeof event - 1, 0);
        event[length < 0 ? 0 : length] = 0;
        const char *field = strstr(event, "\"name\"");
        if (field && sscanf(field, "\"name\" : \"%255[^\"]\"", name) == 1) {
            dprintf(6, "{\"greeting\":\"Hello, %s!\"}", name);
            dprintf(4, "response %lu\n", number);
        } else {
            dprintf(6, "the event has no name");
            dprintf(4, "error %lu Function.NoName\n", number);
        }
    }
    return 0;
}
