/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the codec share: cmocka, octets from hex, an arena for each test. */
#ifndef CMC_TEST_ASN1_HELPER_H
#define CMC_TEST_ASN1_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/slice.h"

#define ARENA_OCTETS (64u * 1024u * 1024u)

static inline int setup_arena(void **state)
{
    *state = cmc_arena_new(ARENA_OCTETS);
    return *state == NULL;
}

static inline int free_arena(void **state)
{
    cmc_arena_free(*state);
    return 0;
}

#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, setup_arena, free_arena)

static inline unsigned int hex_digit(char c)
{
    return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)(c - 'a') + 10;
}

/* "30 03 0201ff" to octets in the arena; exactly as many, so that ASan sees a read too far. */
static inline struct cmc_slice hex(struct cmc_arena *arena, const char *text)
{
    size_t n = 0, digits = 0;
    uint8_t *p;

    for (const char *c = text; *c != '\0'; c++)
        digits += *c != ' ';
    p = cmc_arena_alloc(arena, digits / 2);
    assert_non_null(p);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == ' ')
            continue;
        if (n % 2 == 0)
            p[n / 2] = (uint8_t)(hex_digit(*c) << 4);
        else
            p[n / 2] |= (uint8_t)hex_digit(*c);
        n++;
    }
    assert_int_equal(n % 2, 0);
    return cmc_slice(p, n / 2);
}

#define assert_slice_equal(a, b)                                                                   \
    do {                                                                                           \
        struct cmc_slice got_ = (a), want_ = (b);                                                  \
        assert_int_equal(got_.n, want_.n);                                                         \
        assert_memory_equal(got_.p, want_.p, want_.n);                                             \
    } while (0)

#endif
