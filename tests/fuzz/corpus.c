/* SPDX-License-Identifier: Apache-2.0
 * Runs a fuzz target over its corpus as an ordinary test: each file of the folder named, told as TAP. */
#include <dirent.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

/* The file's bytes in a block of exactly their size, so that the address sanitizer sees a byte too far. */
static uint8_t *read_whole(const char *folder, const char *name, size_t *ret_size)
{
    char path[4096];
    long size = -1;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    rewind(file);
    uint8_t *data = size < 0 ? NULL : malloc(size > 0 ? (size_t)size : 1);
    if (data && fread(data, 1, (size_t)size, file) != (size_t)size) {
        free(data);
        data = NULL;
    }
    fclose(file);
    *ret_size = (size_t)size;
    return data;
}

static int run_file(const char *folder, const char *name)
{
    size_t size;
    uint8_t *data = read_whole(folder, name, &size);
    if (!data)
        return 1;
    int result = LLVMFuzzerTestOneInput(data, size);
    free(data);
    return result;
}

int main(int argc, char **argv)
{
    struct dirent **names;
    int failed = 0, count = 0, found = argc > 1 ? scandir(argv[1], &names, NULL, alphasort) : -1;
    for (int i = 0; i < found; free(names[i++])) {
        if (names[i]->d_name[0] == '.')
            continue;
        int result = run_file(argv[1], names[i]->d_name);
        printf("%s %d - %s\n", result ? "not ok" : "ok", ++count, names[i]->d_name);
        fflush(stdout);
        failed += result != 0;
    }
    if (found >= 0)
        free(names);
    printf("1..%d\n", count);
    return failed == 0 && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
