/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every PKIData and PKIResponse, RFC 10002 section 3.2.2. */
#include "../asn1/helper.h"

#include <stdio.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/body.h"

static struct cmc_slice file(struct cmc_arena *arena, const char *name)
{
    uint8_t *p = cmc_arena_alloc(arena, 4096);
    char path[512];
    FILE *f;
    size_t n;

    assert_non_null(p);
    (void)snprintf(path, sizeof path, "%s/cmc/%s", getenv("CMC_TEST_DATA"), name);
    f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("%s cannot be read", path);
    n = fread(p, 1, 4096, f);
    (void)fclose(f);
    return cmc_slice(p, n);
}

/* One senderNonce control with this id. */
static void add_nonce(struct cmc_arena *arena, struct cmc_list *controls, uint32_t id)
{
    struct cmc_slice nonce = CMC_SLICE_LIT("0123456789abcdef");

    assert_int_equal(cmc_control_add(arena, controls, id, cmc_oid_id_cmc_senderNonce,
                                     &cmc_it_octet_string, &nonce, NULL),
                     CMC_OK);
}

static struct cmc_slice encoded(struct cmc_arena *arena, struct cmc_pkidata *body)
{
    struct cmc_slice der;

    assert_int_equal(cmc_pkidata_encode(arena, body, &der, NULL), CMC_OK);
    return der;
}

static void refused(void **state, struct cmc_slice der, uint32_t part)
{
    struct cmc_pkidata body;
    struct cmc_err err = {0};

    assert_int_equal(cmc_pkidata_open(der, false, *state, &body, &err), CMC_E_INPUT);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    assert_true(err.has_body_part);
    assert_int_equal(err.body_part, part);
}

/* [10002-3.2.2-a] */
static void ids_are_unique(void **state)
{
    struct cmc_pkidata body = {0};
    struct cmc_err err = {0};

    refused(state, file(*state, "neg_pkidata_duplicate_bodypartid.der"), 1);
    add_nonce(*state, &body.controls, 5);
    add_nonce(*state, &body.controls, 4294967295u);
    add_nonce(*state, &body.controls, 7);
    assert_int_equal(cmc_pkidata_open(encoded(*state, &body), false, *state, &body, &err), CMC_OK);
    assert_int_equal(body.controls.n, 3);
    add_nonce(*state, &body.controls, 4294967295u);
    refused(state, encoded(*state, &body), 4294967295u);
}

/* The ids of controls, requests, CMS contents and other messages are one space.
 * [10002-3.2.2-a, 10002-3.2.2-u1] */
static void ids_are_unique_across_the_sequences(void **state)
{
    struct cmc_pkidata body = {0};
    struct cmc_other_msg *om = cmc_list_add(*state, &cmc_it_other_msgs, &body.other, 1);
    struct cmc_tagged_content_info *ci;
    struct cmc_tagged_request *tr;

    assert_non_null(om);
    *om = (struct cmc_other_msg){
        .body_part_id = 9, .type = cmc_oid_id_data, .value = CMC_SLICE_LIT("\x05\x00")};
    add_nonce(*state, &body.controls, 9);
    refused(state, encoded(*state, &body), 9);

    om->body_part_id = 10;
    ci = cmc_list_add(*state, &cmc_it_cms_sequence, &body.cms, 1);
    assert_non_null(ci);
    ci->body_part_id = 10;
    ci->content.content_type = cmc_oid_id_data;
    ci->content.content = CMC_SLICE_LIT("\x04\x00");
    refused(state, encoded(*state, &body), 10);

    ci->body_part_id = 11;
    tr = cmc_list_add(*state, &cmc_it_tagged_requests, &body.requests, 1);
    assert_non_null(tr);
    tr->which = CMC_TR_ORM;
    tr->u.orm = (struct cmc_other_request){
        .body_part_id = 11, .type = cmc_oid_id_data, .value = CMC_SLICE_LIT("\x05\x00")};
    refused(state, encoded(*state, &body), 11);
    assert_int_equal(cmc_tagged_request_id(tr), 11);

    tr->u.orm.body_part_id = 12;
    assert_int_equal(cmc_pkidata_open(encoded(*state, &body), false, *state, &body, NULL), CMC_OK);
    assert_int_equal(body.controls.n + body.requests.n + body.cms.n + body.other.n, 4);
}

/* 0 is the message itself. [10002-3.2.2-u2] */
static void id_zero_is_refused(void **state)
{
    struct cmc_pkidata body = {0};

    add_nonce(*state, &body.controls, 0);
    refused(state, encoded(*state, &body), 0);
}

static void lax_ids_for_old_clients(void **state)
{
    struct cmc_pkidata body;

    assert_int_equal(cmc_pkidata_open(file(*state, "neg_pkidata_duplicate_bodypartid.der"), true,
                                      *state, &body, NULL),
                     CMC_OK);
    assert_int_equal(body.controls.n, 2);
}

static void a_control_has_a_value(void **state)
{
    struct cmc_pkidata body = {0};
    struct cmc_tagged_attribute *ta = cmc_list_add(*state, &cmc_it_controls, &body.controls, 1);

    assert_non_null(ta);
    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute,
                                file(*state, "neg_attrvalues_empty_set.der"), *state, ta, NULL),
                     CMC_OK);
    refused(state, encoded(*state, &body), 6);
}

static void malformed_bodies(void **state)
{
    struct cmc_pkidata body;
    struct cmc_err err = {0};

    assert_int_equal(cmc_pkidata_open(file(*state, "neg_pkidata_trailing_garbage.der"), false,
                                      *state, &body, &err),
                     CMC_E_INPUT);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    /* Three sequences are a PKIResponse, four a PKIData. */
    assert_int_equal(
        cmc_pkidata_open(file(*state, "pkiresponse_empty.der"), false, *state, &body, &err),
        CMC_E_INPUT);
}

static void good_bodies(void **state)
{
    static const char *const data[] = {"pkidata_all_zero_sequences.der",
                                       "pkidata_enroll_identv2_poplink.der"};
    static const char *const responses[] = {"pkiresponse_empty.der", "pkiresponse_failed.der",
                                            "pkiresponse_pending.der"};

    for (size_t i = 0; i < CMC_COUNT(data); i++) {
        struct cmc_pkidata body;

        assert_int_equal(cmc_pkidata_open(file(*state, data[i]), false, *state, &body, NULL),
                         CMC_OK);
        assert_slice_equal(encoded(*state, &body), file(*state, data[i]));
    }
    for (size_t i = 0; i < CMC_COUNT(responses); i++) {
        struct cmc_pkiresponse body;
        struct cmc_slice der;

        assert_int_equal(cmc_pkiresponse_open(file(*state, responses[i]), *state, &body, NULL),
                         CMC_OK);
        assert_int_equal(cmc_pkiresponse_encode(*state, &body, &der, NULL), CMC_OK);
        assert_slice_equal(der, file(*state, responses[i]));
    }
}

/* An empty body is four empty sequences, not nothing. */
static void absent_sequences_are_written(void **state)
{
    struct cmc_pkidata body = {0};

    assert_slice_equal(encoded(*state, &body),
                       CMC_SLICE_LIT("\x30\x08\x30\x00\x30\x00\x30\x00\x30\x00"));
}

static void control_first(void **state)
{
    struct cmc_pkidata body = {0};

    assert_null(cmc_control_first(&body.controls, cmc_oid_id_cmc_senderNonce));
    add_nonce(*state, &body.controls, 3);
    add_nonce(*state, &body.controls, 4);
    assert_int_equal(cmc_control_first(&body.controls, cmc_oid_id_cmc_senderNonce)->body_part_id,
                     3);
    assert_null(cmc_control_first(&body.controls, cmc_oid_id_cmc_dataReturn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(ids_are_unique),        WITH_ARENA(ids_are_unique_across_the_sequences),
        WITH_ARENA(id_zero_is_refused),    WITH_ARENA(lax_ids_for_old_clients),
        WITH_ARENA(a_control_has_a_value), WITH_ARENA(malformed_bodies),
        WITH_ARENA(good_bodies),           WITH_ARENA(absent_sequences_are_written),
        WITH_ARENA(control_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
