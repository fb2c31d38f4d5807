/* SPDX-License-Identifier: Apache-2.0 */
#include "talk.h"

#include <stdio.h>

#include "asn1/codec.h"
#include "asn1/oids.h"

static struct cmc_slice ski_of(struct test_authority *t, struct cmc_slice spki)
{
    uint8_t ski[CMC_SKI_OCTETS];
    struct cmc_err err;

    assert_int_equal(cmc_spki_ski(t->crypto, spki, ski, &err), CMC_OK);
    return cmc_arena_slice(t->arena, cmc_slice(ski, sizeof ski));
}

struct talk talk_new(struct test_authority *t, const struct test_party *signer, const char *subject)
{
    struct talk k = {.t = t, .signer = signer, .key = test_key(t, "EC", "P-256")};
    struct cmc_request_params p = {.key = k.key};
    struct cmc_extension ext = {.extn_id = cmc_oid_id_ce_subjectKeyIdentifier};
    struct cmc_slice ski;
    struct cmc_err err;

    assert_int_equal(cmc_key_spki(k.key, t->arena, &k.spki, &err), CMC_OK);
    ski = ski_of(t, k.spki);
    assert_int_equal(cmc_encode_arena(&cmc_it_octet_string, &ski, t->arena, &ext.value, &err),
                     CMC_OK);
    p.exts = &ext;
    p.nexts = 1;
    assert_int_equal(cmc_name_parse(subject, t->arena, &p.subject, &err), CMC_OK);
    assert_int_equal(cmc_pkcs10_create(t->crypto, &p, t->arena, &k.csr, &err), CMC_OK);
    return k;
}

void talk_free(struct talk *k)
{
    EVP_PKEY_free(k->key);
}

static void deliver(struct talk *k)
{
    struct test_reply r = test_send(k->t, CMC_TYPE_CMC, k->sent, CMC_ANSWER_CMC);
    struct cmc_err err = {0};

    assert_int_equal(r.http_status, 200);
    k->received = r.body;
    if (cmc_answer_open(k->t->crypto, r.body, &k->state, NULL, k->t->arena, &k->answer, &err) !=
        CMC_OK)
        fail_msg("%s", err.text);
}

void talk_send(struct talk *k, struct cmc_full_request rq)
{
    struct cmc_cms_signer signer = {
        .key = k->key, .sid = CMC_SID_SKI, .signing_time = true, .time = TEST_NOW + k->t->later};
    struct cmc_err err = {0};

    if (k->signer != NULL) {
        signer.key = k->signer->key;
        signer.sid = CMC_SID_ISSUER_SERIAL;
        signer.cert = k->signer->cert;
        rq.certs = &k->signer->cert;
        rq.ncerts = 1;
    } else {
        signer.ski = ski_of(k->t, k->spki);
    }
    rq.signer = &signer;
    if (cmc_full_request_create(k->t->crypto, &rq, k->t->arena, &k->state, &k->sent, &err) !=
        CMC_OK)
        fail_msg("%s", err.text);
    deliver(k);
}

void talk_enrol(struct talk *k)
{
    talk_send(k, (struct cmc_full_request){.pkcs10 = &k->csr, .npkcs10 = 1});
}

void talk_again(struct talk *k)
{
    deliver(k);
}

const struct cmc_outcome *talk_expect(const struct talk *k, uint32_t status, int fail_info,
                                      uint32_t body_part)
{
    const struct cmc_outcome *o = k->answer.outcomes;

    if (k->answer.noutcomes != 1 || o->status != status || o->fail_info != fail_info)
        print_message("# %zu outcome(s), %s %d: %.*s\n", k->answer.noutcomes,
                      cmc_status_name(o->status), o->fail_info, (int)o->text.n,
                      (const char *)o->text.p);
    assert_int_equal(k->answer.noutcomes, 1);
    assert_int_equal(o->status, status);
    assert_int_equal(o->fail_info, fail_info);
    assert_int_equal(o->nbody_parts, 1);
    if (body_part != UINT32_MAX)
        assert_int_equal(o->body_parts[0], body_part);
    return o;
}

bool talk_has_cert(const struct talk *k, struct cmc_slice *cert)
{
    struct cmc_slice found;
    bool has = cmc_answer_cert(k->t->crypto, &k->answer, k->spki, NULL, k->t->arena, &found,
                               NULL) == CMC_OK;

    if (has && cert != NULL)
        *cert = found;
    return has;
}

/* -- the store --------------------------------------------------------------------------- */

static struct cmc_reader *reader_of(struct test_authority *t)
{
    struct cmc_reader *reader;
    struct cmc_err err = {0};

    assert_int_equal(cmc_reader_new(t->store, &reader, &err), CMC_OK);
    return reader;
}

struct cmc_cert_record talk_record(struct test_authority *t, struct cmc_slice cert)
{
    struct cmc_reader *reader = reader_of(t);
    struct cmc_cert_record rec;
    struct cmc_cert c = {0};
    struct cmc_err err = {0};

    assert_int_equal(cmc_decode(&cmc_it_cert, cert, t->arena, &c, &err), CMC_OK);
    assert_int_equal(cmc_reader_cert(reader, c.tbs.issuer, c.tbs.serial, t->arena, &rec, &err),
                     CMC_OK);
    cmc_reader_free(reader);
    return rec;
}

static enum cmc_rc count_one(void *arg, const struct cmc_cert_record *c)
{
    (void)c;
    ++*(size_t *)arg;
    return CMC_OK;
}

size_t talk_cert_count(struct test_authority *t, const char *subject)
{
    struct cmc_reader *reader = reader_of(t);
    struct cmc_err err = {0};
    size_t n = 0;

    assert_int_equal(cmc_reader_certs(reader, subject, 0, 100000, count_one, &n, &err), CMC_OK);
    cmc_reader_free(reader);
    return n;
}

static enum cmc_rc keep_id(void *arg, const struct cmc_held *h)
{
    *(int64_t *)arg = h->id;
    return CMC_OK;
}

struct cmc_held talk_held(struct test_authority *t)
{
    struct cmc_reader *reader = reader_of(t);
    struct cmc_held h = {0};
    struct cmc_err err = {0};
    int64_t id = 0;

    assert_int_equal(cmc_reader_held_each(reader, true, keep_id, &id, &err), CMC_OK);
    assert_int_equal(cmc_reader_held_id(reader, id, t->arena, &h, &err), CMC_OK);
    cmc_reader_free(reader);
    return h;
}

enum cmc_rc talk_decide(struct test_authority *t, int64_t id, bool approve, const char *by,
                        const char *text)
{
    const struct cmc_held_decision d = {
        .id = id, .approve = approve, .by = by, .text = text, .at = TEST_NOW + t->later};
    enum cmc_held_state state;

    return cmc_store_held_decide(t->store, &d, &state, NULL);
}

struct search {
    const char *a, *b;
    bool found;
};

static enum cmc_rc look(void *arg, int64_t seq, int64_t at, const char *json,
                        const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct search *s = arg;

    (void)seq, (void)at, (void)hash;
    s->found |= strstr(json, s->a) != NULL && strstr(json, s->b) != NULL;
    return CMC_OK;
}

bool talk_audited(struct test_authority *t, const char *a, const char *b)
{
    struct cmc_reader *reader = reader_of(t);
    struct search s = {a, b, false};
    struct cmc_err err = {0};

    assert_int_equal(cmc_reader_audit(reader, 1, look, &s, &err), CMC_OK);
    cmc_reader_free(reader);
    return s.found;
}
