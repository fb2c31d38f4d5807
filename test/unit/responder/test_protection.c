/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protected messages, client against a real authority: every nesting with every kind of key, the
 * answer in the same layers, and what must not get through.
 * [10002-5-b, 10002-5-c, 10002-5-u1, 10004-5.1-e, 10004-5.1-g, 10004-5.1-k, 10004-5.1-l,
 *  10004-5.1-n, 10004-5.1-o, 10004-5.1-p, 10004-5.1-q]
 */
#include "../authority.h"

#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"
#include "client/protect.h"
#include "message/request.h"

#define SECRET "correct horse battery staple"
#define NAME   "alice"
#define ROUNDS 1000u

static int setup(void **state)
{
    struct test_authority *t = test_authority_new("EC", "P-256");
    struct cmc_secret s = {.name = NAME};
    struct cmc_err err;

    t->rules.secrets = true;
    assert_int_equal(cmc_name_parse("CN=alice", t->arena, &s.subject, &err), CMC_OK);
    test_secret_add(t, s, SECRET);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

/* -- parties ----------------------------------------------------------------------------- */

static EVP_PKEY *new_key(struct test_authority *t, const char *type, const char *param)
{
    EVP_PKEY_CTX *ctx;
    EVP_PKEY *key = NULL;

    if (strcmp(type, "DHX") != 0)
        return test_key(t, type, param);
    ctx = EVP_PKEY_CTX_new_from_name(cmc_crypto_get0_libctx(t->crypto), "DHX", NULL);
    assert_true(EVP_PKEY_keygen_init(ctx) > 0);
    assert_true(EVP_PKEY_CTX_set_group_name(ctx, param) > 0);
    assert_true(EVP_PKEY_generate(ctx, &key) > 0);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* The authority gets a key that messages may be encrypted to; its certificate is given back. */
static struct cmc_slice give_key(struct test_authority *t, const char *type, const char *param)
{
    struct test_party p = test_party_keyed(t, "dual", "CN=Encryption", new_key(t, type, param));
    struct cmc_err err = {0};

    if (cmc_ca_set0_encryption(t->ca, p.key, p.cert, &err) != CMC_OK)
        fail_msg("%s", err.text);
    return p.cert;
}

/* -- an exchange ------------------------------------------------------------------------- */

struct trip {
    struct test_authority *t;
    struct cmc_protection p;
    const struct test_party *signers; /* NULL: the request's own key */
    size_t nsigners;
    const char *subject;
    const struct cmc_slice *certs; /* besides the signers' */
    size_t ncerts;
    bool no_ski, fixed_usage;
    struct cmc_slice usage_value;
    struct cmc_slice data_return;
    EVP_PKEY *key; /* of the request */
    struct cmc_slice csr, message;
    struct cmc_exchange_state state;
    struct test_reply reply;
    struct cmc_answer_view answer;
    struct cmc_err err;
};

static struct cmc_slice ski_of(struct test_authority *t, EVP_PKEY *key)
{
    uint8_t *ski = cmc_arena_alloc(t->arena, CMC_SKI_OCTETS);
    struct cmc_slice spki;

    assert_int_equal(cmc_key_spki(key, t->arena, &spki, NULL), CMC_OK);
    assert_int_equal(cmc_spki_ski(t->crypto, spki, ski, NULL), CMC_OK);
    return cmc_slice(ski, CMC_SKI_OCTETS);
}

static void make_csr(struct trip *x)
{
    struct test_authority *t = x->t;
    struct cmc_request_params p = {.key = x->key};
    struct cmc_extension ext[2] = {{.extn_id = cmc_oid_id_ce_subjectKeyIdentifier},
                                   {.extn_id = cmc_oid_id_ce_keyUsage}};
    struct cmc_slice ski = ski_of(t, x->key);

    assert_int_equal(
        cmc_name_parse(x->subject != NULL ? x->subject : "CN=alice", t->arena, &p.subject, NULL),
        CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_octet_string, &ski, t->arena, &ext[0].value, NULL),
                     CMC_OK);
    ext[1].value = x->usage_value;
    p.exts = ext;
    p.nexts = x->usage_value.p != NULL ? 2 : 1;
    assert_int_equal(cmc_pkcs10_create(t->crypto, &p, t->arena, &x->csr, NULL), CMC_OK);
}

static void write_message(struct trip *x)
{
    struct test_authority *t = x->t;
    struct cmc_cms_signer signers[4] = {{.sid = CMC_SID_SKI}};
    struct cmc_slice certs[8];
    struct cmc_full_request rq = {.pkcs10 = &x->csr,
                                  .npkcs10 = 1,
                                  .signer = x->p.mac ? NULL : signers,
                                  .nsigners = x->nsigners,
                                  .protection = &x->p,
                                  .data_return = x->data_return,
                                  .certs = certs};

    if (x->key == NULL)
        x->key = test_key(t, "EC", "P-256");
    make_csr(x);
    signers[0].key = x->key;
    signers[0].ski = ski_of(t, x->key);
    for (size_t i = 0; i < x->nsigners; i++) {
        signers[i] = (struct cmc_cms_signer){
            .key = x->signers[i].key, .sid = CMC_SID_ISSUER_SERIAL, .cert = x->signers[i].cert};
        certs[rq.ncerts++] = x->signers[i].cert;
    }
    for (size_t i = 0; i < x->ncerts; i++)
        certs[rq.ncerts++] = x->certs[i];
    if (x->p.identification.p == NULL && (x->p.mac || x->p.to_secret)) {
        x->p.identification = cmc_slice_str(NAME);
        x->p.secret = cmc_slice_str(SECRET);
    }
    x->p.rounds = x->p.rounds != 0 ? x->p.rounds : ROUNDS;
    if (cmc_full_request_create(t->crypto, &rq, t->arena, &x->state, &x->message, &x->err) !=
        CMC_OK)
        fail_msg("%s", x->err.text);
}

static void post(struct trip *x)
{
    struct test_authority *t = x->t;
    const struct cmc_trust trust = {.anchors = &t->root.cert, .nanchors = 1, .now = TEST_NOW};

    x->reply = test_send(t, CMC_TYPE_CMC, x->message, CMC_ANSWER_CMC);
    assert_int_equal(x->reply.http_status, 200);
    if (cmc_answer_open(t->crypto, x->reply.body, &x->state, &trust, t->arena, &x->answer,
                        &x->err) != CMC_OK)
        fail_msg("%s", x->err.text);
}

static void trip(struct trip *x)
{
    write_message(x);
    post(x);
}

static void done(struct trip *x)
{
    EVP_PKEY_free(x->key);
    x->key = NULL;
}

/* The layers of a message as letters: S, E, e (EnvelopedData), A; what p opens is looked into. */
static const char *shape(struct trip *x, struct cmc_slice octets, const struct cmc_protection *p)
{
    struct test_authority *t = x->t;
    char *out = cmc_arena_alloc(t->arena, 8);
    struct cmc_content_info ci = {0}, inside;
    struct cmc_signed_data sd;

    assert_int_equal(cmc_decode(&cmc_it_content_info, octets, t->arena, &ci, NULL), CMC_OK);
    for (size_t i = 0; i < 6; i++) {
        if (cmc_slice_eq(ci.content_type, cmc_oid_id_signedData)) {
            out[i] = 'S';
            assert_int_equal(cmc_signed_data_read(&ci, t->arena, &sd, NULL), CMC_OK);
            if (!cmc_is_envelope(sd.encap.type))
                return out;
            ci = (struct cmc_content_info){.content_type = sd.encap.type,
                                           .content = sd.encap.content};
        } else if (cmc_is_envelope(ci.content_type)) {
            out[i] = cmc_slice_eq(ci.content_type, cmc_oid_id_envelopedData) ? 'e' : 'E';
            if (cmc_unwrap_envelope(t->crypto, p, &ci, t->arena, &inside, NULL) != CMC_OK)
                return out;
            ci = inside;
        } else {
            out[i] = 'A';
            return out;
        }
    }
    return out;
}

static void expect_issued(struct trip *x)
{
    struct cmc_slice spki, cert;

    if (x->answer.worst != CMC_STATUS_SUCCESS)
        fail_msg("%.*s", (int)x->answer.outcomes[0].text.n,
                 (const char *)x->answer.outcomes[0].text.p);
    assert_int_equal(cmc_key_spki(x->key, x->t->arena, &spki, NULL), CMC_OK);
    assert_int_equal(
        cmc_answer_cert(x->t->crypto, &x->answer, spki, NULL, x->t->arena, &cert, &x->err), CMC_OK);
}

static void expect_refused(struct trip *x, int fail_info)
{
    const struct cmc_outcome *o = &x->answer.outcomes[0];

    if (x->answer.noutcomes != 1 || o->fail_info != fail_info)
        fail_msg("%zu outcomes, failInfo %d: %.*s", x->answer.noutcomes, o->fail_info,
                 (int)o->text.n, (const char *)o->text.p);
    assert_int_equal(o->status, CMC_STATUS_FAILED);
    assert_int_equal(o->nbody_parts, 1);
}

/* The text and failInfo that everything undecipherable gets. */
static struct cmc_slice undecipherable(struct trip *x)
{
    expect_refused(x, CMC_FAIL_BAD_MESSAGE_CHECK);
    assert_int_equal(x->answer.outcomes[0].body_parts[0], 0);
    assert_false(x->answer.encrypted);
    return x->answer.outcomes[0].text;
}

enum part { PART_END, PART_CONTENT, PART_KEY, PART_COUNT };

/* Change an octet of what only the key can tell: the MAC (or the last block), the content, the
 * wrapped key. */
static void touch(struct trip *x, enum part part)
{
    struct test_authority *t = x->t;
    struct cmc_content_info ci = {0};
    struct cmc_enveloped_data ed = {0};
    struct cmc_auth_enveloped_data ae = {0};
    struct cmc_authenticated_data ad = {0};
    struct cmc_slice content, mac, key;
    struct cmc_recipient_info *ri;

    assert_int_equal(cmc_decode(&cmc_it_content_info, x->message, t->arena, &ci, NULL), CMC_OK);
    if (cmc_slice_eq(ci.content_type, cmc_oid_id_envelopedData)) {
        assert_int_equal(cmc_decode(&cmc_it_enveloped_data, ci.content, t->arena, &ed, NULL),
                         CMC_OK);
        content = mac = ed.content.content;
    } else if (cmc_slice_eq(ci.content_type, cmc_oid_id_ct_authEnvelopedData)) {
        assert_int_equal(cmc_decode(&cmc_it_auth_enveloped_data, ci.content, t->arena, &ae, NULL),
                         CMC_OK);
        content = ae.content.content;
        mac = ae.mac;
    } else {
        assert_int_equal(cmc_decode(&cmc_it_authenticated_data, ci.content, t->arena, &ad, NULL),
                         CMC_OK);
        content = CMC_SLICE_NONE;
        mac = ad.mac;
    }
    ri = (ed.recipients.n > 0   ? ed.recipients
          : ae.recipients.n > 0 ? ae.recipients
                                : ad.recipients)
             .v;
    key = ri->which == CMC_RI_PWRI ? ri->u.pwri.encrypted_key : ri->u.ktri.encrypted_key;
    mac.p += mac.n - 1;
    *(uint8_t *)(uintptr_t)(part == PART_END ? mac : part == PART_KEY ? key : content).p ^= 1;
}

/* A refusal whose nonce was not readable cannot be matched to its request. */
static void post_unmatched(struct trip *x)
{
    struct cmc_exchange_state none = {.protection = &x->p};

    x->state = none;
    post(x);
}

/* -- all nestings ------------------------------------------------------------------------ */

/* [10004-5.1-a, 10004-5.1-c] the officer with an RSA key, [10002-3.2.1.3.5-u2] AuthEnvelopedData */
static const struct {
    const char *type, *param;
} server_keys[] = {
    {"RSA", NULL}, {"EC", "P-256"}, {"EC", "P-384"}, {"X25519", NULL}, {"DHX", "dh_2048_256"}};

/* Two envelopes, signed outside or not; a holder of a key that decrypts, or the request's own. */
static void every_nesting(void **state)
{
    static const char *const shapes[] = {"ES", "eS", "SES", "SeS"};
    struct test_authority *t = *state;
    struct test_party ec = test_party_new(t, "dual", "CN=Officer EC");
    struct test_party rsa = test_party_keyed(t, "dual", "CN=Officer RSA", test_key(t, "RSA", NULL));
    const struct test_party *who[] = {&ec, &rsa, NULL};

    test_officer_add(t, "ec", &ec, CMC_ROLE_ENROLL);
    test_officer_add(t, "rsa", &rsa, CMC_ROLE_ENROLL);
    for (size_t k = 0; k < CMC_COUNT(server_keys); k++) {
        struct cmc_slice to = give_key(t, server_keys[k].type, server_keys[k].param);

        for (size_t i = 0; i < CMC_COUNT(shapes) * CMC_COUNT(who); i++) {
            const char *want = shapes[i % CMC_COUNT(shapes)];
            const struct test_party *p = who[i / CMC_COUNT(shapes)];
            struct cmc_cms_recipient own = {0};
            struct trip x = {.t = t,
                             .signers = p,
                             .nsigners = p != NULL,
                             .p = {.envelope = strchr(want, 'E') != NULL
                                                   ? CMC_ENVELOPE_AUTHENTICATED
                                                   : CMC_ENVELOPE_PLAIN,
                                   .to = &to,
                                   .nto = 1,
                                   .sign_outside = want[0] == 'S',
                                   .keys = &own,
                                   .nkeys = 1}};

            t->rules.require_officer = p != NULL;
            x.key = test_key(t, "EC", "P-256");
            own.key = p != NULL ? p->key : x.key;
            own.cert = p != NULL ? p->cert : CMC_SLICE_NONE;
            trip(&x);
            expect_issued(&x);
            assert_true(x.answer.encrypted);
            assert_string_equal(shape(&x, x.reply.body, &x.p), want);
            done(&x);
        }
    }
    test_party_free(&ec);
    test_party_free(&rsa);
}

/* A MAC, an envelope for who knows the secret, and both.
 * [10002-3.2-f, 10002-3.2-u1, 10002-3.2-u4, 10002-4.2-a, 10002-4.2-u1] */
static void shared_secret(void **state)
{
    struct test_authority *t = *state;
    static const struct {
        const char *shape;
        bool mac, to_secret;
        enum cmc_envelope_form envelope;
    } rows[] = {{"A", true, false, CMC_ENVELOPE_NONE},
                {"EA", true, true, CMC_ENVELOPE_AUTHENTICATED},
                {"eA", true, true, CMC_ENVELOPE_PLAIN},
                {"ES", false, true, CMC_ENVELOPE_AUTHENTICATED},
                {"eS", false, true, CMC_ENVELOPE_PLAIN}};

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct trip x = {.t = t,
                         .p = {.envelope = rows[i].envelope,
                               .mac = rows[i].mac,
                               .to_secret = rows[i].to_secret}};

        t->rules.require_officer =
            rows[i].mac; /* a MAC proves the identity, an envelope does not */
        trip(&x);
        expect_issued(&x);
        assert_int_equal(x.answer.authenticated, rows[i].mac);
        assert_string_equal(shape(&x, x.reply.body, &x.p), rows[i].shape);
        done(&x);
    }
    assert_int_equal(test_secret(t, NAME).failures, 0);
    assert_true(test_secret(t, NAME).used_at != 0);
}

/* The MAC and the envelope for different eyes: encrypted to the CA's key, answered by the secret.
 */
static void mac_inside_an_envelope_for_a_key(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice to = give_key(t, "RSA", NULL);
    struct trip x = {
        .t = t, .p = {.envelope = CMC_ENVELOPE_AUTHENTICATED, .mac = true, .to = &to, .nto = 1}};

    trip(&x);
    expect_issued(&x);
    assert_string_equal(shape(&x, x.reply.body, &x.p), "EA");
    done(&x);
}

/* The same octets get the same answer, once more without a second certificate. */
static void the_same_again(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice to = give_key(t, "EC", "P-256"), first;
    struct cmc_cms_recipient own = {0};
    struct trip x = {
        .t = t,
        .p = {
            .envelope = CMC_ENVELOPE_AUTHENTICATED, .to = &to, .nto = 1, .keys = &own, .nkeys = 1}};

    t->rules.require_officer = false;
    own.key = x.key = test_key(t, "EC", "P-256");
    trip(&x);
    expect_issued(&x);
    first = x.reply.body;
    post(&x);
    assert_true(cmc_slice_eq(first, x.reply.body));
    /* asked for in another form, it stays what it is */
    x.reply = test_send(t, CMC_TYPE_CMC, x.message, CMC_ANSWER_PKIX_CERT);
    assert_true(cmc_slice_eq(first, x.reply.body));
    done(&x);
}

/* -- who gets the answer ----------------------------------------------------------------- */

/* An officer whose key only signs: another certificate of the same officer takes the answer, one
 * of somebody else does not. */
static void another_certificate(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice to = give_key(t, "EC", "P-256");
    /* signs only, so that the answer cannot be encrypted to it */
    struct test_party signer = test_party_new(t, "ra", "CN=Officer");
    struct test_party same = test_party_new(t, "dual", "CN=Officer");
    struct test_party other = test_party_new(t, "dual", "CN=Mallory");
    struct cmc_slice certs[] = {other.cert, same.cert};
    const struct cmc_cms_recipient own = {.key = same.key, .cert = same.cert};
    struct trip x = {
        .t = t,
        .signers = &signer,
        .nsigners = 1,
        .certs = certs,
        .ncerts = 2,
        .data_return = CMC_SLICE_LIT("confidential"),
        .p = {
            .envelope = CMC_ENVELOPE_AUTHENTICATED, .to = &to, .nto = 1, .keys = &own, .nkeys = 1}};

    test_officer_add(t, "signer", &signer, CMC_ROLE_ENROLL);
    test_officer_add(t, "alice2", &same, CMC_ROLE_ENROLL);
    trip(&x);
    expect_issued(&x);
    assert_true(x.answer.encrypted);
    assert_true(cmc_slice_eq(x.answer.data_return, x.data_return));
    done(&x);
    /* nobody can read an answer: it is not sent in clear, and nothing is done */
    x.ncerts = 1;
    trip(&x);
    expect_refused(&x, CMC_FAIL_BAD_REQUEST);
    assert_false(x.answer.encrypted);
    assert_null(x.answer.data_return.p);
    assert_int_equal(x.answer.body.cms.n, 0);
    done(&x);
    test_party_free(&signer);
    test_party_free(&same);
    test_party_free(&other);
}

/* A request whose keyUsage keeps its key from decrypting cannot take the answer. */
static void own_key_that_only_signs(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice to = give_key(t, "EC", "P-256");
    static const uint8_t signs[] = {3, 2, 7, 0x80}, agrees[] = {3, 2, 3, 0x88};
    struct cmc_cms_recipient own = {0};
    struct trip x = {
        .t = t,
        .usage_value = cmc_slice(signs, sizeof signs),
        .p = {
            .envelope = CMC_ENVELOPE_AUTHENTICATED, .to = &to, .nto = 1, .keys = &own, .nkeys = 1}};

    t->rules.require_officer = false;
    trip(&x);
    expect_refused(&x, CMC_FAIL_BAD_REQUEST);
    x.usage_value = cmc_slice(agrees, sizeof agrees);
    own.key = x.key;
    trip(&x);
    expect_issued(&x);
    done(&x);
}

/* Two recipients, one of them the authority; and none. */
static void several_recipients(void **state)
{
    struct test_authority *t = *state;
    struct test_party other = test_party_keyed(t, "dual", "CN=Other", test_key(t, "RSA", NULL));
    struct cmc_slice to[] = {other.cert, give_key(t, "EC", "P-256")};
    struct cmc_cms_recipient own = {0};
    struct trip x = {.t = t,
                     .p = {.envelope = CMC_ENVELOPE_PLAIN,
                           .to = to,
                           .nto = 2,
                           .to_secret = true,
                           .keys = &own,
                           .nkeys = 1}};

    t->rules.require_officer = false;
    own.key = x.key = test_key(t, "EC", "P-256");
    trip(&x);
    expect_issued(&x);
    x.p.nto = 1;
    x.p.to_secret = false;
    write_message(&x);
    post_unmatched(&x);
    expect_refused(&x, CMC_FAIL_BAD_MESSAGE_CHECK);
    assert_int_equal(x.answer.outcomes[0].body_parts[0], 0);
    done(&x);
    test_party_free(&other);
}

/* -- what does not get through ----------------------------------------------------------- */

/* [10002-3.2.1.3.3-u1, 10002-3.2.1.3.5-u1]: tag, content, wrapped key, another key: one answer. */
static void tampered(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice to = give_key(t, "RSA", NULL), other;
    struct cmc_slice text = CMC_SLICE_NONE;

    t->rules.require_officer = false;
    for (int how = 0; how < 2 * PART_COUNT + 2; how++) {
        struct trip x = {
            .t = t,
            .p = {.envelope = how % 2 == 0 ? CMC_ENVELOPE_AUTHENTICATED : CMC_ENVELOPE_PLAIN,
                  .to = &to,
                  .nto = 1}};
        write_message(&x);
        if (how < 2 * PART_COUNT)
            touch(&x, (enum part)(how / 2));
        else
            other = give_key(t, "RSA", NULL); /* of the same name; the serial number is another */
        post_unmatched(&x);
        if (text.p == NULL)
            text = undecipherable(&x);
        assert_true(cmc_slice_eq(undecipherable(&x), text));
        if (how >= 2 * PART_COUNT)
            to = other;
        done(&x);
    }
}

/* The same for a signature inside that does not verify, and for content of another type. */
static void wrong_inside(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice to = give_key(t, "EC", "P-256"), text = CMC_SLICE_NONE;
    struct test_party *officer = &t->officer;

    for (int how = 0; how < 4; how++) {
        struct trip x = {.t = t, .signers = officer, .nsigners = 1};
        const struct cmc_envelope_to one = {.cert = to, .key = NULL};
        struct cmc_envelope_to r = one;
        const struct cmc_envelope envelope = {.to = &r, .nto = 1, .authenticated = (how & 1) != 0};
        struct cmc_content_info ci = {0}, out;
        struct cmc_cert cert = {0};
        uint8_t *octets;

        write_message(&x);
        assert_int_equal(cmc_decode(&cmc_it_cert, to, t->arena, &cert, NULL), CMC_OK);
        assert_int_equal(cmc_spki_key(t->crypto, cert.tbs.spki.raw, &r.key, NULL), CMC_OK);
        assert_int_equal(cmc_decode(&cmc_it_content_info, x.message, t->arena, &ci, NULL), CMC_OK);
        octets = cmc_arena_dup(t->arena, ci.content.p, ci.content.n);
        if (how < 2)
            octets[ci.content.n - 1] ^= 1; /* in the signature */
        ci.content = cmc_slice(octets, ci.content.n);
        assert_int_equal(cmc_envelope_make(t->crypto, &envelope,
                                           how < 2 ? cmc_oid_id_signedData : cmc_oid_id_data,
                                           ci.content, t->arena, &out, NULL),
                         CMC_OK);
        assert_int_equal(cmc_encode_arena(&cmc_it_content_info, &out, t->arena, &x.message, NULL),
                         CMC_OK);
        EVP_PKEY_free(r.key);
        post_unmatched(&x);
        if (text.p == NULL)
            text = undecipherable(&x);
        assert_true(cmc_slice_eq(undecipherable(&x), text));
        done(&x);
    }
}

static void too_deep(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice to = give_key(t, "EC", "P-256");
    struct trip x = {
        .t = t,
        .signers = &t->officer,
        .nsigners = 1,
        .p = {.envelope = CMC_ENVELOPE_AUTHENTICATED, .to = &to, .nto = 1, .sign_outside = true}};
    struct cmc_content_info ci = {0}, out;
    struct cmc_cert cert = {0};
    struct cmc_envelope_to r = {.cert = to};
    const struct cmc_envelope envelope = {.to = &r, .nto = 1, .authenticated = true};

    write_message(&x);
    assert_int_equal(cmc_decode(&cmc_it_cert, to, t->arena, &cert, NULL), CMC_OK);
    assert_int_equal(cmc_spki_key(t->crypto, cert.tbs.spki.raw, &r.key, NULL), CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_content_info, x.message, t->arena, &ci, NULL), CMC_OK);
    assert_int_equal(
        cmc_envelope_make(t->crypto, &envelope, ci.content_type, ci.content, t->arena, &out, NULL),
        CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_content_info, &out, t->arena, &x.message, NULL),
                     CMC_OK);
    EVP_PKEY_free(r.key);
    post_unmatched(&x);
    (void)undecipherable(&x);
    done(&x);
}

/* Another secret, another name, a tampered message: one answer; failures are counted. */
static void wrong_secret(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice text = CMC_SLICE_NONE;

    for (int how = 0; how < 6; how++) {
        struct trip x = {
            .t = t,
            .p = {.mac = how < 3,
                  .to_secret = how >= 3,
                  .envelope = how < 3 ? CMC_ENVELOPE_NONE : CMC_ENVELOPE_AUTHENTICATED,
                  .identification = how % 3 == 1 ? CMC_SLICE_LIT("nobody") : cmc_slice_str(NAME),
                  .secret = how % 3 == 0 ? CMC_SLICE_LIT("another secret, as long")
                                         : cmc_slice_str(SECRET)}};

        if (how == 3) {
            text = CMC_SLICE_NONE;
            t->rules.require_officer = false;
        }
        write_message(&x);
        if (how % 3 == 2)
            touch(&x, PART_END);
        post_unmatched(&x);
        if (text.p == NULL)
            text = undecipherable(&x);
        assert_true(cmc_slice_eq(undecipherable(&x), text));
        done(&x);
    }
    assert_true(test_secret(t, NAME).failures >= 3);
    assert_int_equal(test_secret(t, NAME).used_at, 0);
}

/* After so many failures the right secret does not help either. */
static void locked_secret(void **state)
{
    struct test_authority *t = *state;
    struct trip x = {.t = t, .p = {.mac = true, .identification = cmc_slice_str(NAME)}};

    for (int i = 0; i < TEST_FAILURES; i++) {
        x.p.secret = CMC_SLICE_LIT("another secret, as long");
        trip(&x);
        (void)undecipherable(&x);
        done(&x);
    }
    assert_true(test_secret(t, NAME).locked);
    for (int envelope = 0; envelope < 2; envelope++) {
        x.p.secret = cmc_slice_str(SECRET);
        x.p.mac = envelope == 0;
        x.p.to_secret = envelope == 1;
        x.p.envelope = envelope == 1 ? CMC_ENVELOPE_PLAIN : CMC_ENVELOPE_NONE;
        write_message(&x);
        post_unmatched(&x);
        (void)undecipherable(&x);
        done(&x);
    }
}

/* A secret for one use protects one enrolment. */
static void one_use(void **state)
{
    struct test_authority *t = *state;
    struct cmc_secret s = {.name = "once", .once = true};
    struct trip x = {.t = t,
                     .subject = "CN=once",
                     .p = {.mac = true,
                           .identification = CMC_SLICE_LIT("once"),
                           .secret = cmc_slice_str(SECRET)}};

    assert_int_equal(cmc_name_parse("CN=once", t->arena, &s.subject, NULL), CMC_OK);
    test_secret_add(t, s, SECRET);
    trip(&x);
    expect_issued(&x);
    post(&x); /* the same message again is the same enrolment */
    expect_issued(&x);
    done(&x);
    trip(&x);
    (void)undecipherable(&x);
    done(&x);
}

/* [10002-10-u2] A MAC says who asks, not that the request is his: somebody's request under
 * another's name. */
static void mac_and_link(void **state)
{
    struct test_authority *t = *state;
    struct cmc_secret s = {.name = "bob"};
    struct trip x = {.t = t,
                     .p = {.mac = true,
                           .identification = CMC_SLICE_LIT("bob"),
                           .secret = cmc_slice_str(SECRET)}};

    test_secret_add(t, s, SECRET); /* not bound to a subject */
    trip(&x);
    expect_refused(&x, CMC_FAIL_POP_FAILED);
    assert_true(x.answer.authenticated);
    done(&x);
    x.p.identification = cmc_slice_str(NAME);
    x.subject = "CN=mallory";
    trip(&x);
    expect_refused(&x, CMC_FAIL_BAD_IDENTITY);
    done(&x);
}

/* 10 million rounds are not done for anybody who asks. */
static void many_rounds(void **state)
{
    struct test_authority *t = *state;

    for (int mac = 0; mac < 2; mac++) {
        struct trip x = {.t = t,
                         .p = {.mac = mac == 1,
                               .to_secret = mac == 0,
                               .envelope = mac == 0 ? CMC_ENVELOPE_PLAIN : CMC_ENVELOPE_NONE,
                               .rounds = CMC_LIMIT_PASSWORD_ROUNDS + 1}};

        t->rules.require_officer = false;
        write_message(&x);
        post_unmatched(&x);
        expect_refused(&x, CMC_FAIL_BAD_ALG);
        done(&x);
    }
}

static void not_at_this_endpoint(void **state)
{
    struct test_authority *t = *state;

    t->rules.secrets = false;
    for (int mac = 0; mac < 2; mac++) {
        struct trip x = {.t = t,
                         .p = {.mac = mac == 1,
                               .to_secret = mac == 0,
                               .envelope = mac == 0 ? CMC_ENVELOPE_PLAIN : CMC_ENVELOPE_NONE}};

        write_message(&x);
        post_unmatched(&x);
        expect_refused(&x, CMC_FAIL_BAD_REQUEST);
        done(&x);
    }
}

/* -- the signature outside --------------------------------------------------------------- */

/* Sign what there is once more, as sign_outside does, but with somebody else's key. */
static void sign_again(struct trip *x, const struct test_party *p, bool break_it)
{
    struct test_authority *t = x->t;
    struct cmc_content_info ci = {0};
    const struct cmc_cms_signer signer = {
        .key = p->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = p->cert};
    struct cmc_cms_content what = {.certs = &p->cert, .ncerts = 1};

    assert_int_equal(cmc_decode(&cmc_it_content_info, x->message, t->arena, &ci, NULL), CMC_OK);
    what.type = ci.content_type;
    what.content = ci.content;
    assert_int_equal(
        cmc_signed_data_create(t->crypto, &what, &signer, 1, t->arena, &x->message, NULL), CMC_OK);
    if (break_it) /* the last octet of a SignerInfo without unsigned attributes is its signature's
                   */
        *(uint8_t *)(uintptr_t)(x->message.p + x->message.n - 1) ^= 1;
}

/* An officer may sign around somebody's envelope, and gives it no rights; a stranger may not. */
static void who_signs_outside(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice to = give_key(t, "EC", "P-256");
    struct test_party stranger = test_party_new(t, "dual", "CN=Stranger");
    struct test_party holder = test_party_new(t, "dual", "CN=alice");
    static const struct {
        bool officer, broken, need_officer;
        int fail_info;
    } rows[] = {
        {true, false, false, CMC_FAIL_INFO_NONE},
        {false, false, false, CMC_FAIL_BAD_IDENTITY},
        {true, true, false, CMC_FAIL_BAD_MESSAGE_CHECK},
        {true, false, true, CMC_FAIL_BAD_IDENTITY},
    };

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        const struct cmc_cms_recipient own = {.key = holder.key, .cert = holder.cert};
        struct trip x = {.t = t,
                         .signers = &holder,
                         .nsigners = 1,
                         .p = {.envelope = CMC_ENVELOPE_AUTHENTICATED,
                               .to = &to,
                               .nto = 1,
                               .keys = &own,
                               .nkeys = 1}};

        t->rules.require_officer = rows[i].need_officer;
        write_message(&x);
        sign_again(&x, rows[i].officer ? &t->officer : &stranger, rows[i].broken);
        post(&x);
        if (rows[i].fail_info == CMC_FAIL_INFO_NONE) {
            expect_issued(&x);
            assert_string_equal(shape(&x, x.reply.body, &x.p), "SES");
        } else {
            expect_refused(&x, rows[i].fail_info);
        }
        done(&x);
    }
    test_party_free(&stranger);
    test_party_free(&holder);
}

/* -- several signers --------------------------------------------------------------------- */

/* [10002-3.2.1.3.4-a, 10002-3.2.1.3.4-b]: all must verify; the officer among them decides. */
static void several_signers(void **state)
{
    struct test_authority *t = *state;
    struct test_party holder = test_party_new(t, "ee", "CN=alice");
    const struct test_party both[] = {holder, t->officer}, swapped[] = {t->officer, holder};
    struct trip x = {.t = t, .signers = both, .nsigners = 2, .subject = "CN=somebody"};
    struct cmc_content_info ci = {0};
    struct cmc_signed_data sd = {0};

    x.p.envelope = CMC_ENVELOPE_NONE;
    trip(&x);
    expect_issued(&x);
    done(&x);
    x.signers = swapped;
    trip(&x);
    expect_issued(&x);
    done(&x);
    for (size_t bad = 0; bad < 2; bad++) {
        struct cmc_signer_info *si;

        write_message(&x);
        assert_int_equal(cmc_decode(&cmc_it_content_info, x.message, t->arena, &ci, NULL), CMC_OK);
        assert_int_equal(cmc_signed_data_read(&ci, t->arena, &sd, NULL), CMC_OK);
        si = CMC_AT(struct cmc_signer_info, sd.signer_infos, bad);
        *((uint8_t *)(uintptr_t)si->signature.p + si->signature.n - 1) ^= 1;
        post(&x);
        expect_refused(&x, CMC_FAIL_BAD_MESSAGE_CHECK);
        assert_int_equal(x.answer.outcomes[0].body_parts[0], 0);
        done(&x);
    }
    test_party_free(&holder);
}

/* -- what is not covered ------------------------------------------------------------------- */

static void add_attribute(struct test_authority *t, struct cmc_slice type, struct cmc_list *to)
{
    struct cmc_attribute *a = cmc_list_add(t->arena, &cmc_it_attributes, to, 1);
    struct cmc_slice *v = cmc_list_add(t->arena, &cmc_it_set_any, &a->values, 1);

    a->type = type;
    *v = CMC_SLICE_LIT("\x30\x05\x02\x03\x01\x02\x03");
}

/* Unsigned, unprotected and unauthenticated attributes of any kind harm nobody, nor do the
 * certificates of an originator; [10002-3.2.3-a] CMCUnsignedData among them. */
static void attributes_outside(void **state)
{
    struct test_authority *t = *state;
    static const uint8_t unknown[] = {0x2a, 3, 4, 5};
    struct cmc_slice to = give_key(t, "EC", "P-256");
    struct cmc_originator_info originator = {.certs = {.v = &to, .n = 1}};
    struct cmc_list attributes = {0};

    add_attribute(t, cmc_oid_id_aa_cmc_unsignedData, &attributes);
    add_attribute(t, cmc_slice(unknown, sizeof unknown), &attributes);
    for (int how = 0; how < 4; how++) {
        struct cmc_cms_recipient own = {0};
        struct trip x = {.t = t,
                         .p = {.mac = how == 1,
                               .envelope = how == 2   ? CMC_ENVELOPE_AUTHENTICATED
                                           : how == 3 ? CMC_ENVELOPE_PLAIN
                                                      : CMC_ENVELOPE_NONE,
                               .to = &to,
                               .nto = 1,
                               .keys = &own,
                               .nkeys = 1}};
        struct cmc_content_info ci = {0};
        struct cmc_signed_data sd = {0};
        struct cmc_authenticated_data ad = {0};
        struct cmc_auth_enveloped_data ae = {0};
        struct cmc_enveloped_data ed = {0};
        const struct {
            const struct cmc_item *it;
            void *value;
        } kinds[] = {{&cmc_it_signed_data, &sd},
                     {&cmc_it_authenticated_data, &ad},
                     {&cmc_it_auth_enveloped_data, &ae},
                     {&cmc_it_enveloped_data, &ed}};

        t->rules.require_officer = false;
        own.key = x.key = test_key(t, "EC", "P-256");
        write_message(&x);
        assert_int_equal(cmc_decode(&cmc_it_content_info, x.message, t->arena, &ci, NULL), CMC_OK);
        assert_int_equal(cmc_decode(kinds[how].it, ci.content, t->arena, kinds[how].value, NULL),
                         CMC_OK);
        if (how == 0)
            CMC_AT(struct cmc_signer_info, sd.signer_infos, 0)->unsigned_attrs = attributes;
        ad.unauth_attrs = ae.unauth_attrs = ed.unprotected_attrs = attributes;
        ad.originator = ae.originator = ed.originator = &originator;
        ci = (struct cmc_content_info){.content_type = ci.content_type};
        assert_int_equal(
            cmc_encode_arena(kinds[how].it, kinds[how].value, t->arena, &ci.content, NULL), CMC_OK);
        assert_int_equal(cmc_encode_arena(&cmc_it_content_info, &ci, t->arena, &x.message, NULL),
                         CMC_OK);
        post(&x);
        expect_issued(&x);
        done(&x);
    }
}

/* -- a server in trouble ----------------------------------------------------------------- */

static enum cmc_rc cannot_sign(void *self, const struct cmc_response *response, int64_t now,
                               struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    (void)self, (void)response, (void)now, (void)arena, (void)out;
    return cmc_fail(err, CMC_E_CRYPTO, NULL, "the token is gone");
}

/* [10002-3.2.1.3.4-c, 10002-3.2.1.3.4-d, 10002-3.2.1.3.4-e]; a MAC needs no signature. */
static void server_that_cannot_sign(void **state)
{
    struct test_authority *t = *state;
    struct cmc_authority broken = *cmc_ca_get0_authority(t->ca);
    struct cmc_authority_ops ops = *broken.ops;
    struct trip x = {.t = t, .signers = &t->officer, .nsigners = 1};
    struct cmc_signed_data sd;

    ops.sign_response = cannot_sign;
    broken.ops = &ops;
    cmc_responder_free(t->responder);
    assert_int_equal(cmc_responder_new(t->crypto, &broken, NULL, &t->responder, NULL), CMC_OK);
    write_message(&x);
    x.reply = test_send(t, CMC_TYPE_CMC, x.message, CMC_ANSWER_CMC);
    assert_int_equal(x.reply.http_status, 500);
    assert_string_equal(x.reply.content_type, CMC_MEDIA_RESPONSE);
    assert_int_equal(cmc_signed_data_open(x.reply.body, t->arena, &sd, NULL), CMC_OK);
    assert_null(sd.encap.content.p);
    assert_int_equal(sd.signer_infos.n, 0);
    assert_int_equal(sd.certs.n, 0);
    assert_int_equal(
        cmc_answer_open(t->crypto, x.reply.body, &x.state, NULL, t->arena, &x.answer, &x.err),
        CMC_E_REFUSED);
    assert_int_equal(x.err.fail_info, CMC_FAIL_INTERNAL_CA_ERROR);
    done(&x);
    x = (struct trip){.t = t, .p = {.mac = true}};
    trip(&x);
    expect_issued(&x);
    done(&x);
}

/* Signs, but not what goes around an envelope: nothing is issued, and the answer says so. */
static enum cmc_rc sign_inside_only(void *self, const struct cmc_response *response, int64_t now,
                                    struct cmc_arena *arena, struct cmc_slice *out,
                                    struct cmc_err *err)
{
    struct test_authority *t = self;
    const struct cmc_authority *good = cmc_ca_get0_authority(t->ca);

    if (response->type.p != NULL)
        return cmc_fail(err, CMC_E_CRYPTO, NULL, "not today");
    return good->ops->sign_response(good->self, response, now, arena, out, err);
}

static struct test_authority *the_authority;
static enum cmc_rc sign_inside(void *self, const struct cmc_response *response, int64_t now,
                               struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    (void)self;
    return sign_inside_only(the_authority, response, now, arena, out, err);
}

static void not_sent_in_clear(void **state)
{
    struct test_authority *t = *state;
    struct cmc_authority broken = *cmc_ca_get0_authority(t->ca);
    struct cmc_authority_ops ops = *broken.ops;
    struct cmc_slice to = give_key(t, "EC", "P-256");
    struct cmc_cms_recipient own = {0};
    struct trip x = {.t = t,
                     .data_return = CMC_SLICE_LIT("confidential"),
                     .p = {.envelope = CMC_ENVELOPE_AUTHENTICATED,
                           .to = &to,
                           .nto = 1,
                           .sign_outside = true,
                           .keys = &own,
                           .nkeys = 1}};

    the_authority = t;
    t->rules.require_officer = false;
    ops.sign_response = sign_inside;
    broken.ops = &ops;
    cmc_responder_free(t->responder);
    assert_int_equal(cmc_responder_new(t->crypto, &broken, NULL, &t->responder, NULL), CMC_OK);
    own.key = x.key = test_key(t, "EC", "P-256");
    trip(&x);
    expect_refused(&x, CMC_FAIL_INTERNAL_CA_ERROR);
    assert_false(x.answer.encrypted);
    assert_null(x.answer.data_return.p);
    assert_int_equal(x.answer.ncerts, 2); /* the responder's and the CA's own, no new one */
    done(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_nesting, setup, teardown),
        cmocka_unit_test_setup_teardown(shared_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(mac_inside_an_envelope_for_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_again, setup, teardown),
        cmocka_unit_test_setup_teardown(another_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(own_key_that_only_signs, setup, teardown),
        cmocka_unit_test_setup_teardown(several_recipients, setup, teardown),
        cmocka_unit_test_setup_teardown(tampered, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(too_deep, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(locked_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(one_use, setup, teardown),
        cmocka_unit_test_setup_teardown(mac_and_link, setup, teardown),
        cmocka_unit_test_setup_teardown(many_rounds, setup, teardown),
        cmocka_unit_test_setup_teardown(not_at_this_endpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(who_signs_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(several_signers, setup, teardown),
        cmocka_unit_test_setup_teardown(attributes_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(server_that_cannot_sign, setup, teardown),
        cmocka_unit_test_setup_teardown(not_sent_in_clear, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
