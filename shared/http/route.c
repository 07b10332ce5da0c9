/* SPDX-License-Identifier: Apache-2.0
 * A path to its row. Segments are compared as they are; a {name} takes one segment that is not empty. Rows
 * are few and tried in order, so a fixed segment stands before a {name} in the table. */
#include <string.h>

#include "shared/http/connection.h"

/* One segment off the front of path, which begins with a slash. */
static struct span segment(struct span *path)
{
    const char *start = path->data + 1, *end = path->data + path->size;
    const char *slash = memchr(start, '/', (size_t)(end - start));
    struct span text = {start, (size_t)((slash ? slash : end) - start)};
    *path = slash ? (struct span){slash, (size_t)(end - slash)} : (struct span){end, 0};
    return text;
}

static bool matches(const char *pattern, struct span path, struct span parameters[HTTP_PARAMETERS])
{
    struct span wanted = span_of(pattern);
    size_t count = 0;
    while (wanted.size > 0 && path.size > 0) {
        struct span want = segment(&wanted), have = segment(&path);
        bool any = want.size > 1 && want.data[0] == '{';
        if (any && have.size > 0 && count < HTTP_PARAMETERS)
            parameters[count++] = have;
        else if (any || want.size != have.size || memcmp(want.data, have.data, want.size) != 0)
            return false;
    }
    return wanted.size == 0 && path.size == 0;
}

static void allow_add(char allow[ALLOW_SIZE], const char *method)
{
    size_t used = strlen(allow), more = strlen(method);
    if (strstr(allow, method) || used + more + 3 > ALLOW_SIZE)
        return;
    if (used > 0) {
        memcpy(allow + used, ", ", 2);
        used += 2;
    }
    memcpy(allow + used, method, more + 1);
}

int route_find(const struct http_route *routes, struct http_seen *seen, const struct http_route **ret_route,
               char ret_allow[ALLOW_SIZE])
{
    const char *method = strcmp(seen->method, "HEAD") == 0 ? "GET" : seen->method;
    ret_allow[0] = 0;
    for (const struct http_route *route = routes; route->method; route++) {
        struct span parameters[HTTP_PARAMETERS] = {0};
        if (!matches(route->path, seen->path, parameters))
            continue;
        if (strcmp(route->method, method) == 0) {
            memcpy(seen->parameters, parameters, sizeof(parameters));
            *ret_route = route;
            return 0;
        }
        allow_add(ret_allow, route->method);
        if (strcmp(route->method, "GET") == 0)
            allow_add(ret_allow, "HEAD");
    }
    return ret_allow[0] ? ROUTE_METHOD : ROUTE_ABSENT;
}
