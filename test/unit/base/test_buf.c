/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static void appends(void **state)
{
    struct cmc_buf b;

    (void)state;
    cmc_buf_init(&b, 1000);
    cmc_buf_str(&b, "ab");
    cmc_buf_byte(&b, 'c');
    cmc_buf_add(&b, "", 0);
    cmc_buf_slice(&b, CMC_SLICE_LIT("de"));
    cmc_buf_printf(&b, "%d%s", 42, "!");
    cmc_buf_hex(&b, CMC_SLICE_LIT("\x00\xfe"));
    assert_true(cmc_buf_ok(&b));
    assert_string_equal(cmc_buf_cstr(&b), "abcde42!00fe");
    assert_int_equal(b.n, 12);
    cmc_buf_free(&b);
}

static void an_empty_buffer_is_present(void **state)
{
    struct cmc_buf b;

    (void)state;
    cmc_buf_init(&b, 10);
    assert_non_null(cmc_buf_get0(&b).p);
    assert_int_equal(cmc_buf_get0(&b).n, 0);
    assert_string_equal(cmc_buf_cstr(&b), "");
    cmc_buf_free(&b);
    cmc_buf_free(NULL);
}

static void grows_over_many_blocks(void **state)
{
    struct cmc_buf b;

    (void)state;
    cmc_buf_init(&b, 100000);
    for (size_t i = 0; i < 100000; i++)
        cmc_buf_byte(&b, (uint8_t)(i * 31));
    assert_true(cmc_buf_ok(&b));
    assert_int_equal(b.n, 100000);
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(b.p[i], (uint8_t)(i * 31));
    cmc_buf_free(&b);
}

static void the_maximum_sticks(void **state)
{
    struct cmc_buf b;

    (void)state;
    cmc_buf_init(&b, 4);
    cmc_buf_str(&b, "abcd");
    assert_true(cmc_buf_ok(&b));
    cmc_buf_byte(&b, 'e');
    assert_false(cmc_buf_ok(&b));
    assert_int_equal(b.n, 4);
    assert_null(cmc_buf_cstr(&b));
    cmc_buf_reset(&b);
    cmc_buf_str(&b, "xy");
    assert_true(cmc_buf_ok(&b));
    assert_string_equal(cmc_buf_cstr(&b), "xy");
    cmc_buf_printf(&b, "%s", "too long");
    assert_false(cmc_buf_ok(&b));
    cmc_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(an_empty_buffer_is_present),
        cmocka_unit_test(grows_over_many_blocks),
        cmocka_unit_test(the_maximum_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
