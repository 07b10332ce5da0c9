/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as stored headers, as single headers and as a subject: an event that is taken is written and read
 * again as the same headers, one that is not says why. */
#include <string.h>

#include "schemas/event.h"
#include "shared/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

static void look_at_stored(struct span json)
{
    struct event event, again;
    CLEANUP(buf_done) struct buf one = {0};
    CLEANUP(buf_done) struct buf other = {0};
    if (event_from_headers_json(json, &event) != 0) {
        LAW(event.reason != NULL && !event.readable);
        return;
    }
    LAW(event.readable && event.reason == NULL);
    event_headers_json(&event, &one);
    LAW(event_from_headers_json(buf_as_span(&one), &again) == 0);
    event_headers_json(&again, &other);
    LAW(one.size == other.size && memcmp(one.data, other.data, one.size) == 0);
}

/* Lines of name, colon, value. */
static void look_at_headers(struct span text)
{
    struct event event = {0};
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        struct span line = {text.data, end ? (size_t)(end - text.data) : text.size};
        size_t taken = line.size + (end != NULL);
        text = (struct span){text.data + taken, text.size - taken};
        const char *colon = line.size ? memchr(line.data, ':', line.size) : NULL;
        size_t name = colon ? (size_t)(colon - line.data) : 0;
        if (colon && event_header_take(&event, (struct span){line.data, name},
                                       (struct span){colon + 1, line.size - name - 1}) != 0)
            LAW(event.reason != NULL);
    }
    int result = event_complete(&event);
    LAW(event.readable == (result == 0) && (event.reason != NULL) == (result != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    char kind[24] = "";
    struct id id = {0};
    look_at_stored(text);
    look_at_headers(text);
    if (event_subject_parse(text, kind, &id) == 0)
        LAW(kind[0] != '\0' && strlen(kind) + 1 + strlen(id.text) == size);
    return 0;
}
