/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What could fall between the parts of the responder: controls under authData where another part
 * counts or sizes by the controls of the message, identities that reach further than what proved
 * them, and secrets shown twice.
 */
#include "talk.h"

#include <stdio.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"
#include "message/body.h"
#include "message/status.h"

#define SECRET    "sixteen or more characters"
#define NAME      "alice"
#define AUTH_DATA 7u

static int setup(void **state)
{
    struct test_authority *t = test_authority_new("EC", "P-256");

    t->rules.secrets = true;
    t->rules.revoke = true;
    t->rules.retrieve = CMC_RETRIEVE_OFFICER;
    test_secret_add(t, (struct cmc_secret){.name = NAME}, SECRET);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

/* -- a message with authData ------------------------------------------------------------- */

struct message {
    struct test_authority *t;
    const char *name, *secret; /* NULL: NAME, SECRET */
    struct cmc_pkidata body, inner;
    uint32_t last;                   /* body part id given */
    const struct test_party *signer; /* NULL: key, or the MAC */
    const struct talk *key;
    bool mac;
    struct test_reply reply;
    bool authenticated; /* the answer, by a MAC */
    struct cmc_slice transaction_id;
    struct cmc_outcome *outcomes;
    size_t n;
};

static void add_to(struct message *m, struct cmc_list *controls, struct cmc_slice type,
                   const struct cmc_item *it, const void *value)
{
    struct cmc_err err;

    assert_int_equal(cmc_control_add(m->t->arena, controls, 100 + ++m->last, type, it, value, &err),
                     CMC_OK);
}

static void inside(struct message *m, struct cmc_slice type, const struct cmc_item *it,
                   const void *value)
{
    add_to(m, &m->inner.controls, type, it, value);
}

static void outside(struct message *m, struct cmc_slice type, const struct cmc_item *it,
                    const void *value)
{
    add_to(m, &m->body.controls, type, it, value);
}

static struct cmc_mac_content under_secret(struct message *m, struct cmc_pkidata *what)
{
    struct cmc_mac_content mac = {.type = cmc_oid_id_cct_PKIData, .rounds = 1000};
    struct cmc_err err;

    assert_int_equal(cmc_pkidata_encode(m->t->arena, what, &mac.content, &err), CMC_OK);
    assert_int_equal(cmc_shared_password(cmc_slice_str(m->name != NULL ? m->name : NAME),
                                         cmc_slice_str(m->secret != NULL ? m->secret : SECRET),
                                         m->t->arena, &mac.password, &err),
                     CMC_OK);
    return mac;
}

static void add_auth_data(struct message *m)
{
    struct cmc_slice name = cmc_slice_str(m->name != NULL ? m->name : NAME);
    struct cmc_mac_content mac = under_secret(m, &m->inner);
    struct cmc_tagged_content_info *tagged =
        cmc_list_add(m->t->arena, &cmc_it_cms_sequence, &m->body.cms, 1);
    const uint32_t to = 20;
    struct cmc_err err;

    tagged->body_part_id = to;
    assert_int_equal(
        cmc_authenticated_data_create(m->t->crypto, &mac, m->t->arena, &tagged->content, &err),
        CMC_OK);
    assert_int_equal(cmc_control_add(m->t->arena, &m->body.controls, AUTH_DATA,
                                     cmc_oid_id_cmc_authData, &cmc_it_body_part_id, &to, &err),
                     CMC_OK);
    outside(m, cmc_oid_id_cmc_identification, &cmc_it_identification, &name);
}

static struct cmc_slice sign(struct message *m)
{
    struct cmc_cms_signer signer = {.sid = CMC_SID_SKI};
    struct cmc_cms_content what = {.type = cmc_oid_id_cct_PKIData};
    uint8_t ski[CMC_SKI_OCTETS];
    struct cmc_slice out;
    struct cmc_err err;

    if (m->signer != NULL) {
        signer = (struct cmc_cms_signer){
            .key = m->signer->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = m->signer->cert};
        what.certs = &m->signer->cert;
        what.ncerts = 1;
    } else {
        assert_int_equal(cmc_spki_ski(m->t->crypto, m->key->spki, ski, &err), CMC_OK);
        signer.key = m->key->key;
        signer.ski = cmc_slice(ski, sizeof ski);
    }
    assert_int_equal(cmc_pkidata_encode(m->t->arena, &m->body, &what.content, &err), CMC_OK);
    assert_int_equal(
        cmc_signed_data_create(m->t->crypto, &what, &signer, 1, m->t->arena, &out, &err), CMC_OK);
    return out;
}

static struct cmc_slice authenticate(struct message *m)
{
    struct cmc_mac_content mac = under_secret(m, &m->body);
    struct cmc_content_info ci;
    struct cmc_slice out;
    struct cmc_err err;

    assert_int_equal(cmc_authenticated_data_create(m->t->crypto, &mac, m->t->arena, &ci, &err),
                     CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_content_info, &ci, m->t->arena, &out, &err), CMC_OK);
    return out;
}

static void read_answer(struct message *m)
{
    const struct cmc_tagged_attribute *ta;
    struct cmc_slice content;
    struct cmc_authenticated_data ad = {0};
    struct cmc_content_info ci = {0};
    struct cmc_pkiresponse body;
    struct cmc_signed_data sd;
    struct cmc_err err = {0};

    assert_int_equal(m->reply.http_status, 200);
    assert_int_equal(cmc_decode(&cmc_it_content_info, m->reply.body, m->t->arena, &ci, &err),
                     CMC_OK);
    m->authenticated = cmc_slice_eq(ci.content_type, cmc_oid_id_ct_authData);
    if (m->authenticated) {
        assert_int_equal(cmc_authenticated_data_read(&ci, m->t->arena, &ad, &err), CMC_OK);
        content = ad.encap.content;
    } else {
        assert_int_equal(cmc_signed_data_open(m->reply.body, m->t->arena, &sd, &err), CMC_OK);
        content = sd.encap.content;
    }
    assert_int_equal(cmc_pkiresponse_open(content, m->t->arena, &body, &err), CMC_OK);
    assert_int_equal(cmc_status_read(m->t->arena, &body.controls, &m->outcomes, &m->n, &err),
                     CMC_OK);
    ta = cmc_control_first(&body.controls, cmc_oid_id_cmc_transactionId);
    if (ta != NULL)
        assert_int_equal(cmc_decode(&cmc_it_transaction_id,
                                    *CMC_AT(const struct cmc_slice, ta->values, 0), m->t->arena,
                                    &m->transaction_id, &err),
                         CMC_OK);
}

static void post(struct message *m)
{
    m->reply = test_send(m->t, CMC_TYPE_CMC, m->mac ? authenticate(m) : sign(m), CMC_ANSWER_CMC);
    read_answer(m);
}

static size_t count(const struct message *m, uint32_t status, int fail_info)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++) {
        if (m->outcomes[i].status == status && m->outcomes[i].fail_info == fail_info)
            n++;
        else
            print_message("# %s %d: %.*s\n", cmc_status_name(m->outcomes[i].status),
                          m->outcomes[i].fail_info, (int)m->outcomes[i].text.n,
                          (const char *)m->outcomes[i].text.p);
    }
    return n;
}

static struct cmc_revoke_request revocation(struct test_authority *t, struct cmc_slice cert,
                                            const char *passphrase)
{
    struct cmc_revoke_request rr = {.reason = 1};
    struct cmc_cert c = {0};
    struct cmc_err err;

    assert_int_equal(cmc_decode(&cmc_it_cert, cert, t->arena, &c, &err), CMC_OK);
    rr.issuer = c.tbs.issuer;
    rr.serial = c.tbs.serial;
    if (passphrase != NULL)
        rr.passphrase = cmc_slice_str(passphrase);
    return rr;
}

/* -- more under authData than in the message --------------------------------------------- */

#define MANY 300

static void follow_ups_under_auth_data(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t, .signer = &t->officer};
    struct cmc_slice token = CMC_SLICE_LIT("a token that nobody was given");

    for (int i = 0; i < MANY; i++)
        inside(&m, cmc_oid_id_cmc_queryPending, &cmc_it_octet_string, &token);
    add_auth_data(&m);
    post(&m);
    assert_int_equal(count(&m, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST), MANY);
}

static void pops_under_auth_data(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=pops");
    struct message m = {.t = t, .signer = &t->officer};
    struct cmc_err err;

    for (uint32_t i = 0; i < MANY; i++) {
        struct cmc_decrypted_pop pop = {.body_part_id = 1000 + i,
                                        .pop = CMC_SLICE_LIT("01234567890123456789")};

        pop.pop_alg.algorithm = cmc_oid_id_data;
        assert_int_equal(cmc_body_add_pkcs10(t->arena, &m.body, 1000 + i, k.csr, &err), CMC_OK);
        inside(&m, cmc_oid_id_cmc_decryptedPOP, &cmc_it_decrypted_pop, &pop);
    }
    add_auth_data(&m);
    post(&m);
    assert_int_equal(m.n, MANY);
    for (size_t i = 0; i < m.n; i++)
        assert_int_equal(m.outcomes[i].status, CMC_STATUS_FAILED);
    assert_int_equal(talk_cert_count(t, "CN=pops"), 0);
    talk_free(&k);
}

/* The bounds of revocations hold for them too. */
static void revocations_under_auth_data(void **state)
{
    struct test_authority *t = *state;
    struct test_party a = test_party_new(t, "ee", "CN=a"), b = test_party_new(t, "ee", "CN=b");
    struct cmc_revoke_request ra = revocation(t, a.cert, NULL), rb = revocation(t, b.cert, NULL);
    struct message two = {.t = t, .signer = &t->officer}, one = two;

    t->rules.revoke_max = 1;
    inside(&two, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &ra);
    inside(&two, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &rb);
    add_auth_data(&two);
    post(&two);
    assert_int_equal(count(&two, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST), 2);
    assert_int_equal(talk_record(t, a.cert).state, CMC_CERT_VALID);
    inside(&one, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &ra);
    add_auth_data(&one);
    post(&one);
    assert_int_equal(count(&one, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE), 1);
    assert_int_equal(talk_record(t, a.cert).state, CMC_CERT_REVOKED);
    test_party_free(&a);
    test_party_free(&b);
}

/* A message is one guess at a passphrase, wherever it stands; and each is counted. */
static void one_guess_at_a_passphrase(void **state)
{
    struct test_authority *t = *state;
    struct test_party a = test_party_new(t, "ee", "CN=a"), me = test_party_new(t, "ee", "CN=me");
    struct message many = {.t = t, .signer = &me}, one = many;
    struct cmc_revoke_request rr = revocation(t, a.cert, "no");

    test_secret_add(t,
                    (struct cmc_secret){.name = "revoke a",
                                        .purpose = CMC_SECRET_REVOKE,
                                        .issuer = rr.issuer,
                                        .serial = rr.serial},
                    SECRET);
    outside(&many, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &rr);
    for (int i = 0; i < 2 * TEST_FAILURES; i++)
        inside(&many, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &rr);
    rr.passphrase = cmc_slice_str(SECRET);
    inside(&many, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &rr);
    add_auth_data(&many);
    post(&many);
    assert_int_equal(talk_record(t, a.cert).state, CMC_CERT_VALID);
    assert_int_equal(test_secret(t, "revoke a").failures, 1);
    inside(&one, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &rr);
    add_auth_data(&one);
    post(&one);
    assert_int_equal(count(&one, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE), 1);
    assert_int_equal(talk_record(t, a.cert).state, CMC_CERT_REVOKED);
    test_party_free(&a);
    test_party_free(&me);
}

static void control_processed_under_auth_data(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t, .signer = &t->officer};
    struct cmc_body_part_reference ref = {.which = CMC_REF_ID, .u.id = AUTH_DATA};
    const struct cmc_control_processed cp = {.body_list = {&ref, 1}};

    inside(&m, cmc_oid_id_cmc_controlProcessed, &cmc_it_control_processed, &cp);
    add_auth_data(&m);
    post(&m);
    assert_int_equal(m.n, 1);
    assert_int_equal(m.outcomes[0].fail_info, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(m.outcomes[0].body_parts[0], AUTH_DATA);
}

/* -- how far an identity reaches --------------------------------------------------------- */

/*
 * The AuthenticatedData of somebody's message, put beside the request of somebody else: nothing
 * ties them together, so it must not give the request that identity.
 */
static void auth_data_of_somebody_else(void **state)
{
    static const char *const names[] = {NAME, "bound"};
    struct test_authority *t = *state;
    struct cmc_secret bound = {.name = "bound"};
    struct cmc_err err;

    assert_int_equal(cmc_name_parse("CN=victim", t->arena, &bound.subject, &err), CMC_OK);
    test_secret_add(t, bound, SECRET);
    for (size_t i = 0; i < CMC_COUNT(names); i++) {
        struct talk k = talk_new(t, NULL, "CN=victim");
        struct message m = {.t = t, .key = &k, .name = names[i]};

        assert_int_equal(cmc_body_add_pkcs10(t->arena, &m.body, 1, k.csr, &err), CMC_OK);
        add_auth_data(&m);
        post(&m);
        assert_int_equal(count(&m, CMC_STATUS_FAILED, CMC_FAIL_POP_FAILED), 1);
        talk_free(&k);
    }
    assert_int_equal(talk_cert_count(t, "CN=victim"), 0);
}

/* A secret for one use, shown by the MAC of the message and again by authData: one use. */
static void a_secret_shown_twice(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, NULL, "CN=once");
    struct message m = {.t = t, .key = &k, .name = "once", .mac = true};
    struct cmc_secret once = {.name = "once", .once = true};
    struct cmc_err err;

    assert_int_equal(cmc_name_parse("CN=once", t->arena, &once.subject, &err), CMC_OK);
    test_secret_add(t, once, SECRET);
    assert_int_equal(cmc_body_add_pkcs10(t->arena, &m.body, 1, k.csr, &err), CMC_OK);
    add_auth_data(&m);
    post(&m);
    assert_int_equal(count(&m, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE), 1);
    assert_int_equal(talk_cert_count(t, "CN=once"), 1);
    assert_int_not_equal(test_secret(t, "once").used_at, 0);
    talk_free(&k);
}

/* -- a store that is busy ---------------------------------------------------------------- */

static void keep_reply(void *arg, const struct cmc_reply *reply)
{
    struct message *m = arg;

    m->reply.http_status = reply->http_status;
    m->reply.body = cmc_arena_slice(m->t->arena, reply->body);
    m->reply.again = reply->again;
}

/* Nothing is counted then, so a right secret and a wrong one get the same answer. */
static void no_guesses_while_the_store_is_busy(void **state)
{
    static const char *const secrets[] = {SECRET, "another secret of sixteen"};
    struct test_authority *t = *state;
    const struct cmc_slice id = CMC_SLICE_LIT("\x01\x23"), name = cmc_slice_str(NAME);

    for (size_t i = 0; i < CMC_COUNT(secrets); i++) {
        struct message m = {.t = t, .secret = secrets[i], .mac = true};
        struct cmc_exchange x = {.type = CMC_TYPE_CMC,
                                 .form = CMC_ANSWER_CMC,
                                 .rules = &t->rules,
                                 .peer = "127.0.0.1",
                                 .now = TEST_NOW,
                                 .attempt = 1,
                                 .commit_rc = CMC_E_RETRY};

        outside(&m, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, &id);
        outside(&m, cmc_oid_id_cmc_identification, &cmc_it_identification, &name);
        x.body = authenticate(&m);
        cmc_respond(t->responder, &x, keep_reply, &m);
        assert_false(m.reply.again);
        read_answer(&m);
        assert_false(m.authenticated);
        assert_int_equal(count(&m, CMC_STATUS_FAILED, CMC_FAIL_TRY_LATER), 1);
        assert_true(cmc_slice_eq(m.transaction_id, id));
    }
}

/* -- who is borrowed --------------------------------------------------------------------- */

#define CACHE 64

/* The key of who was asked for last stays, whoever is asked for next: one exchange asks for
 * several. */
static void the_requester_stays(void **state)
{
    struct test_authority *t = *state;
    const struct cmc_authority *auth = cmc_ca_get0_authority(t->ca);
    struct test_party p[CACHE + 1];
    struct cmc_requester first, who;
    EVP_PKEY *key;
    struct cmc_err err;

    for (size_t i = 0; i <= CACHE; i++)
        p[i] = test_party_new(t, "ee", "CN=somebody");
    for (size_t i = 0; i < CACHE; i++)
        assert_int_equal(auth->ops->identify(auth->self, p[i].cert, NULL, 0, TEST_NOW, t->arena,
                                             i == 0 ? &first : &who, &err),
                         CMC_OK);
    key = first.key;
    assert_int_equal(EVP_PKEY_up_ref(key), 1); /* so that the test itself does no harm */
    assert_int_equal(
        auth->ops->identify(auth->self, p[0].cert, NULL, 0, TEST_NOW, t->arena, &first, &err),
        CMC_OK);
    assert_ptr_equal(first.key, key);
    assert_int_equal(
        auth->ops->identify(auth->self, p[CACHE].cert, NULL, 0, TEST_NOW, t->arena, &who, &err),
        CMC_OK);
    assert_int_equal(
        auth->ops->identify(auth->self, p[0].cert, NULL, 0, TEST_NOW, t->arena, &first, &err),
        CMC_OK);
    assert_ptr_equal(first.key, key);
    EVP_PKEY_free(key);
    for (size_t i = 0; i <= CACHE; i++)
        test_party_free(&p[i]);
}

/* -- a held request's own key ------------------------------------------------------------ */

/* It signs the question for it, and the answer is encrypted to it: no request is there. */
static void encrypted_poll_by_own_key(void **state)
{
    struct test_authority *t = *state;
    struct test_party enc =
        test_party_keyed(t, "dual", "CN=Encryption", test_key(t, "EC", "P-256"));
    struct talk k = talk_new(t, NULL, "CN=poller");
    const struct cmc_cms_recipient own = {.key = k.key};
    const struct cmc_protection prot = {.envelope = CMC_ENVELOPE_AUTHENTICATED,
                                        .to = &enc.cert,
                                        .nto = 1,
                                        .keys = &own,
                                        .nkeys = 1};
    struct cmc_full_request rq = {0};
    struct cmc_pending *p;
    struct cmc_err err;
    size_t n;

    t->rules.approvals = 1;
    t->rules.poll_seconds = 60;
    t->rules.require_officer = false;
    assert_int_equal(cmc_ca_set0_encryption(t->ca, enc.key, enc.cert, &err), CMC_OK);
    talk_enrol(&k);
    assert_int_equal(cmc_pending_read(&k.answer, &k.state, t->arena, &p, &n, &err), CMC_OK);
    assert_int_equal(cmc_pending_query(p, 1, t->arena, &rq, &err), CMC_OK);
    rq.protection = &prot;
    talk_send(&k, rq);
    talk_expect(&k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, k.state.first_control_id);
    assert_true(k.answer.encrypted);
    talk_free(&k);
}

/* Its profile is gone when it is asked for: a refusal, and no failure of the server. */
static void profile_is_gone(void **state)
{
    struct test_authority *t = *state;
    const struct cmc_authority *auth = cmc_ca_get0_authority(t->ca);
    struct talk k = talk_new(t, &t->officer, "CN=late");
    struct cmc_request rq;
    struct cmc_issue_order order = {
        .request = &rq, .key = k.key, .profile = "gone", .now = TEST_NOW};
    struct cmc_err err;

    assert_int_equal(cmc_request_from_pkcs10(k.csr, t->arena, &rq, &err), CMC_OK);
    assert_int_equal(auth->ops->check(auth->self, &order, t->arena, &err), CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_INTERNAL_CA_ERROR);
    talk_free(&k);
}

/* -- what a certificate would say -------------------------------------------------------- */

/* A host name with an octet 0 within is another name to whoever stops reading there. */
static void names_with_zeros(void **state)
{
    static const uint8_t good[] = "\x30\x05\x82\x03"
                                  "a.b",
                         zero[] = "\x30\x05\x82\x03"
                                  "a\0b",
                         space[] = "\x30\x05\x82\x03"
                                   "a b",
                         none[] = "\x30\x02\x82\x00";
    const struct {
        const uint8_t *san;
        size_t n;
        uint32_t status;
        int fail_info;
    } rows[] = {{good, 7, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE},
                {zero, 7, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST},
                {space, 7, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST},
                {none, 4, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST}};
    struct test_authority *t = *state;

    t->rules.profile = "all";
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct talk k = talk_new(t, &t->officer, "CN=zeros");
        struct message m = {.t = t, .signer = &t->officer};
        const struct cmc_extension san = {.extn_id = cmc_oid_id_ce_subjectAltName,
                                          .value = {rows[i].san, rows[i].n}};
        struct cmc_request_params p = {.key = k.key, .exts = &san, .nexts = 1};
        struct cmc_err err;

        assert_int_equal(cmc_name_parse("CN=zeros", t->arena, &p.subject, &err), CMC_OK);
        assert_int_equal(cmc_pkcs10_create(t->crypto, &p, t->arena, &k.csr, &err), CMC_OK);
        assert_int_equal(cmc_body_add_pkcs10(t->arena, &m.body, 1, k.csr, &err), CMC_OK);
        post(&m);
        assert_int_equal(count(&m, rows[i].status, rows[i].fail_info), 1);
        talk_free(&k);
    }
    assert_int_equal(talk_cert_count(t, "CN=zeros"), 1);
}

/* -- bounds ------------------------------------------------------------------------------ */

/* The same CRL over and over is fetched so many times, and no more. */
static void crls_are_counted(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t, .signer = &t->officer};
    struct cmc_get_crl ask = {0};
    struct cmc_cert c = {0};

    assert_int_equal(cmc_decode(&cmc_it_cert, t->root.cert, t->arena, &c, NULL), CMC_OK);
    ask.issuer = c.tbs.subject;
    for (unsigned int i = 0; i < CMC_LIMIT_GET_CRLS + 3; i++)
        outside(&m, cmc_oid_id_cmc_getCRL, &cmc_it_get_crl, &ask);
    post(&m);
    assert_int_equal(count(&m, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST), 3);
}

#define LARGE 900u

/* One status rejects a large transaction, and the audit log names each certificate. */
static void a_large_rejection(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=large");
    struct message m = {.t = t, .signer = &t->officer}, no = m;
    const struct cmc_slice id = CMC_SLICE_LIT("\x01\x23");
    const uint32_t all = 0;
    const struct cmc_outcome o = {.status = CMC_STATUS_FAILED,
                                  .fail_info = CMC_FAIL_BAD_REQUEST,
                                  .body_parts = &all,
                                  .nbody_parts = 1};
    struct cmc_err err;

    t->rules.confirm_seconds = 600;
    outside(&m, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, &id);
    for (uint32_t i = 0; i < LARGE; i++)
        assert_int_equal(cmc_body_add_pkcs10(t->arena, &m.body, 1000 + i, k.csr, &err), CMC_OK);
    post(&m);
    assert_int_equal(count(&m, CMC_STATUS_CONFIRM_REQUIRED, CMC_FAIL_INFO_NONE), LARGE);
    outside(&no, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, &id);
    no.last = 200;
    assert_int_equal(cmc_status_add(t->arena, &no.body.controls, &o, false, &no.last, &err),
                     CMC_OK);
    post(&no);
    assert_int_equal(count(&no, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE), 1);
    assert_true(talk_audited(t, "\"event\":\"reject\"", "serial"));
    talk_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(follow_ups_under_auth_data, setup, teardown),
        cmocka_unit_test_setup_teardown(pops_under_auth_data, setup, teardown),
        cmocka_unit_test_setup_teardown(revocations_under_auth_data, setup, teardown),
        cmocka_unit_test_setup_teardown(one_guess_at_a_passphrase, setup, teardown),
        cmocka_unit_test_setup_teardown(control_processed_under_auth_data, setup, teardown),
        cmocka_unit_test_setup_teardown(auth_data_of_somebody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_shown_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(no_guesses_while_the_store_is_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(the_requester_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(encrypted_poll_by_own_key, setup, teardown),
        cmocka_unit_test_setup_teardown(profile_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(names_with_zeros, setup, teardown),
        cmocka_unit_test_setup_teardown(crls_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_rejection, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
