/* SPDX-License-Identifier: Apache-2.0 */
/* DER out of PEM, base64 and DER, and PEM out of DER. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "key/key.h"

static const uint8_t der[] = {0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x07};
#define DER_BASE64 "MAYCAQUCAQc="

static int setup(void **state)
{
    *state = cmc_arena_new(1u << 20);
    return *state == NULL;
}

static int teardown(void **state)
{
    cmc_arena_free(*state);
    return 0;
}

static enum cmc_rc read_text(void **state, const char *text, const char *const *labels,
                             struct cmc_slice *out, struct cmc_err *err)
{
    return cmc_der_or_pem(cmc_slice_str(text), labels, *state, out, err);
}

static void assert_der(struct cmc_slice got)
{
    assert_int_equal(got.n, sizeof der);
    assert_memory_equal(got.p, der, sizeof der);
}

static void der_is_itself(void **state)
{
    struct cmc_slice out;

    assert_int_equal(cmc_der_or_pem(cmc_slice(der, sizeof der), NULL, *state, &out, NULL), CMC_OK);
    assert_ptr_equal(out.p, der);
    assert_int_equal(out.n, sizeof der);
}

static void base64_with_and_without_lines(void **state)
{
    static const char *const texts[] = {DER_BASE64, "MAYCAQ\r\nUCAQc=\r\n", "  M A\tYCAQUCAQc=\n"};
    struct cmc_slice out;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(read_text(state, texts[i], NULL, &out, NULL), CMC_OK);
        assert_der(out);
    }
}

static void base64_cut_short(void **state)
{
    struct cmc_err err = {0};
    struct cmc_slice out;

    assert_int_equal(read_text(state, "MAYCAQUCAQ", NULL, &out, &err), CMC_E_INPUT);
    assert_non_null(strstr(err.text, "base64"));
}

static void pem_by_label(void **state)
{
    static const char text[] = "a line before\n"
                               "-----BEGIN OTHER-----\nMAMCAQE=\n-----END OTHER-----\n"
                               "-----BEGIN WANTED-----\n" DER_BASE64 "\n-----END WANTED-----\n";
    static const char *const wanted[] = {"NOT THERE", "WANTED", NULL};
    static const char *const missing[] = {"MISSING", NULL};
    struct cmc_err err = {0};
    struct cmc_slice out;

    assert_int_equal(read_text(state, text, wanted, &out, NULL), CMC_OK);
    assert_der(out);
    assert_int_equal(read_text(state, text, NULL, &out, NULL), CMC_OK);
    assert_int_equal(out.n, 5);
    assert_int_equal(read_text(state, text, missing, &out, &err), CMC_E_INPUT);
    assert_non_null(strstr(err.text, "BEGIN MISSING"));
}

static void damaged_pem(void **state)
{
    static const char *const texts[] = {
        "-----BEGIN X-----\nMAYC!QUCAQc=\n-----END X-----\n",
        "-----BEGIN X-----\n" DER_BASE64 "\n",
        "-----BEGIN X-----\n" DER_BASE64 "\n-----END Y-----\n",
    };
    struct cmc_err err;
    struct cmc_slice out;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(read_text(state, texts[i], NULL, &out, &err), CMC_E_INPUT);
        assert_non_null(strstr(err.text, "damaged"));
    }
}

/* An encoding that carries PEM text, as a comment field may, is no PEM. */
static void pem_inside_of_der(void **state)
{
    static const uint8_t odd[] = "\x30\x15\x0c\x13-----BEGIN X-----\r\n";
    struct cmc_slice out;

    assert_int_equal(cmc_der_or_pem(cmc_slice(odd, sizeof odd - 1), NULL, *state, &out, NULL),
                     CMC_OK);
    assert_ptr_equal(out.p, odd);
}

static void neither(void **state)
{
    static const char *const texts[] = {"", "hello, world\n", "\x01\x02\x03"};
    struct cmc_slice out;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(read_text(state, texts[i], NULL, &out, NULL), CMC_E_INPUT);
}

static void written_pem_is_read(void **state)
{
    struct cmc_buf b;
    struct cmc_slice out;

    cmc_buf_init(&b, 4096);
    assert_int_equal(cmc_pem_write("CERTIFICATE", cmc_slice(der, sizeof der), &b, NULL), CMC_OK);
    assert_string_equal(cmc_buf_cstr(&b),
                        "-----BEGIN CERTIFICATE-----\n" DER_BASE64 "\n-----END CERTIFICATE-----\n");
    assert_int_equal(cmc_der_or_pem(cmc_buf_get0(&b), NULL, *state, &out, NULL), CMC_OK);
    assert_der(out);
    cmc_buf_free(&b);
}

static void block_after_block(void **state)
{
    static const char text[] = "-----BEGIN A-----\nMAMCAQE=\n-----END A-----\nbetween\n"
                               "-----BEGIN B C-----\n" DER_BASE64 "\n-----END B C-----\nafter";
    struct cmc_slice in = CMC_SLICE_LIT(text), out;
    const char *label;

    assert_int_equal(cmc_pem_next(&in, *state, &label, &out, NULL), CMC_OK);
    assert_string_equal(label, "A");
    assert_int_equal(out.n, 5);
    assert_int_equal(cmc_pem_next(&in, *state, &label, &out, NULL), CMC_OK);
    assert_string_equal(label, "B C");
    assert_der(out);
    assert_int_equal(cmc_pem_next(&in, *state, &label, &out, NULL), CMC_E_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(der_is_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(base64_with_and_without_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(base64_cut_short, setup, teardown),
        cmocka_unit_test_setup_teardown(pem_by_label, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_pem, setup, teardown),
        cmocka_unit_test_setup_teardown(pem_inside_of_der, setup, teardown),
        cmocka_unit_test_setup_teardown(neither, setup, teardown),
        cmocka_unit_test_setup_teardown(block_after_block, setup, teardown),
        cmocka_unit_test_setup_teardown(written_pem_is_read, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
