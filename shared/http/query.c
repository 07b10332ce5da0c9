/* SPDX-License-Identifier: Apache-2.0
 * One parameter out of a query string (application/x-www-form-urlencoded). Names of ours need no escapes, so
 * names are compared as they came; a parameter that stands twice is refused, never chosen between. */
#include <string.h>

#include "shared/http/connection.h"

static int hex(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    return (byte | 0x20) - 'a' + 10; /* target.c has seen that it is one */
}

static int decode(struct span value, char *to, size_t capacity)
{
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        char byte = value.data[i] == '+' ? ' ' : value.data[i];
        if (byte == '%') {
            byte = (char)(hex(value.data[i + 1]) * 16 + hex(value.data[i + 2]));
            i += 2;
        }
        if (size + 1 >= capacity)
            return HTTP_BAD_QUERY;
        to[size++] = byte;
    }
    to[size] = 0;
    return 0;
}

int http_query(const struct http_request *request, const char *name, char *to, size_t capacity)
{
    struct span rest = request->seen.query, found = {NULL, 0};
    size_t wanted = strlen(name);
    while (rest.size > 0) {
        const char *end = memchr(rest.data, '&', rest.size);
        size_t size = end ? (size_t)(end - rest.data) : rest.size;
        if (size >= wanted && memcmp(rest.data, name, wanted) == 0 &&
            (size == wanted || rest.data[wanted] == '=')) {
            if (found.data)
                return HTTP_BAD_QUERY;
            size_t skip = size == wanted ? wanted : wanted + 1;
            found = (struct span){rest.data + skip, size - skip};
        }
        size_t step = end ? size + 1 : size;
        rest = (struct span){rest.data + step, rest.size - step};
    }
    return found.data ? decode(found, to, capacity) : HTTP_ABSENT;
}
