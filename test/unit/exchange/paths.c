/* SPDX-License-Identifier: Apache-2.0 */
/* The ways, each with what every message of it has to bring about. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/anchors.h"
#include "client/retrieve.h"
#include "cms/authenticated_data.h"
#include "control/cert_ref.h"
#include "walk.h"

#define MINUTES    60
#define HOURS      3600
#define POLL       (15 * MINUTES)
#define WINDOW     (10 * MINUTES)
#define CRMF_ID    77u
#define PBKDF2     1000u
#define WELL       .status = CMC_STATUS_SUCCESS, .fail_info = CMC_FAIL_INFO_NONE
#define CERT       .ncerts = 1, .effect = {.certs = 1}
#define REFUSED(f) .status = CMC_STATUS_FAILED, .fail_info = (f)
#define WAITS      .status = CMC_STATUS_PENDING, .fail_info = CMC_FAIL_INFO_NONE

/* -- certification requests ------------------------------------------------------------------ */

enum form { CRMF = 1, UNSIGNED = 2 };

static struct cmc_slice ski_of(struct walk *w, EVP_PKEY *key)
{
    uint8_t *ski = cmc_arena_alloc(w->t->arena, CMC_SKI_OCTETS);
    struct cmc_slice spki;

    assert_int_equal(cmc_key_spki(key, w->t->arena, &spki, NULL), CMC_OK);
    assert_int_equal(cmc_spki_ski(w->t->crypto, spki, ski, NULL), CMC_OK);
    return cmc_slice(ski, CMC_SKI_OCTETS);
}

/* For key number i; it asks for an SKI, so that its key may sign the message. */
static struct cmc_slice *request(struct walk *w, size_t i, int form)
{
    struct cmc_request_params p = {
        .key = w->keys[i], .cert_req_id = CRMF_ID, .no_signature = (form & UNSIGNED) != 0};
    struct cmc_extension ext = {.extn_id = cmc_oid_id_ce_subjectKeyIdentifier};
    struct cmc_slice ski = ski_of(w, w->keys[i]);

    assert_int_equal(cmc_name_parse("CN=alice", w->t->arena, &p.subject, NULL), CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_octet_string, &ski, w->t->arena, &ext.value, NULL),
                     CMC_OK);
    p.exts = &ext;
    p.nexts = 1;
    assert_int_equal((form & CRMF) != 0
                         ? cmc_crmf_create(w->t->crypto, &p, w->t->arena, &w->requests[i], NULL)
                         : cmc_pkcs10_create(w->t->crypto, &p, w->t->arena, &w->requests[i], NULL),
                     CMC_OK);
    return &w->requests[i];
}

static void ask_pkcs10(struct walk *w)
{
    w->rq.pkcs10 = request(w, 0, 0);
    w->rq.npkcs10 = 1;
}

static void ask_crmf(struct walk *w)
{
    w->rq.crmf = request(w, 0, CRMF);
    w->rq.ncrmf = 1;
}

static void ask_several(struct walk *w)
{
    w->rq.pkcs10 = request(w, 0, 0);
    (void)request(w, 1, 0);
    w->rq.npkcs10 = 2;
    w->rq.crmf = request(w, 2, CRMF);
    w->rq.ncrmf = 1;
}

static void ask_unsigned(struct walk *w)
{
    w->rq.pkcs10 = request(w, 0, UNSIGNED);
    w->rq.npkcs10 = 1;
}

static void answer_challenge(struct walk *w)
{
    if (cmc_answer_challenge(w->t->crypto, &w->answer, &w->state, w->requests[0], w->keys[0],
                             w->t->arena, &w->rq, &w->err) != CMC_OK)
        fail_msg("%s", w->err.text);
}

/* -- who asks -------------------------------------------------------------------------------- */

static void itself(struct walk *w)
{
    w->signer = (struct cmc_cms_signer){
        .key = w->keys[0], .sid = CMC_SID_SKI, .ski = ski_of(w, w->keys[0])};
    w->signer_cert = CMC_SLICE_NONE;
}

static void with_secrets(struct walk *w)
{
    w->t->rules.secrets = true;
}

/* Another secret for each walk, since wrong ones lock it. */
static void by_secret(struct walk *w)
{
    itself(w);
    test_secret_add(w->t, (struct cmc_secret){.name = w->name}, SECRET);
    w->secret = (struct cmc_shared_secret){
        .secret = CMC_SLICE_LIT(SECRET),
        .identification = cmc_slice_str(w->name),
        .hash = cmc_digest_alg(CMC_DIGEST_SHA256),
        .mac = cmc_mac_by_digest(CMC_DIGEST_SHA256),
        .link = CMC_LINK_HASH,
        .link_hash = cmc_digest_alg(CMC_DIGEST_SHA256),
        .link_mac = cmc_mac_by_digest(CMC_DIGEST_SHA256),
    };
}

static void ask_with_proof(struct walk *w)
{
    ask_pkcs10(w);
    w->rq.secret = &w->secret;
    w->rq.keys = w->keys;
}

static void ask_crmf_with_proof(struct walk *w)
{
    ask_crmf(w);
    w->rq.secret = &w->secret;
    w->rq.keys = w->keys;
}

static void of_holder(struct walk *w)
{
    w->place->who = test_party_new(w->t, "dual", "CN=alice");
}

static void of_server(struct walk *w)
{
    w->place->who = test_party_new(w->t, "ee", "CN=alice");
}

static void by_holder(struct walk *w)
{
    w->signer = (struct cmc_cms_signer){.key = w->place->who.key, .cert = w->place->who.cert};
    w->signer_cert = w->place->who.cert;
}

static void of_ra(struct walk *w)
{
    w->place->who = test_party_new(w->t, "ra", "CN=Registration");
    test_officer_add(w->t, "ruth", &w->place->who, CMC_ROLE_RA | CMC_ROLE_ENROLL);
    w->t->rules.profile = "all";
    w->t->rules.ra = CMC_RA_TEMPLATE | CMC_RA_POP;
}

/* -- revocation ------------------------------------------------------------------------------ */

static void a_victim(struct walk *w)
{
    struct cmc_cert c = {0};

    w->party = test_party_new(w->t, "ee", "CN=victim");
    assert_int_equal(cmc_decode(&cmc_it_cert, w->party.cert, w->t->arena, &c, NULL), CMC_OK);
    w->revocation =
        (struct cmc_revocation){.issuer = c.tbs.issuer, .serial = c.tbs.serial, .reason = 4};
}

static void revoke(struct walk *w)
{
    w->rq.revocations = &w->revocation;
    w->rq.nrevocations = 1;
}

static void a_victim_with_passphrase(struct walk *w)
{
    a_victim(w);
    test_secret_add(w->t,
                    (struct cmc_secret){.name = w->name,
                                        .purpose = CMC_SECRET_REVOKE,
                                        .issuer = w->revocation.issuer,
                                        .serial = w->revocation.serial},
                    SECRET);
    w->revocation.passphrase = CMC_SLICE_LIT(SECRET);
    w->signer = (struct cmc_cms_signer){0};
    w->signer_cert = CMC_SLICE_NONE;
}

/* -- what takes its time --------------------------------------------------------------------- */

static void with_approval(struct walk *w)
{
    w->t->rules.approvals = 1;
    w->t->rules.poll_seconds = POLL;
}

static void with_confirmation(struct walk *w)
{
    w->t->rules.confirm_seconds = WINDOW;
}

static void with_both(struct walk *w)
{
    with_approval(w);
    with_confirmation(w);
}

static enum cmc_rc newest(void *arg, const struct cmc_held *h)
{
    *(int64_t *)arg = h->id;
    return CMC_OK;
}

static void decide(struct walk *w, bool approve)
{
    struct cmc_held_decision d = {.approve = approve,
                                  .by = "admin",
                                  .text = approve ? NULL : "no such host",
                                  .at = TEST_NOW + w->t->later};
    enum cmc_held_state state;
    struct cmc_reader *reader;

    assert_int_equal(cmc_reader_new(w->t->store, &reader, NULL), CMC_OK);
    assert_int_equal(cmc_reader_held_each(reader, true, newest, &d.id, NULL), CMC_OK);
    cmc_reader_free(reader);
    assert_int_equal(cmc_store_held_decide(w->t->store, &d, &state, NULL), CMC_OK);
}

static void wait_for_it(struct walk *w)
{
    w->t->later += POLL;
}

static void approve(struct walk *w)
{
    wait_for_it(w);
    decide(w, true);
}

static void refuse(struct walk *w)
{
    wait_for_it(w);
    decide(w, false);
}

static void poll(struct walk *w)
{
    w->pending.recipient_nonce = w->follow.recipient_nonce;
    assert_int_equal(cmc_pending_query(&w->pending, 1, w->t->arena, &w->rq, NULL), CMC_OK);
}

static void a_minute(struct walk *w)
{
    w->t->later += MINUTES;
}

static void confirm(struct walk *w)
{
    assert_int_equal(cmc_confirm_accept(w->cert, &w->follow, w->t->arena, &w->rq, NULL), CMC_OK);
}

static void reject(struct walk *w)
{
    assert_int_equal(cmc_confirm_reject(w->request_id, CMC_FAIL_BAD_REQUEST,
                                        "not what was asked for", &w->follow, w->t->arena, &w->rq,
                                        NULL),
                     CMC_OK);
}

/* -- retrieval and publication --------------------------------------------------------------- */

static void with_retrieval(struct walk *w)
{
    w->t->rules.retrieve = CMC_RETRIEVE_AUTHENTICATED;
}

static struct cmc_issuer_serial of_responder(struct walk *w)
{
    struct cmc_cert c = {0};

    assert_int_equal(cmc_decode(&cmc_it_cert, w->t->resp.cert, w->t->arena, &c, NULL), CMC_OK);
    return (struct cmc_issuer_serial){c.tbs.issuer, c.tbs.serial};
}

static void get_cert(struct walk *w)
{
    const struct cmc_issuer_serial ref = of_responder(w);

    assert_int_equal(cmc_get_cert_control(&ref, w->t->arena, &w->control, NULL), CMC_OK);
    w->rq.controls = &w->control;
    w->rq.ncontrols = 1;
}

static struct cmc_issuers issuers_of(struct walk *w)
{
    return (struct cmc_issuers){
        .certs = &w->t->root.cert, .ncerts = 1, .now = TEST_NOW + w->t->later};
}

static void got_cert(struct walk *w)
{
    const struct cmc_issuer_serial ref = of_responder(w);
    const struct cmc_issuers issuers = issuers_of(w);
    struct cmc_slice cert;

    assert_int_equal(
        cmc_answer_get_cert(w->t->crypto, &w->answer, &ref, &issuers, w->t->arena, &cert, NULL),
        CMC_OK);
    assert_true(cmc_slice_eq(cert, w->t->resp.cert));
}

static struct cmc_crl_wish wish_of(struct walk *w)
{
    return (struct cmc_crl_wish){.issuer = of_responder(w).issuer};
}

static void get_crl(struct walk *w)
{
    const struct cmc_crl_wish wish = wish_of(w);

    assert_int_equal(cmc_get_crl_control(&wish, w->t->arena, &w->control, NULL), CMC_OK);
    w->rq.controls = &w->control;
    w->rq.ncontrols = 1;
}

static void got_crl(struct walk *w)
{
    const struct cmc_crl_wish wish = wish_of(w);
    const struct cmc_issuers issuers = issuers_of(w);
    struct cmc_slice crl;

    if (cmc_answer_get_crl(w->t->crypto, &w->answer, &wish, &issuers, w->t->arena, &crl, &w->err) !=
        CMC_OK)
        fail_msg("%s", w->err.text);
}

static void with_anchors(struct walk *w)
{
    struct cmc_slice both[2];
    struct cmc_anchor_set set = {.at = TEST_NOW, .certs = both, .ncerts = 2};

    w->t->rules.publish_anchors = true;
    w->t->rules.secrets = true;
    w->place->next = test_party_new(w->t, "root", "CN=Next Root");
    both[0] = w->t->root.cert;
    both[1] = w->place->next.cert;
    assert_int_equal(cmc_store_anchors_put(w->t->store, &set, NULL), CMC_OK);
}

static void nobody(struct walk *w)
{
    w->signer = (struct cmc_cms_signer){0};
    w->signer_cert = CMC_SLICE_NONE;
}

static void nobody_with_secret(struct walk *w)
{
    nobody(w);
    test_secret_add(w->t, (struct cmc_secret){.name = w->name}, SECRET);
}

static void ask_nothing(struct walk *w)
{
    (void)w;
}

static void ask_under_mac(struct walk *w)
{
    struct cmc_extra_control *proof;

    assert_int_equal(cmc_anchors_proof(w->t->crypto, cmc_slice_str(w->name), cmc_slice_str(SECRET),
                                       w->t->arena, &proof, NULL),
                     CMC_OK);
    w->rq.controls = proof;
    w->rq.ncontrols = 2;
}

static void got_anchors_by(struct walk *w, bool secret)
{
    const struct cmc_trust trust = {
        .anchors = &w->t->root.cert, .nanchors = 1, .now = TEST_NOW + w->t->later};
    struct cmc_anchor_policy policy = {.now = TEST_NOW + w->t->later};
    struct cmc_anchor_update u;

    if (secret) {
        policy.identification = cmc_slice_str(w->name);
        policy.secret = CMC_SLICE_LIT(SECRET);
    }
    if (cmc_anchors_read(w->t->crypto, &w->answer, &w->state, secret ? NULL : &trust, &policy,
                         w->t->arena, &u, &w->err) != CMC_OK)
        fail_msg("%s", w->err.text);
    assert_int_equal(u.ncerts, 2);
    assert_int_equal(u.by_secret, secret);
}

static void got_anchors(struct walk *w)
{
    got_anchors_by(w, false);
}

static void got_anchors_by_mac(struct walk *w)
{
    got_anchors_by(w, true);
}

static void with_publishing(struct walk *w)
{
    w->t->rules.publish = true;
}

static void publish(struct walk *w)
{
    struct cmc_publish_cert *p = cmc_arena_alloc(w->t->arena, sizeof *p);
    uint8_t *digest = cmc_arena_alloc(w->t->arena, CMC_DIGEST_MAX);
    struct cmc_slice *to = cmc_list_add(w->t->arena, &cmc_it_set_any, &p->cert_hashes, 1);
    size_t n;

    p->info.action = CMC_PLEASE_PUBLISH;
    cmc_digest_algid(CMC_DIGEST_SHA256, &p->hash);
    assert_int_equal(cmc_digest(w->t->crypto, CMC_DIGEST_SHA256, w->party.cert, digest, &n, NULL),
                     CMC_OK);
    *to = cmc_slice(digest, n);
    w->control = (struct cmc_extra_control){cmc_oid_id_cmc_publishCert, &cmc_it_publish_cert, p};
    w->rq.controls = &w->control;
    w->rq.ncontrols = 1;
}

/* -- controls under a MAC, RFC 10002 section 6.16: no client of ours asks so ------------------- */

static void with_auth_data(struct walk *w)
{
    with_retrieval(w);
    with_secrets(w);
}

static void auth_secret(struct walk *w)
{
    test_secret_add(w->t, (struct cmc_secret){.name = w->name}, SECRET);
}

static void add(struct walk *w, struct cmc_list *controls, uint32_t id, struct cmc_slice type,
                const struct cmc_item *it, const void *value)
{
    assert_int_equal(cmc_control_add(w->t->arena, controls, id, type, it, value, NULL), CMC_OK);
}

static void get_cert_under_mac(struct walk *w)
{
    const struct cmc_issuer_serial ref = of_responder(w);
    const struct cmc_get_cert gc = {{CMC_GN_DIRECTORY, ref.issuer}, ref.serial};
    struct cmc_cms_content what = {
        .type = cmc_oid_id_cct_PKIData, .certs = &w->signer_cert, .ncerts = 1};
    struct cmc_mac_content mac = {.type = cmc_oid_id_cct_PKIData, .rounds = PBKDF2};
    struct cmc_pkidata inner = {0}, body = {0};
    struct cmc_tagged_content_info *tagged =
        cmc_list_add(w->t->arena, &cmc_it_cms_sequence, &body.cms, 1);
    struct cmc_slice id = cmc_slice_str(w->name), nonce, transaction;
    uint32_t to = 20;

    /* The same nonce and transaction as any message of the client's own would have. */
    assert_int_equal(
        cmc_full_request_create(
            w->t->crypto,
            &(struct cmc_full_request){.signer = &w->signer, .certs = &w->signer_cert, .ncerts = 1},
            w->t->arena, &w->state, &w->message, NULL),
        CMC_OK);
    nonce = cmc_slice(w->state.sender_nonce, sizeof w->state.sender_nonce);
    transaction = w->state.transaction_id;
    add(w, &inner.controls, 1, cmc_oid_id_cmc_getCert, &cmc_it_get_cert, &gc);
    assert_int_equal(cmc_pkidata_encode(w->t->arena, &inner, &mac.content, NULL), CMC_OK);
    assert_int_equal(
        cmc_shared_password(id, cmc_slice_str(SECRET), w->t->arena, &mac.password, NULL), CMC_OK);
    tagged->body_part_id = to;
    assert_int_equal(
        cmc_authenticated_data_create(w->t->crypto, &mac, w->t->arena, &tagged->content, NULL),
        CMC_OK);
    add(w, &body.controls, 1, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, &nonce);
    add(w, &body.controls, 2, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, &transaction);
    add(w, &body.controls, 3, cmc_oid_id_cmc_authData, &cmc_it_body_part_id, &to);
    add(w, &body.controls, 4, cmc_oid_id_cmc_identification, &cmc_it_identification, &id);
    assert_int_equal(cmc_pkidata_encode(w->t->arena, &body, &what.content, NULL), CMC_OK);
    assert_int_equal(
        cmc_signed_data_create(w->t->crypto, &what, &w->signer, 1, w->t->arena, &w->message, NULL),
        CMC_OK);
}

/* -- protection ------------------------------------------------------------------------------ */

static void with_encryption(struct walk *w)
{
    struct test_party p = test_party_new(w->t, "dual", "CN=Encryption");

    w->place->encryption = p.cert;
    assert_int_equal(cmc_ca_set0_encryption(w->t->ca, p.key, p.cert, NULL), CMC_OK);
    of_holder(w);
    with_secrets(w);
    w->t->rules.require_officer = false;
}

static void with_encryption_and_approval(struct walk *w)
{
    with_encryption(w);
    with_approval(w);
}

static void envelope(struct walk *w, enum cmc_envelope_form form, bool outside)
{
    by_holder(w);
    w->own = (struct cmc_cms_recipient){.key = w->place->who.key, .cert = w->place->who.cert};
    w->protection = (struct cmc_protection){.envelope = form,
                                            .to = &w->place->encryption,
                                            .nto = 1,
                                            .sign_outside = outside,
                                            .keys = &w->own,
                                            .nkeys = 1};
}

static void auth_enveloped(struct walk *w)
{
    envelope(w, CMC_ENVELOPE_AUTHENTICATED, false);
}

static void enveloped(struct walk *w)
{
    envelope(w, CMC_ENVELOPE_PLAIN, false);
}

static void auth_enveloped_and_signed(struct walk *w)
{
    envelope(w, CMC_ENVELOPE_AUTHENTICATED, true);
}

static void enveloped_and_signed(struct walk *w)
{
    envelope(w, CMC_ENVELOPE_PLAIN, true);
}

static void auth_enveloped_by_itself(struct walk *w)
{
    envelope(w, CMC_ENVELOPE_AUTHENTICATED, false);
    itself(w);
    w->own = (struct cmc_cms_recipient){.key = w->keys[0]};
}

static void with_name(struct walk *w, struct cmc_protection p)
{
    struct cmc_secret s = {.name = w->name};

    assert_int_equal(cmc_name_parse("CN=alice", w->t->arena, &s.subject, NULL), CMC_OK);
    test_secret_add(w->t, s, SECRET);
    p.identification = cmc_slice_str(w->name);
    p.secret = CMC_SLICE_LIT(SECRET);
    p.rounds = PBKDF2;
    w->protection = p;
    itself(w);
}

static void mac(struct walk *w)
{
    with_name(w, (struct cmc_protection){.mac = true});
}

static void mac_in_envelope_of_secret(struct walk *w)
{
    with_name(
        w, (struct cmc_protection){.mac = true, .to_secret = true, .envelope = CMC_ENVELOPE_PLAIN});
}

static void mac_in_envelope_of_key(struct walk *w)
{
    with_name(w, (struct cmc_protection){.mac = true,
                                         .to = &w->place->encryption,
                                         .nto = 1,
                                         .envelope = CMC_ENVELOPE_AUTHENTICATED});
}

static void envelope_of_secret(struct walk *w)
{
    with_name(w,
              (struct cmc_protection){.to_secret = true, .envelope = CMC_ENVELOPE_AUTHENTICATED});
}

static void is_encrypted(struct walk *w)
{
    assert_true(w->answer.encrypted);
}

static void is_authenticated(struct walk *w)
{
    assert_true(w->answer.authenticated);
}

static void is_both(struct walk *w)
{
    is_encrypted(w);
    is_authenticated(w);
}

/* -- what an RA does ------------------------------------------------------------------------- */

static void ask_with_template(struct walk *w)
{
    static uint32_t ids[] = {CRMF_ID}, here[] = {0};
    struct cmc_mod_cert_template *m = cmc_arena_alloc(w->t->arena, sizeof *m);

    *m = (struct cmc_mod_cert_template){
        .pki_data_reference = {here, 1}, .cert_references = {ids, 1}, .replace = true};
    assert_int_equal(cmc_name_parse("CN=changed", w->t->arena, &m->tmpl.subject, NULL), CMC_OK);
    ask_crmf(w);
    w->control =
        (struct cmc_extra_control){cmc_oid_id_cmc_modCertTemplate, &cmc_it_mod_cert_template, m};
    w->rq.controls = &w->control;
    w->rq.ncontrols = 1;
}

static void name_is_changed(struct walk *w)
{
    struct cmc_cert c = {0};
    struct cmc_slice want;

    assert_int_equal(cmc_name_parse("CN=changed", w->t->arena, &want, NULL), CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_cert, w->cert, w->t->arena, &c, NULL), CMC_OK);
    assert_true(cmc_name_eq(c.tbs.subject, want));
}

/* -- the table --------------------------------------------------------------------------------- */

#define TWO_TRIPS                                                                                  \
    {                                                                                              \
        {.make = ask_unsigned, REFUSED(CMC_FAIL_POP_REQUIRED)},                                    \
        {                                                                                          \
            .make = answer_challenge, WELL, CERT, .late = 3 * HOURS,                               \
            .late_fail_info = CMC_FAIL_POP_FAILED                                                  \
        }                                                                                          \
    }

const struct path all_paths[] = {
    {"PKCS#10 by an officer", .steps = {{.make = ask_pkcs10, WELL, CERT}}},
    {"CRMF by an officer", .steps = {{.make = ask_crmf, WELL, CERT}}},
    {"PKCS#10 with a proof of identity and a POP link", .arrange = with_secrets, .begin = by_secret,
     .steps = {{.make = ask_with_proof, WELL, CERT}}},
    {"CRMF with a proof of identity and a POP link", .arrange = with_secrets, .begin = by_secret,
     .steps = {{.make = ask_crmf_with_proof, WELL, CERT}}},
    {"renewal", .arrange = of_server, .begin = by_holder,
     .steps = {{.make = ask_pkcs10, WELL, CERT}}},
    {"several requests",
     .steps = {{.make = ask_several, WELL, .ncerts = 3, .effect = {.certs = 3}}}},
    {"revocation by an officer", .begin = a_victim,
     .steps = {{.make = revoke, WELL, .effect = {.revoked = 1}}}},
    {"revocation by passphrase", .arrange = with_secrets, .begin = a_victim_with_passphrase,
     .steps = {{.make = revoke, WELL, .effect = {.revoked = 1}}}, .unsigned_request = true},
    {"challenge to an RSA key", .key = {{"RSA", NULL}}, .steps = TWO_TRIPS},
    {"challenge to an EC key", .steps = TWO_TRIPS},
    {"challenge to an X25519 key", .key = {{"X25519", NULL}}, .steps = TWO_TRIPS},
    {"held, asked for, approved", .arrange = with_approval,
     .steps = {{.make = ask_pkcs10, WAITS, .effect = {.held = 1}},
               {.make = poll, .before = wait_for_it, WAITS},
               {.make = poll, .before = approve, WELL, CERT}}},
    {"held and refused", .arrange = with_approval,
     .steps = {{.make = ask_pkcs10, WAITS, .effect = {.held = 1}},
               {.make = poll, .before = refuse, REFUSED(CMC_FAIL_BAD_REQUEST)}}},
    {"confirmed", .arrange = with_confirmation,
     .steps = {{.make = ask_pkcs10,
                .status = CMC_STATUS_CONFIRM_REQUIRED,
                .fail_info = CMC_FAIL_INFO_NONE,
                CERT},
               {.make = confirm,
                .before = a_minute,
                WELL,
                .effect = {.confirmed = 1},
                .late = WINDOW,
                .late_fail_info = CMC_FAIL_BAD_REQUEST,
                .late_effect = {.revoked = 1}}}},
    {"rejected", .arrange = with_confirmation,
     .steps = {{.make = ask_pkcs10,
                .status = CMC_STATUS_CONFIRM_REQUIRED,
                .fail_info = CMC_FAIL_INFO_NONE,
                CERT},
               {.make = reject,
                .before = a_minute,
                WELL,
                .effect = {.revoked = 1, .rejected = 1},
                .late = WINDOW,
                .late_fail_info = CMC_FAIL_INFO_NONE,
                .late_effect = {.revoked = 1}}}},
    {"held, approved, confirmed", .arrange = with_both,
     .steps = {{.make = ask_pkcs10, WAITS, .effect = {.held = 1}},
               {.make = poll,
                .before = approve,
                .status = CMC_STATUS_CONFIRM_REQUIRED,
                .fail_info = CMC_FAIL_INFO_NONE,
                CERT},
               {.make = confirm,
                .before = a_minute,
                WELL,
                .effect = {.confirmed = 1},
                .late = WINDOW,
                .late_fail_info = CMC_FAIL_BAD_REQUEST,
                .late_effect = {.revoked = 1}}}},
    {"getCert", .arrange = with_retrieval, .steps = {{.make = get_cert, WELL, .look = got_cert}}},
    {"getCRL", .arrange = with_retrieval, .steps = {{.make = get_crl, WELL, .look = got_crl}}},
    {"trust anchors", .arrange = with_anchors, .begin = nobody,
     .steps = {{.make = ask_nothing, WELL, .look = got_anchors}}, .unsigned_request = true,
     .strange = CMC_FAIL_BAD_IDENTITY},
    {"trust anchors under authData", .arrange = with_anchors, .begin = nobody_with_secret,
     .steps = {{.make = ask_under_mac, WELL, .look = got_anchors_by_mac}}, .unsigned_request = true,
     .strange = CMC_FAIL_BAD_IDENTITY},
    {"publishCert", .arrange = with_publishing, .begin = a_victim,
     .steps = {{.make = publish, WELL, .effect = {.published = 1}}}},
    {"getCert under authData", .arrange = with_auth_data, .begin = auth_secret,
     .steps = {{.craft = get_cert_under_mac, WELL, .look = got_cert}}},
    {"MAC", .arrange = with_encryption, .begin = mac,
     .steps = {{.make = ask_pkcs10, WELL, CERT, .look = is_authenticated}}},
    {"MAC in an envelope, both by a secret", .arrange = with_encryption,
     .begin = mac_in_envelope_of_secret, .untold_when_busy = true,
     .steps = {{.make = ask_pkcs10, WELL, CERT, .look = is_both}}},
    {"MAC in an envelope for a key", .arrange = with_encryption, .begin = mac_in_envelope_of_key,
     .untold_when_busy = true, .steps = {{.make = ask_pkcs10, WELL, CERT, .look = is_both}}},
    {"signature in an envelope by a secret", .arrange = with_encryption,
     .begin = envelope_of_secret, .untold_when_busy = true,
     .steps = {{.make = ask_pkcs10, WELL, CERT, .look = is_encrypted}}},
    {"AuthEnvelopedData", .arrange = with_encryption, .begin = auth_enveloped,
     .steps = {{.make = ask_pkcs10, WELL, CERT, .look = is_encrypted}}},
    {"EnvelopedData", .arrange = with_encryption, .begin = enveloped,
     .steps = {{.make = ask_pkcs10, WELL, CERT, .look = is_encrypted}}},
    {"AuthEnvelopedData, signed outside", .arrange = with_encryption,
     .begin = auth_enveloped_and_signed,
     .steps = {{.make = ask_pkcs10, WELL, CERT, .look = is_encrypted}}},
    {"EnvelopedData, signed outside", .arrange = with_encryption, .begin = enveloped_and_signed,
     .steps = {{.make = ask_pkcs10, WELL, CERT, .look = is_encrypted}}},
    {"AuthEnvelopedData by the key itself", .arrange = with_encryption,
     .begin = auth_enveloped_by_itself,
     .steps = {{.make = ask_pkcs10, WELL, CERT, .look = is_encrypted}}},
    {"held in an envelope", .arrange = with_encryption_and_approval, .begin = auth_enveloped,
     .steps = {{.make = ask_pkcs10, WAITS, .effect = {.held = 1}, .look = is_encrypted},
               {.make = poll, .before = wait_for_it, WAITS, .look = is_encrypted},
               {.make = poll, .before = approve, WELL, CERT, .look = is_encrypted}}},
    {"held in an envelope, by the key itself", .arrange = with_encryption_and_approval,
     .begin = auth_enveloped_by_itself,
     .steps = {{.make = ask_pkcs10, WAITS, .effect = {.held = 1}, .look = is_encrypted},
               {.make = poll, .before = approve, WELL, CERT, .look = is_encrypted}}},
    {"held under a MAC", .arrange = with_encryption_and_approval, .begin = mac,
     .steps = {{.make = ask_pkcs10, WAITS, .effect = {.held = 1}, .look = is_authenticated},
               {.make = poll, .before = wait_for_it, WAITS, .look = is_authenticated},
               {.make = poll, .before = approve, WELL, CERT, .look = is_authenticated}}},
    {"template changed by an RA", .arrange = of_ra, .begin = by_holder,
     .steps = {{.make = ask_with_template, WELL, CERT, .look = name_is_changed}}},
    {0},
};
