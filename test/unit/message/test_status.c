/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses as they are written and read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/body.h"
#include "message/status.h"

static const uint32_t parts[] = {7, 9};

/* The controls that an outcome becomes. */
static struct cmc_list written(struct cmc_arena *arena, const struct cmc_outcome *o, bool v1)
{
    struct cmc_list controls = {0};
    uint32_t id = 1;

    assert_int_equal(cmc_status_add(arena, &controls, o, v1, &id, NULL), CMC_OK);
    assert_int_equal(controls.n, v1 ? 2 : 1);
    return controls;
}

static struct cmc_status_info_v2 first(struct cmc_arena *arena, const struct cmc_outcome *o)
{
    struct cmc_list controls = written(arena, o, false);
    const struct cmc_tagged_attribute *ta = CMC_AT(struct cmc_tagged_attribute, controls, 0);
    struct cmc_status_info_v2 si = {0};

    assert_true(cmc_slice_eq(ta->type, cmc_oid_id_cmc_statusInfoV2));
    assert_int_equal(cmc_decode(&cmc_it_status_info_v2, *CMC_AT(struct cmc_slice, ta->values, 0),
                                arena, &si, NULL),
                     CMC_OK);
    return si;
}

/* Each number of the RFC comes back under its name, in both controls.
 * [10002-6.1-c, 10002-6.1-d, 10002-6.1-e, 10002-A-ab, 10002-A-ac, 10004-5-h, 10004-5-i] */
static void every_fail_info_comes_back(void **state)
{
    static const char *const names[] = {
        "badAlg",         "badMessageCheck", "badRequest",  "badTime",      "badCertId",
        "unsupportedExt", "mustArchiveKeys", "badIdentity", "popRequired",  "popFailed",
        "noKeyReuse",     "internalCAError", "tryLater",    "authDataFail",
    };
    struct cmc_arena *arena = cmc_arena_new(1u << 20);

    (void)state;
    for (uint32_t i = 0; i < CMC_COUNT(names); i++) {
        const struct cmc_outcome o = {.status = CMC_STATUS_FAILED,
                                      .fail_info = (int)i,
                                      .body_parts = parts,
                                      .nbody_parts = 2,
                                      .text = cmc_slice_str("why")};
        struct cmc_list controls = written(arena, &o, true);
        struct cmc_outcome *got;
        size_t n;

        assert_string_equal(cmc_fail_info_name(i), names[i]);
        assert_int_equal(first(arena, &o).other->which, CMC_OI_FAIL);
        assert_int_equal(first(arena, &o).other->u.fail_info, i);
        assert_int_equal(cmc_status_read(arena, &controls, &got, &n, NULL), CMC_OK);
        assert_int_equal(n, 1); /* the twin is left out */
        assert_int_equal(got->status, CMC_STATUS_FAILED);
        assert_int_equal(got->fail_info, i);
        assert_int_equal(got->nbody_parts, 2);
        assert_int_equal(got->body_parts[1], 9);
        controls.n--; /* one alone, of either kind */
        assert_int_equal(cmc_status_read(arena, &controls, &got, &n, NULL), CMC_OK);
        assert_int_equal(n, 1);
        controls.v = CMC_AT(struct cmc_tagged_attribute, controls, 1);
        assert_int_equal(cmc_status_read(arena, &controls, &got, &n, NULL), CMC_OK);
        assert_int_equal(n, 1);
        assert_int_equal(got->fail_info, i);
    }
    cmc_arena_free(arena);
}

/* [10002-6.1.1-u2, 10002-6.1.1-u3] */
static void other_info_goes_with_its_status(void **state)
{
    static const uint32_t statuses[] = {CMC_STATUS_SUCCESS,          CMC_STATUS_FAILED,
                                        CMC_STATUS_PENDING,          CMC_STATUS_NO_SUPPORT,
                                        CMC_STATUS_CONFIRM_REQUIRED, CMC_STATUS_POP_REQUIRED,
                                        CMC_STATUS_PARTIAL};
    struct cmc_arena *arena = cmc_arena_new(1u << 20);

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(statuses); i++) {
        const struct cmc_outcome o = {.status = statuses[i],
                                      .fail_info = CMC_FAIL_BAD_ALG,
                                      .body_parts = parts,
                                      .nbody_parts = 1,
                                      .pend_token = cmc_slice_str("token"),
                                      .pend_time = 1790000000};
        struct cmc_status_info_v2 si = first(arena, &o);

        assert_int_equal(si.status, statuses[i]);
        if (statuses[i] == CMC_STATUS_FAILED || statuses[i] == CMC_STATUS_POP_REQUIRED) {
            assert_int_equal(si.other->which, CMC_OI_FAIL);
        } else if (statuses[i] == CMC_STATUS_PENDING || statuses[i] == CMC_STATUS_PARTIAL) {
            assert_int_equal(si.other->which, CMC_OI_PEND);
            assert_true(cmc_slice_eq(si.other->u.pend.token, o.pend_token));
            assert_true(cmc_slice_eq(si.other->u.pend.time, cmc_slice_str("20260921141320Z")));
        } else {
            assert_null(si.other);
        }
    }
    cmc_arena_free(arena);
}

/* An extendedFailInfo that nobody knows counts as internalCAError. [10002-6.1.1-u4] */
static void unknown_extended_fail_info(void **state)
{
    static const uint8_t oid[] = {0x2a, 3, 4};
    struct cmc_arena *arena = cmc_arena_new(1u << 20);
    struct cmc_other_status_info oi = {
        .which = CMC_OI_EXTENDED,
        .u.extended = {cmc_slice(oid, sizeof oid), CMC_SLICE_LIT("\x05\x00")}};
    struct cmc_status_info_v2 si = {.status = CMC_STATUS_FAILED, .other = &oi};
    struct cmc_body_part_reference *ref =
        cmc_list_add(arena, &cmc_it_status_body_list_v2, &si.body_list, 1);
    struct cmc_list controls = {0};
    struct cmc_outcome *got;
    size_t n;

    (void)state;
    assert_non_null(ref);
    ref->u.id = 3;
    assert_int_equal(cmc_control_add(arena, &controls, 1, cmc_oid_id_cmc_statusInfoV2,
                                     &cmc_it_status_info_v2, &si, NULL),
                     CMC_OK);
    assert_int_equal(cmc_status_read(arena, &controls, &got, &n, NULL), CMC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(got->fail_info, CMC_FAIL_INTERNAL_CA_ERROR);
    cmc_arena_free(arena);
}

/* No status at all: nothing failed. [10002-6.1.1-a, 10002-6.1.2-b, 10002-6.1.2-u1] */
static void none_is_none(void **state)
{
    struct cmc_arena *arena = cmc_arena_new(1u << 20);
    const struct cmc_list controls = {0};
    struct cmc_outcome *got;
    size_t n = 1;

    (void)state;
    assert_int_equal(cmc_status_read(arena, &controls, &got, &n, NULL), CMC_OK);
    assert_int_equal(n, 0);
    cmc_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fail_info_comes_back),
        cmocka_unit_test(other_info_goes_with_its_status),
        cmocka_unit_test(unknown_extended_fail_info),
        cmocka_unit_test(none_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
