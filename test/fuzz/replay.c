/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over files instead of under libFuzzer: replay FILE-OR-DIRECTORY...
 * A seed that makes the target abort fails the test. TAP on standard output.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int count;

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    struct stat st;
    int bad = 1;
    size_t n;

    if (f == NULL || fstat(fileno(f), &st) != 0)
        goto out;
    n = (size_t)st.st_size;
    data = malloc(n + 1); /* one more in front: a read before the first octet is seen by ASan */
    if (data == NULL || fread(data + 1, 1, n, f) != n)
        goto out;
    (void)LLVMFuzzerTestOneInput(data + 1, n);
    bad = 0;
out:
    printf("%s %u - %s\n", bad ? "not ok" : "ok", ++count, path);
    (void)fflush(stdout);
    free(data);
    if (f != NULL)
        (void)fclose(f);
    return bad;
}

static int replay(const char *path)
{
    struct dirent **names = NULL;
    int bad = 0, n = scandir(path, &names, NULL, alphasort);

    if (n < 0)
        return replay_file(path);
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];

        if (names[i]->d_name[0] != '.') {
            (void)snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
            bad |= replay_file(file);
        }
        free(names[i]);
    }
    free(names);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = 0;

    for (int i = 1; i < argc; i++)
        bad |= replay(argv[i]);
    printf("1..%u\n", count);
    /* No seed at all is a mistake in the build, not a success. */
    return bad || count == 0;
}
