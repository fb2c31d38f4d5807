/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole exchanges with an authority that is a test double: it knows one officer and a few
 * certificates, and stores nothing. Octet 0 of the input says what the rest is: a whole message,
 * a PKIData that is signed here (so that what lies behind the signature is reached), or a bare
 * PKCS#10; its other bits choose the endpoint's rules.
 *
 * Promises: exactly one answer; an answer that any client can read; no success for what was
 * refused; nothing issued without a request that asks for it.
 */
#include "fuzz.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"
#include "message/body.h"
#include "message/status.h"
#include "party.h"
#include "responder/responder.h"

#define ARENA_OCTETS (64u * 1024u * 1024u)
#define NOW          1790000000

struct world {
    unsigned int issued, commits, committed_certs, committed_changes, answers;
    bool fail_commit;
};

/* -- the double -------------------------------------------------------------------------- */

static enum cmc_rc identify(void *self, struct cmc_slice cert, const struct cmc_slice *chain,
                            size_t nchain, int64_t now, struct cmc_arena *arena,
                            struct cmc_requester *out, struct cmc_err *err)
{
    const struct fuzz_party *p = fuzz_party();
    struct cmc_cert decoded = {0};

    (void)self, (void)chain, (void)nchain, (void)now;
    if (!cmc_slice_eq(cert, p->cert) ||
        cmc_decode(&cmc_it_cert, p->cert, arena, &decoded, NULL) != CMC_OK)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, NULL, "not known");
    *out = (struct cmc_requester){.kind = CMC_REQUESTER_OFFICER,
                                  .name = "fuzz",
                                  .roles = CMC_ROLE_ENROLL | CMC_ROLE_REVOKE | CMC_ROLE_RA,
                                  .cmc_ra = true,
                                  .cert = p->cert,
                                  .subject = CMC_SLICE_LIT("\x30\x00"),
                                  .spki = decoded.tbs.spki.raw,
                                  .key = p->key};
    return CMC_OK;
}

static enum cmc_rc check(void *self, const struct cmc_issue_order *order, struct cmc_arena *arena,
                         struct cmc_err *err)
{
    (void)self, (void)arena;
    PROMISE(order->request != NULL && order->key != NULL && order->profile != NULL);
    if (order->request->extensions.n > 3)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_UNSUPPORTED_EXT, NULL, "too many");
    if (order->due != NULL)
        *order->due = *order->request;
    return CMC_OK;
}

static enum cmc_rc issue(void *self, const struct cmc_issue_order *order, struct cmc_arena *arena,
                         struct cmc_issued *out, struct cmc_err *err)
{
    struct world *w = self;

    (void)order, (void)arena, (void)err;
    w->issued++;
    *out = (struct cmc_issued){.cert = fuzz_party()->cert};
    out->record.der = out->cert;
    out->record.issuer = out->record.subject = CMC_SLICE_LIT("\x30\x00");
    out->record.serial = CMC_SLICE_LIT("\x01");
    return CMC_OK;
}

/* Serial 1 is valid, 2 revoked, 3 on hold; there are no others. */
static enum cmc_rc find(void *self, struct cmc_slice issuer, struct cmc_slice serial,
                        struct cmc_arena *arena, struct cmc_cert_record *out, struct cmc_err *err)
{
    (void)self, (void)arena;
    if (serial.n != 1 || serial.p[0] < 1 || serial.p[0] > 3)
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "no such certificate");
    *out = (struct cmc_cert_record){
        .issuer = issuer,
        .serial = serial,
        .der = fuzz_party()->cert,
        .state = serial.p[0] == 1   ? CMC_CERT_VALID
                 : serial.p[0] == 2 ? CMC_CERT_REVOKED
                                    : CMC_CERT_HELD,
    };
    return CMC_OK;
}

/* One secret: that of alice, which also revokes serial 1. It is known to the seeds. */
static enum cmc_rc secret(void *self, const struct cmc_secret_query *q, struct cmc_arena *arena,
                          struct cmc_secret_found *out, struct cmc_err *err)
{
    bool known = q->purpose == CMC_SECRET_ENROLL ? cmc_slice_eq(q->name, CMC_SLICE_LIT("alice"))
                                                 : q->serial.n == 1 && q->serial.p[0] == 1;

    (void)self, (void)arena, (void)err;
    *out = (struct cmc_secret_found){.value = CMC_SLICE_LIT("sixteen or more characters"),
                                     .unusable = known ? NULL : "unknown",
                                     .id = known,
                                     .max_failures = 5};
    return CMC_OK;
}

static enum cmc_rc crl(void *self, const struct cmc_crl_query *query, struct cmc_arena *arena,
                       struct cmc_slice *out, struct cmc_err *err)
{
    (void)self, (void)arena;
    if (query->has_before)
        return cmc_fail_info(err, CMC_E_NOTFOUND, CMC_FAIL_BAD_REQUEST, NULL, "not that old");
    *out = CMC_SLICE_LIT("\x30\x00");
    return CMC_OK;
}

static const struct cmc_publishing *publishing(void *self)
{
    static const struct cmc_publishing here = {.url = "http://ca.test/"};

    (void)self;
    return &here;
}

static enum cmc_rc find_digest(void *self, const uint8_t digest[CMC_SHA256_OCTETS],
                               struct cmc_arena *arena, struct cmc_slice *der, struct cmc_err *err)
{
    (void)self, (void)arena;
    if (digest[0] != 1)
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "no such certificate");
    *der = fuzz_party()->cert;
    return CMC_OK;
}

static enum cmc_rc anchors(void *self, struct cmc_arena *arena, struct cmc_anchor_set *out,
                           struct cmc_err *err)
{
    (void)self, (void)arena, (void)err;
    *out = (struct cmc_anchor_set){.sequence = 7, .certs = &fuzz_party()->cert, .ncerts = 1};
    return CMC_OK;
}

static enum cmc_rc remembered(void *self, const uint8_t digest[CMC_SHA256_OCTETS],
                              struct cmc_arena *arena, struct cmc_answer *out, struct cmc_err *err)
{
    (void)self, (void)digest, (void)arena, (void)out;
    return cmc_fail(err, CMC_E_NOTFOUND, NULL, "never seen");
}

static enum cmc_rc sign_response(void *self, const struct cmc_response *response, int64_t now,
                                 struct cmc_arena *arena, struct cmc_slice *out,
                                 struct cmc_err *err)
{
    (void)self, (void)now, (void)err;
    *out = fuzz_sign(cmc_oid_id_cct_PKIResponse, response->body, arena);
    return CMC_OK;
}

static void chain(void *self, const struct cmc_slice **certs, size_t *n)
{
    (void)self;
    *certs = &fuzz_party()->cert;
    *n = 1;
}

static struct cmc_slice issuer(void *self)
{
    (void)self;
    return CMC_SLICE_LIT("\x30\x00");
}

static enum cmc_rc commit(void *self, const struct cmc_txn *txn, cmc_commit_done_fn done, void *arg,
                          struct cmc_err *err)
{
    struct world *w = self;

    w->commits++;
    for (size_t i = 0; i < txn->naudits; i++)
        PROMISE(txn->audits[i].json != NULL && txn->audits[i].json[0] == '{');
    for (size_t i = 0; i < txn->nsecrets; i++)
        PROMISE(!txn->secrets[i].used ||
                (txn->secrets[i].id != 0 && txn->ncerts + txn->nchanges > 0));
    PROMISE(txn->ncerts + txn->nchanges == 0 || txn->request_digest != NULL);
    if (w->fail_commit)
        return cmc_fail(err, CMC_E_RETRY, NULL, "full");
    w->committed_certs += (unsigned int)txn->ncerts;
    w->committed_changes += (unsigned int)txn->nchanges;
    done(arg, CMC_OK, NULL);
    return CMC_OK;
}

static enum cmc_rc challenge_secrets(void *self, int64_t now, struct cmc_challenge_secrets *out,
                                     struct cmc_err *err)
{
    (void)self;
    (void)now;
    (void)err;
    *out = (struct cmc_challenge_secrets){.now = {1}, .before = {2}};
    return CMC_OK;
}

/* Nothing waits here, and every nonce is new. */
static enum cmc_rc held(void *self, const uint8_t token_digest[CMC_TXN_DIGEST_OCTETS],
                        struct cmc_arena *arena, struct cmc_held *out, struct cmc_err *err)
{
    (void)self, (void)token_digest, (void)arena, (void)out;
    return cmc_fail(err, CMC_E_NOTFOUND, NULL, "nothing waits");
}

static enum cmc_rc await(void *self, struct cmc_slice of, struct cmc_slice serial,
                         struct cmc_arena *arena, struct cmc_await *out, struct cmc_err *err)
{
    (void)self, (void)of, (void)serial, (void)arena, (void)out;
    return cmc_fail(err, CMC_E_NOTFOUND, NULL, "nothing waits");
}

static enum cmc_rc await_each(void *self, struct cmc_slice transaction_id,
                              enum cmc_rc (*fn)(void *arg, const struct cmc_await *a), void *arg,
                              struct cmc_err *err)
{
    (void)self, (void)transaction_id, (void)fn, (void)arg, (void)err;
    return CMC_OK;
}

static enum cmc_rc nonce(void *self, const uint8_t key[CMC_NONCE_KEY_OCTETS],
                         struct cmc_nonce_use *out, struct cmc_err *err)
{
    (void)self, (void)key, (void)out;
    return cmc_fail(err, CMC_E_NOTFOUND, NULL, "new");
}

static enum cmc_rc nonce_secret(void *self, uint8_t out[CMC_TXN_DIGEST_OCTETS], struct cmc_err *err)
{
    (void)self, (void)err;
    memset(out, 7, CMC_TXN_DIGEST_OCTETS);
    return CMC_OK;
}

static enum cmc_rc dh_pop(void *self, struct cmc_dh_pop *out, struct cmc_err *err)
{
    (void)self;
    (void)out;
    return cmc_fail(err, CMC_E_NOTFOUND, NULL, "none");
}

static const struct cmc_authority_ops ops = {
    .held = held,
    .await = await,
    .await_each = await_each,
    .nonce = nonce,
    .nonce_secret = nonce_secret,
    .dh_pop = dh_pop,
    .challenge_secrets = challenge_secrets,
    .identify = identify,
    .check = check,
    .issue = issue,
    .secret = secret,
    .find = find,
    .crl = crl,
    .anchors = anchors,
    .publishing = publishing,
    .find_digest = find_digest,
    .remembered = remembered,
    .sign_response = sign_response,
    .chain = chain,
    .issuer = issuer,
    .commit = commit,
};

/* -- the answer -------------------------------------------------------------------------- */

struct heard {
    struct world *w;
    struct cmc_arena *arena;
    bool again;
    enum cmc_rc commit_rc;
    unsigned int status;
};

/* An answer to a message with a MAC has one by the same secret. */
static bool read_mac(struct heard *h, struct cmc_slice body, struct cmc_encap_content *out)
{
    struct cmc_content_info ci = {0};
    struct cmc_authenticated_data ad;

    PROMISE(cmc_decode(&cmc_it_content_info, body, h->arena, &ci, NULL) == CMC_OK);
    if (!cmc_slice_eq(ci.content_type, cmc_oid_id_ct_authData))
        return false;
    PROMISE(cmc_authenticated_data_read(&ci, h->arena, &ad, NULL) == CMC_OK);
    PROMISE(cmc_authenticated_data_check(fuzz_party()->crypto, &ad,
                                         CMC_SLICE_LIT("alicesixteen or more characters"), false,
                                         h->arena, NULL) == CMC_OK);
    *out = ad.encap;
    return true;
}

static void check_full(struct heard *h, struct cmc_slice body)
{
    struct cmc_signed_data sd = {0};
    struct cmc_pkiresponse resp = {0};
    struct cmc_outcome *outcomes;
    unsigned int good = 0;
    size_t n;

    if (!read_mac(h, body, &sd.encap))
        PROMISE(cmc_signed_data_open(body, h->arena, &sd, NULL) == CMC_OK);
    PROMISE(cmc_slice_eq(sd.encap.type, cmc_oid_id_cct_PKIResponse));
    PROMISE(cmc_pkiresponse_open(sd.encap.content, h->arena, &resp, NULL) == CMC_OK);
    PROMISE(cmc_status_read(h->arena, &resp.controls, &outcomes, &n, NULL) == CMC_OK);
    PROMISE(n > 0);
    for (size_t i = 0; i < n; i++) {
        PROMISE(outcomes[i].nbody_parts > 0);
        PROMISE(outcomes[i].text.n > 0 && outcomes[i].text.n <= CMC_LIMIT_STATUS_STRING);
        if (outcomes[i].status == CMC_STATUS_SUCCESS)
            good += (unsigned int)outcomes[i].nbody_parts;
        PROMISE((outcomes[i].status == CMC_STATUS_FAILED) ==
                (outcomes[i].fail_info != CMC_FAIL_INFO_NONE));
    }
    /* What succeeded was committed before it was told, and nothing else was. */
    PROMISE(h->w->committed_certs + h->w->committed_changes <= good);
}

static void hear(void *arg, const struct cmc_reply *reply)
{
    struct heard *h = arg;

    h->w->answers++;
    h->again = reply->again;
    h->commit_rc = reply->commit_rc;
    if (reply->again)
        return;
    h->status = reply->http_status;
    PROMISE(reply->reason != NULL && reply->reason[0] != '\0');
    switch (reply->http_status) {
    case 200:
        PROMISE(reply->content_type != NULL && reply->body.n > 0);
        if (strcmp(reply->content_type, CMC_MEDIA_RESPONSE) == 0)
            check_full(h, reply->body);
        else
            PROMISE(h->w->committed_certs > 0 || h->w->issued == 0); /* or it was a question */
        break;
    case 204:
        PROMISE(reply->body.n == 0 && h->w->issued == 0);
        break;
    case 400:
        PROMISE(reply->body.n > 0 && h->w->issued == 0 && h->w->commits == 0);
        break;
    case 503:
        break; /* out of memory: the arena has its limit */
    default:
        PROMISE(!"an HTTP status that has no reason");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_party *p = fuzz_party();
    struct cmc_arena *arena = cmc_arena_new(ARENA_OCTETS);
    struct world w = {0};
    const struct cmc_authority auth = {&ops, &w};
    struct heard h = {.w = &w, .arena = arena};
    struct cmc_endpoint_rules rules = {.path = "/fuzz", .profile = "fuzz"};
    struct cmc_exchange x = {.rules = &rules, .now = NOW, .peer = "192.0.2.1:1"};
    struct cmc_responder *r = NULL;
    unsigned int asked = 0;

    PROMISE(arena != NULL);
    if (size < 2)
        goto out;
    PROMISE(cmc_responder_new(p->crypto, &auth, NULL, &r, NULL) == CMC_OK);
    x.body = cmc_slice(data + 2, size - 2);
    x.type = data[0] % 3 == 2 ? CMC_TYPE_PKCS10 : CMC_TYPE_CMC;
    if (data[0] % 3 == 1)
        x.body = fuzz_sign(cmc_oid_id_cct_PKIData, x.body, arena);
    x.form = (enum cmc_answer_form)((data[0] >> 2) & 3);
    if ((data[0] & 0x10) != 0)
        x.tls_cert = p->cert;
    w.fail_commit = (data[0] & 0x60) == 0x60;
    rules.require_officer = (data[1] & 1) != 0;
    rules.allow_renewal = (data[1] & 2) != 0;
    rules.same_key_renewal = (data[1] & 4) != 0;
    rules.revoke = (data[1] & 8) == 0;
    rules.revoke_max = (data[1] & 16) != 0;
    rules.reasons = (data[1] & 32) != 0 ? CMC_REASONS_NEXUS : CMC_REASONS_RFC5280;
    rules.mandatory_fields_only = rules.revoke_max != 0;
    if (rules.revoke_max == 0)
        rules.ra = CMC_RA_TEMPLATE | CMC_RA_POP | CMC_RA_IDENTITY | CMC_RA_CONTROLS;
    rules.status_v1 = (data[1] & 64) != 0;
    rules.lax_ids = rules.dogtag = rules.allow_weak = (data[1] & 128) != 0;
    rules.secrets = (data[0] & 0x80) != 0;
    rules.publish_anchors = (data[1] & 12) == 12;
    rules.publish = (data[1] & 8) == 0;
    rules.retrieve = (enum cmc_retrieve)(data[1] & 3);
    do {
        cmc_respond(r, &x, hear, &h);
        asked++;
        PROMISE(w.answers == asked); /* this double commits at once */
        x.attempt++;
        x.commit_rc = h.commit_rc;
    } while (h.again && asked < 20);
    PROMISE(!h.again);
    PROMISE(!w.fail_commit || w.committed_certs + w.committed_changes == 0);
out:
    cmc_responder_free(r);
    cmc_arena_free(arena);
    return 0;
}
