/* SPDX-License-Identifier: Apache-2.0 */
#include "ra_bench.h"

#include <stdlib.h>

int bench_setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    b->t = test_authority_new("EC", "P-256");
    b->ra = test_party_new(b->t, "ra", "CN=Registration");
    b->plain = test_party_new(b->t, "ee", "CN=Plain");
    test_officer_add(b->t, "ruth", &b->ra, CMC_ROLE_RA | CMC_ROLE_ENROLL);
    test_officer_add(b->t, "paul", &b->plain, CMC_ROLE_RA | CMC_ROLE_ENROLL);
    b->t->rules.profile = "all";
    b->t->rules.ra = CMC_RA_TEMPLATE | CMC_RA_POP | CMC_RA_IDENTITY | CMC_RA_CONTROLS;
    *state = b;
    return 0;
}

int bench_teardown(void **state)
{
    struct bench *b = *state;

    test_party_free(&b->ra);
    test_party_free(&b->plain);
    test_authority_free(b->t);
    free(b);
    return 0;
}

struct cmc_slice bench_name(struct bench *b, const char *text)
{
    struct cmc_slice name;

    assert_int_equal(cmc_name_parse(text, b->t->arena, &name, NULL), CMC_OK);
    return name;
}

struct cmc_extension bench_san(struct bench *b, const char *text)
{
    struct cmc_extension e;

    assert_int_equal(cmc_san_parse(text, b->t->arena, &e, NULL), CMC_OK);
    return e;
}

struct cmc_extension bench_usage(uint8_t bits)
{
    static uint8_t values[256][4];
    uint8_t *v = values[bits];
    uint8_t unused = 0;

    while (unused < 7 && (bits & 1u << unused) == 0)
        unused++;
    v[0] = 3;
    v[1] = 2;
    v[2] = unused;
    v[3] = bits;
    return (struct cmc_extension){
        .extn_id = cmc_oid_id_ce_keyUsage, .critical = true, .value = {v, 4}};
}

static struct cmc_request_params params(struct bench *b, const char *subject,
                                        const struct cmc_extension *ext)
{
    return (struct cmc_request_params){.key = test_key(b->t, "EC", "P-256"),
                                       .subject = bench_name(b, subject),
                                       .exts = ext,
                                       .nexts = ext != NULL,
                                       .cert_req_id = REQUEST_ID};
}

struct cmc_slice bench_crmf(struct bench *b, const char *subject, const struct cmc_extension *ext,
                            const struct cmc_atv *control, bool no_pop, struct cmc_request *rq)
{
    struct cmc_request_params p = params(b, subject, ext);
    struct cmc_slice der;

    p.controls = control;
    p.ncontrols = control != NULL;
    p.no_pop = no_pop;
    assert_int_equal(cmc_crmf_create(b->t->crypto, &p, b->t->arena, &der, NULL), CMC_OK);
    EVP_PKEY_free(p.key);
    assert_int_equal(cmc_request_from_crmf(der, b->t->arena, rq, NULL), CMC_OK);
    return der;
}

struct cmc_slice bench_pkcs10(struct bench *b, const char *subject, const struct cmc_extension *ext,
                              const struct cmc_attribute *attr, struct cmc_request *rq)
{
    struct cmc_request_params p = params(b, subject, ext);
    struct cmc_slice der;

    p.attrs = attr;
    p.nattrs = attr != NULL;
    assert_int_equal(cmc_pkcs10_create(b->t->crypto, &p, b->t->arena, &der, NULL), CMC_OK);
    EVP_PKEY_free(p.key);
    assert_int_equal(cmc_request_from_pkcs10(der, b->t->arena, rq, NULL), CMC_OK);
    return der;
}

void bench_send(struct bench *b, const struct test_party *who, struct cmc_full_request full)
{
    const struct cmc_cms_signer signer = {
        .key = who->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = who->cert};
    const struct cmc_trust trust = {.anchors = &b->t->root.cert, .nanchors = 1, .now = TEST_NOW};
    struct cmc_err err = {0};
    struct cmc_slice message;

    full.signer = &signer;
    full.certs = &who->cert;
    full.ncerts = 1;
    assert_int_equal(
        cmc_full_request_create(b->t->crypto, &full, b->t->arena, &b->state, &message, &err),
        CMC_OK);
    b->reply = test_send(b->t, CMC_TYPE_CMC, message, CMC_ANSWER_CMC);
    if (cmc_answer_open(b->t->crypto, b->reply.body, &b->state, &trust, b->t->arena, &b->answer,
                        &err) != CMC_OK)
        fail_msg("%s", err.text);
}

void bench_send_crmf(struct bench *b, const struct test_party *who, struct cmc_slice crmf,
                     const struct cmc_extra_control *controls, size_t n)
{
    bench_send(
        b, who,
        (struct cmc_full_request){.crmf = &crmf, .ncrmf = 1, .controls = controls, .ncontrols = n});
}

void bench_expect(struct bench *b, int fail_info, uint32_t body_part)
{
    const struct cmc_outcome *o = b->answer.outcomes;

    assert_int_equal(b->answer.noutcomes, 1);
    if (o->fail_info != fail_info)
        print_message("# %.*s\n", (int)o->text.n, (const char *)o->text.p);
    assert_int_equal(o->status,
                     fail_info == CMC_FAIL_INFO_NONE ? CMC_STATUS_SUCCESS : CMC_STATUS_FAILED);
    assert_int_equal(o->fail_info, fail_info);
    assert_int_equal(o->nbody_parts, 1);
    assert_int_equal(o->body_parts[0], body_part);
}

void bench_says(struct bench *b, const char *text)
{
    const struct cmc_outcome *o = b->answer.outcomes;

    if (memmem(o->text.p, o->text.n, text, strlen(text)) == NULL)
        fail_msg("\"%s\" is not in \"%.*s\"", text, (int)o->text.n, (const char *)o->text.p);
}

struct cmc_cert bench_cert(struct bench *b, const struct cmc_request *rq)
{
    struct cmc_cert cert = {0};
    struct cmc_slice der;
    struct cmc_err err = {0};

    if (cmc_answer_cert(b->t->crypto, &b->answer, rq->spki, NULL, b->t->arena, &der, &err) !=
        CMC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(cmc_decode(&cmc_it_cert, der, b->t->arena, &cert, &err), CMC_OK);
    return cert;
}
