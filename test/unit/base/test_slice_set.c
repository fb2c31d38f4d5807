/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limit.h"
#include "base/slice_set.h"

static void what_is_added_is_there(void **state)
{
    static uint32_t numbers[5000];
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_slice_set s = {0};

    (void)state;
    assert_non_null(arena);
    assert_false(cmc_slice_set_has(&s, CMC_SLICE_LIT("x")));
    for (uint32_t i = 0; i < 5000; i++) {
        numbers[i] = i * 64; /* the same low bits */
        assert_false(cmc_slice_set_has(&s, cmc_slice(&numbers[i], sizeof numbers[i])));
        assert_true(cmc_slice_set_add(&s, cmc_slice(&numbers[i], sizeof numbers[i]), arena));
        assert_true(cmc_slice_set_add(&s, cmc_slice(&numbers[i / 2], sizeof numbers[i]), arena));
        assert_int_equal(s.n, i + 1);
    }
    for (uint32_t i = 0; i < 5000; i++)
        assert_true(cmc_slice_set_has(&s, cmc_slice(&numbers[i], sizeof numbers[i])));
    /* another length is another string */
    assert_false(cmc_slice_set_has(&s, cmc_slice(&numbers[7], 3)));
    assert_false(cmc_slice_set_has(&s, CMC_SLICE_LIT("")));
    assert_true(cmc_slice_set_add(&s, CMC_SLICE_LIT(""), arena));
    assert_true(cmc_slice_set_has(&s, CMC_SLICE_LIT("")));
    cmc_arena_free(arena);
}

static void no_memory_is_told(void **state)
{
    struct cmc_arena *arena = cmc_arena_new(1);
    struct cmc_slice_set s = {0};

    (void)state;
    assert_non_null(arena);
    assert_false(cmc_slice_set_add(&s, CMC_SLICE_LIT("x"), arena));
    assert_false(cmc_slice_set_has(&s, CMC_SLICE_LIT("x")));
    cmc_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_there),
        cmocka_unit_test(no_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
