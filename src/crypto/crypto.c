/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "asn1/cmc.h"
#include "crypto/crypto_int.h"

static EVP_PKEY *curve_new(OSSL_LIB_CTX *lib, const char *group)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, "EC", NULL);
    EVP_PKEY *params = NULL;

    if (ctx != NULL && EVP_PKEY_paramgen_init(ctx) > 0 &&
        EVP_PKEY_CTX_set_group_name(ctx, group) > 0)
        (void)EVP_PKEY_paramgen(ctx, &params);
    EVP_PKEY_CTX_free(ctx);
    return params;
}

static struct cmc_crypto_scratch *scratch_new(void)
{
    struct cmc_crypto_scratch *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->digest = EVP_MD_CTX_new();
    s->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    return s;
}

static void forget_signing(struct cmc_signing *s)
{
    EVP_PKEY_CTX_free(s->ctx);
    EVP_PKEY_free(s->key);
    *s = (struct cmc_signing){0};
}

static void scratch_free(struct cmc_crypto_scratch *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < CMC_SIGNINGS; i++)
        forget_signing(&s->signing[i]);
    cmc_lent_free(s);
    for (int i = 0; i < CMC_DIGEST_COUNT; i++)
        EVP_MAC_CTX_free(s->hmac[i]);
    EVP_MD_CTX_free(s->digest);
    cmc_arena_free(s->arena);
    OPENSSL_cleanse(s->random, sizeof s->random);
    free(s);
}

enum cmc_rc cmc_crypto_new(struct cmc_crypto **out, struct cmc_err *err)
{
    static const char *const groups[CMC_CURVE_COUNT] = {"P-256", "P-384", "P-521"};
    struct cmc_crypto *c = calloc(1, sizeof *c);
    enum cmc_rc rc = CMC_E_CRYPTO;

    *out = NULL;
    if (c == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a cryptographic context");
    c->scratch = scratch_new();
    if (c->scratch == NULL || c->scratch->digest == NULL || c->scratch->arena == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a cryptographic context");
        goto out;
    }
    c->lib = OSSL_LIB_CTX_new();
    if (c->lib == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "no OpenSSL library context");
        goto out;
    }
    for (int id = CMC_DIGEST_NONE + 1; id < CMC_DIGEST_COUNT; id++) {
        const struct cmc_digest_alg *d = cmc_digest_alg((enum cmc_digest_id)id);

        c->md[id] = EVP_MD_fetch(c->lib, d->evp, NULL);
        if (c->md[id] == NULL) {
            rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "digest %s cannot be had from OpenSSL",
                                  d->name);
            goto out;
        }
    }
    for (int i = 0; i < CMC_CURVE_COUNT; i++) {
        c->curve[i] = curve_new(c->lib, groups[i]);
        if (c->curve[i] == NULL) {
            rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "curve %s cannot be had from OpenSSL",
                                  groups[i]);
            goto out;
        }
    }
    c->rsa = EVP_PKEY_CTX_new_from_name(c->lib, "RSA", NULL);
    if (c->rsa == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "RSA cannot be had from OpenSSL");
        goto out;
    }
    c->hmac = EVP_MAC_fetch(c->lib, "HMAC", NULL);
    if (c->hmac == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "HMAC cannot be had from OpenSSL");
        goto out;
    }
    *out = c;
    c = NULL;
    rc = CMC_OK;
out:
    cmc_crypto_free(c);
    return rc;
}

void cmc_crypto_free(struct cmc_crypto *c)
{
    if (c == NULL)
        return;
    scratch_free(c->scratch);
    EVP_PKEY_CTX_free(c->rsa);
    EVP_MAC_free(c->hmac);
    for (int i = 0; i < CMC_CURVE_COUNT; i++)
        EVP_PKEY_free(c->curve[i]);
    for (int i = 0; i < CMC_DIGEST_COUNT; i++)
        EVP_MD_free(c->md[i]);
    OSSL_LIB_CTX_free(c->lib);
    free(c);
}

OSSL_LIB_CTX *cmc_crypto_get0_libctx(const struct cmc_crypto *c)
{
    return c->lib;
}

enum cmc_rc cmc_digest_pieces(const struct cmc_crypto *c, enum cmc_digest_id id,
                              const struct cmc_slice *pieces, size_t npieces, uint8_t *out,
                              size_t *n, struct cmc_err *err)
{
    const struct cmc_digest_alg *d = cmc_digest_alg(id);
    EVP_MD_CTX *ctx = c->scratch->digest;
    bool ok = EVP_DigestInit_ex2(ctx, c->md[id], NULL) == 1;

    for (size_t i = 0; ok && i < npieces; i++)
        ok = EVP_DigestUpdate(ctx, pieces[i].p, pieces[i].n) == 1;
    if (ok && id == CMC_DIGEST_SHAKE256)
        ok = EVP_DigestFinalXOF(ctx, out, d->size) == 1;
    else if (ok)
        ok = EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    if (!ok)
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "digest %s failed", d->name);
    *n = d->size;
    return CMC_OK;
}

enum cmc_rc cmc_digest(const struct cmc_crypto *c, enum cmc_digest_id id, struct cmc_slice data,
                       uint8_t *out, size_t *n, struct cmc_err *err)
{
    return cmc_digest_pieces(c, id, &data, 1, out, n, err);
}

enum cmc_rc cmc_random(const struct cmc_crypto *c, void *out, size_t n, struct cmc_err *err)
{
    if (RAND_bytes_ex(c->lib, out, n, 0) != 1)
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "no random octets");
    return CMC_OK;
}

enum cmc_rc cmc_random_public(const struct cmc_crypto *c, void *out, size_t n, struct cmc_err *err)
{
    struct cmc_crypto_scratch *s = c->scratch;
    uint8_t *from;
    enum cmc_rc rc = CMC_OK;

    if (n > sizeof s->random)
        return cmc_random(c, out, n, err);
    if (n > s->random_left || s->random_pid != getpid()) {
        s->random_left = 0;
        rc = cmc_random(c, s->random, sizeof s->random, err);
        if (rc != CMC_OK)
            return rc;
        s->random_left = sizeof s->random;
        s->random_pid = getpid();
    }
    from = s->random + sizeof s->random - s->random_left;
    memcpy(out, from, n);
    OPENSSL_cleanse(from, n);
    s->random_left -= n;
    return rc;
}

/* -- signatures -------------------------------------------------------------------------- */

/* PSS: salt as long as the digest when signing, whatever it is when verifying. */
static bool set_padding(EVP_PKEY_CTX *ctx, const struct cmc_sig_alg *alg, bool signing)
{
    if (alg->scheme != CMC_SIG_RSA_PSS)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, signing ? RSA_PSS_SALTLEN_DIGEST
                                                         : RSA_PSS_SALTLEN_AUTO) > 0;
}

static bool hashes_inside(const struct cmc_sig_alg *alg)
{
    return alg->scheme == CMC_SIG_ED25519 || alg->scheme == CMC_SIG_ED448;
}

static const char *md_name(const struct cmc_sig_alg *alg)
{
    return hashes_inside(alg) ? NULL : cmc_digest_alg(alg->digest)->evp;
}

/*
 * May the data be hashed here and only its digest be given to the key? That spares the setting
 * up of EVP_DigestSign() each time. EdDSA hashes by itself, and a key that is not in OpenSSL's own
 * provider (a token's) is used in the one way that all of them know.
 */
static bool is_prehashed(const struct cmc_sig_alg *alg, const EVP_PKEY *key)
{
    return !hashes_inside(alg) && EVP_PKEY_get0_provider(key) != NULL;
}

/* A context for signatures over digests, or NULL. ECDSA needs no more than the digest. */
static EVP_PKEY_CTX *prehashed_new(const struct cmc_crypto *c, EVP_PKEY *key,
                                   const struct cmc_sig_alg *alg, bool signing)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, key, NULL);

    if (ctx != NULL && (signing ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx)) == 1 &&
        set_padding(ctx, alg, signing) &&
        (alg->scheme == CMC_SIG_ECDSA ||
         EVP_PKEY_CTX_set_signature_md(ctx, c->md[alg->digest]) == 1))
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

/* The mark of keys that are not kept; see cmc_sign_keep_nothing(). */
static int unkept_index = -1;
static pthread_once_t unkept_once = PTHREAD_ONCE_INIT;

static void make_unkept_index(void)
{
    unkept_index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_EVP_PKEY, 0, NULL, NULL, NULL, NULL);
}

bool cmc_sign_keep_nothing(EVP_PKEY *key)
{
    (void)pthread_once(&unkept_once, make_unkept_index);
    return unkept_index >= 0 && EVP_PKEY_set_ex_data(key, unkept_index, key) == 1;
}

static bool is_kept(const EVP_PKEY *key)
{
    (void)pthread_once(&unkept_once, make_unkept_index);
    return unkept_index < 0 || EVP_PKEY_get_ex_data(key, unkept_index) == NULL;
}

/* The context of a key that signs again and again: the CA's, the responder's. NULL: failed. */
static EVP_PKEY_CTX *signing_ctx(const struct cmc_crypto *c, EVP_PKEY *key,
                                 const struct cmc_sig_alg *alg)
{
    struct cmc_crypto_scratch *scratch = c->scratch;
    struct cmc_signing *s;

    for (int i = 0; i < CMC_SIGNINGS; i++) {
        if (scratch->signing[i].key == key && scratch->signing[i].alg == alg)
            return scratch->signing[i].ctx;
    }
    s = &scratch->signing[scratch->next];
    scratch->next = (scratch->next + 1) % CMC_SIGNINGS;
    forget_signing(s);
    s->ctx = prehashed_new(c, key, alg, true);
    if (s->ctx == NULL || EVP_PKEY_up_ref(key) != 1)
        return NULL;
    s->key = key;
    s->alg = alg;
    return s->ctx;
}

static bool sign_hashed(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                        struct cmc_slice md, uint8_t *out, size_t *n)
{
    bool keep = is_kept(key);
    EVP_PKEY_CTX *ctx = keep ? signing_ctx(c, key, alg) : prehashed_new(c, key, alg, true);
    bool ok = ctx != NULL && EVP_PKEY_sign(ctx, out, n, md.p, md.n) == 1;

    if (!keep)
        EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool sign_digest(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                        struct cmc_slice data, uint8_t *out, size_t *n)
{
    uint8_t md[CMC_DIGEST_MAX];
    size_t len = 0;

    return cmc_digest(c, alg->digest, data, md, &len, NULL) == CMC_OK &&
           sign_hashed(c, key, alg, cmc_slice(md, len), out, n);
}

static bool sign_whole(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                       struct cmc_slice data, uint8_t *out, size_t *n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    bool ok = ctx != NULL &&
              EVP_DigestSignInit_ex(ctx, &pctx, md_name(alg), c->lib, NULL, key, NULL) == 1 &&
              set_padding(pctx, alg, true) && EVP_DigestSign(ctx, out, n, data.p, data.n) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

enum cmc_rc cmc_sign(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                     struct cmc_slice data, struct cmc_arena *arena, struct cmc_slice *sig,
                     struct cmc_err *err)
{
    size_t n = (size_t)EVP_PKEY_get_size(key);
    uint8_t *out;

    if (!cmc_sig_fits(alg, key))
        return cmc_fail(err, CMC_E_USAGE, NULL, "a key of type %s cannot sign with %s",
                        EVP_PKEY_get0_type_name(key), alg->name);
    out = cmc_arena_alloc(arena, n);
    if (out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a signature");
    if (!(is_prehashed(alg, key) ? sign_digest(c, key, alg, data, out, &n)
                                 : sign_whole(c, key, alg, data, out, &n)))
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "signing with %s failed", alg->name);
    *sig = cmc_slice(out, n);
    return CMC_OK;
}

/* -- signing what comes in pieces ------------------------------------------------------- */

struct cmc_sign_stream {
    const struct cmc_crypto *c;
    EVP_PKEY *key;
    const struct cmc_sig_alg *alg;
    EVP_MD_CTX *ctx;
    bool prehashed; /* ctx makes a digest; else the signature itself */
};

bool cmc_sign_can_stream(const struct cmc_sig_alg *alg)
{
    return !hashes_inside(alg);
}

enum cmc_rc cmc_sign_stream_new(const struct cmc_crypto *c, EVP_PKEY *key,
                                const struct cmc_sig_alg *alg, struct cmc_sign_stream **out,
                                struct cmc_err *err)
{
    struct cmc_sign_stream *s;
    EVP_PKEY_CTX *pctx = NULL;
    bool ok;

    *out = NULL;
    if (!cmc_sig_fits(alg, key) || !cmc_sign_can_stream(alg))
        return cmc_fail(err, CMC_E_USAGE, NULL, "a key of type %s cannot sign with %s in pieces",
                        EVP_PKEY_get0_type_name(key), alg->name);
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a signature");
    *s = (struct cmc_sign_stream){.c = c,
                                  .key = key,
                                  .alg = alg,
                                  .ctx = EVP_MD_CTX_new(),
                                  .prehashed = is_prehashed(alg, key)};
    if (s->ctx != NULL && s->prehashed)
        ok = EVP_DigestInit_ex2(s->ctx, c->md[alg->digest], NULL) == 1;
    else
        ok = s->ctx != NULL &&
             EVP_DigestSignInit_ex(s->ctx, &pctx, md_name(alg), c->lib, NULL, key, NULL) == 1 &&
             set_padding(pctx, alg, true);
    if (!ok) {
        cmc_sign_stream_free(s);
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "signing with %s failed", alg->name);
    }
    *out = s;
    return CMC_OK;
}

enum cmc_rc cmc_sign_stream_add(struct cmc_sign_stream *s, struct cmc_slice data,
                                struct cmc_err *err)
{
    int ok = s->prehashed ? EVP_DigestUpdate(s->ctx, data.p, data.n)
                          : EVP_DigestSignUpdate(s->ctx, data.p, data.n);

    return ok == 1 ? CMC_OK
                   : cmc_fail_openssl(err, CMC_E_CRYPTO, "hashing for %s failed", s->alg->name);
}

enum cmc_rc cmc_sign_stream_end(struct cmc_sign_stream *s, struct cmc_arena *arena,
                                struct cmc_slice *sig, struct cmc_err *err)
{
    size_t n = (size_t)EVP_PKEY_get_size(s->key);
    uint8_t *out = cmc_arena_alloc(arena, n), md[CMC_DIGEST_MAX];
    unsigned int len = 0;
    bool ok;

    if (out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a signature");
    if (s->prehashed)
        ok = EVP_DigestFinal_ex(s->ctx, md, &len) == 1 &&
             sign_hashed(s->c, s->key, s->alg, cmc_slice(md, len), out, &n);
    else
        ok = EVP_DigestSignFinal(s->ctx, out, &n) == 1;
    if (!ok)
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "signing with %s failed", s->alg->name);
    *sig = cmc_slice(out, n);
    return CMC_OK;
}

void cmc_sign_stream_free(struct cmc_sign_stream *s)
{
    if (s == NULL)
        return;
    EVP_MD_CTX_free(s->ctx);
    free(s);
}

/* -- verifying -------------------------------------------------------------------------- */

/* What became of a verification. */
enum verdict { VERIFIED, NOT_VERIFIED, COULD_NOT_TRY };

/*
 * The context of a key that is lent, kept with it. With ECDSA it knows of the key only, and of a
 * digest just what it is given. NULL: it is none of these.
 */
static EVP_PKEY_CTX *lent_ctx(const struct cmc_crypto *c, EVP_PKEY *key,
                              const struct cmc_sig_alg *alg)
{
    struct cmc_lent *l = cmc_lent_find(c, key);

    if (l == NULL)
        return NULL;
    if (l->verify != NULL && l->alg != alg && alg->scheme != CMC_SIG_ECDSA) {
        EVP_PKEY_CTX_free(l->verify);
        l->verify = NULL;
    }
    if (l->verify == NULL)
        l->verify = prehashed_new(c, key, alg, false);
    l->alg = alg;
    return l->verify;
}

static enum verdict verify_digest(const struct cmc_crypto *c, EVP_PKEY *key,
                                  const struct cmc_sig_alg *alg, struct cmc_slice data,
                                  struct cmc_slice sig)
{
    EVP_PKEY_CTX *kept = lent_ctx(c, key, alg);
    EVP_PKEY_CTX *ctx = kept != NULL ? kept : prehashed_new(c, key, alg, false);
    enum verdict v = COULD_NOT_TRY;
    uint8_t md[CMC_DIGEST_MAX];
    size_t n = 0;

    if (ctx != NULL && cmc_digest(c, alg->digest, data, md, &n, NULL) == CMC_OK)
        v = EVP_PKEY_verify(ctx, sig.p, sig.n, md, n) == 1 ? VERIFIED : NOT_VERIFIED;
    if (kept == NULL)
        EVP_PKEY_CTX_free(ctx);
    return v;
}

static enum verdict verify_whole(const struct cmc_crypto *c, EVP_PKEY *key,
                                 const struct cmc_sig_alg *alg, struct cmc_slice data,
                                 struct cmc_slice sig)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    enum verdict v = COULD_NOT_TRY;

    if (ctx != NULL &&
        EVP_DigestVerifyInit_ex(ctx, &pctx, md_name(alg), c->lib, NULL, key, NULL) == 1 &&
        set_padding(pctx, alg, false))
        v = EVP_DigestVerify(ctx, sig.p, sig.n, data.p, data.n) == 1 ? VERIFIED : NOT_VERIFIED;
    EVP_MD_CTX_free(ctx);
    return v;
}

enum cmc_rc cmc_verify(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                       struct cmc_slice data, struct cmc_slice sig, struct cmc_err *err)
{
    enum verdict v;
    enum cmc_rc rc;

    if (!cmc_sig_fits(alg, key))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, NULL,
                             "a key of type %s cannot have signed with %s",
                             EVP_PKEY_get0_type_name(key), alg->name);
    v = is_prehashed(alg, key) ? verify_digest(c, key, alg, data, sig)
                               : verify_whole(c, key, alg, data, sig);
    if (v == VERIFIED)
        return CMC_OK;
    rc = v == NOT_VERIFIED
             ? cmc_fail_openssl(err, CMC_E_CRYPTO, "the %s signature does not verify", alg->name)
             : cmc_fail_openssl(err, CMC_E_CRYPTO, "verifying with %s failed", alg->name);
    if (err != NULL)
        err->fail_info = CMC_FAIL_BAD_MESSAGE_CHECK;
    return rc;
}
