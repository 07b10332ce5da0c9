/* SPDX-License-Identifier: Apache-2.0
 * A second reading of requests, straight from the grammar of RFC 9112 and written apart from shared/http:
 * what the server takes, this must take too, with the same method and body and the same end. */
#ifndef COLIS_TESTS_FUZZ_STRICT_H
#define COLIS_TESTS_FUZZ_STRICT_H

#include "shared/base/buf.h"

struct strict {
    struct span method, target;
    int hosts, lengths, codings;
    bool chunked;
    uint64_t length;
    struct buf body; /* kept from one request to the next */
};

/* Reads the request at the front of text and takes it off; false where there is no whole, well-formed one. */
bool strict_read(struct span *text, struct strict *strict);

#endif
