/* SPDX-License-Identifier: Apache-2.0 */
/* The authority put together: what workers share, what each has, and the table of functions. */
#include "ca/ca.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/crl_int.h"

/* -- shared ------------------------------------------------------------------------------ */

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the authority");
}

static enum cmc_rc copy_certs(struct cmc_arena *arena, const struct cmc_slice *from, size_t n,
                              struct cmc_slice **to, struct cmc_err *err)
{
    *to = cmc_arena_array(arena, n, sizeof **to);
    if (*to == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        (*to)[i] = cmc_arena_slice(arena, from[i]);
        if ((*to)[i].p == NULL)
            return no_memory(err);
    }
    return CMC_OK;
}

static enum cmc_rc time_of(struct cmc_slice tlv, int64_t *t, struct cmc_err *err)
{
    if (tlv.n < 2 || !cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), t))
        return cmc_fail(err, CMC_E_INPUT, "RFC 5280 section 4.1.2.5", "not a time");
    return CMC_OK;
}

/* RFC 5280 sections 4.2.1.3 and 4.2.1.9: what a CA certificate must say. */
static enum cmc_rc read_ca(struct cmc_ca_shared *s, struct cmc_err *err)
{
    const struct cmc_extension *e;
    struct cmc_basic_constraints bc = {0};
    struct cmc_slice usage = CMC_SLICE_NONE;
    enum cmc_rc rc;

    rc = cmc_decode(&cmc_it_cert, s->chain[0], s->arena, &s->ca_cert, err);
    if (rc == CMC_OK)
        rc = time_of(s->ca_cert.tbs.validity.not_after, &s->ca_not_after, err);
    if (rc != CMC_OK) {
        cmc_err_prefix(err, "CA certificate");
        return CMC_E_USAGE;
    }
    e = cmc_extension_find(&s->ca_cert.tbs.extensions, cmc_oid_id_ce_basicConstraints);
    if (e == NULL ||
        cmc_decode(&cmc_it_basic_constraints, e->value, s->arena, &bc, NULL) != CMC_OK || !bc.ca)
        return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2.1.9",
                        "the CA certificate has no basicConstraints with cA");
    e = cmc_extension_find(&s->ca_cert.tbs.extensions, cmc_oid_id_ce_keyUsage);
    if (e != NULL && (cmc_decode(&cmc_it_bit_string, e->value, s->arena, &usage, NULL) != CMC_OK ||
                      !cmc_bits_get(usage, 5) || !cmc_bits_get(usage, 6)))
        return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2.1.3",
                        "the keyUsage of the CA certificate lacks keyCertSign or cRLSign");
    s->ca_ski = cmc_cert_ski(&s->ca_cert, s->arena);
    return cmc_lint_issuer_read(s->chain, s->npath, s->arena, &s->lint_issuer, err);
}

enum cmc_rc cmc_ca_shared_new(const struct cmc_ca_params *p, struct cmc_ca_shared **out,
                              struct cmc_err *err)
{
    struct cmc_ca_shared *s = calloc(1, sizeof *s);
    enum cmc_rc rc = CMC_E_MEM;

    *out = NULL;
    if (s == NULL)
        return no_memory(err);
    (void)pthread_mutex_init(&s->crl_lock, NULL);
    s->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (s->arena == NULL) {
        rc = no_memory(err);
        goto out;
    }
    s->challenges = p->challenges;
    if (s->challenges == NULL)
        s->challenges = s->own_challenges = cmc_challenges_new();
    if (s->challenges == NULL) {
        rc = no_memory(err);
        goto out;
    }
    s->store = p->store;
    s->nchain = p->nchain;
    s->npath = p->npath > 0 ? p->npath : p->nchain;
    /* Who cross-certifies this CA does not say who its officers are. */
    s->nanchors = p->nofficer_anchors > 0 ? p->nofficer_anchors : s->npath;
    s->ra_any_eku = p->ra_any_eku;
    s->secret_failures = p->secret_failures;
    s->publishes = p->publish_web || p->publish_ldap_url != NULL;
    s->publishing.web = p->publish_web;
    s->publish_wake = p->publish_wake;
    s->publish_arg = p->publish_arg;
    if (p->publish_url != NULL)
        s->publishing.url = cmc_arena_strdup(s->arena, p->publish_url);
    if (p->publish_ldap_url != NULL)
        s->publishing.ldap_url = cmc_arena_strdup(s->arena, p->publish_ldap_url);
    if ((p->publish_url != NULL && s->publishing.url == NULL) ||
        (p->publish_ldap_url != NULL && s->publishing.ldap_url == NULL)) {
        rc = no_memory(err);
        goto out;
    }
    if (p->secrets_key != NULL) {
        s->secrets_key = cmc_arena_dup(s->arena, p->secrets_key, CMC_SEAL_KEY_OCTETS);
        if (s->secrets_key == NULL) {
            rc = no_memory(err);
            goto out;
        }
    }
    rc = copy_certs(s->arena, p->chain, p->nchain, &s->chain, err);
    if (rc == CMC_OK)
        rc = copy_certs(s->arena, p->nofficer_anchors > 0 ? p->officer_anchors : p->chain,
                        s->nanchors, &s->anchors, err);
    if (rc == CMC_OK)
        rc = read_ca(s, err);
    if (rc == CMC_OK)
        rc = cmc_crl_lines_new(s, p, err);
    if (rc != CMC_OK)
        goto out;
    s->responder_cert = cmc_arena_slice(s->arena, p->responder_cert);
    if (s->responder_cert.p != NULL) {
        rc = cmc_decode(&cmc_it_cert, s->responder_cert, s->arena, &s->responder_parsed, err);
        if (rc != CMC_OK) {
            cmc_err_prefix(err, "responder certificate");
            rc = CMC_E_USAGE;
            goto out;
        }
    }
    s->profiles = cmc_arena_array(s->arena, p->nprofiles, sizeof *s->profiles);
    if (s->profiles == NULL) {
        rc = no_memory(err);
        goto out;
    }
    for (size_t i = 0; i < p->nprofiles; i++) {
        rc = cmc_profile_compile(&p->profiles[i], s->crl_sharded ? NULL : p->crl_url,
                                 &s->profiles[i], err);
        if (rc != CMC_OK)
            goto out;
        s->nprofiles++;
        if (s->crl_sharded &&
            cmc_profile_fixes(s->profiles[i], cmc_oid_id_ce_cRLDistributionPoints)) {
            rc = cmc_fail(err, CMC_E_USAGE, NULL,
                          "profile %s: crlDistributionPoints says in which shard of the CRL a "
                          "certificate stands; leave it out",
                          p->profiles[i].name);
            goto out;
        }
        /* By itself: another authority may be the one that issues under it. */
        rc = cmc_profile_lint(s->profiles[i], NULL, s->arena, NULL, NULL, err);
        if (rc != CMC_OK)
            goto out;
    }
    *out = s;
    s = NULL;
out:
    cmc_ca_shared_free(s);
    return rc;
}

void cmc_ca_shared_free(struct cmc_ca_shared *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->nprofiles; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): nprofiles counts what is there */
        cmc_profile_free(s->profiles[i]);
    cmc_crl_lines_free(s);
    (void)pthread_mutex_destroy(&s->crl_lock);
    cmc_challenges_free(s->own_challenges);
    cmc_arena_free(s->arena);
    free(s);
}

/* -- the table --------------------------------------------------------------------------- */

static enum cmc_rc op_find(void *self, struct cmc_slice issuer, struct cmc_slice serial,
                           struct cmc_arena *arena, struct cmc_cert_record *out,
                           struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    struct cmc_slice mine = ca->shared->ca_cert.tbs.subject;

    /* The store knows the Name as we write it; the peer may write an equal one otherwise. */
    if (!cmc_name_eq(issuer, mine))
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "the issuer is not this authority");
    return cmc_reader_cert(ca->reader, mine, serial, arena, out, err);
}

static enum cmc_rc op_remembered(void *self, const uint8_t digest[CMC_SHA256_OCTETS],
                                 struct cmc_arena *arena, struct cmc_answer *out,
                                 struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    enum cmc_rc rc;

    /* Who sent the message is asked next: both are answered as of one moment. */
    cmc_ca_let_go(ca);
    rc = cmc_reader_hold(ca->reader, &ca->generation, err);
    if (rc != CMC_OK)
        return rc;
    ca->holds = true;
    rc = cmc_reader_answer(ca->reader, digest, arena, out, err);
    if (rc != CMC_E_NOTFOUND)
        cmc_ca_let_go(ca);
    return rc;
}

void cmc_ca_let_go(struct cmc_ca *ca)
{
    if (ca->holds)
        cmc_reader_release(ca->reader);
    ca->holds = false;
}

static void op_asked(void *self)
{
    cmc_ca_let_go(self);
}

static enum cmc_rc op_sign_response(void *self, const struct cmc_response *response, int64_t now,
                                    struct cmc_arena *arena, struct cmc_slice *out,
                                    struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    const struct cmc_cms_signer signer = {.key = ca->responder_key,
                                          .sid = CMC_SID_ISSUER_SERIAL,
                                          .cert = ca->shared->responder_cert,
                                          .parsed = &ca->shared->responder_parsed,
                                          .signing_time = true,
                                          .time = now};
    struct cmc_slice *all = cmc_arena_array(arena, response->ncerts + 1, sizeof *all);
    size_t kept = 0;
    struct cmc_cms_content content = {.type = response->type.p != NULL ? response->type
                                                                       : cmc_oid_id_cct_PKIResponse,
                                      .content = response->body,
                                      .certs = all,
                                      .crls = response->crls,
                                      .ncrls = response->ncrls};

    if (all == NULL)
        return no_memory(err);
    /* It may have been asked for, and then is there already. */
    for (size_t i = 0; i < response->ncerts; i++) {
        if (!cmc_slice_eq(response->certs[i], ca->shared->responder_cert))
            all[kept++] = response->certs[i];
    }
    all[kept++] = ca->shared->responder_cert;
    content.ncerts = kept;
    return cmc_signed_data_create(ca->crypto, &content, &signer, 1, arena, out, err);
}

static void op_recipients(void *self, const struct cmc_cms_recipient **keys, size_t *n)
{
    struct cmc_ca *ca = self;

    *keys = &ca->encryption;
    *n = ca->encryption.key != NULL ? 1 : 0;
}

static void op_chain(void *self, const struct cmc_slice **certs, size_t *n)
{
    struct cmc_ca *ca = self;

    *certs = ca->shared->chain;
    *n = ca->shared->nchain;
}

static struct cmc_slice op_issuer(void *self)
{
    struct cmc_ca *ca = self;

    return ca->shared->ca_cert.tbs.subject;
}

static enum cmc_rc op_held(void *self, const uint8_t token_digest[CMC_TXN_DIGEST_OCTETS],
                           struct cmc_arena *arena, struct cmc_held *out, struct cmc_err *err)
{
    struct cmc_ca *ca = self;

    return cmc_reader_held(ca->reader, token_digest, arena, out, err);
}

static enum cmc_rc op_held_for_key(void *self, const uint8_t key_digest[CMC_TXN_DIGEST_OCTETS],
                                   enum cmc_rc (*fn)(void *arg, const struct cmc_held *h),
                                   void *arg, struct cmc_err *err)
{
    struct cmc_ca *ca = self;

    return cmc_reader_held_for_key(ca->reader, key_digest, fn, arg, err);
}

static enum cmc_rc op_approvals(void *self, int64_t id,
                                enum cmc_rc (*fn)(void *arg, const char *by, int64_t at), void *arg,
                                struct cmc_err *err)
{
    struct cmc_ca *ca = self;

    return cmc_reader_approvals(ca->reader, id, fn, arg, err);
}

static enum cmc_rc op_await(void *self, struct cmc_slice issuer, struct cmc_slice serial,
                            struct cmc_arena *arena, struct cmc_await *out, struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    struct cmc_slice mine = ca->shared->ca_cert.tbs.subject;

    if (!cmc_name_eq(issuer, mine))
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "the issuer is not this authority");
    return cmc_reader_await(ca->reader, mine, serial, arena, out, err);
}

/* A transactionId may be in use at several authorities of one store. */
struct own_awaits {
    struct cmc_slice issuer;
    enum cmc_rc (*fn)(void *arg, const struct cmc_await *a);
    void *arg;
};

static enum cmc_rc own_await(void *arg, const struct cmc_await *a)
{
    const struct own_awaits *own = arg;

    return cmc_slice_eq(a->issuer, own->issuer) ? own->fn(own->arg, a) : CMC_OK;
}

static enum cmc_rc op_await_each(void *self, struct cmc_slice transaction_id,
                                 enum cmc_rc (*fn)(void *arg, const struct cmc_await *a), void *arg,
                                 struct cmc_err *err)
{
    struct cmc_ca *ca = self;

    return cmc_reader_await_each(
        ca->reader, transaction_id, own_await,
        &(struct own_awaits){.issuer = ca->shared->ca_cert.tbs.subject, .fn = fn, .arg = arg}, err);
}

static enum cmc_rc op_nonce(void *self, const uint8_t key[CMC_NONCE_KEY_OCTETS],
                            struct cmc_nonce_use *out, struct cmc_err *err)
{
    struct cmc_ca *ca = self;

    return cmc_reader_nonce(ca->reader, key, out, err);
}

static enum cmc_rc op_nonce_secret(void *self, uint8_t out[CMC_TXN_DIGEST_OCTETS],
                                   struct cmc_err *err)
{
    const struct cmc_ca *ca = self;

    (void)err;
    memcpy(out, ca->nonce_secret, sizeof ca->nonce_secret);
    return CMC_OK;
}

/* A commit after which there is something to be published. */
struct publishing_commit {
    struct cmc_ca_shared *shared;
    cmc_commit_done_fn done;
    void *arg;
};

static void published_commit_done(void *arg, enum cmc_rc rc, const struct cmc_err *err)
{
    struct publishing_commit c = *(struct publishing_commit *)arg;

    free(arg);
    if (rc == CMC_OK)
        c.shared->publish_wake(c.shared->publish_arg);
    c.done(c.arg, rc, err);
}

static enum cmc_rc commit_and_wake(struct cmc_ca *ca, const struct cmc_txn *txn,
                                   cmc_commit_done_fn done, void *arg, struct cmc_err *err)
{
    struct publishing_commit *c = malloc(sizeof *c);
    enum cmc_rc rc;

    if (c == NULL)
        return no_memory(err);
    *c = (struct publishing_commit){ca->shared, done, arg};
    rc = cmc_store_submit(ca->shared->store, txn, published_commit_done, c, err);
    if (rc != CMC_OK)
        free(c);
    return rc;
}

static enum cmc_rc op_dh_pop(void *self, struct cmc_dh_pop *out, struct cmc_err *err)
{
    const struct cmc_ca *ca = self;

    if (ca->dh_key == NULL)
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "there is no DH certificate");
    *out = (struct cmc_dh_pop){cmc_buf_get0(&ca->dh_cert), ca->dh_key};
    return CMC_OK;
}

static enum cmc_rc op_commit(void *self, const struct cmc_txn *txn, cmc_commit_done_fn done,
                             void *arg, struct cmc_err *err)
{
    struct cmc_ca *ca = self;

    if (txn->npublications > 0 && ca->shared->publish_wake != NULL)
        return commit_and_wake(ca, txn, done, arg, err);
    return cmc_store_submit(ca->shared->store, txn, done, arg, err);
}

static const struct cmc_authority_ops ops = {
    .identify = cmc_ca_identify,
    .check = cmc_ca_check,
    .officer = cmc_ca_officer,
    .issue = cmc_ca_issue_op,
    .secret = cmc_ca_secret,
    .find = op_find,
    .crl = cmc_ca_crl_op,
    .anchors = cmc_ca_anchors_op,
    .publishing = cmc_ca_publishing,
    .find_digest = cmc_ca_find_digest,
    .remembered = op_remembered,
    .asked = op_asked,
    .sign_response = op_sign_response,
    .recipients = op_recipients,
    .chain = op_chain,
    .issuer = op_issuer,
    .challenge_secrets = cmc_ca_challenge_secrets,
    .held = op_held,
    .held_for_key = op_held_for_key,
    .approvals = op_approvals,
    .await = op_await,
    .await_each = op_await_each,
    .nonce = op_nonce,
    .nonce_secret = op_nonce_secret,
    .dh_pop = op_dh_pop,
    .commit = op_commit,
};

/* -- a worker's -------------------------------------------------------------------------- */

/* Does the private key belong to the certificate? */
static enum cmc_rc check_key(const struct cmc_crypto *c, EVP_PKEY *key, struct cmc_slice cert,
                             const char *whose, struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_cert decoded = {0};
    EVP_PKEY *pub = NULL;
    enum cmc_rc rc;

    if (arena == NULL)
        return no_memory(err);
    rc = cmc_decode(&cmc_it_cert, cert, arena, &decoded, err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(c, decoded.tbs.spki.raw, &pub, err);
    if (rc != CMC_OK) {
        cmc_err_prefix(err, "%s certificate", whose);
        rc = CMC_E_USAGE;
    } else if (EVP_PKEY_eq(pub, key) != 1) {
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the %s key does not belong to its certificate",
                      whose);
    }
    EVP_PKEY_free(pub);
    cmc_arena_free(arena);
    return rc;
}

/* What each profile is signed with, NULL where the key cannot: another authority may be the one
 * that issues under it. */
static enum cmc_rc choose_algorithms(struct cmc_ca *ca, EVP_PKEY *ca_key, struct cmc_err *err)
{
    size_t n = ca->shared->nprofiles;

    ca->profile_alg = calloc(n + 1, sizeof(const struct cmc_sig_alg *));
    if (ca->profile_alg == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        if (cmc_profile_signature(ca->shared->profiles[i], ca_key, &ca->profile_alg[i], NULL) !=
            CMC_OK)
            ca->profile_alg[i] = NULL;
    }
    return CMC_OK;
}

enum cmc_rc cmc_ca_new(struct cmc_ca_shared *shared, const struct cmc_crypto *crypto,
                       EVP_PKEY *ca_key, EVP_PKEY *responder_key, struct cmc_ca **out,
                       struct cmc_err *err)
{
    struct cmc_ca *ca = calloc(1, sizeof *ca);
    enum cmc_rc rc;

    *out = NULL;
    if (ca == NULL)
        return no_memory(err);
    ca->shared = shared;
    ca->crypto = crypto;
    cmc_buf_init(&ca->no_secret, CMC_LIMIT_SECRET_OCTETS);
    cmc_buf_init(&ca->dh_cert, CMC_LIMIT_MESSAGE_OCTETS);
    rc = check_key(crypto, ca_key, shared->chain[0], "CA", err);
    if (rc == CMC_OK && responder_key != NULL)
        rc = check_key(crypto, responder_key, shared->responder_cert, "responder", err);
    if (rc != CMC_OK)
        goto out;
    ca->ca_alg = cmc_sig_default(ca_key);
    if (ca->ca_alg == NULL) {
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the CA key is of a kind that cannot sign");
        goto out;
    }
    rc = choose_algorithms(ca, ca_key, err);
    if (rc == CMC_OK)
        rc = cmc_ca_trust_new(ca, err);
    if (rc == CMC_OK)
        rc = cmc_ca_secret_init(ca, err);
    if (rc == CMC_OK)
        rc = cmc_reader_new(shared->store, &ca->reader, err);
    if (rc == CMC_OK)
        rc = cmc_reader_nonce_secret(ca->reader, ca->nonce_secret, err);
    if (rc != CMC_OK)
        goto out;
    ca->ca_key = ca_key;
    ca->responder_key = responder_key;
    ca->authority = (struct cmc_authority){.ops = &ops, .self = ca};
    *out = ca;
    ca = NULL;
out:
    cmc_ca_free(ca);
    return rc;
}

enum cmc_rc cmc_ca_set0_encryption(struct cmc_ca *ca, EVP_PKEY *key, struct cmc_slice cert,
                                   struct cmc_err *err)
{
    enum cmc_rc rc = check_key(ca->crypto, key, cert, "encryption", err);
    struct cmc_arena *arena = NULL;
    struct cmc_cert decoded = {0};

    if (rc != CMC_OK)
        return rc;
    arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (arena == NULL)
        return no_memory(err);
    rc = cmc_decode(&cmc_it_cert, cert, arena, &decoded, err);
    if (rc == CMC_OK && !cmc_envelope_may(&decoded.tbs.extensions, key, arena))
        rc = cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2.1.3",
                      "nothing can be encrypted to the encryption certificate: its key is %s, and "
                      "its keyUsage must have keyEncipherment (RSA) or keyAgreement (EC, DH)",
                      EVP_PKEY_get0_type_name(key));
    if (rc == CMC_OK) {
        EVP_PKEY_free(ca->encryption.key);
        ca->encryption = (struct cmc_cms_recipient){.key = key, .cert = cert};
    }
    cmc_arena_free(arena);
    return rc;
}

void cmc_ca_hands_off(struct cmc_ca *ca)
{
    ca->hands_off = true;
}

void cmc_ca_free(struct cmc_ca *ca)
{
    if (ca == NULL)
        return;
    for (size_t i = 0; i < OFFICER_CACHE; i++) {
        cmc_spki_give_back(ca->crypto, ca->known[i].who.key);
        cmc_arena_free(ca->known[i].arena);
    }
    cmc_buf_free(&ca->no_secret);
    cmc_buf_free(&ca->dh_cert);
    EVP_PKEY_free(ca->dh_key);
    cmc_reader_free(ca->reader);
    X509_STORE_free(ca->trust);
    sk_X509_pop_free(ca->intermediates, X509_free);
    EVP_PKEY_free(ca->ca_key);
    EVP_PKEY_free(ca->responder_key);
    EVP_PKEY_free(ca->encryption.key);
    OPENSSL_cleanse(ca->nonce_secret, sizeof ca->nonce_secret);
    free(ca->profile_alg);
    free(ca);
}

enum cmc_rc cmc_ca_set_dh_pop(struct cmc_ca *ca, struct cmc_slice cert, EVP_PKEY *key,
                              struct cmc_err *err)
{
    EVP_PKEY *public_key = NULL;
    enum cmc_rc rc = cmc_dh_pop_certificate(ca->crypto, cert, &public_key, err);

    if (rc == CMC_OK && EVP_PKEY_eq(public_key, key) != 1)
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the DH key does not belong to its certificate");
    EVP_PKEY_free(public_key);
    if (rc != CMC_OK)
        return rc;
    cmc_buf_slice(&ca->dh_cert, cert);
    if (!cmc_buf_ok(&ca->dh_cert))
        return no_memory(err);
    ca->dh_key = key;
    return CMC_OK;
}

const struct cmc_authority *cmc_ca_get0_authority(const struct cmc_ca *ca)
{
    return &ca->authority;
}

enum cmc_rc cmc_ca_issue(struct cmc_ca *ca, const struct cmc_issue_order *order,
                         struct cmc_arena *arena, struct cmc_issued *out, struct cmc_err *err)
{
    struct cmc_issue_order due = *order;
    struct cmc_request request;
    enum cmc_rc rc;

    due.due = &request;
    rc = cmc_ca_check(ca, &due, arena, err);
    due.request = &request;
    return rc == CMC_OK ? cmc_ca_issue_op(ca, &due, arena, out, err) : rc;
}
