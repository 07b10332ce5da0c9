/* SPDX-License-Identifier: Apache-2.0
 * Writes JSON Pointers of places in a client's document. Names of unknown members are the client's own text:
 * decoded, cut to fit, and never with a NUL inside. */
#include "schemas/codec_path.h"

#include <stdio.h>
#include <string.h>

#include "schemas/json.h"
#include "schemas/text.h"

struct pointer {
    char *to;
    size_t size;
    bool full;
};

static void put(struct pointer *pointer, const char *text, size_t size)
{
    pointer->full |= pointer->size + size >= CODEC_POINTER;
    if (pointer->full)
        return;
    memcpy(pointer->to + pointer->size, text, size);
    pointer->size += size;
}

/* One name, a character at a time: ~ is ~0 and / is ~1; a NUL becomes U+FFFD. */
static void put_name(struct pointer *pointer, struct span name)
{
    for (size_t at = 0; at < name.size && !pointer->full;) {
        size_t size = utf8_size((const unsigned char *)name.data + at, name.size - at);
        if (name.data[at] == '~')
            put(pointer, "~0", 2);
        else if (name.data[at] == '/')
            put(pointer, "~1", 2);
        else if (name.data[at] == '\0')
            put(pointer, "\xef\xbf\xbd", 3);
        else
            put(pointer, name.data + at, size);
        at += size ? size : 1;
    }
}

/* Room for CODEC_POINTER bytes of a name is enough: what does not fit is cut anyway. */
static struct span decoded(struct span raw, char scratch[CODEC_POINTER])
{
    struct span taken = {raw.data, 0};
    for (size_t at = 0; at < raw.size;) {
        uint32_t point;
        const unsigned char *text = (const unsigned char *)raw.data + at;
        size_t size =
            *text == '\\' ? escape_size(text, raw.size - at, &point) : utf8_size(text, raw.size - at);
        at += size ? size : 1;
        if (at >= CODEC_POINTER)
            break;
        taken.size = at;
    }
    size_t size = 0;
    if (scan_decode(taken, scratch, CODEC_POINTER, &size) != 0)
        size = 0;
    return (struct span){scratch, size};
}

void path_pointer(const struct path *path, char to[CODEC_POINTER])
{
    struct pointer pointer = {.to = to};
    for (unsigned i = 0; i < path->depth; i++) {
        const struct path_step *step = &path->steps[i];
        char scratch[CODEC_POINTER];
        put(&pointer, "/", 1);
        if (!step->name.data)
            put(&pointer, scratch, (size_t)snprintf(scratch, sizeof scratch, "%u", step->index));
        else
            put_name(&pointer, step->escaped ? decoded(step->name, scratch) : step->name);
    }
    to[pointer.size] = '\0';
}
