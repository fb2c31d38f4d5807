/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. A broken promise aborts, which libFuzzer and replay.c report. */
#ifndef CMC_TEST_FUZZ_H
#define CMC_TEST_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(cond)                                                                              \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            (void)fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #cond);       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
