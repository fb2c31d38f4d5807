/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"

static struct cmc_profile_extension ca_exts[] = {
    {(char *)(uintptr_t) "basicConstraints", (char *)(uintptr_t) "critical,CA:TRUE"},
    {(char *)(uintptr_t) "keyUsage", (char *)(uintptr_t) "critical,keyCertSign,cRLSign"}};
static struct cmc_profile_extension responder_exts[] = {
    {(char *)(uintptr_t) "keyUsage", (char *)(uintptr_t) "critical,digitalSignature"},
    {(char *)(uintptr_t) "extendedKeyUsage", (char *)(uintptr_t) "1.3.6.1.5.5.7.3.27"}};
static struct cmc_profile_extension ee_exts[] = {
    {(char *)(uintptr_t) "keyUsage",
     (char *)(uintptr_t) "critical,digitalSignature,keyEncipherment,keyAgreement"},
    {(char *)(uintptr_t) "extendedKeyUsage", (char *)(uintptr_t) "serverAuth"}};
static struct cmc_profile_extension ra_exts[] = {
    {(char *)(uintptr_t) "keyUsage", (char *)(uintptr_t) "critical,digitalSignature"},
    {(char *)(uintptr_t) "extendedKeyUsage", (char *)(uintptr_t) "1.3.6.1.5.5.7.3.28"}};
static char *all[] = {(char *)(uintptr_t) "all"};
static struct cmc_profile_extension dual_exts[] = {
    {(char *)(uintptr_t) "keyUsage",
     (char *)(uintptr_t) "critical,digitalSignature,keyEncipherment,keyAgreement"},
    {(char *)(uintptr_t) "extendedKeyUsage", (char *)(uintptr_t) "clientAuth"}};
static char *taken[] = {(char *)(uintptr_t) "subjectAltName"};

static const struct cmc_profile_spec specs[] = {
    {.name = (char *)(uintptr_t) "root", .days = 3650, .extensions = ca_exts, .extension_count = 2},
    {.name = (char *)(uintptr_t) "responder",
     .days = 700,
     .extensions = responder_exts,
     .extension_count = 2},
    {.name = (char *)(uintptr_t) "ee",
     .days = 90,
     .backdate_minutes = 5,
     .extensions = ee_exts,
     .extension_count = 2,
     .request_extensions = taken,
     .request_extension_count = 1},
    {.name = (char *)(uintptr_t) "other", .days = 90, .extensions = ee_exts, .extension_count = 2},
    {.name = (char *)(uintptr_t) "ra", .days = 90, .extensions = ra_exts, .extension_count = 2},
    {.name = (char *)(uintptr_t) "all",
     .days = 90,
     .request_extensions = all,
     .request_extension_count = 1,
     .allow_empty_subject = true,
     .change_subject_name = true},
    {.name = (char *)(uintptr_t) "unique", .days = 90, .unique_keys = true},
    {.name = (char *)(uintptr_t) "archive", .days = 90, .require_archive = true},
    {.name = (char *)(uintptr_t) "dual", .days = 90, .extensions = dual_exts, .extension_count = 2},
};

EVP_PKEY *test_key(struct test_authority *t, const char *type, const char *param)
{
    OSSL_LIB_CTX *lib = cmc_crypto_get0_libctx(t->crypto);
    EVP_PKEY *key = param != NULL              ? EVP_PKEY_Q_keygen(lib, NULL, type, param)
                    : strcmp(type, "RSA") == 0 ? EVP_PKEY_Q_keygen(lib, NULL, type, (size_t)2048)
                                               : EVP_PKEY_Q_keygen(lib, NULL, type);

    assert_non_null(key);
    return key;
}

struct cmc_slice test_csr(struct test_authority *t, EVP_PKEY *key, const char *subject,
                          const char *san)
{
    struct cmc_request_params p = {.key = key};
    struct cmc_extension ext;
    struct cmc_slice der;
    struct cmc_err err;

    assert_int_equal(cmc_name_parse(subject, t->arena, &p.subject, &err), CMC_OK);
    if (san != NULL) {
        assert_int_equal(cmc_san_parse(san, t->arena, &ext, &err), CMC_OK);
        p.exts = &ext;
        p.nexts = 1;
    }
    assert_int_equal(cmc_pkcs10_create(t->crypto, &p, t->arena, &der, &err), CMC_OK);
    return der;
}

/* The self-signed root: the root profile's TBSCertificate, signed by its own key. */
static void make_root(struct test_authority *t)
{
    struct cmc_slice csr = test_csr(t, t->root.key, "C=SE, O=Test, CN=Test Root", NULL);
    struct cmc_cert_params params = {.alg = cmc_sig_default(t->root.key),
                                     .not_before = TEST_NOW - 86400,
                                     .not_after = TEST_NOW + 3650LL * 86400};
    static const uint8_t serial[] = {1};
    struct cmc_profile *profile;
    struct cmc_cert cert = {0};
    struct cmc_request rq;
    struct cmc_slice sig;
    struct cmc_err err;
    uint8_t *bits;

    assert_int_equal(cmc_profile_compile(&specs[0], NULL, &profile, &err), CMC_OK);
    assert_int_equal(cmc_request_from_pkcs10(csr, t->arena, &rq, &err), CMC_OK);
    params.serial = cmc_slice(serial, 1);
    params.issuer = rq.subject;
    assert_int_equal(
        cmc_profile_tbs(profile, t->crypto, &rq, &params, t->arena, &cert.tbs.raw, &err), CMC_OK);
    assert_int_equal(
        cmc_sign(t->crypto, t->root.key, params.alg, cert.tbs.raw, t->arena, &sig, &err), CMC_OK);
    assert_int_equal(cmc_sig_algid(params.alg, t->arena, &cert.signature_algorithm, &err), CMC_OK);
    bits = cmc_arena_alloc(t->arena, sig.n + 1);
    memcpy(bits + 1, sig.p, sig.n);
    cert.signature = cmc_slice(bits, sig.n + 1);
    assert_int_equal(cmc_encode_arena(&cmc_it_cert, &cert, t->arena, &t->root.cert, &err), CMC_OK);
    cmc_profile_free(profile);
}

struct test_party test_party_new(struct test_authority *t, const char *profile, const char *subject)
{
    return test_party_keyed(t, profile, subject, test_key(t, "EC", "P-256"));
}

struct test_party test_party_keyed(struct test_authority *t, const char *profile,
                                   const char *subject, EVP_PKEY *key)
{
    struct test_party p = {.key = key};
    EVP_PKEY *other = test_key(t, "EC", "P-256"); /* signs, since not every key can */
    struct cmc_slice csr = test_csr(t, other, subject, NULL);
    struct cmc_issue_order order = {.key = p.key, .profile = profile, .now = TEST_NOW};
    struct cmc_issued issued;
    struct cmc_request rq;
    struct cmc_txn txn = {.at = TEST_NOW, .ncerts = 1};
    struct cmc_err err;

    assert_int_equal(cmc_request_from_pkcs10(csr, t->arena, &rq, &err), CMC_OK);
    assert_int_equal(cmc_key_spki(key, t->arena, &rq.spki, &err), CMC_OK);
    EVP_PKEY_free(other);
    order.request = &rq;
    assert_int_equal(cmc_ca_issue(t->ca, &order, t->arena, &issued, &err), CMC_OK);
    txn.certs = &issued.record;
    assert_int_equal(cmc_store_commit(t->store, &txn, &err), CMC_OK);
    p.cert = issued.cert;
    return p;
}

void test_party_free(struct test_party *p)
{
    EVP_PKEY_free(p->key);
}

void test_officer_add(struct test_authority *t, const char *name, const struct test_party *p,
                      unsigned int roles)
{
    struct cmc_officer o = {.name = name, .roles = roles, .cert = p->cert, .added_at = TEST_NOW};
    uint8_t digest[CMC_DIGEST_MAX];
    struct cmc_err err;
    size_t n;

    assert_int_equal(cmc_digest(t->crypto, CMC_DIGEST_SHA256, p->cert, digest, &n, &err), CMC_OK);
    memcpy(o.cert_digest, digest, sizeof o.cert_digest);
    assert_int_equal(cmc_store_officer_add(t->store, &o, &err), CMC_OK);
}

static const uint8_t secrets_key[CMC_SEAL_KEY_OCTETS] = "0123456789abcdef0123456789abcde";

void test_secret_add(struct test_authority *t, struct cmc_secret s, const char *value)
{
    struct cmc_err err = {0};

    if (s.purpose == 0)
        s.purpose = CMC_SECRET_ENROLL;
    s.added_at = TEST_NOW;
    assert_int_equal(cmc_seal(t->crypto, secrets_key, cmc_ca_secret_bound(&s, t->arena),
                              cmc_slice_str(value), t->arena, &s.sealed, &err),
                     CMC_OK);
    assert_int_equal(cmc_store_secret_add(t->store, &s, &err), CMC_OK);
}

struct search {
    struct test_authority *t;
    const char *name;
    struct cmc_secret found;
};

static enum cmc_rc compare(void *arg, const struct cmc_secret *s)
{
    struct search *search = arg;

    if (strcmp(s->name, search->name) == 0) {
        search->found = *s;
        search->found.name = search->name;
        search->found.sealed = cmc_arena_slice(search->t->arena, s->sealed);
        search->found.subject = search->found.issuer = search->found.serial = CMC_SLICE_NONE;
    }
    return CMC_OK;
}

struct cmc_secret test_secret(struct test_authority *t, const char *name)
{
    struct search search = {.t = t, .name = name};
    struct cmc_reader *reader;
    struct cmc_err err = {0};

    assert_int_equal(cmc_reader_new(t->store, &reader, &err), CMC_OK);
    assert_int_equal(cmc_reader_secrets(reader, compare, &search, &err), CMC_OK);
    cmc_reader_free(reader);
    assert_non_null(search.found.name);
    return search.found;
}

/* The authority needs its responder certificate to be made, and the certificate an authority:
 * the first stands in with the root as responder. */
static void make_ca(struct test_authority *t, struct cmc_slice responder_cert, EVP_PKEY *key)
{
    struct cmc_ca_params p = {.store = t->store,
                              .chain = &t->root.cert,
                              .nchain = 1,
                              .responder_cert = responder_cert,
                              .profiles = specs,
                              .nprofiles = CMC_COUNT(specs),
                              .secrets_key = secrets_key,
                              .secret_failures = TEST_FAILURES,
                              .crl_url = "http://ca.test/ca.crl",
                              .crl_hours = 24,
                              .publish_web = true,
                              .publish_url = "http://ca.test/published/",
                              .publish_ldap_url = "ldap://dir.test",
                              .crl_keep = 3,
                              .crl_days = 30};
    struct cmc_err err = {0};

    if (t->crl.crl_hours > 0) {
        p.crl_url = t->crl.crl_url;
        p.crl_hours = t->crl.crl_hours;
        p.crl_overlap_hours = t->crl.crl_overlap_hours;
        p.crl_shards = t->crl.crl_shards;
        p.crl_complete = t->crl.crl_complete;
        p.crl_delta_url = t->crl.crl_delta_url;
        p.crl_delta_minutes = t->crl.crl_delta_minutes;
    }
    assert_int_equal(cmc_ca_shared_new(&p, &t->shared, &err), CMC_OK);
    assert_int_equal(EVP_PKEY_up_ref(t->root.key), 1);
    if (key != NULL)
        assert_int_equal(EVP_PKEY_up_ref(key), 1);
    assert_int_equal(cmc_ca_new(t->shared, t->crypto, t->root.key, key, &t->ca, &err), CMC_OK);
}

struct test_authority *test_authority_new(const char *key_type, const char *curve)
{
    struct test_authority *t = calloc(1, sizeof *t);
    struct cmc_err err = {0};
    char path[128];

    assert_non_null(t);
    (void)snprintf(t->dir, sizeof t->dir, "/tmp/cmc-test-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    (void)snprintf(path, sizeof path, "%s/db", t->dir);
    t->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    assert_int_equal(cmc_crypto_new(&t->crypto, &err), CMC_OK);
    assert_int_equal(cmc_store_open(path, true, &t->store, &err), CMC_OK);
    t->root.key = test_key(t, key_type, curve);
    make_root(t);
    make_ca(t, t->root.cert, NULL);
    t->resp = test_party_new(t, "responder", "CN=Responder");
    cmc_ca_free(t->ca);
    cmc_ca_shared_free(t->shared);
    make_ca(t, t->resp.cert, t->resp.key);
    t->officer = test_party_new(t, "ee", "CN=Officer");
    test_officer_add(t, "alice", &t->officer, CMC_ROLE_ENROLL | CMC_ROLE_REVOKE);
    assert_int_equal(
        cmc_responder_new(t->crypto, cmc_ca_get0_authority(t->ca), NULL, &t->responder, &err),
        CMC_OK);
    t->rules = (struct cmc_endpoint_rules){.path = "/cmc",
                                           .profile = "ee",
                                           .require_officer = true,
                                           .allow_renewal = true,
                                           .revoke = true,
                                           .reasons = CMC_REASONS_RFC5280};
    return t;
}

void test_authority_restart(struct test_authority *t)
{
    struct cmc_err err = {0};
    char path[128];

    cmc_responder_free(t->responder);
    cmc_ca_free(t->ca);
    cmc_ca_shared_free(t->shared);
    cmc_store_close(t->store);
    (void)snprintf(path, sizeof path, "%s/db", t->dir);
    assert_int_equal(cmc_store_open(path, false, &t->store, &err), CMC_OK);
    make_ca(t, t->resp.cert, t->resp.key);
    assert_int_equal(
        cmc_responder_new(t->crypto, cmc_ca_get0_authority(t->ca), NULL, &t->responder, &err),
        CMC_OK);
}

void test_authority_free(struct test_authority *t)
{
    static const char *const files[] = {"db", "db-wal", "db-shm"};
    char path[128];

    cmc_responder_free(t->responder);
    cmc_ca_free(t->ca);
    cmc_ca_shared_free(t->shared);
    cmc_store_close(t->store);
    test_party_free(&t->officer);
    test_party_free(&t->resp);
    EVP_PKEY_free(t->root.key);
    cmc_crypto_free(t->crypto);
    for (size_t i = 0; i < CMC_COUNT(files); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", t->dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(t->dir);
    cmc_arena_free(t->arena);
    free(t);
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    struct test_authority *t;
    struct test_reply reply;
    enum cmc_rc commit_rc;
    uint8_t *body;
    size_t body_len;
    bool done;
};

static void arrived(void *arg, const struct cmc_reply *reply)
{
    struct waiting *w = arg;

    (void)pthread_mutex_lock(&w->lock);
    w->reply.http_status = reply->http_status;
    w->reply.again = reply->again;
    w->commit_rc = reply->commit_rc;
    if (reply->content_type != NULL)
        (void)snprintf(w->reply.content_type, sizeof w->reply.content_type, "%s",
                       reply->content_type);
    w->body = malloc(reply->body.n + 1);
    w->body_len = reply->body.n;
    if (w->body != NULL && reply->body.n > 0)
        memcpy(w->body, reply->body.p, reply->body.n);
    w->done = true;
    (void)pthread_cond_signal(&w->cond);
    (void)pthread_mutex_unlock(&w->lock);
}

struct test_reply test_send(struct test_authority *t, enum cmc_request_type type,
                            struct cmc_slice body, enum cmc_answer_form form)
{
    struct cmc_exchange x = {.type = type,
                             .body = body,
                             .form = form,
                             .rules = &t->rules,
                             .peer = "test",
                             .now = TEST_NOW + t->later};
    struct waiting w = {.t = t};

    (void)pthread_mutex_init(&w.lock, NULL);
    (void)pthread_cond_init(&w.cond, NULL);
    for (;;) {
        w.done = false;
        cmc_respond(t->responder, &x, arrived, &w);
        (void)pthread_mutex_lock(&w.lock);
        while (!w.done)
            (void)pthread_cond_wait(&w.cond, &w.lock);
        (void)pthread_mutex_unlock(&w.lock);
        w.reply.body = cmc_arena_slice(t->arena, cmc_slice(w.body, w.body_len));
        free(w.body);
        if (!w.reply.again)
            break;
        x.attempt++;
        x.commit_rc = w.commit_rc;
    }
    (void)pthread_cond_destroy(&w.cond);
    (void)pthread_mutex_destroy(&w.lock);
    return w.reply;
}
