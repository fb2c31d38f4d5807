/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that come as text, and answers that go as it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "asn1/item.h"
#include "server/body_text.h"

typedef enum cmc_rc (*decode_fn)(struct cmc_slice body, struct cmc_buf *out, struct cmc_err *err);

static void expect(decode_fn decode, const char *text, const char *want)
{
    struct cmc_err err = {0};
    struct cmc_buf out;
    enum cmc_rc rc;

    cmc_buf_init(&out, 4096);
    rc = decode(cmc_slice_str(text), &out, &err);
    if (rc != (want != NULL ? CMC_OK : CMC_E_INPUT))
        fail_msg("%s: %s", text, cmc_rc_name(rc));
    if (want != NULL)
        assert_true(cmc_slice_eq(cmc_buf_get0(&out), cmc_slice_str(want)));
    cmc_buf_free(&out);
}

static void base64(void **state)
{
    static const char *const rows[][2] = {
        {"YWJj", "abc"},        {"YWI=", "ab"}, {"YQ==", "a"},   {" Y W\r\nJ\tj\n", "abc"},
        {"YWJjZGVm", "abcdef"}, {"YWJ", NULL},  {"Y", NULL},     {"YQ=", NULL},
        {"YQ=a", NULL},         {"Y===", NULL}, {"====", NULL},  {"", NULL},
        {"\r\n", NULL},         {"YW-j", NULL}, {"YWJj=", NULL}, {"YQ==YQ==", NULL},
        {"YWJj\x80", NULL}};

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(rows); i++)
        expect(cmc_body_from_base64, rows[i][0], rows[i][1]);
}

static void nul_is_no_blank(void **state)
{
    struct cmc_buf out;

    (void)state;
    cmc_buf_init(&out, 64);
    assert_int_equal(cmc_body_from_base64(cmc_slice("YWJj\0", 5), &out, NULL), CMC_E_INPUT);
    cmc_buf_free(&out);
}

static void form(void **state)
{
    static const char *const rows[][2] = {
        {"cmcRequest=YWJj", "abc"},
        {"a=b&cmcRequest=YWI%3d&c=d", "ab"},
        {"cmcRequest=-----BEGIN+X-----%0d%0AYWJj%0d%0a-----END+X-----", "abc"},
        {"cmcRequest=%2B%2b%2b%2F", "\xfb\xef\xbf"},
        {"cmcRequest=+++/", "\xfb\xef\xbf"}, /* not encoded as it should */
        {"cmcRequest=", NULL},
        {"cmcRequest", NULL},
        {"xcmcRequest=YWJj", NULL},
        {"cmcrequest=YWJj", NULL},
        {"cmcRequest=YWJj%", NULL},
        {"cmcRequest=YWJj%0", NULL},
        {"cmcRequest=YWJj%zz", NULL},
        {"&&&", NULL},
        {"", NULL}};

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(rows); i++)
        expect(cmc_body_from_form, rows[i][0], rows[i][1]);
}

static void there_and_back(void **state)
{
    uint8_t octets[200];
    struct cmc_buf text, back;

    (void)state;
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(7 * i);
    cmc_buf_init(&text, 1024);
    cmc_buf_init(&back, 1024);
    for (size_t n = 1; n <= sizeof octets; n++) {
        cmc_buf_reset(&text);
        cmc_buf_reset(&back);
        cmc_body_to_base64(cmc_slice(octets, n), &text);
        assert_int_equal(text.p[text.n - 1], '\n');
        assert_int_equal(text.p[n > 48 ? 64 : text.n - 2], '\r');
        assert_int_equal(cmc_body_from_base64(cmc_buf_get0(&text), &back, NULL), CMC_OK);
        assert_true(cmc_slice_eq(cmc_buf_get0(&back), cmc_slice(octets, n)));
    }
    cmc_buf_free(&text);
    cmc_buf_free(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64),
        cmocka_unit_test(nul_is_no_blank),
        cmocka_unit_test(form),
        cmocka_unit_test(there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
