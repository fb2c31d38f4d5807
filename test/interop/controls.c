/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controls of the registry, for comparison with other people's implementations:
 *   controls emit FOLDER     write samples of each control, TaggedAttribute DER in NAME-K.der
 *   controls read FILE...    read TaggedAttributes, write each value again, and say what came
 *                            out: "FILE same NAME", "FILE other NAME", "FILE refused TEXT"
 */
#include <stdio.h>
#include <string.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "base/file.h"
#include "base/limit.h"
#include "control/control.h"

/* In an initializer; CMC_SLICE_LIT() in a statement. */
#define S(lit)                                                                                     \
    {                                                                                              \
        (const uint8_t *)(lit), sizeof(lit) - 1                                                    \
    }
#define LIST(array)                                                                                \
    {                                                                                              \
        array, CMC_COUNT(array)                                                                    \
    }

/* Name { CN=a }, and a GeneralizedTime. */
#define NAME "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\x61"
#define WHEN "20261121120000Z"

static uint32_t ids[] = {1, 4294967295u}, one_id[] = {7};
static struct cmc_slice digests[] = {S("12345678901234567890123456789012"),
                                     S("abcdefghijklmnopqrstuvwxyzabcdef")};
static struct cmc_body_part_reference refs[] = {{.which = CMC_REF_ID, .u.id = 4},
                                                {.which = CMC_REF_PATH, .u.path = LIST(ids)}};
static struct cmc_general_name uri = {.which = CMC_GN_URI, .v = S("ldap://dir.example/")},
                               directory = {.which = CMC_GN_DIRECTORY, .v = S(NAME)};

/* -- samples ----------------------------------------------------------------------------- */

static struct cmc_slice octets = S("\x00octets\xff"), no_octets = S(""), utf8 = S("J\xc3\xb6rg"),
                        small = S("\x05"), negative = S("\xff\x00"),
                        large = S("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f");
static struct cmc_list path = LIST(ids), short_path = LIST(one_id);
static uint32_t largest_id = 4294967295u;

static struct cmc_other_status_info fail = {.which = CMC_OI_FAIL, .u.fail_info = 13},
                                    pend = {.which = CMC_OI_PEND, .u.pend = {S("token"), S(WHEN)}},
                                    extended = {.which = CMC_OI_EXTENDED,
                                                .u.extended = {S("\x2a\x03"), S("\x05\x00")}};
static struct cmc_status_info status_v1[] = {
    {.status = 0, .body_list = LIST(ids)},
    {.status = 2, .body_list = LIST(one_id), .string = S("no"), .other = &fail},
    {.status = 3, .body_list = LIST(one_id), .other = &pend},
};
static struct cmc_status_info_v2 status_v2[] = {
    {.status = 0, .body_list = LIST(refs)},
    {.status = 2, .body_list = LIST(refs), .string = S("J\xc3\xb6rg"), .other = &fail},
    {.status = 7, .body_list = LIST(refs), .other = &pend},
    {.status = 2, .body_list = LIST(refs), .other = &extended},
};

/* AlgorithmIdentifiers; their OIDs are filled in by setup(). */
static struct cmc_algid sha256, hmac_sha256, pbkdf2, sha256_null;
static struct cmc_proof_v2 proofs[2];
static struct cmc_extension extensions[2];
static struct cmc_add_extensions add_extensions = {
    .pki_data_reference = 0, .cert_references = LIST(ids), .extensions = LIST(extensions)};
static struct cmc_mod_cert_template mod_template[] = {
    {.pki_data_reference = LIST(one_id),
     .cert_references = LIST(ids),
     .replace = true,
     .tmpl = {.subject = S(NAME), .extensions = LIST(extensions)}},
    {.pki_data_reference = LIST(ids),
     .cert_references = LIST(one_id),
     .replace = false,
     .tmpl = {.issuer = S(NAME), .serial = S("\x11")}},
};
static struct cmc_tagged_request orm = {
    .which = CMC_TR_ORM,
    .u.orm = {.body_part_id = 9, .type = S("\x2a\x03"), .value = S("\x04\x01x")}};
static struct cmc_encrypted_pop encrypted_pop;
static struct cmc_decrypted_pop decrypted_pop = {.body_part_id = 9, .pop = S("mac")};
static struct cmc_lra_pop_witness lra[] = {
    {.pki_data_body_id = 0, .body_ids = LIST(ids)},
};
static struct cmc_get_cert get_cert;
static struct cmc_get_crl get_crl[] = {
    {.issuer = S(NAME)},
    {.issuer = S(NAME), .name = &uri, .time = S(WHEN), .reasons = S("\x01\x06")},
    {.issuer = S(NAME), .name = &directory},
    {.issuer = S(NAME), .reasons = S("\x05\x60")},
};
static struct cmc_revoke_request revoke[] = {
    {.issuer = S(NAME), .serial = S("\x11"), .reason = 1},
    {.issuer = S(NAME),
     .serial = S("\x00\x80"),
     .reason = 10,
     .invalidity_date = S(WHEN),
     .passphrase = S("\xffsecret"),
     .comment = S("J\xc3\xb6rg")},
    {.issuer = S(NAME), .serial = S("\x11"), .reason = 0, .passphrase = S("x")},
};
static struct cmc_issuer_serial cert_id = {.issuer = S(NAME), .serial = S("\x11")};
static struct cmc_trust_anchors anchors = {.seq_number = S("\x7f"), .anchor_hashes = LIST(digests)};
static struct cmc_single_pub_info places[] = {{.method = 0}, {.method = 3, .location = &uri}};
static struct cmc_publish_cert publish[] = {
    {.cert_hashes = LIST(digests), .info = {.action = 0}},
    {.cert_hashes = LIST(digests), .info = {.action = 1, .infos = LIST(places)}},
};
static struct cmc_control_processed processed = {.body_list = LIST(refs)};

#define MANY(oid, array)                                                                           \
    {                                                                                              \
        &cmc_oid_id_cmc_##oid, array, CMC_COUNT(array), sizeof(array)[0]                           \
    }
#define ONE(oid, value)                                                                            \
    {                                                                                              \
        &cmc_oid_id_cmc_##oid, &(value), 1, 0                                                      \
    }

static const struct {
    const struct cmc_slice *type;
    const void *values;
    size_t n, size;
} samples[] = {
    MANY(statusInfo, status_v1),
    MANY(statusInfoV2, status_v2),
    ONE(identification, utf8),
    ONE(identityProof, octets),
    MANY(identityProofV2, proofs),
    ONE(dataReturn, octets),
    ONE(dataReturn, no_octets),
    ONE(transactionId, large),
    ONE(transactionId, negative),
    ONE(senderNonce, octets),
    ONE(recipientNonce, octets),
    ONE(addExtensions, add_extensions),
    ONE(encryptedPOP, encrypted_pop),
    ONE(decryptedPOP, decrypted_pop),
    MANY(lraPOPWitness, lra),
    ONE(getCert, get_cert),
    MANY(getCRL, get_crl),
    MANY(revokeRequest, revoke),
    ONE(regInfo, octets),
    ONE(responseInfo, octets),
    ONE(queryPending, octets),
    ONE(popLinkRandom, octets),
    ONE(confirmCertAcceptance, cert_id),
    ONE(trustedAnchors, anchors),
    ONE(authData, largest_id),
    ONE(batchRequests, path),
    ONE(batchResponses, path),
    MANY(publishCert, publish),
    MANY(modCertTemplate, mod_template),
    ONE(controlProcessed, processed),
    ONE(raIdentityWitness, short_path),
    ONE(responseBody, path),
};

static void setup(void)
{
    sha256 = (struct cmc_algid){.algorithm = cmc_oid_sha256};
    sha256_null =
        (struct cmc_algid){.algorithm = cmc_oid_sha256, .parameters = CMC_SLICE_LIT("\x05\x00")};
    hmac_sha256 = (struct cmc_algid){.algorithm = cmc_oid_hmacWithSHA256};
    /* salt 00010203, 2048 rounds, 32 octets, HMAC-SHA256 */
    pbkdf2 = (struct cmc_algid){
        .algorithm = cmc_oid_id_PBKDF2,
        .parameters =
            CMC_SLICE_LIT("\x30\x1b\x04\x04\x00\x01\x02\x03\x02\x02\x08\x00\x02\x01\x20\x30\x0c\x06"
                          "\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09\x05\x00")};
    proofs[0] = (struct cmc_proof_v2){.hash = sha256, .mac = hmac_sha256, .witness = octets};
    proofs[1] = (struct cmc_proof_v2){.hash = pbkdf2, .mac = hmac_sha256, .witness = octets};
    extensions[0] = (struct cmc_extension){.extn_id = cmc_oid_id_ce_keyUsage,
                                           .critical = true,
                                           .value = CMC_SLICE_LIT("\x03\x02\x07\x80")};
    extensions[1] = (struct cmc_extension){.extn_id = cmc_oid_id_ce_subjectKeyIdentifier,
                                           .value = CMC_SLICE_LIT("\x04\x02id")};
    encrypted_pop = (struct cmc_encrypted_pop){
        .request = orm,
        .cms = {.content_type = cmc_oid_id_data, .content = CMC_SLICE_LIT("\x04\x01y")},
        .pop_alg = hmac_sha256,
        .witness_alg = sha256_null,
        .witness = digests[0]};
    decrypted_pop.pop_alg = hmac_sha256;
    get_cert = (struct cmc_get_cert){.issuer = directory, .serial = small};
    anchors.hash = sha256;
    publish[0].hash = publish[1].hash = sha256;
}

/* -- emit -------------------------------------------------------------------------------- */

static enum cmc_rc emit_one(const char *folder, const struct cmc_control *row, const void *value,
                            size_t k, struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_slice v = CMC_SLICE_NONE, der;
    struct cmc_tagged_attribute ta = {
        .body_part_id = 4711, .type = *row->oid, .values = {.v = &v, .n = 1}};
    char name[512];
    enum cmc_rc rc = cmc_encode_arena(row->item, value, arena, &v, err);

    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_tagged_attribute, &ta, arena, &der, err);
    (void)snprintf(name, sizeof name, "%s/%s-%zu.der", folder, row->name, k);
    if (rc == CMC_OK)
        rc = cmc_file_write(name, 0644, der, err);
    return rc;
}

static enum cmc_rc emit(const char *folder, struct cmc_arena *arena, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < CMC_COUNT(samples); i++) {
        const struct cmc_control *row = cmc_control_find(*samples[i].type);

        for (size_t k = 0; rc == CMC_OK && k < samples[i].n; k++)
            rc = emit_one(folder, row, (const char *)samples[i].values + k * samples[i].size,
                          i * 10 + k, arena, err);
    }
    return rc;
}

/* -- read -------------------------------------------------------------------------------- */

/* Every row of the registry has a sample. */
static bool complete(void)
{
    size_t n;
    const struct cmc_control *rows = cmc_control_rows(&n);

    for (size_t i = 0; i < n; i++) {
        bool there = false;

        for (size_t k = 0; k < CMC_COUNT(samples); k++)
            there = there || cmc_slice_eq(*samples[k].type, *rows[i].oid);
        if (!there) {
            (void)fprintf(stderr, "no sample of %s\n", rows[i].name);
            return false;
        }
    }
    return true;
}

static enum cmc_rc read_one(const char *file, struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_tagged_attribute ta = {0};
    const struct cmc_control *row;
    struct cmc_slice again;
    struct cmc_buf der;
    enum cmc_rc rc;
    void *value;

    cmc_buf_init(&der, CMC_LIMIT_MESSAGE_OCTETS);
    rc = cmc_file_read(file, &der, err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_tagged_attribute, cmc_arena_slice(arena, cmc_buf_get0(&der)), arena,
                        &ta, err);
    cmc_buf_free(&der);
    if (rc != CMC_OK)
        return rc;
    row = cmc_control_find(ta.type);
    if (row == NULL)
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "no row for this control");
    value = cmc_arena_alloc(arena, row->item->size);
    if (value == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a control");
    rc = cmc_control_decode(&ta, arena, value, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(row->item, value, arena, &again, err);
    if (rc == CMC_OK)
        (void)printf("%s %s %s\n", file,
                     cmc_slice_eq(again, *CMC_AT(struct cmc_slice, ta.values, 0)) ? "same"
                                                                                  : "other",
                     row->name);
    return rc;
}

int main(int argc, char **argv)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_err err = {0};
    enum cmc_rc rc = CMC_E_USAGE;

    setup();
    if (arena == NULL || !complete())
        goto out;
    if (argc == 3 && strcmp(argv[1], "emit") == 0) {
        rc = emit(argv[2], arena, &err);
        if (rc != CMC_OK)
            (void)fprintf(stderr, "controls: %s\n", err.text);
    } else if (argc > 2 && strcmp(argv[1], "read") == 0) {
        for (int i = 2; i < argc; i++) {
            rc = read_one(argv[i], arena, &err);
            if (rc != CMC_OK)
                (void)printf("%s refused %s\n", argv[i], err.text);
        }
        rc = CMC_OK;
    }
out:
    cmc_arena_free(arena);
    return rc == CMC_OK ? 0 : 1;
}
