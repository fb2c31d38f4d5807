/* SPDX-License-Identifier: Apache-2.0 */
/* Every path of the client against a real responder in one process, with a fault at each step. */
#include "../authority.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"

#define SECRET "a secret of many characters"

/* One exchange: what is asked, by whom, and what came back. */
struct talk {
    struct test_authority *t;
    struct cmc_full_request rq;
    struct cmc_cms_signer signer;
    struct cmc_slice message;
    struct cmc_exchange_state state;
    struct test_reply reply;
    struct cmc_answer_view answer;
    struct cmc_trust trust;
    struct cmc_err err;
};

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

static struct talk new_talk(struct test_authority *t)
{
    return (struct talk){
        .t = t,
        .signer = {.key = t->officer.key, .cert = t->officer.cert},
        .trust = {.anchors = &t->root.cert, .nanchors = 1, .now = TEST_NOW},
    };
}

static enum cmc_rc build(struct talk *k)
{
    if (k->signer.key != NULL)
        k->rq.signer = &k->signer;
    if (k->signer.cert.p != NULL) {
        k->rq.certs = &k->signer.cert;
        k->rq.ncerts = 1;
    }
    return cmc_full_request_create(k->t->crypto, &k->rq, k->t->arena, &k->state, &k->message,
                                   &k->err);
}

static void send(struct talk *k)
{
    k->reply = test_send(k->t, CMC_TYPE_CMC, k->message, CMC_ANSWER_CMC);
}

static enum cmc_rc open_reply(struct talk *k)
{
    return cmc_answer_open(k->t->crypto, k->reply.body, &k->state, &k->trust, k->t->arena,
                           &k->answer, &k->err);
}

/* All three, which must go well. */
static void exchange(struct talk *k)
{
    if (build(k) != CMC_OK)
        fail_msg("%s", k->err.text);
    send(k);
    if (open_reply(k) != CMC_OK)
        fail_msg("%s", k->err.text);
}

static void expect(const struct talk *k, uint32_t status, int fail_info)
{
    const struct cmc_outcome *o = k->answer.outcomes;

    assert_true(k->answer.noutcomes >= 1);
    if (o->status != status)
        print_message("# %.*s\n", (int)o->text.n, (const char *)o->text.p);
    assert_int_equal(o->status, status);
    assert_int_equal(o->fail_info, fail_info);
}

static struct cmc_slice spki_of(struct test_authority *t, EVP_PKEY *key)
{
    struct cmc_slice spki;

    assert_int_equal(cmc_key_spki(key, t->arena, &spki, NULL), CMC_OK);
    return spki;
}

static bool has_cert(struct talk *k, EVP_PKEY *key)
{
    struct cmc_slice cert;

    return cmc_answer_cert(k->t->crypto, &k->answer, spki_of(k->t, key), &k->trust, k->t->arena,
                           &cert, NULL) == CMC_OK;
}

/* -- requests ---------------------------------------------------------------------------- */

enum kind { SIGNED = 0, CRMF = 1, UNSIGNED = 2, NAMELESS = 4 };

/* A request that asks for an SKI, so that its key may sign the message. */
static struct cmc_slice request(struct test_authority *t, EVP_PKEY *key, int kind, uint32_t id)
{
    struct cmc_request_params p = {
        .key = key, .cert_req_id = id, .no_signature = (kind & UNSIGNED) != 0};
    struct cmc_extension ext = {.extn_id = cmc_oid_id_ce_subjectKeyIdentifier};
    struct cmc_slice spki = spki_of(t, key), der;
    uint8_t ski[CMC_SKI_OCTETS];
    const struct cmc_slice octets = {ski, sizeof ski};

    assert_int_equal(
        cmc_name_parse((kind & NAMELESS) != 0 ? "" : "CN=alice", t->arena, &p.subject, NULL),
        CMC_OK);
    assert_int_equal(cmc_spki_ski(t->crypto, spki, ski, NULL), CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_octet_string, &octets, t->arena, &ext.value, NULL),
                     CMC_OK);
    p.exts = &ext;
    p.nexts = 1;
    assert_int_equal((kind & CRMF) != 0 ? cmc_crmf_create(t->crypto, &p, t->arena, &der, NULL)
                                        : cmc_pkcs10_create(t->crypto, &p, t->arena, &der, NULL),
                     CMC_OK);
    return der;
}

static void sign_by_itself(struct talk *k, EVP_PKEY *key)
{
    uint8_t ski[CMC_SKI_OCTETS];

    assert_int_equal(cmc_spki_ski(k->t->crypto, spki_of(k->t, key), ski, NULL), CMC_OK);
    k->signer =
        (struct cmc_cms_signer){.key = key,
                                .sid = CMC_SID_SKI,
                                .ski = cmc_arena_slice(k->t->arena, cmc_slice(ski, sizeof ski))};
}

static struct cmc_shared_secret secret(void)
{
    return (struct cmc_shared_secret){
        .secret = CMC_SLICE_LIT(SECRET),
        .identification = CMC_SLICE_LIT("alice"),
        .hash = cmc_digest_alg(CMC_DIGEST_SHA256),
        .mac = cmc_mac_by_digest(CMC_DIGEST_SHA256),
        .link = CMC_LINK_HASH,
        .link_hash = cmc_digest_alg(CMC_DIGEST_SHA256),
        .link_mac = cmc_mac_by_digest(CMC_DIGEST_SHA256),
        .link_rounds = 1000,
    };
}

static enum cmc_rc count(void *arg, const struct cmc_cert_record *rec)
{
    size_t *n = arg;

    (void)rec;
    (*n)++;
    return CMC_OK;
}

static size_t certs_issued(struct test_authority *t)
{
    struct cmc_reader *reader;
    size_t n = 0;

    assert_int_equal(cmc_reader_new(t->store, &reader, NULL), CMC_OK);
    assert_int_equal(cmc_reader_certs(reader, NULL, 0, 10000, count, &n, NULL), CMC_OK);
    cmc_reader_free(reader);
    return n;
}

/* -- a lost answer, changed octets --------------------------------------------------------- */

/* The answer got lost: the same octets again bring the same certificate, and only one is made. */
static void a_lost_answer(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr = request(t, key, SIGNED, 0), first;
    struct talk k = new_talk(t);
    size_t before = certs_issued(t);

    k.rq.pkcs10 = &csr;
    k.rq.npkcs10 = 1;
    assert_int_equal(build(&k), CMC_OK);
    send(&k);
    first = k.reply.body;
    send(&k);
    assert_true(cmc_slice_eq(first, k.reply.body));
    assert_int_equal(open_reply(&k), CMC_OK);
    assert_true(has_cert(&k, key));
    assert_int_equal(certs_issued(t), before + 1);
    EVP_PKEY_free(key);
}

/* An octet that is signed, or of the signature, is changed on the way: nothing is issued. */
static void a_changed_request(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr = request(t, key, SIGNED, 0), right;
    struct cmc_signed_data sd = {0};
    struct talk k = new_talk(t);
    size_t before = certs_issued(t), first, last;
    uint8_t *changed;

    k.rq.pkcs10 = &csr;
    k.rq.npkcs10 = 1;
    assert_int_equal(build(&k), CMC_OK);
    right = k.message;
    assert_int_equal(cmc_signed_data_open(right, t->arena, &sd, NULL), CMC_OK);
    first = (size_t)(sd.encap.content.p - right.p);
    last = first + sd.encap.content.n;
    assert_true(first < right.n && last < right.n);
    changed = cmc_arena_dup(t->arena, right.p, right.n);
    for (size_t i = first; i < right.n; i += 7) {
        if (i >= last && i + 60 < right.n)
            continue;
        changed[i] ^= 0x01;
        k.message = cmc_slice(changed, right.n);
        send(&k);
        if (k.reply.http_status == 200 && open_reply(&k) == CMC_OK)
            assert_int_not_equal(k.answer.worst, CMC_STATUS_SUCCESS);
        changed[i] ^= 0x01;
    }
    assert_int_equal(certs_issued(t), before);
    k.message = cmc_slice(changed, right.n);
    send(&k);
    assert_int_equal(open_reply(&k), CMC_OK);
    assert_true(has_cert(&k, key));
    EVP_PKEY_free(key);
}

/* An octet of the answer is changed on the way. */
static void a_changed_answer(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr = request(t, key, SIGNED, 0), right, nonce, told;
    struct talk k = new_talk(t);
    uint8_t *changed;
    size_t believed = 0, n = 0;

    k.rq.pkcs10 = &csr;
    k.rq.npkcs10 = 1;
    exchange(&k);
    right = k.reply.body;
    told = k.answer.outcomes[0].text;
    nonce = k.answer.sender_nonce;
    changed = cmc_arena_dup(t->arena, right.p, right.n);
    for (size_t i = 0; i < right.n; i += 11, n++) {
        changed[i] ^= 0x80;
        k.reply.body = cmc_slice(changed, right.n);
        if (open_reply(&k) == CMC_OK) {
            /* Only what no signature covers: a certificate that travels beside. */
            believed++;
            assert_int_equal(k.answer.worst, CMC_STATUS_SUCCESS);
            assert_true(cmc_slice_eq(k.answer.sender_nonce, nonce));
            assert_true(cmc_slice_eq(k.answer.outcomes[0].text, told));
        }
        changed[i] ^= 0x80;
    }
    assert_true(believed < n / 2);
    EVP_PKEY_free(key);
}

/* [10002-6.6-u2, 10002-6.6-u4] The answer to another request of ours, and to nobody's. */
static void answers_to_others(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr = request(t, key, SIGNED, 0);
    struct talk one = new_talk(t), two = new_talk(t);

    one.rq.pkcs10 = two.rq.pkcs10 = &csr;
    one.rq.npkcs10 = two.rq.npkcs10 = 1;
    exchange(&one);
    assert_int_equal(build(&two), CMC_OK);
    two.reply = one.reply;
    assert_int_equal(open_reply(&two), CMC_E_REFUSED);
    assert_non_null(strstr(two.err.text, "recipientNonce"));
    memcpy(two.state.sender_nonce, one.state.sender_nonce, sizeof two.state.sender_nonce);
    assert_int_equal(open_reply(&two), CMC_E_REFUSED);
    assert_non_null(strstr(two.err.text, "transactionId"));
    two.state.transaction_id = one.state.transaction_id;
    assert_int_equal(open_reply(&two), CMC_OK);
    EVP_PKEY_free(key);
}

/* -- shared secrets ------------------------------------------------------------------------ */

/* Each kind of proof and link with each kind of request, and the same with a wrong secret.
 * [10002-6.3.1.1-a] */
static void proofs_and_links(void **state)
{
    static const int kinds[] = {SIGNED, CRMF};
    static const enum cmc_link_kind links[] = {CMC_LINK_NONE, CMC_LINK_HASH, CMC_LINK_PBKDF2,
                                               CMC_LINK_V1};
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");

    t->rules.allow_weak = true;
    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    for (size_t i = 0; i < CMC_COUNT(kinds) * CMC_COUNT(links) * 2; i++) {
        int kind = kinds[i % CMC_COUNT(kinds)];
        struct cmc_shared_secret s = secret();
        struct cmc_slice der = request(t, key, kind, 7);
        struct talk k = new_talk(t);

        s.link = links[i / CMC_COUNT(kinds) % CMC_COUNT(links)];
        s.proof_v1 = i >= CMC_COUNT(kinds) * CMC_COUNT(links);
        if (s.proof_v1)
            s.hash = NULL;
        sign_by_itself(&k, key);
        k.rq.secret = &s;
        k.rq.keys = &key;
        k.rq.pkcs10 = k.rq.crmf = &der;
        k.rq.npkcs10 = (kind & CRMF) == 0;
        k.rq.ncrmf = (kind & CRMF) != 0;
        exchange(&k);
        expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE);
        assert_true(has_cert(&k, key));
        /* [10002-6.3.1.1-a] */
        assert_int_equal(k.state.link_random.n, s.link == CMC_LINK_NONE ? 0 : 64);
    }
    EVP_PKEY_free(key);
}

/* [10002-3.2.1.2.1-d] An empty subject goes out, and the CA's refusal comes back as what it is. */
static void no_subject(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr = request(t, key, NAMELESS, 0);
    struct talk k = new_talk(t);

    k.rq.pkcs10 = &csr;
    k.rq.npkcs10 = 1;
    exchange(&k);
    expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST);
    EVP_PKEY_free(key);
}

static void wrong_secrets(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice der = request(t, key, SIGNED, 0);
    struct cmc_shared_secret s = secret();
    struct talk k = new_talk(t);

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    sign_by_itself(&k, key);
    k.rq.secret = &s;
    k.rq.keys = &key;
    k.rq.pkcs10 = &der;
    k.rq.npkcs10 = 1;
    s.secret = CMC_SLICE_LIT("another secret of many characters");
    exchange(&k);
    expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY);
    s = secret();
    s.identification = CMC_SLICE_LIT("bob");
    exchange(&k);
    expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY);
    /* Dogtag's form of the link is none to a server that goes by the RFC. */
    s = secret();
    s.dogtag = true;
    exchange(&k);
    expect(&k, CMC_STATUS_FAILED, CMC_FAIL_POP_FAILED);
    t->rules.dogtag = true;
    exchange(&k);
    expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE);
    EVP_PKEY_free(key);
}

/* What cannot be built is told before anything is sent. */
static void what_is_not_built(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256"), *other = test_key(t, "EC", "P-256");
    struct cmc_slice der = request(t, key, SIGNED, 0);
    struct cmc_slice plain = test_csr(t, key, "CN=no SKI", NULL);
    struct cmc_shared_secret s = secret();
    struct talk k = new_talk(t);

    k.rq.pkcs10 = &der;
    k.rq.npkcs10 = 1;
    k.rq.secret = &s;
    /* A witness needs the key of its request. */
    assert_int_equal(build(&k), CMC_E_USAGE);
    k.rq.keys = &other;
    assert_int_equal(build(&k), CMC_E_USAGE);
    k.rq.keys = &key;
    assert_int_equal(build(&k), CMC_OK);
    /* [10002-3.2-b, 10002-3.2-c, 10002-3.2-d] */
    k.rq.secret = NULL;
    k.rq.certs = NULL;
    k.rq.ncerts = 0;
    sign_by_itself(&k, key);
    k.rq.pkcs10 = &plain;
    assert_int_equal(build(&k), CMC_E_USAGE);
    assert_non_null(strstr(k.err.text, "asks for none"));
    k.rq.pkcs10 = &der;
    k.signer.ski = CMC_SLICE_LIT("another identifier..");
    assert_int_equal(build(&k), CMC_E_USAGE);
    assert_non_null(strstr(k.err.text, "differ"));
    sign_by_itself(&k, other);
    assert_int_equal(build(&k), CMC_E_USAGE);
    sign_by_itself(&k, key);
    assert_int_equal(build(&k), CMC_OK);
    /* Nobody signs, and it is no revocation. */
    k.signer = (struct cmc_cms_signer){0};
    k.rq.signer = NULL;
    assert_int_equal(build(&k), CMC_E_USAGE);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
}

/* -- challenges ---------------------------------------------------------------------------- */

/* Three requests, two of which are challenged, with a secret that links them: the second trip
 * brings all of them, the same R and a proof. [10002-6.7-u6, 10002-6.7-u7, 10002-6.7-u8] */
static void several_challenges(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *keys[] = {test_key(t, "EC", "P-256"), test_key(t, "X25519", NULL),
                        test_key(t, "RSA", NULL)};
    struct cmc_slice pkcs10[] = {request(t, keys[0], SIGNED, 0), request(t, keys[1], UNSIGNED, 0)};
    struct cmc_slice crmf = request(t, keys[2], UNSIGNED | CRMF, 3);
    struct cmc_shared_secret s = secret();
    struct talk k = new_talk(t);
    struct cmc_full_request next = {.secret = &s};
    struct cmc_slice random, transaction;

    test_secret_add(t, (struct cmc_secret){.name = "alice"}, SECRET);
    k.rq.pkcs10 = pkcs10;
    k.rq.npkcs10 = 2;
    k.rq.crmf = &crmf;
    k.rq.ncrmf = 1;
    k.rq.keys = keys;
    k.rq.secret = &s;
    exchange(&k);
    assert_int_equal(k.answer.nchallenges, 2);
    assert_int_equal(k.state.nsent, 3);
    random = k.state.link_random;
    transaction = k.state.transaction_id;
    assert_int_equal(cmc_second_trip(t->crypto, &k.answer, &k.state, keys, t->arena, &next, NULL),
                     CMC_OK);
    assert_int_equal(next.npops, 2);
    assert_int_equal(next.ntagged, 3);
    k.rq = next;
    exchange(&k);
    expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE);
    assert_true(cmc_slice_eq(random, k.state.link_random));
    assert_true(cmc_slice_eq(transaction, k.state.transaction_id));
    for (size_t i = 0; i < CMC_COUNT(keys); i++) {
        assert_true(has_cert(&k, keys[i]));
        EVP_PKEY_free(keys[i]);
    }
}

static void challenges_that_are_not_answered(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "X25519", NULL), *other = test_key(t, "X25519", NULL);
    struct cmc_slice csr = request(t, key, UNSIGNED, 0);
    struct cmc_full_request next = {0};
    struct talk k = new_talk(t);
    struct cmc_exchange_state sent;
    EVP_PKEY *none = NULL;
    struct cmc_err err = {0};

    k.rq.pkcs10 = &csr;
    k.rq.npkcs10 = 1;
    exchange(&k);
    assert_int_equal(k.answer.nchallenges, 1);
    assert_int_equal(cmc_second_trip(t->crypto, &k.answer, &k.state, &none, t->arena, &next, &err),
                     CMC_E_USAGE);
    assert_int_equal(cmc_second_trip(t->crypto, &k.answer, &k.state, &other, t->arena, &next, &err),
                     CMC_E_CRYPTO);
    assert_int_equal(err.fail_info, CMC_FAIL_POP_FAILED);
    /* For a request that was not sent: the key is not used. */
    sent = k.state;
    sent.nsent = 0;
    assert_int_equal(cmc_second_trip(t->crypto, &k.answer, &sent, &key, t->arena, &next, &err),
                     CMC_E_REFUSED);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
}

/* [10002-6.7-g, 10002-6.7-u5] The enrolment is given up: a request that holds a status. */
static void giving_up(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "X25519", NULL);
    struct cmc_slice csr = request(t, key, UNSIGNED, 0), transaction;
    struct cmc_full_request next = {0};
    struct cmc_signed_data sd = {0};
    struct cmc_pkidata body = {0};
    struct cmc_outcome *outcomes;
    size_t n = 0, before = certs_issued(t);
    struct talk k = new_talk(t);

    k.rq.pkcs10 = &csr;
    k.rq.npkcs10 = 1;
    exchange(&k);
    transaction = k.state.transaction_id;
    assert_int_equal(cmc_abort_challenge(&k.answer, &k.state, t->arena, &next, NULL), CMC_OK);
    k.rq = next;
    assert_int_equal(build(&k), CMC_OK);
    assert_int_equal(cmc_signed_data_open(k.message, t->arena, &sd, NULL), CMC_OK);
    assert_int_equal(sd.signer_infos.n, 1);
    assert_int_equal(cmc_pkidata_open(sd.encap.content, false, t->arena, &body, NULL), CMC_OK);
    assert_int_equal(body.requests.n, 0);
    assert_non_null(cmc_control_first(&body.controls, cmc_oid_id_cmc_recipientNonce));
    assert_int_equal(cmc_status_read(t->arena, &body.controls, &outcomes, &n, NULL), CMC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(outcomes[0].status, CMC_STATUS_FAILED);
    assert_int_equal(outcomes[0].fail_info, CMC_FAIL_POP_FAILED);
    assert_true(cmc_slice_eq(transaction, k.state.transaction_id));
    send(&k);
    assert_true(k.reply.http_status == 200 || k.reply.http_status == 204);
    assert_int_equal(certs_issued(t), before);
    /* Without a challenge there is nothing to give up. */
    k.answer.body.controls.n = 0;
    assert_int_equal(cmc_abort_challenge(&k.answer, &k.state, t->arena, &next, NULL), CMC_E_USAGE);
    EVP_PKEY_free(key);
}

/* -- revocation ---------------------------------------------------------------------------- */

/* [10002-6.11-b, 10002-6.11-c] Without a signature, in the RFC's form and in Dogtag's. */
static void by_passphrase(void **state)
{
    struct test_authority *t = *state;

    t->rules.dogtag = true;
    for (int bare = 0; bare <= 1; bare++) {
        struct test_party p = test_party_new(t, "ee", bare ? "CN=bare" : "CN=holder");
        struct cmc_revocation r = {.reason = 4};
        struct cmc_cert cert = {0};
        struct talk k = new_talk(t);

        assert_int_equal(cmc_decode(&cmc_it_cert, p.cert, t->arena, &cert, NULL), CMC_OK);
        r.issuer = cert.tbs.issuer;
        r.serial = cert.tbs.serial;
        test_secret_add(t,
                        (struct cmc_secret){.name = bare ? "b" : "a",
                                            .purpose = CMC_SECRET_REVOKE,
                                            .issuer = r.issuer,
                                            .serial = r.serial},
                        SECRET);
        k.signer = (struct cmc_cms_signer){0};
        k.rq.revocations = &r;
        k.rq.nrevocations = 1;
        k.rq.bare = bare;
        assert_int_equal(build(&k), CMC_E_USAGE);
        r.passphrase = CMC_SLICE_LIT("no such passphrase");
        exchange(&k);
        expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY);
        r.passphrase = CMC_SLICE_LIT(SECRET);
        exchange(&k);
        expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE);
        test_party_free(&p);
    }
}

/* -- what an RA and an agreement add --------------------------------------------------------- */

/* [10004-5.2-w] */
static void further_controls(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr[] = {request(t, key, SIGNED, 0), request(t, key, SIGNED, 0)};
    struct cmc_slice crmf = request(t, key, CRMF, 2);
    struct cmc_signed_data sd = {0};
    struct cmc_pkidata body = {0};
    struct cmc_lra_pop_witness w = {0};
    const struct cmc_tagged_attribute *ta;
    struct talk k = new_talk(t);

    k.rq.pkcs10 = csr;
    k.rq.npkcs10 = 2;
    k.rq.crmf = &crmf;
    k.rq.ncrmf = 1;
    k.rq.ra_vouches = true;
    k.rq.reg_info = CMC_SLICE_LIT("as agreed");
    assert_int_equal(build(&k), CMC_OK);
    assert_int_equal(cmc_signed_data_open(k.message, t->arena, &sd, NULL), CMC_OK);
    assert_int_equal(cmc_pkidata_open(sd.encap.content, false, t->arena, &body, NULL), CMC_OK);
    ta = cmc_control_first(&body.controls, cmc_oid_id_cmc_lraPOPWitness);
    assert_non_null(ta);
    assert_int_equal(cmc_decode(&cmc_it_lra_pop_witness, *CMC_AT(struct cmc_slice, ta->values, 0),
                                t->arena, &w, NULL),
                     CMC_OK);
    assert_int_equal(w.pki_data_body_id, 0);
    assert_int_equal(w.body_ids.n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            *CMC_AT(uint32_t, w.body_ids, i),
            cmc_tagged_request_id(CMC_AT(struct cmc_tagged_request, body.requests, i)));
    assert_non_null(cmc_control_first(&body.controls, cmc_oid_id_cmc_regInfo));
    k.rq = (struct cmc_full_request){.ra_vouches = true};
    assert_int_equal(build(&k), CMC_E_USAGE);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lost_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_request, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_to_others, setup, teardown),
        cmocka_unit_test_setup_teardown(proofs_and_links, setup, teardown),
        cmocka_unit_test_setup_teardown(no_subject, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_built, setup, teardown),
        cmocka_unit_test_setup_teardown(several_challenges, setup, teardown),
        cmocka_unit_test_setup_teardown(challenges_that_are_not_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(giving_up, setup, teardown),
        cmocka_unit_test_setup_teardown(by_passphrase, setup, teardown),
        cmocka_unit_test_setup_teardown(further_controls, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
