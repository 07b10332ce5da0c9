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

/* One character of a name, as it stands there or escaped: ~ is ~0 and / is ~1; a NUL becomes U+FFFD. */
static size_t put_character(struct pointer *pointer, struct span name, bool escaped)
{
    const unsigned char *text = (const unsigned char *)name.data;
    char decoded[8];
    uint32_t point;
    bool escape = escaped && *text == '\\';
    size_t taken = escape ? escape_size(text, name.size, &point) : utf8_size(text, name.size), size = taken;
    if (escape && scan_decode((struct span){name.data, taken}, decoded, sizeof decoded, &size) == 0)
        name.data = decoded;
    if (name.data[0] == '~')
        put(pointer, "~0", 2);
    else if (name.data[0] == '/')
        put(pointer, "~1", 2);
    else if (name.data[0] == '\0')
        put(pointer, "\xef\xbf\xbd", 3);
    else
        put(pointer, name.data, size);
    return taken;
}

static void put_name(struct pointer *pointer, struct span name, bool escaped)
{
    for (size_t at = 0, taken = 1; at < name.size && taken > 0 && !pointer->full; at += taken)
        taken = put_character(pointer, (struct span){name.data + at, name.size - at}, escaped);
}

static void put_index(struct pointer *pointer, unsigned index)
{
    char digits[16];
    int size = snprintf(digits, sizeof digits, "%u", index);
    put(pointer, digits, (size_t)size);
}

void path_pointer(const struct path *path, char to[CODEC_POINTER])
{
    struct pointer pointer = {.to = to};
    for (unsigned i = 0; i < path->depth; i++) {
        const struct path_step *step = &path->steps[i];
        put(&pointer, "/", 1);
        if (step->name.data)
            put_name(&pointer, step->name, step->escaped);
        else
            put_index(&pointer, step->index);
    }
    to[pointer.size] = '\0';
}
