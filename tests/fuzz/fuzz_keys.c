/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as the file of public keys (JWKS): refused as a whole, or a set of keys that are of the one
 * algorithm asked for, each found by an id of its own, and none that takes a signature of zeros. The first
 * byte chooses. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/http/token_parts.h"
#include "tests/fuzz/fuzz.h"

static char path[64];
static int file = -1;

static void fill(const uint8_t *data, size_t size)
{
    if (file < 0) {
        file = memfd_create("keys", 0);
        LAW(file >= 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    }
    LAW(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
}

static void look_at_keys(const struct token_keys *keys, enum crypto_algorithm algorithm)
{
    static const char zeros[512];
    LAW(keys->count > 0 && keys->count <= TOKEN_KEYS);
    LAW((token_keys_find(keys, "") != NULL) == (keys->count == 1));
    for (size_t i = 0; i < keys->count; i++) {
        const char *id = keys->rows[i].id;
        LAW(strnlen(id, TOKEN_KEY_ID) < TOKEN_KEY_ID && crypto_key_algorithm(keys->rows[i].key) == algorithm);
        if (id[0] != '\0')
            LAW(token_keys_find(keys, id) == keys->rows[i].key);
        size_t size = algorithm == CRYPTO_ES256 ? 64 : 256;
        LAW(crypto_key_verify(keys->rows[i].key, SPAN("text"), (struct span){zeros, size}) == CRYPTO_WRONG);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum crypto_algorithm algorithm = data[0] % 2 ? CRYPTO_ES256 : CRYPTO_RS256;
    struct token_keys keys = {0};
    fill(data + 1, size - 1);
    int result = token_keys_read(path, algorithm, &keys);
    LAW(result == 0 || result == ERROR_SETTINGS);
    if (result == 0)
        look_at_keys(&keys, algorithm);
    token_keys_done(&keys);
    return 0;
}
