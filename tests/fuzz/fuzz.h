/* SPDX-License-Identifier: Apache-2.0
 * What every fuzz target shares: the one function libFuzzer and corpus.c call, and how a broken law is told.
 */
#ifndef COLIS_TESTS_FUZZ_FUZZ_H
#define COLIS_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A law that must hold for any input; libFuzzer keeps the input that broke it. */
#define LAW(holds)                                                                                           \
    do {                                                                                                     \
        if (!(holds)) {                                                                                      \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds);                       \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
