/* SPDX-License-Identifier: Apache-2.0 */
/* Identity by shared secret, against a real authority: who is let in, who is not, what is kept. */
#include "../authority.h"

#include <stdio.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "control/proof.h"
#include "message/body.h"
#include "message/status.h"

#define SECRET "correct horse battery staple"

static int setup(void **state)
{
    struct test_authority *t = test_authority_new("EC", "P-256");

    t->rules.secrets = true;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

/* -- building ---------------------------------------------------------------------------- */

enum proof { PROOF_NONE, PROOF_V1, PROOF_V1_DOGTAG, PROOF_V2 };
enum link { LINK_NONE, LINK_V1, LINK_V2, LINK_DOGTAG, LINK_PBKDF2, LINK_SECOND_WITHOUT };

/* A message of an end entity, as one would make it that knows the secret. */
struct letter {
    const char *name, *secret; /* name NULL: no identification */
    const char *subject;       /* NULL: CN=alice */
    enum proof proof;
    enum link link;
    uint32_t rounds;         /* of LINK_PBKDF2 */
    const char *link_secret; /* NULL: the same */
    size_t requests;         /* 0: one */
    bool ski;                /* the request names its own key identifier */
    bool crmf;               /* in place of PKCS#10 */
    bool raw_ski;            /* the sid is the extension's octets, as Dogtag's CRMF has it */
    bool indefinite;         /* PKIData with indefinite lengths */
    const struct test_party *signer; /* NULL: the key of the first request */
    EVP_PKEY *other_key;             /* signs instead of the first request's key, under its SKI */
};

#define RANDOM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
static const struct cmc_slice random_octets = {(const uint8_t *)RANDOM, sizeof RANDOM - 1};

static void witness(struct test_authority *t, const struct letter *l, struct cmc_attribute *out)
{
    const char *secret = l->link_secret != NULL ? l->link_secret : l->secret;
    struct cmc_proof_secret s = {.secret = cmc_slice_str(secret)};
    const struct cmc_mac_alg *mac = cmc_mac_by_digest(CMC_DIGEST_SHA256);
    uint8_t v1[CMC_PROOF_V1_OCTETS];
    struct cmc_slice octets = cmc_slice(v1, sizeof v1), *value;
    struct cmc_algid key_gen;
    struct cmc_proof_v2 w;
    struct cmc_err err = {0};

    *out = (struct cmc_attribute){.type = l->link == LINK_V1 ? cmc_oid_id_cmc_popLinkWitness
                                                             : cmc_oid_id_cmc_popLinkWitnessV2};
    value = cmc_list_add(t->arena, &cmc_it_set_any, &out->values, 1);
    if (l->link == LINK_V1) {
        assert_int_equal(cmc_pop_link_witness(t->crypto, &s, random_octets, v1, &err), CMC_OK);
        assert_int_equal(cmc_encode_arena(&cmc_it_octet_string, &octets, t->arena, value, &err),
                         CMC_OK);
        return;
    }
    if (l->link == LINK_DOGTAG)
        s.identification = cmc_slice_str(l->name);
    cmc_digest_algid(CMC_DIGEST_SHA256, &key_gen);
    if (l->link == LINK_PBKDF2)
        assert_int_equal(cmc_pop_link_pbkdf2(t->crypto, mac, l->rounds, t->arena, &key_gen, &err),
                         CMC_OK);
    assert_int_equal(
        cmc_pop_link_witness_v2(t->crypto, &s, &key_gen, mac, random_octets, t->arena, &w, &err),
        CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_pop_link_witness_v2, &w, t->arena, value, &err),
                     CMC_OK);
}

static struct cmc_slice ski_of(struct test_authority *t, EVP_PKEY *key)
{
    uint8_t ski[CMC_SKI_OCTETS];
    struct cmc_slice spki;
    struct cmc_err err = {0};

    assert_int_equal(cmc_key_spki(key, t->arena, &spki, &err), CMC_OK);
    assert_int_equal(cmc_spki_ski(t->crypto, spki, ski, &err), CMC_OK);
    return cmc_arena_slice(t->arena, cmc_slice(ski, sizeof ski));
}

static void add_request(struct test_authority *t, const struct letter *l, EVP_PKEY *key,
                        uint32_t id, bool linked, struct cmc_pkidata *body)
{
    struct cmc_request_params p = {.key = key, .cert_req_id = id};
    struct cmc_slice ski = ski_of(t, key), der;
    struct cmc_extension ext = {.extn_id = cmc_oid_id_ce_subjectKeyIdentifier};
    struct cmc_attribute attr;
    struct cmc_atv atv;
    struct cmc_err err = {0};

    assert_int_equal(
        cmc_name_parse(l->subject != NULL ? l->subject : "CN=alice", t->arena, &p.subject, &err),
        CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_octet_string, &ski, t->arena, &ext.value, &err),
                     CMC_OK);
    if (l->ski) {
        p.exts = &ext;
        p.nexts = 1;
    }
    if (linked && l->link != LINK_NONE) {
        witness(t, l, &attr);
        atv = (struct cmc_atv){attr.type, *CMC_AT(const struct cmc_slice, attr.values, 0)};
        p.attrs = &attr;
        p.controls = &atv;
        p.nattrs = p.ncontrols = 1;
    }
    if (l->crmf) {
        assert_int_equal(cmc_crmf_create(t->crypto, &p, t->arena, &der, &err), CMC_OK);
        assert_int_equal(cmc_body_add_crmf(t->arena, body, der, &err), CMC_OK);
    } else {
        assert_int_equal(cmc_pkcs10_create(t->crypto, &p, t->arena, &der, &err), CMC_OK);
        assert_int_equal(cmc_body_add_pkcs10(t->arena, body, id, der, &err), CMC_OK);
    }
}

static void control(struct test_authority *t, struct cmc_pkidata *body, uint32_t id,
                    struct cmc_slice type, const struct cmc_item *it, const void *value)
{
    struct cmc_err err = {0};

    assert_int_equal(cmc_control_add(t->arena, &body->controls, id, type, it, value, &err), CMC_OK);
}

/* The PKIData once more, with indefinite lengths for itself and its reqSequence. */
static struct cmc_slice make_indefinite(struct test_authority *t, struct cmc_slice der,
                                        struct cmc_slice covered)
{
    struct cmc_slice element, out;
    struct cmc_err err = {0};
    struct cmc_buf b;

    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_add(&b, "\x30\x80", 2);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(cmc_ber_element(der, i, &element, &err), CMC_OK);
        cmc_buf_slice(&b, i == 1 ? covered : element);
    }
    cmc_buf_add(&b, "\0\0", 2);
    out = cmc_arena_slice(t->arena, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return out;
}

static struct cmc_slice indefinite_sequence(struct test_authority *t, struct cmc_slice der)
{
    struct cmc_tlv tlv;
    struct cmc_slice out;
    struct cmc_buf b;

    assert_int_equal(cmc_tlv_next(&der, &tlv, NULL), CMC_OK);
    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_add(&b, "\x30\x80", 2);
    cmc_buf_slice(&b, tlv.content);
    cmc_buf_add(&b, "\0\0", 2);
    out = cmc_arena_slice(t->arena, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return out;
}

static void add_proof(struct test_authority *t, const struct letter *l, struct cmc_pkidata *body,
                      struct cmc_slice covered)
{
    struct cmc_proof_secret s = {.secret = cmc_slice_str(l->secret)};
    uint8_t v1[CMC_PROOF_V1_OCTETS];
    struct cmc_slice octets = cmc_slice(v1, sizeof v1);
    struct cmc_proof_v2 v2;
    struct cmc_err err = {0};

    if (l->name != NULL && l->proof != PROOF_V1_DOGTAG)
        s.identification = cmc_slice_str(l->name);
    if (l->proof == PROOF_V2) {
        assert_int_equal(cmc_identity_proof_v2(t->crypto, &s, cmc_digest_alg(CMC_DIGEST_SHA256),
                                               cmc_mac_by_digest(CMC_DIGEST_SHA256), covered,
                                               t->arena, &v2, &err),
                         CMC_OK);
        control(t, body, 11, cmc_oid_id_cmc_identityProofV2, &cmc_it_identity_proof_v2, &v2);
    } else if (l->proof != PROOF_NONE) {
        assert_int_equal(cmc_identity_proof(t->crypto, &s, covered, v1, &err), CMC_OK);
        control(t, body, 11, cmc_oid_id_cmc_identityProof, &cmc_it_octet_string, &octets);
    }
}

static struct cmc_slice write_letter(struct test_authority *t, const struct letter *l)
{
    struct cmc_slice name = cmc_slice_str(l->name), content, covered, ski, out;
    struct cmc_cms_signer signer = {.sid = CMC_SID_SKI};
    struct cmc_cms_content what = {.type = cmc_oid_id_cct_PKIData};
    EVP_PKEY *keys[4] = {NULL};
    struct cmc_pkidata body = {0};
    struct cmc_err err = {0};
    size_t n = l->requests > 0 ? l->requests : 1;

    for (size_t i = 0; i < n; i++) {
        keys[i] = test_key(t, "EC", "P-256");
        add_request(t, l, keys[i], (uint32_t)(42 + i), i == 0 || l->link != LINK_SECOND_WITHOUT,
                    &body);
    }
    if (l->name != NULL)
        control(t, &body, 10, cmc_oid_id_cmc_identification, &cmc_it_identification, &name);
    assert_int_equal(cmc_req_sequence(&body, t->arena, &covered, &err), CMC_OK);
    if (l->indefinite)
        covered = indefinite_sequence(t, covered);
    add_proof(t, l, &body, covered);
    if (l->link != LINK_NONE)
        control(t, &body, 12, cmc_oid_id_cmc_popLinkRandom, &cmc_it_octet_string, &random_octets);
    assert_int_equal(cmc_pkidata_encode(t->arena, &body, &content, &err), CMC_OK);
    what.content = l->indefinite ? make_indefinite(t, content, covered) : content;
    signer.key = l->other_key != NULL ? l->other_key : keys[0];
    signer.ski = ski_of(t, keys[0]);
    if (l->raw_ski)
        assert_int_equal(cmc_encode_arena(&cmc_it_octet_string, &signer.ski, t->arena, &ski, &err),
                         CMC_OK);
    signer.ski = l->raw_ski ? ski : signer.ski;
    if (l->signer != NULL) {
        signer = (struct cmc_cms_signer){
            .key = l->signer->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = l->signer->cert};
        what.certs = &l->signer->cert;
        what.ncerts = 1;
    }
    assert_int_equal(cmc_signed_data_create(t->crypto, &what, &signer, 1, t->arena, &out, &err),
                     CMC_OK);
    for (size_t i = 0; i < n; i++)
        EVP_PKEY_free(keys[i]);
    return out;
}

/* A revocation of cert without a signature. bare: as id-data, Dogtag's way. */
static struct cmc_slice unsigned_revocation(struct test_authority *t, struct cmc_slice cert,
                                            const char *passphrase, bool bare, size_t times)
{
    const struct cmc_cms_content what = {.type = cmc_oid_id_cct_PKIData};
    struct cmc_cms_content content = what;
    struct cmc_revoke_request rr = {.reason = 4};
    struct cmc_content_info ci = {.content_type = cmc_oid_id_data};
    struct cmc_pkidata body = {0};
    struct cmc_cert c = {0};
    struct cmc_slice out;
    struct cmc_err err = {0};

    assert_int_equal(cmc_decode(&cmc_it_cert, cert, t->arena, &c, &err), CMC_OK);
    rr.issuer = c.tbs.issuer;
    rr.serial = c.tbs.serial;
    rr.passphrase = cmc_slice_str(passphrase);
    for (size_t i = 0; i < times; i++)
        control(t, &body, (uint32_t)(9 + i), cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request,
                &rr);
    assert_int_equal(cmc_pkidata_encode(t->arena, &body, &content.content, &err), CMC_OK);
    if (bare) {
        assert_int_equal(
            cmc_encode_arena(&cmc_it_octet_string, &content.content, t->arena, &ci.content, &err),
            CMC_OK);
        assert_int_equal(cmc_encode_arena(&cmc_it_content_info, &ci, t->arena, &out, &err), CMC_OK);
    } else {
        assert_int_equal(cmc_signed_data_create(t->crypto, &content, NULL, 0, t->arena, &out, &err),
                         CMC_OK);
    }
    return out;
}

/* -- reading ----------------------------------------------------------------------------- */

static struct cmc_outcome outcome(struct test_authority *t, struct cmc_slice request, size_t *n)
{
    struct test_reply r = test_send(t, CMC_TYPE_CMC, request, CMC_ANSWER_CMC);
    struct cmc_pkiresponse body;
    struct cmc_signed_data sd;
    struct cmc_outcome *outcomes;
    struct cmc_err err = {0};
    size_t count;

    assert_int_equal(r.http_status, 200);
    assert_int_equal(cmc_signed_data_open(r.body, t->arena, &sd, &err), CMC_OK);
    assert_int_equal(cmc_pkiresponse_open(sd.encap.content, t->arena, &body, &err), CMC_OK);
    assert_int_equal(cmc_status_read(t->arena, &body.controls, &outcomes, &count, &err), CMC_OK);
    assert_true(count > 0);
    if (n != NULL)
        *n = count;
    return outcomes[0];
}

static void expect_outcome(const struct cmc_outcome *o, uint32_t status, int fail_info)
{
    if (o->status != status || o->fail_info != fail_info)
        print_message("# %s, failInfo %d: %.*s\n", cmc_status_name(o->status), o->fail_info,
                      (int)o->text.n, (const char *)o->text.p);
    assert_int_equal(o->status, status);
    assert_int_equal(o->fail_info, fail_info);
}

static void expect(struct test_authority *t, struct letter l, uint32_t status, int fail_info)
{
    struct cmc_outcome o = outcome(t, write_letter(t, &l), NULL);

    expect_outcome(&o, status, fail_info);
}

#define GOOD CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE
#define BAD  CMC_STATUS_FAILED

static const char *last_audit;
static enum cmc_rc keep_identity_record(void *arg, int64_t seq, int64_t at, const char *json,
                                        const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct test_authority *t = arg;

    (void)seq, (void)at, (void)hash;
    if (strstr(json, "\"identity-proof\"") != NULL ||
        strstr(json, "\"revocation-passphrase\"") != NULL)
        last_audit = cmc_arena_strdup(t->arena, json);
    assert_null(strstr(json, SECRET));
    return CMC_OK;
}

static void expect_audit(struct test_authority *t, const char *text)
{
    struct cmc_reader *reader;
    struct cmc_err err = {0};

    last_audit = NULL;
    assert_int_equal(cmc_reader_new(t->store, &reader, &err), CMC_OK);
    assert_int_equal(cmc_reader_audit(reader, 1, keep_identity_record, t, &err), CMC_OK);
    cmc_reader_free(reader);
    assert_non_null(last_audit);
    if (strstr(last_audit, text) == NULL)
        fail_msg("%s is not in %s", text, last_audit);
}

static const struct letter plain = {
    .name = "alice", .secret = SECRET, .proof = PROOF_V2, .ski = true};

static struct letter with(enum link link)
{
    struct letter l = plain;

    l.link = link;
    return l;
}

/* -- who is let in ----------------------------------------------------------------------- */

/* [10002-6.2-b, 10004-5.2-c, 10004-5.2-e] */
static void a_proof_enrolls(void **state)
{
    struct test_authority *t = *state;
    struct letter l = plain;

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    expect(t, l, GOOD);
    expect_audit(t, "\"identity\":\"alice\",\"outcome\":\"success\"");
    l.ski = false; /* the sid is computed from the key then */
    expect(t, l, GOOD);
    expect(t, with(LINK_V2), GOOD);
    assert_int_equal(test_secret(t, "alice").used_at, TEST_NOW);
}

/* RFC 10002 section 6.2: the MAC covers the octets as they stand, indefinite lengths too.
 * [10002-6.2.1-u1] */
static void a_proof_over_ber(void **state)
{
    struct test_authority *t = *state;
    struct letter l = plain;

    l.indefinite = true;
    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    expect(t, l, GOOD);
}

static void not_where_secrets_are_not_taken(void **state)
{
    struct test_authority *t = *state;

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    t->rules.secrets = false;
    expect(t, plain, BAD, CMC_FAIL_BAD_REQUEST);
}

static void a_proof_is_needed(void **state)
{
    struct test_authority *t = *state;
    struct letter l = plain;

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    l.proof = PROOF_NONE;
    expect(t, l, BAD, CMC_FAIL_BAD_IDENTITY);
    l = plain;
    l.name = NULL;
    expect(t, l, BAD, CMC_FAIL_BAD_IDENTITY);
}

/* The message under the request's SKI, but signed by another key. */
static void the_request_key_must_sign(void **state)
{
    struct test_authority *t = *state;
    struct letter l = plain;

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    l.other_key = test_key(t, "EC", "P-256");
    expect(t, l, BAD, CMC_FAIL_BAD_MESSAGE_CHECK);
    EVP_PKEY_free(l.other_key);
}

/* [10004-5.2-d, 10004-5.2-i] */
static void version_1_where_weak_is_allowed(void **state)
{
    struct test_authority *t = *state;
    struct letter l = plain, dogtag = plain;

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    l.proof = PROOF_V1;
    dogtag.proof = PROOF_V1_DOGTAG;
    expect(t, l, BAD, CMC_FAIL_BAD_ALG);
    t->rules.allow_weak = true;
    expect(t, l, GOOD);
    expect(t, with(LINK_V1), GOOD);
    expect(t, dogtag, BAD, CMC_FAIL_BAD_IDENTITY);
    t->rules.dogtag = true;
    expect(t, dogtag, GOOD);
}

/* -- unknown, wrong, used up, expired, locked: one answer ---------------------------------- */

/* [10002-6.2.1-a, 10002-6.2.1-b, 10002-6.3.2-e] */
static void all_failures_look_alike(void **state)
{
    struct test_authority *t = *state;
    static const struct {
        const char *name, *secret, *audit;
    } rows[] = {
        {"alice", "something else altogether", "the secret is known, the proof is wrong"},
        {"nobody", SECRET, "there is no such secret"},
        {"", SECRET, "there is no such secret"},
        {"late", SECRET, "the secret has expired"},
        {"single", SECRET, "is used up"},
        {"revoker", SECRET, "there is no such secret"},
    };
    struct cmc_outcome first = {0}, o;
    struct letter l = plain;

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    test_secret_add(t, (struct cmc_secret){.name = "late", .expires_at = TEST_NOW - 1}, SECRET);
    test_secret_add(t, (struct cmc_secret){.name = "single", .once = true}, SECRET);
    test_secret_add(t,
                    (struct cmc_secret){.name = "revoker",
                                        .purpose = CMC_SECRET_REVOKE,
                                        .issuer = CMC_SLICE_LIT("\x30\x00"),
                                        .serial = CMC_SLICE_LIT("\x01")},
                    SECRET);
    l.name = "single";
    expect(t, l, GOOD);
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        l.name = rows[i].name;
        l.secret = rows[i].secret;
        o = outcome(t, write_letter(t, &l), NULL);
        expect_outcome(&o, BAD, CMC_FAIL_BAD_IDENTITY);
        expect_audit(t, rows[i].audit);
        if (i == 0)
            first = o;
        assert_true(cmc_slice_eq(o.text, first.text));
        assert_int_equal(o.nbody_parts, first.nbody_parts);
        assert_int_equal(o.body_parts[0], first.body_parts[0]);
    }
    /* Only the wrong guess counted. */
    assert_int_equal(test_secret(t, "alice").failures, 1);
    assert_int_equal(test_secret(t, "single").failures, 0);
}

static void guessing_locks(void **state)
{
    struct test_authority *t = *state;
    struct letter wrong = plain;

    wrong.secret = "not the secret, but a guess";
    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    for (int i = 0; i < TEST_FAILURES - 1; i++)
        expect(t, wrong, BAD, CMC_FAIL_BAD_IDENTITY);
    assert_false(test_secret(t, "alice").locked);
    expect(t, plain, GOOD); /* which forgives */
    assert_int_equal(test_secret(t, "alice").failures, 0);
    for (int i = 0; i < TEST_FAILURES; i++)
        expect(t, wrong, BAD, CMC_FAIL_BAD_IDENTITY);
    assert_true(test_secret(t, "alice").locked);
    expect(t, plain, BAD, CMC_FAIL_BAD_IDENTITY);
    expect_audit(t, "locked");
}

/* -- one use ----------------------------------------------------------------------------- */

static void one_use_is_one_use(void **state)
{
    struct test_authority *t = *state;
    struct letter l = plain;
    struct cmc_slice request;
    struct test_reply r, again;

    test_secret_add(t, (struct cmc_secret){.name = "alice", .once = true}, SECRET);
    /* What brings about nothing uses nothing up: here the subject is empty. */
    l.subject = "";
    expect(t, l, BAD, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(test_secret(t, "alice").used_at, 0);
    request = write_letter(t, &plain);
    r = test_send(t, CMC_TYPE_CMC, request, CMC_ANSWER_CMC);
    assert_int_equal(test_secret(t, "alice").used_at, TEST_NOW);
    /* The same message is no second use; another is. */
    again = test_send(t, CMC_TYPE_CMC, request, CMC_ANSWER_CMC);
    assert_true(cmc_slice_eq(r.body, again.body));
    expect(t, plain, BAD, CMC_FAIL_BAD_IDENTITY);
}

/* -- the link ---------------------------------------------------------------------------- */

/* [10002-6.3-a, 10002-6.3.1.1-c, 10002-6.3.1.1-d, 10004-5.2-f, 10004-5.2-g] */
static void every_request_is_linked(void **state)
{
    struct test_authority *t = *state;
    struct letter l = with(LINK_V2);
    struct cmc_outcome o;
    size_t n;

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    l.requests = 3;
    expect(t, l, GOOD);
    l.link = LINK_SECOND_WITHOUT;
    o = outcome(t, write_letter(t, &l), &n);
    assert_int_equal(n, 1); /* the linked one falls with the others */
    expect_outcome(&o, BAD, CMC_FAIL_POP_FAILED);
    assert_int_equal(o.body_parts[0], 43);
    l = with(LINK_V2);
    l.link_secret = "another secret for the link";
    expect(t, l, BAD, CMC_FAIL_POP_FAILED);
    /* Without any link only the key that signs is tied to the identity. */
    l = plain;
    l.requests = 2;
    o = outcome(t, write_letter(t, &l), &n);
    assert_int_equal(n, 2);
    expect_outcome(&o, BAD, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(test_secret(t, "alice").failures, 0);
}

/* [10004-5.1-u] */
static void a_link_of_pbkdf2_within_limits(void **state)
{
    struct test_authority *t = *state;
    struct letter l = with(LINK_PBKDF2);

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    l.rounds = 2000;
    expect(t, l, GOOD);
    l.requests = 3;
    expect(t, l, GOOD);
    /* Each within the limit, but not together. */
    l.rounds = CMC_LIMIT_POP_LINK_ROUNDS / 2;
    expect(t, l, BAD, CMC_FAIL_BAD_ALG);
}

static void dogtags_link_where_it_is_allowed(void **state)
{
    struct test_authority *t = *state;

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    expect(t, with(LINK_DOGTAG), BAD, CMC_FAIL_POP_FAILED);
    t->rules.dogtag = true;
    expect(t, with(LINK_DOGTAG), GOOD);
    expect(t, with(LINK_V2), GOOD);
}

static void crmf_too(void **state)
{
    struct test_authority *t = *state;
    struct letter l = with(LINK_V2);

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    l.crmf = true;
    l.requests = 2;
    expect(t, l, GOOD);
    l.link_secret = "another secret for the link";
    expect(t, l, BAD, CMC_FAIL_POP_FAILED);
    /* Dogtag's client since 11.7 */
    l = plain;
    l.crmf = l.raw_ski = true;
    expect(t, l, BAD, CMC_FAIL_BAD_IDENTITY);
    t->rules.dogtag = true;
    expect(t, l, GOOD);
}

/* Signed by an officer, who needs no proof: then the link alone tests the secret. */
static void a_link_without_a_proof(void **state)
{
    struct test_authority *t = *state;
    struct letter l = with(LINK_V2);

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    l.signer = &t->officer;
    l.proof = PROOF_NONE;
    l.requests = 2;
    expect(t, l, GOOD);
    l.link_secret = "a guess at what the secret is";
    expect(t, l, BAD, CMC_FAIL_BAD_IDENTITY);
    assert_int_equal(test_secret(t, "alice").failures, 1); /* not one for each request */
    l.name = "nobody";
    expect(t, l, BAD, CMC_FAIL_BAD_IDENTITY);
}

/* [10002-6.3-c, 10002-6.3.2-f, 10002-6.3.2-g] */
static void the_subject_that_was_bound(void **state)
{
    struct test_authority *t = *state;
    struct letter l = plain;
    struct cmc_secret s = {.name = "alice"};
    struct cmc_err err;

    assert_int_equal(cmc_name_parse("O=Example, CN=alice", t->arena, &s.subject, &err), CMC_OK);
    test_secret_add(t, s, SECRET);
    expect(t, l, BAD, CMC_FAIL_BAD_IDENTITY);
    l.subject = "O=Example, CN=alice";
    expect(t, l, GOOD);
    l.requests = 2; /* the name links each of them */
    expect(t, l, GOOD);
    assert_int_equal(test_secret(t, "alice").failures, 0);
}

/* -- revocation -------------------------------------------------------------------------- */

static struct test_party revocable(struct test_authority *t, const char *name)
{
    struct test_party p = test_party_new(t, "ee", "CN=to be revoked");
    struct cmc_cert c = {0};
    struct cmc_err err;

    assert_int_equal(cmc_decode(&cmc_it_cert, p.cert, t->arena, &c, &err), CMC_OK);
    test_secret_add(t,
                    (struct cmc_secret){.name = name,
                                        .purpose = CMC_SECRET_REVOKE,
                                        .once = true,
                                        .issuer = c.tbs.issuer,
                                        .serial = c.tbs.serial},
                    SECRET);
    return p;
}

/* [10002-6.11-e] */
static void a_passphrase_revokes(void **state)
{
    struct test_authority *t = *state;
    struct test_party p = revocable(t, "p"), q = revocable(t, "q");
    struct test_party stranger = test_party_new(t, "ee", "CN=without a secret");
    struct cmc_outcome wrong, none, o;

    wrong = outcome(t, unsigned_revocation(t, p.cert, "wrong passphrase here", false, 1), NULL);
    expect_outcome(&wrong, BAD, CMC_FAIL_BAD_IDENTITY);
    none = outcome(t, unsigned_revocation(t, stranger.cert, SECRET, false, 1), NULL);
    expect_outcome(&none, BAD, CMC_FAIL_BAD_IDENTITY);
    assert_true(cmc_slice_eq(wrong.text, none.text));
    assert_int_equal(test_secret(t, "p").failures, 1);
    o = outcome(t, unsigned_revocation(t, p.cert, SECRET, false, 1), NULL);
    expect_outcome(&o, GOOD);
    expect_audit(t, "\"revocation-passphrase\"");
    assert_int_equal(test_secret(t, "p").used_at, TEST_NOW);
    /* Dogtag's form only where it is expected. */
    t->rules.dogtag = true;
    o = outcome(t, unsigned_revocation(t, q.cert, SECRET, true, 1), NULL);
    expect_outcome(&o, GOOD);
    test_party_free(&p);
    test_party_free(&q);
    test_party_free(&stranger);
}

static void a_passphrase_is_not_guessed(void **state)
{
    struct test_authority *t = *state;
    struct test_party p = revocable(t, "p");
    struct cmc_outcome o;

    /* Many guesses in one message are none. */
    o = outcome(t, unsigned_revocation(t, p.cert, SECRET, false, 2), NULL);
    expect_outcome(&o, BAD, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(test_secret(t, "p").failures, 0);
    for (int i = 0; i < TEST_FAILURES; i++) {
        char guess[32];

        (void)snprintf(guess, sizeof guess, "guess number %d at it", i);
        o = outcome(t, unsigned_revocation(t, p.cert, guess, false, 1), NULL);
        expect_outcome(&o, BAD, CMC_FAIL_BAD_IDENTITY);
    }
    o = outcome(t, unsigned_revocation(t, p.cert, SECRET, false, 1), NULL);
    expect_outcome(&o, BAD, CMC_FAIL_BAD_IDENTITY);
    assert_true(test_secret(t, "p").locked);
    test_party_free(&p);
}

static void not_unsigned_elsewhere(void **state)
{
    struct test_authority *t = *state;
    struct test_party p = revocable(t, "p");
    struct cmc_outcome o;

    t->rules.secrets = false;
    o = outcome(t, unsigned_revocation(t, p.cert, SECRET, false, 1), NULL);
    expect_outcome(&o, BAD, CMC_FAIL_BAD_IDENTITY);
    t->rules.secrets = true;
    o = outcome(t, unsigned_revocation(t, p.cert, NULL, false, 1), NULL);
    expect_outcome(&o, BAD, CMC_FAIL_BAD_IDENTITY);
    /* id-data is no CMC message but to Dogtag's clients. */
    o = outcome(t, unsigned_revocation(t, p.cert, SECRET, true, 1), NULL);
    expect_outcome(&o, BAD, CMC_FAIL_BAD_REQUEST);
    test_party_free(&p);
}

int main(void)
{
#define WITH_AUTHORITY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_AUTHORITY(a_proof_enrolls),
        WITH_AUTHORITY(a_proof_over_ber),
        WITH_AUTHORITY(not_where_secrets_are_not_taken),
        WITH_AUTHORITY(a_proof_is_needed),
        WITH_AUTHORITY(the_request_key_must_sign),
        WITH_AUTHORITY(version_1_where_weak_is_allowed),
        WITH_AUTHORITY(all_failures_look_alike),
        WITH_AUTHORITY(guessing_locks),
        WITH_AUTHORITY(one_use_is_one_use),
        WITH_AUTHORITY(every_request_is_linked),
        WITH_AUTHORITY(a_link_of_pbkdf2_within_limits),
        WITH_AUTHORITY(dogtags_link_where_it_is_allowed),
        WITH_AUTHORITY(crmf_too),
        WITH_AUTHORITY(a_link_without_a_proof),
        WITH_AUTHORITY(the_subject_that_was_bound),
        WITH_AUTHORITY(a_passphrase_revokes),
        WITH_AUTHORITY(a_passphrase_is_not_guessed),
        WITH_AUTHORITY(not_unsigned_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
