/* SPDX-License-Identifier: Apache-2.0 */
/* What people write on a command line: serial numbers, reasons, dates; and what is safe to print.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tool/input.h"
#include "tool/revocation.h"

static struct tool tool;

static int setup(void **state)
{
    tool = (struct tool){.command = "test", .arena = cmc_arena_new(1u << 20)};
    *state = &tool;
    return tool.arena == NULL;
}

static int teardown(void **state)
{
    struct tool *t = *state;

    cmc_arena_free(t->arena);
    return 0;
}

static void serial_numbers(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        uint8_t octets[12];
    } rows[] = {
        {"0", 1, {0x00}},
        {"8096", 2, {0x1f, 0xa0}},
        {"0x1fa0", 2, {0x1f, 0xa0}},
        {"0X1FA0", 2, {0x1f, 0xa0}},
        {"1f:a0", 2, {0x1f, 0xa0}},
        {"1fa0", 2, {0x1f, 0xa0}},
        {"0x10", 1, {0x10}},
        {"10", 1, {0x0a}},
        {"00:10", 1, {0x10}},
        {"128", 2, {0x00, 0x80}},
        {"18446744073709551616", 9, {1, 0, 0, 0, 0, 0, 0, 0, 0}},
        {"ff:ff:ff:ff:ff:ff:ff:ff:ff:ff",
         11,
         {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}},
    };
    struct cmc_slice out;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(tool_serial(*state, rows[i].text, &out), CMC_OK);
        assert_int_equal(out.n, rows[i].n);
        assert_memory_equal(out.p, rows[i].octets, out.n);
    }
}

static void no_serial_numbers(void **state)
{
    static const char *const texts[] = {"",     "0x",    ":",  "1f:", ":1f", "1f::a0",
                                        "12g4", "0x1:2", "-5", "1 2", "1.5", "0x0x1"};
    char longest[200];
    struct cmc_slice out;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(tool_serial(*state, texts[i], &out), CMC_E_USAGE);
    memset(longest, 'f', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(tool_serial(*state, longest, &out), CMC_E_USAGE);
}

static void reasons(void **state)
{
    static const struct {
        const char *text;
        uint32_t reason;
    } rows[] = {
        {"0", 0},    {"unspecified", 0},     {"keyCompromise", 1}, {"KEYCOMPROMISE", 1},
        {"1", 1},    {"key-compromise", 1},  {"caCompromise", 2},  {"superseded", 4},
        {"hold", 6}, {"certificateHold", 6}, {"release", 8},       {"removeFromCRL", 8},
        {"8", 8},    {"remove-from-crl", 8}, {"aaCompromise", 10}, {"10", 10},
    };
    static const char *const none[] = {"", "7", "11", "01", "(unused)", "compromise", "-1"};
    struct tool *t = *state;
    uint32_t reason;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(tool_reason(t, rows[i].text, &reason), CMC_OK);
        assert_int_equal(reason, rows[i].reason);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(tool_reason(t, none[i], &reason), CMC_E_USAGE);
    assert_int_equal(tool_reason(t, "supersede", &reason), CMC_E_USAGE);
    assert_non_null(strstr(t->err.text, "did you mean 'superseded'?"));
}

static void dates(void **state)
{
    static const struct {
        const char *text;
        int64_t at;
    } rows[] = {
        {"2023-11-14", 1699920000},
        {"2023-11-14T22:13:20Z", 1700000000},
        {"2023-11-14 22:13:20Z", 1700000000},
        {"20231114221320Z", 1700000000},
    };
    static const char *const none[] = {"",           "yesterday",           "2023-13-01",
                                       "2023-02-29", "2023-11-14T22:13:20", "2023-11-14T25:00:00Z",
                                       "2023-11-1",  "2023-11-14x",         "14.11.2023"};
    int64_t at;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(tool_date(*state, rows[i].text, &at), CMC_OK);
        assert_int_equal(at, rows[i].at);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(tool_date(*state, none[i], &at), CMC_E_USAGE);
}

static void nothing_that_a_terminal_obeys(void **state)
{
    static const struct {
        const char *text, *safe;
    } rows[] = {
        {"plain text", "plain text"},
        {"a\x1b[31mb", "a\\x1b[31mb"},
        {"a\nb\x7f", "a\\x0ab\\x7f"},
        {"\xc3\xa5", "\xc3\xa5"}, /* a with ring */
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"}, /* C1 control */
        {"\xe2\x80\xae"
         "x",
         "\\xe2\\x80\\xaex"},       /* turns the text */
        {"\xff\xc3", "\\xff\\xc3"}, /* no UTF-8 */
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    };
    struct cmc_buf b;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cmc_buf_init(&b, 1024);
        tool_safe(&b, cmc_slice_str(rows[i].text));
        assert_string_equal(cmc_buf_cstr(&b), rows[i].safe);
        cmc_buf_free(&b);
    }
}

/* cmc.1, EXIT STATUS */
static void exit_codes(void **state)
{
    (void)state;
    assert_int_equal(tool_exit_code(CMC_OK), 0);
    assert_int_equal(tool_exit_code(CMC_E_REFUSED), 1);
    assert_int_equal(tool_exit_code(CMC_E_CRYPTO), 1);
    assert_int_equal(tool_exit_code(CMC_E_INPUT), 1);
    assert_int_equal(tool_exit_code(CMC_E_USAGE), 2);
    assert_int_equal(tool_exit_code(CMC_E_LOCAL), 3);
    assert_int_equal(tool_exit_code(CMC_E_CONFLICT), 3);
    assert_int_equal(tool_exit_code(CMC_E_RETRY), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(serial_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(no_serial_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(reasons, setup, teardown),
        cmocka_unit_test_setup_teardown(dates, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_that_a_terminal_obeys, setup, teardown),
        cmocka_unit_test(exit_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
