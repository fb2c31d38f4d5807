/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdalign.h>

#include "base/arena.h"

static void zeroed_and_aligned(void **state)
{
    struct cmc_arena *a = cmc_arena_new(1 << 20);

    (void)state;
    for (size_t n = 0; n < 3000; n += 7) {
        unsigned char *p = cmc_arena_alloc(a, n);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
    }
    cmc_arena_free(a);
}

static void blocks_do_not_overlap(void **state)
{
    struct cmc_arena *a = cmc_arena_new(1 << 22);
    unsigned char *p[100];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        p[i] = cmc_arena_alloc(a, 1 + i * 97);
        assert_non_null(p[i]);
        memset(p[i], (int)i, 1 + i * 97);
    }
    for (size_t i = 0; i < 100; i++)
        for (size_t k = 0; k < 1 + i * 97; k++)
            assert_int_equal(p[i][k], i);
    cmc_arena_free(a);
}

static void maximum_holds_and_reset_gives_back(void **state)
{
    struct cmc_arena *a = cmc_arena_new(4096);

    (void)state;
    assert_non_null(cmc_arena_alloc(a, 4096));
    assert_null(cmc_arena_alloc(a, 1));
    cmc_arena_reset(a);
    assert_null(cmc_arena_alloc(a, 4097));
    assert_non_null(cmc_arena_alloc(a, 4000));
    cmc_arena_free(a);
}

static void sizes_that_overflow_are_refused(void **state)
{
    struct cmc_arena *a = cmc_arena_new(SIZE_MAX);

    (void)state;
    assert_null(cmc_arena_alloc(a, SIZE_MAX));
    assert_null(cmc_arena_array(a, SIZE_MAX / 2, 3));
    assert_non_null(cmc_arena_array(a, 3, 5));
    cmc_arena_free(a);
}

static void copies(void **state)
{
    struct cmc_arena *a = cmc_arena_new(1 << 16);
    struct cmc_slice s;

    (void)state;
    assert_string_equal(cmc_arena_strdup(a, "abc"), "abc");
    assert_string_equal(cmc_arena_strndup(a, "abcdef", 4), "abcd");
    assert_string_equal(cmc_arena_printf(a, "%d-%s", 7, "x"), "7-x");
    assert_memory_equal(cmc_arena_dup(a, "\0\1\2", 3), "\0\1\2", 3);
    s = cmc_arena_slice(a, CMC_SLICE_NONE);
    assert_null(s.p);
    s = cmc_arena_slice(a, CMC_SLICE_LIT(""));
    assert_non_null(s.p);
    assert_int_equal(s.n, 0);
    s = cmc_arena_slice(a, CMC_SLICE_LIT("xyz"));
    assert_true(cmc_slice_eq(s, CMC_SLICE_LIT("xyz")));
    cmc_arena_free(a);
    cmc_arena_free(NULL);
}

/* What is put back is used again, zeroised; an arena that is out outlives the pool's owner. */
static void pools(void **state)
{
    struct cmc_arena_pool *p = cmc_arena_pool_new(1 << 20);
    struct cmc_arena *a, *b;
    unsigned char *octets;

    (void)state;
    assert_non_null(p);
    a = cmc_arena_pool_get(p);
    b = cmc_arena_pool_get(p);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    memset(cmc_arena_alloc(a, 100000), 0xa5, 100000);
    cmc_arena_pool_put(p, a);
    cmc_arena_pool_put(p, NULL);
    assert_ptr_equal(cmc_arena_pool_get(p), a);
    assert_null(cmc_arena_alloc(a, (1 << 20) + 1));
    octets = cmc_arena_alloc(a, 1 << 20);
    assert_non_null(octets);
    for (size_t i = 0; i < 1 << 20; i++)
        assert_int_equal(octets[i], 0);
    cmc_arena_pool_put(p, a);
    cmc_arena_pool_free(p);
    assert_non_null(cmc_arena_alloc(b, 10));
    cmc_arena_pool_put(p, b); /* the last one: the pool goes with it */
    cmc_arena_pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_and_aligned),
        cmocka_unit_test(blocks_do_not_overlap),
        cmocka_unit_test(maximum_holds_and_reset_gives_back),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(copies),
        cmocka_unit_test(pools),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
