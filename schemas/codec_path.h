/* SPDX-License-Identifier: Apache-2.0
 * Where in a document the codec stands, so that a refusal can name the place. For this room only. */
#ifndef COLIS_SCHEMAS_CODEC_PATH_H
#define COLIS_SCHEMAS_CODEC_PATH_H

#include "schemas/codec.h"

enum { PATH_STEPS = 20 }; /* the loader lets structs nest 8 deep: 16 steps with arrays between, one unknown */

struct path_step {
    struct span name; /* data NULL: an array's item */
    bool escaped;     /* name is raw and holds escapes */
    uint16_t index;
};

struct path {
    struct path_step steps[PATH_STEPS];
    unsigned depth;
};

/* The RFC 6901 pointer of path into to, cut between two characters where it is too long. */
void path_pointer(const struct path *path, char to[CODEC_POINTER]);

#endif
