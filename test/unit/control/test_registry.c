/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: every control of RFC 10002, and what holds for each wherever it stands. */
#include "../asn1/helper.h"

#include <stdio.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
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

/* Add the control of a file to a list. */
static void add_file(struct cmc_arena *arena, struct cmc_list *controls, const char *name)
{
    struct cmc_tagged_attribute *ta = cmc_list_add(arena, &cmc_it_controls, controls, 1);

    assert_non_null(ta);
    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute, file(arena, name), arena, ta, NULL),
                     CMC_OK);
}

static enum cmc_rc check(struct cmc_arena *arena, const struct cmc_list *controls,
                         unsigned int where, struct cmc_list *unknown, struct cmc_err *err)
{
    *err = (struct cmc_err){0};
    *unknown = (struct cmc_list){0};
    return cmc_controls_check(controls, where, arena, unknown, err);
}

/* Which body each control may stand in: RFC 10002 section 6, table of controls. */
static const struct {
    const char *file;
    unsigned int where;
} places[] = {
    {"ctl_statusInfoV2_failed_badIdentity.der", CMC_CTL_REQUEST | CMC_CTL_RESPONSE},
    {"ctl_statusInfo_v1_success.der", CMC_CTL_REQUEST | CMC_CTL_RESPONSE},
    {"ctl_identification.der", CMC_CTL_REQUEST},
    {"ctl_identityProof_v1.der", CMC_CTL_REQUEST},
    {"ctl_identityProofV2.der", CMC_CTL_REQUEST},
    {"ctl_popLinkRandom.der", CMC_CTL_REQUEST},
    {"ctl_dataReturn.der", CMC_CTL_REQUEST | CMC_CTL_RESPONSE},
    {"ctl_modCertTemplate_replaceSubject.der", CMC_CTL_REQUEST},
    {"ctl_addExtensions.der", CMC_CTL_REQUEST},
    {"ctl_transactionId.der", CMC_CTL_REQUEST | CMC_CTL_RESPONSE},
    {"ctl_senderNonce.der", CMC_CTL_REQUEST | CMC_CTL_RESPONSE},
    {"ctl_recipientNonce.der", CMC_CTL_REQUEST | CMC_CTL_RESPONSE},
    {"ctl_encryptedPOP.der", CMC_CTL_RESPONSE},
    {"ctl_decryptedPOP.der", CMC_CTL_REQUEST},
    {"ctl_lraPOPWitness.der", CMC_CTL_REQUEST},
    {"ctl_getCert.der", CMC_CTL_REQUEST},
    {"ctl_getCRL.der", CMC_CTL_REQUEST},
    {"ctl_revokeRequest.der", CMC_CTL_REQUEST},
    {"ctl_regInfo.der", CMC_CTL_REQUEST},
    {"ctl_responseInfo.der", CMC_CTL_RESPONSE},
    {"ctl_queryPending.der", CMC_CTL_REQUEST},
    {"ctl_confirmCertAcceptance.der", CMC_CTL_REQUEST},
    {"ctl_batchRequests.der", CMC_CTL_REQUEST},
    {"ctl_batchResponses.der", CMC_CTL_RESPONSE},
    {"ctl_publishCert_dontPublish.der", CMC_CTL_REQUEST},
    {"ctl_controlProcessed.der", CMC_CTL_REQUEST},
    {"ctl_raIdentityWitness.der", CMC_CTL_REQUEST},
    {"ctl_responseBody.der", CMC_CTL_RESPONSE},
};

/* [10002-6.20-a, 10002-6.21-c] */
static void where_each_may_stand(void **state)
{
    for (size_t i = 0; i < CMC_COUNT(places); i++) {
        for (unsigned int where = CMC_CTL_REQUEST; where <= CMC_CTL_RESPONSE; where *= 2) {
            struct cmc_list controls = {0}, unknown;
            struct cmc_err err;
            enum cmc_rc rc;

            add_file(*state, &controls, places[i].file);
            rc = check(*state, &controls, where, &unknown, &err);
            if ((places[i].where & where) != 0) {
                if (rc != CMC_OK || unknown.n != 0)
                    fail_msg("%s: %s", places[i].file, err.text);
                continue;
            }
            if (rc != CMC_E_REFUSED)
                fail_msg("%s passes where it must not stand", places[i].file);
            assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
            assert_true(err.has_body_part);
            assert_int_equal(err.body_part,
                             CMC_AT(struct cmc_tagged_attribute, controls, 0)->body_part_id);
        }
    }
}

static void unknown_controls_are_listed(void **state)
{
    struct cmc_pkidata body;
    struct cmc_list controls = {0}, unknown;
    struct cmc_slice value = CMC_SLICE_LIT("x");
    struct cmc_err err;

    assert_int_equal(
        cmc_pkidata_open(file(*state, "neg_unknown_control.der"), true, *state, &body, NULL),
        CMC_OK);
    assert_int_equal(check(*state, &body.controls, CMC_CTL_REQUEST, &unknown, &err), CMC_OK);
    assert_int_equal(unknown.n, 1);
    assert_int_equal(*CMC_AT(uint32_t, unknown, 0), 1);

    for (uint32_t id = 20; id < 23; id++)
        assert_int_equal(cmc_control_add(*state, &controls, id, CMC_SLICE_LIT("\x2a\x03"),
                                         &cmc_it_octet_string, &value, NULL),
                         CMC_OK);
    add_file(*state, &controls, "ctl_senderNonce.der");
    assert_int_equal(check(*state, &controls, CMC_CTL_REQUEST, &unknown, &err), CMC_OK);
    assert_int_equal(unknown.n, 3);
    assert_int_equal(*CMC_AT(uint32_t, unknown, 2), 22);
}

static void once_and_single_valued(void **state)
{
    static const char *const once[] = {"ctl_senderNonce.der", "ctl_recipientNonce.der",
                                       "ctl_transactionId.der", "ctl_dataReturn.der",
                                       "ctl_identification.der"};
    struct cmc_list controls, unknown;
    struct cmc_err err;

    for (size_t i = 0; i < CMC_COUNT(once); i++) {
        controls = (struct cmc_list){0};
        add_file(*state, &controls, once[i]);
        add_file(*state, &controls, once[i]);
        CMC_AT(struct cmc_tagged_attribute, controls, 1)->body_part_id = 77;
        if (check(*state, &controls, CMC_CTL_REQUEST, &unknown, &err) != CMC_E_REFUSED)
            fail_msg("%s passes twice", once[i]);
        assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
        assert_int_equal(err.body_part, 77);
    }
    controls = (struct cmc_list){0};
    add_file(*state, &controls, "neg_senderNonce_two_values.der");
    assert_int_equal(check(*state, &controls, CMC_CTL_REQUEST, &unknown, &err), CMC_E_INPUT);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(err.body_part, 6);
    /* Any number of revocations, though, may stand in one message. */
    controls = (struct cmc_list){0};
    add_file(*state, &controls, "ctl_revokeRequest.der");
    add_file(*state, &controls, "ctl_revokeRequest.der");
    assert_int_equal(check(*state, &controls, CMC_CTL_REQUEST, &unknown, &err), CMC_OK);
}

static void values_are_decoded(void **state)
{
    struct cmc_list controls = {0}, unknown;
    struct cmc_err err;

    add_file(*state, &controls, "neg_bodyPartPath_empty.der");
    assert_int_equal(check(*state, &controls, CMC_CTL_REQUEST, &unknown, &err), CMC_E_INPUT);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(err.body_part, 0x22);
}

/* One control whose value has this type and content. */
static enum cmc_rc check_value(struct cmc_arena *arena, struct cmc_slice type,
                               const struct cmc_item *it, const void *value)
{
    struct cmc_list controls = {0}, unknown;
    struct cmc_err err;
    enum cmc_rc rc;

    assert_int_equal(cmc_control_add(arena, &controls, 3, type, it, value, NULL), CMC_OK);
    rc = check(arena, &controls, CMC_CTL_REQUEST, &unknown, &err);
    if (rc != CMC_OK) {
        assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
        assert_int_equal(err.body_part, 3);
    }
    return rc;
}

static void limits_of_what_we_echo(void **state)
{
    const struct {
        const struct cmc_slice *type;
        const struct cmc_item *it;
        size_t max;
    } rows[] = {
        {&cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, CMC_LIMIT_NONCE_OCTETS},
        {&cmc_oid_id_cmc_recipientNonce, &cmc_it_nonce, CMC_LIMIT_NONCE_OCTETS},
        {&cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, CMC_LIMIT_TRANSACTION_OCTETS},
        {&cmc_oid_id_cmc_dataReturn, &cmc_it_octet_string, CMC_LIMIT_DATA_RETURN_OCTETS},
    };

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        uint8_t *p = cmc_arena_alloc(*state, rows[i].max + 1);
        struct cmc_slice v = cmc_slice(p, rows[i].max);

        assert_non_null(p);
        p[0] = 1;
        assert_int_equal(check_value(*state, *rows[i].type, rows[i].it, &v), CMC_OK);
        v.n++;
        assert_int_equal(check_value(*state, *rows[i].type, rows[i].it, &v), CMC_E_LIMIT);
    }
}

static void an_empty_nonce_is_refused(void **state)
{
    struct cmc_slice v = CMC_SLICE_LIT("");

    assert_int_equal(check_value(*state, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, &v),
                     CMC_E_INPUT);
}

static void reasons_of_revocation(void **state)
{
    for (uint32_t reason = 0; reason < 13; reason++) {
        struct cmc_revoke_request rr = {
            .issuer = CMC_SLICE_LIT("\x30\x00"), .serial = CMC_SLICE_LIT("\x05"), .reason = reason};
        bool good = reason != 7 && reason <= 10;

        assert_int_equal(
            check_value(*state, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &rr),
            good ? CMC_OK : CMC_E_REFUSED);
    }
}

static void every_row_is_whole(void **state)
{
    size_t n;
    const struct cmc_control *rows = cmc_control_rows(&n);

    (void)state;
    assert_true(n >= 30);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(rows[i].name, cmc_oid_name(*rows[i].oid));
        assert_ptr_equal(cmc_control_find(*rows[i].oid), &rows[i]);
        assert_true((rows[i].flags & (CMC_CTL_REQUEST | CMC_CTL_RESPONSE)) != 0);
        /* The printer must know each control that the registry knows. */
        assert_non_null(cmc_control_item(*rows[i].oid));
    }
    assert_null(cmc_control_find(cmc_oid_id_data));
    assert_null(cmc_control_find(CMC_SLICE_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(where_each_may_stand),   WITH_ARENA(unknown_controls_are_listed),
        WITH_ARENA(once_and_single_valued), WITH_ARENA(values_are_decoded),
        WITH_ARENA(limits_of_what_we_echo), WITH_ARENA(an_empty_nonce_is_refused),
        WITH_ARENA(reasons_of_revocation),  WITH_ARENA(every_row_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
