/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PasswordRecipientInfo, RFC 5652 section 6.2.4: PBKDF2 makes a key of the password
 * [10004-5.1-o], AES key wrap carries the other key with it [10004-5.1-p]. What OpenSSL and
 * BouncyCastle write, the wrap of RFC 3211, is read as well.
 */
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"
#include "cms/envelope_int.h"
#include "crypto/agree.h"
#include "crypto/mac.h"

#define CLAUSE      "RFC 5652 section 6.2.4"
#define SALT_OCTETS 16u

static enum cmc_rc bad_alg(struct cmc_err *err, const char *text)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE, "%s", text);
}

/* [10002-3.2-f, 10002-3.2-u4] */
enum cmc_rc cmc_shared_password(struct cmc_slice identifier, struct cmc_slice secret,
                                struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    uint8_t *p = cmc_arena_alloc(arena, identifier.n + secret.n + 1);

    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a shared secret");
    if (identifier.n > 0)
        memcpy(p, identifier.p, identifier.n);
    if (secret.n > 0)
        memcpy(p + identifier.n, secret.p, secret.n);
    *out = cmc_slice(p, identifier.n + secret.n);
    return CMC_OK;
}

/* -- making ------------------------------------------------------------------------------ */

static enum cmc_rc derivation(const struct cmc_crypto *c, uint32_t rounds, size_t octets,
                              struct cmc_arena *arena, struct cmc_algid *out, struct cmc_err *err)
{
    static const uint8_t null[] = {CMC_T_NULL, 0};
    struct cmc_algid prf = {cmc_oid_hmacWithSHA256, cmc_slice(null, sizeof null)};
    struct cmc_pbkdf2_params p = {.iterations = rounds, .prf = &prf};
    enum cmc_rc rc = cmc_random_octets(c, SALT_OCTETS, arena, &p.salt, err);

    p.key_length = cmc_int_from_u64(arena, octets);
    out->algorithm = cmc_oid_id_PBKDF2;
    return rc == CMC_OK ? cmc_encode_arena(&cmc_it_pbkdf2_params, &p, arena, &out->parameters, err)
                        : rc;
}

enum cmc_rc cmc_password_make(const struct cmc_crypto *c, struct cmc_slice password,
                              uint32_t rounds, struct cmc_slice key, struct cmc_arena *arena,
                              struct cmc_pwri *out, struct cmc_err *err)
{
    const struct cmc_wrap_alg *wrap = cmc_wrap_strongest();
    struct cmc_algid *kdf = cmc_arena_alloc(arena, sizeof *kdf);
    struct cmc_slice kek;
    enum cmc_rc rc;

    if (kdf == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a PasswordRecipientInfo");
    *out = (struct cmc_pwri){.key_derivation = kdf, .key_encryption.algorithm = *wrap->oid};
    rc = derivation(c, rounds != 0 ? rounds : CMC_PASSWORD_ROUNDS, wrap->octets, arena, kdf, err);
    if (rc == CMC_OK)
        rc = cmc_pbkdf2(c, kdf, password, wrap->octets, arena, &kek, err);
    if (rc == CMC_OK)
        rc = cmc_key_wrap(c, kek, key, arena, &out->encrypted_key, err);
    return rc;
}

/* -- opening ----------------------------------------------------------------------------- */

/* What PBKDF2 is asked to do is bounded before it is done: nobody is known to have asked yet. */
static enum cmc_rc check_work(const struct cmc_algid *kdf, size_t octets, struct cmc_arena *arena,
                              struct cmc_err *err)
{
    struct cmc_pbkdf2_params p = {0};
    uint64_t want = octets;
    enum cmc_rc rc;

    if (kdf == NULL || !cmc_slice_eq(kdf->algorithm, cmc_oid_id_PBKDF2) ||
        kdf->parameters.p == NULL)
        return bad_alg(err, "the key derivation of the PasswordRecipientInfo is not PBKDF2");
    rc = cmc_decode(&cmc_it_pbkdf2_params, kdf->parameters, arena, &p, err);
    if (rc != CMC_OK)
        return rc;
    if (p.iterations > CMC_LIMIT_PASSWORD_ROUNDS)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE,
                             "PBKDF2 of %u rounds; want at most CMC_LIMIT_PASSWORD_ROUNDS (%u)",
                             p.iterations, CMC_LIMIT_PASSWORD_ROUNDS);
    if (p.key_length.p != NULL && (!cmc_int_get_u64(p.key_length, &want) || want != octets))
        return bad_alg(err, "the key that PBKDF2 makes has another length than the wrap's");
    return CMC_OK;
}

/*
 * RFC 3211 section 2.3.2: the key with a check value is encrypted twice over, the second time
 * with the last block of the first as IV. parameters: the AlgorithmIdentifier of the cipher.
 */
static enum cmc_rc pwri_kek_open(const struct cmc_crypto *c, const struct cmc_cipher_alg *alg,
                                 struct cmc_slice kek, struct cmc_slice iv, struct cmc_slice in,
                                 struct cmc_arena *arena, struct cmc_slice *key,
                                 struct cmc_err *err)
{
    size_t b = alg->iv_octets;
    struct cmc_slice last, rest, plain;
    uint8_t *once;
    enum cmc_rc rc;

    if (in.n < 2 * b || in.n % b != 0 || in.n > CMC_LIMIT_PBKDF2_KEY)
        return cmc_fail(err, CMC_E_CRYPTO, NULL, "the wrapped key has no length of RFC 3211");
    once = cmc_arena_alloc(arena, in.n);
    if (once == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a wrapped key");
    rc = cmc_cipher(c, alg, CMC_DECRYPT, kek, cmc_slice(in.p + in.n - 2 * b, b), false,
                    cmc_slice(in.p + in.n - b, b), arena, &last, err);
    if (rc == CMC_OK)
        rc = cmc_cipher(c, alg, CMC_DECRYPT, kek, last, false, cmc_slice(in.p, in.n - b), arena,
                        &rest, err);
    if (rc != CMC_OK)
        return rc;
    memcpy(once, rest.p, in.n - b);
    memcpy(once + in.n - b, last.p, b);
    rc = cmc_cipher(c, alg, CMC_DECRYPT, kek, iv, false, cmc_slice(once, in.n), arena, &plain, err);
    if (rc != CMC_OK)
        return rc;
    /* COUNT, CHECK (the complement of the first octets), KEY, padding */
    if ((plain.p[1] ^ plain.p[4]) != 0xff || (plain.p[2] ^ plain.p[5]) != 0xff ||
        (plain.p[3] ^ plain.p[6]) != 0xff || plain.p[0] + 4u > plain.n)
        return cmc_fail(err, CMC_E_CRYPTO, NULL, "the wrapped key does not open");
    *key = cmc_slice(plain.p + 4, plain.p[0]);
    return CMC_OK;
}

static enum cmc_rc open_rfc3211(const struct cmc_crypto *c, const struct cmc_pwri *pwri,
                                struct cmc_slice password, struct cmc_arena *arena,
                                struct cmc_slice *key, struct cmc_err *err)
{
    const struct cmc_cipher_alg *alg = NULL;
    struct cmc_algid id = {0};
    struct cmc_slice kek, iv;
    enum cmc_rc rc;

    if (pwri->key_encryption.parameters.p == NULL ||
        cmc_decode(&cmc_it_algid, pwri->key_encryption.parameters, arena, &id, NULL) != CMC_OK)
        return bad_alg(err, "id-alg-PWRI-KEK without the cipher it is made with");
    rc = cmc_cipher_from_algid(&id, &alg, err);
    if (rc == CMC_OK)
        rc = cmc_cipher_iv(alg, &id, arena, &iv, err);
    if (rc == CMC_OK)
        rc = check_work(pwri->key_derivation, alg->key_octets, arena, err);
    if (rc == CMC_OK)
        rc = cmc_pbkdf2(c, pwri->key_derivation, password, alg->key_octets, arena, &kek, err);
    if (rc == CMC_OK)
        rc = pwri_kek_open(c, alg, kek, iv, pwri->encrypted_key, arena, key, err);
    return rc;
}

static enum cmc_rc open_aes_wrap(const struct cmc_crypto *c, const struct cmc_pwri *pwri,
                                 struct cmc_slice password, struct cmc_arena *arena,
                                 struct cmc_slice *key, struct cmc_err *err)
{
    const struct cmc_wrap_alg *wrap = cmc_wrap_by_oid(pwri->key_encryption.algorithm);
    struct cmc_slice kek;
    enum cmc_rc rc;

    if (wrap == NULL)
        return bad_alg(err, "the key encryption of the PasswordRecipientInfo is neither AES key "
                            "wrap nor id-alg-PWRI-KEK");
    rc = check_work(pwri->key_derivation, wrap->octets, arena, err);
    if (rc == CMC_OK)
        rc = cmc_pbkdf2(c, pwri->key_derivation, password, wrap->octets, arena, &kek, err);
    if (rc == CMC_OK)
        rc = cmc_key_unwrap(c, kek, pwri->encrypted_key, arena, key, err);
    return rc;
}

enum cmc_rc cmc_password_open(const struct cmc_crypto *c, const struct cmc_list *recipients,
                              struct cmc_slice password, struct cmc_arena *arena,
                              struct cmc_slice *key, struct cmc_err *err)
{
    for (size_t i = 0; i < recipients->n; i++) {
        const struct cmc_recipient_info *ri =
            CMC_AT(const struct cmc_recipient_info, *recipients, i);

        if (ri->which != CMC_RI_PWRI)
            continue;
        if (cmc_slice_eq(ri->u.pwri.key_encryption.algorithm, cmc_oid_id_alg_PWRI_KEK))
            return open_rfc3211(c, &ri->u.pwri, password, arena, key, err);
        return open_aes_wrap(c, &ri->u.pwri, password, arena, key, err);
    }
    return cmc_fail(err, CMC_E_NOTFOUND, CLAUSE,
                    "none of the %zu recipients is one by shared secret", recipients->n);
}
