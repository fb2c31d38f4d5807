/* SPDX-License-Identifier: Apache-2.0 */
/* What is advised about each status and failInfo of RFC 10002, and which exit code it leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "asn1/cmc.h"
#include "tool/advice.h"
#include "tool/exchange.h"
#include "tool/summary.h"

static struct cmc_outcome failed(int fail_info)
{
    return (struct cmc_outcome){.status = CMC_STATUS_FAILED, .fail_info = fail_info};
}

/* cmc.1, DIAGNOSTICS: a line that says what to do, another for each, and short enough. */
static void each_fail_info(void **state)
{
    const char *seen[14];

    (void)state;
    for (int i = 0; i < 14; i++) {
        const struct cmc_outcome o = failed(i);
        const char *advice = tool_advice(&o);
        char buf[32];

        assert_non_null(advice);
        assert_true(strlen(advice) > 20 && strlen(advice) < 200);
        assert_null(strchr(advice, '\n'));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(advice, seen[k]);
        seen[i] = advice;
        assert_int_equal(tool_outcome_exit(&o),
                         i == CMC_FAIL_TRY_LATER ? TOOL_TRY_LATER : TOOL_FAILED);
        assert_string_equal(tool_fail_info_text(i, buf, sizeof buf),
                            cmc_fail_info_name((uint32_t)i));
    }
}

static void each_status(void **state)
{
    static const struct {
        uint32_t status;
        int exit;
    } rows[] = {
        {CMC_STATUS_SUCCESS, TOOL_OK},
        {CMC_STATUS_FAILED, TOOL_FAILED},
        {CMC_STATUS_PENDING, TOOL_PENDING},
        {CMC_STATUS_NO_SUPPORT, TOOL_FAILED},
        {CMC_STATUS_CONFIRM_REQUIRED, TOOL_PENDING},
        {CMC_STATUS_POP_REQUIRED, TOOL_FAILED},
        {CMC_STATUS_PARTIAL, TOOL_PENDING},
        {1, TOOL_FAILED},
        {8, TOOL_FAILED},
        {UINT32_MAX, TOOL_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        const struct cmc_outcome o = {.status = rows[i].status, .fail_info = CMC_FAIL_INFO_NONE};

        assert_int_equal(tool_outcome_exit(&o), rows[i].exit);
        assert_int_equal(tool_status_exit(rows[i].status), rows[i].exit);
        assert_int_equal(tool_advice(&o) == NULL, rows[i].status == CMC_STATUS_SUCCESS);
    }
}

/* [10002-6.1.4-b] A number that we do not know stays what it is. */
static void other_numbers(void **state)
{
    static const struct {
        int fail_info;
        const char *words;
    } rows[] = {{14, "in no RFC"}, {999, "in no RFC"},  {1000, "private"},
                {1999, "private"}, {2000, "in no RFC"}, {0x7fffffff, "in no RFC"}};
    char buf[32];

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        const struct cmc_outcome o = failed(rows[i].fail_info);
        char want[32];

        assert_non_null(strstr(tool_advice(&o), rows[i].words));
        assert_int_equal(tool_outcome_exit(&o), TOOL_FAILED);
        (void)snprintf(want, sizeof want, "failInfo %d", rows[i].fail_info);
        assert_string_equal(tool_fail_info_text(rows[i].fail_info, buf, sizeof buf), want);
    }
}

/* A refusal is the exit code of a whole answer, then what may be tried again, then waiting. */
static void whole_answers(void **state)
{
    static const uint32_t part = 1;
    const struct cmc_outcome ok = {
        .fail_info = CMC_FAIL_INFO_NONE, .body_parts = &part, .nbody_parts = 1};
    const struct cmc_outcome wait = {.status = CMC_STATUS_PENDING, .fail_info = CMC_FAIL_INFO_NONE};
    const struct cmc_outcome later = failed(CMC_FAIL_TRY_LATER), no = failed(CMC_FAIL_BAD_ALG);
    const struct {
        struct cmc_outcome list[3];
        size_t n;
        int exit;
    } rows[] = {
        {{ok}, 0, TOOL_OK},
        {{ok, ok}, 2, TOOL_OK},
        {{ok, wait}, 2, TOOL_PENDING},
        {{wait, ok, later}, 3, TOOL_TRY_LATER},
        {{later, wait, no}, 3, TOOL_FAILED},
        {{no, later, ok}, 3, TOOL_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        const struct cmc_answer_view a = {.outcomes = rows[i].list, .noutcomes = rows[i].n};

        assert_int_equal(tool_answer_exit(&a), rows[i].exit);
    }
}

/* [10002-6.1-b, 10002-6.1.1-a] The worst of several for one part; none is success. */
static void one_part(void **state)
{
    static const uint32_t five = 5, whole = 0, both[] = {4, 6};
    const struct cmc_outcome list[] = {
        {.fail_info = CMC_FAIL_INFO_NONE, .body_parts = &five, .nbody_parts = 1},
        {.status = CMC_STATUS_FAILED, .fail_info = 2, .body_parts = &five, .nbody_parts = 1},
        {.status = CMC_STATUS_PENDING,
         .fail_info = CMC_FAIL_INFO_NONE,
         .body_parts = both,
         .nbody_parts = 2},
    };
    const struct cmc_outcome all = {
        .status = CMC_STATUS_FAILED, .fail_info = 1, .body_parts = &whole, .nbody_parts = 1};
    struct cmc_answer_view a = {.outcomes = list, .noutcomes = 3};

    (void)state;
    assert_ptr_equal(tool_outcome_of(&a, 5), &list[1]);
    assert_ptr_equal(tool_outcome_of(&a, 6), &list[2]);
    assert_null(tool_outcome_of(&a, 7));
    a = (struct cmc_answer_view){.outcomes = &all, .noutcomes = 1};
    assert_ptr_equal(tool_outcome_of(&a, 7), &all);
}

static void text(void **state)
{
    static const uint32_t parts[] = {3, 4};
    struct cmc_outcome o = failed(1234);
    struct cmc_buf b;

    (void)state;
    o.body_parts = parts;
    o.nbody_parts = 2;
    o.text = CMC_SLICE_LIT("no\nway");
    cmc_buf_init(&b, 4096);
    tool_outcome_text(&b, &o);
    assert_string_equal(cmc_buf_cstr(&b), "failed failInfo 1234, body part 3 4: no\\x0away");
    cmc_buf_free(&b);
    o.status = 9;
    o.fail_info = CMC_FAIL_INFO_NONE;
    cmc_buf_init(&b, 4096);
    tool_outcome_text(&b, &o);
    assert_non_null(strstr(cmc_buf_cstr(&b), "unknown status 9"));
    cmc_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fail_info), cmocka_unit_test(each_status),
        cmocka_unit_test(other_numbers),  cmocka_unit_test(whole_answers),
        cmocka_unit_test(one_part),       cmocka_unit_test(text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
