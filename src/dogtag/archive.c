/* SPDX-License-Identifier: Apache-2.0 */
#include "dogtag/archive.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "crypto/cipher.h"

#define ENVIRONMENT "KEY_ARCHIVAL_KEYWRAP_ALGORITHM"
#define SESSION_MAX 24u

/* A parameter of so many octets is there even where the wrap takes no IV: so Dogtag writes it. */
struct dog_wrap {
    const char *name; /* as Dogtag's tools know it */
    enum cmc_token_wrap_kind kind;
    const struct cmc_slice *oid;
    size_t session_octets, parameter_octets;
};

static const struct dog_wrap wraps[] = {
    {"AES KeyWrap/Padding", CMC_WRAP_AES_PAD, &cmc_oid_aes128_wrap_pad, 16, 8},
    {"AES KeyWrap/Wrapped", CMC_WRAP_AES_KWP, &cmc_oid_aes128_wrap_pad, 16, 8},
    {"AES/CBC/PKCS5Padding", CMC_WRAP_AES_CBC_PAD, &cmc_oid_aes128_CBC, 16, 16},
    {"DES3/CBC/Pad", CMC_WRAP_DES3_CBC_PAD, &cmc_oid_des_EDE3_CBC, 24, 8},
};

/* EncryptedValue, the fields that Dogtag uses; in IMPLICIT TAGS. */
struct dog_encrypted_value {
    struct cmc_algid *symm_alg;
    struct cmc_slice enc_symm_key, enc_value; /* BIT STRING content */
};
static const struct cmc_field f_encrypted_value[] = {
    CMC_FIELD_X(dog_encrypted_value, symm_alg, "symmAlg", cmc_it_algid, 1, CMC_F_POINTER),
    CMC_FIELD_X(dog_encrypted_value, enc_symm_key, "encSymmKey", cmc_it_bit_string, 2, 0),
    CMC_FIELD(dog_encrypted_value, enc_value, "encValue", cmc_it_bit_string),
};
static CMC_SEQUENCE(dog_encrypted_value, "EncryptedValue", encrypted_value, f_encrypted_value);

/* PKIArchiveOptions ::= CHOICE { encryptedPrivKey [0] EncryptedKey, ... }; EncryptedKey is a
 * CHOICE, so that tag is EXPLICIT. */
struct dog_archive_choice {
    int which;
    struct dog_encrypted_value value;
};
static const struct cmc_field f_archive_options[] = {
    CMC_FIELD_X(dog_archive_choice, value, "encryptedPrivKey", encrypted_value, 0, CMC_F_EXPLICIT),
};
static CMC_CHOICE(dog_archive_choice, "PKIArchiveOptions", archive_options, f_archive_options);

static enum cmc_rc find_wrap(struct dog *d, const char *given, const struct dog_wrap **out)
{
    const char *env = getenv(ENVIRONMENT);
    const char *name = given != NULL ? given : env != NULL ? env : wraps[0].name;

    for (size_t i = 0; i < CMC_COUNT(wraps); i++) {
        if (strcasecmp(wraps[i].name, name) == 0) {
            *out = &wraps[i];
            return CMC_OK;
        }
    }
    return dog_usage(d,
                     "ERROR: %s %s: unknown way to wrap a key; want 'AES KeyWrap/Padding', 'AES "
                     "KeyWrap/Wrapped', 'AES/CBC/PKCS5Padding' or 'DES3/CBC/Pad'",
                     given != NULL ? "-w" : ENVIRONMENT, name);
}

enum cmc_rc dog_archive_open(struct dog *d, const struct dog_archive_options *o,
                             struct dog_archive *out)
{
    struct cmc_slice *certs = NULL;
    struct cmc_cert cert = {0};
    size_t n = 0;
    enum cmc_rc rc;

    *out = (struct dog_archive){.oaep = o->oaep};
    if (o->transport == NULL) {
        if (o->wrap_alg != NULL || o->oaep)
            dog_warn(d, "%s has no effect without -b", o->wrap_alg != NULL ? "-w" : "--oaep");
        return CMC_OK;
    }
    rc = find_wrap(d, o->wrap_alg, &out->wrap);
    if (rc == CMC_OK)
        rc = cmc_certs_load(d->crypto, o->transport, NULL, d->arena, &certs, &n, &d->err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, certs[0], d->arena, &cert, &d->err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(d->crypto, cert.tbs.spki.raw, &out->transport, &d->err);
    if (rc == CMC_OK && EVP_PKEY_is_a(out->transport, "RSA") != 1)
        rc = dog_usage(d, "ERROR: -b %s: the transport certificate is of an %s key; want RSA",
                       o->transport, EVP_PKEY_get0_type_name(out->transport));
    if (rc != CMC_OK)
        dog_archive_clean(out);
    return rc;
}

void dog_archive_clean(struct dog_archive *a)
{
    EVP_PKEY_free(a->transport);
    *a = (struct dog_archive){0};
}

/* BIT STRING content of whole octets. */
static enum cmc_rc as_bits(struct dog *d, struct cmc_slice octets, struct cmc_slice *out)
{
    uint8_t *p = cmc_arena_alloc(d->arena, octets.n + 1);

    if (p == NULL)
        return dog_no_memory(d);
    p[0] = 0;
    memcpy(p + 1, octets.p, octets.n);
    *out = cmc_slice(p, octets.n + 1);
    return CMC_OK;
}

/* DES keys have a bit of odd parity in each octet, which some tokens look at. */
static void set_parity(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned int v = p[i] & 0xfeu, ones = 0;

        for (unsigned int b = v; b != 0; b >>= 1)
            ones += b & 1u;
        p[i] = (uint8_t)(v | (ones % 2 == 0 ? 1u : 0u));
    }
}

static enum cmc_rc wrapped(struct dog *d, const struct dog_archive *a, const struct dog_newkey *k,
                           struct cmc_slice session, struct cmc_slice iv,
                           struct dog_encrypted_value *out)
{
    struct cmc_slice id, octets;
    enum cmc_rc rc = cmc_key_id_parse(k->id, d->arena, &id, &d->err);

    if (rc == CMC_OK)
        rc =
            cmc_token_wrap(k->db.token, id, a->wrap->kind, session, iv, d->arena, &octets, &d->err);
    if (rc == CMC_OK)
        rc = as_bits(d, octets, &out->enc_value);
    if (rc == CMC_OK)
        rc = cmc_rsa_encrypt(d->crypto, a->transport,
                             a->oaep ? CMC_RSA_OAEP_SHA256 : CMC_RSA_PKCS1_V15, session, d->arena,
                             &octets, &d->err);
    return rc == CMC_OK ? as_bits(d, octets, &out->enc_symm_key) : rc;
}

enum cmc_rc dog_archive_control(struct dog *d, const struct dog_archive *a,
                                const struct dog_newkey *k, struct cmc_atv *out)
{
    const struct dog_wrap *w = a->wrap;
    uint8_t session[SESSION_MAX], *iv = cmc_arena_alloc(d->arena, w->parameter_octets);
    struct cmc_slice parameter = {iv, w->parameter_octets};
    struct cmc_algid alg = {.algorithm = *w->oid};
    struct dog_archive_choice choice = {.value.symm_alg = &alg};
    enum cmc_rc rc;

    if (iv == NULL)
        return dog_no_memory(d);
    rc = cmc_random(d->crypto, session, w->session_octets, &d->err);
    if (rc == CMC_OK)
        rc = cmc_random(d->crypto, iv, w->parameter_octets, &d->err);
    if (w->kind == CMC_WRAP_DES3_CBC_PAD)
        set_parity(session, w->session_octets);
    if (rc == CMC_OK)
        rc = wrapped(d, a, k, cmc_slice(session, w->session_octets), parameter, &choice.value);
    OPENSSL_cleanse(session, sizeof session);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_octet_string, &parameter, d->arena, &alg.parameters, &d->err);
    *out = (struct cmc_atv){.type = cmc_oid_id_regCtrl_pkiArchiveOptions};
    return rc == CMC_OK
               ? cmc_encode_arena(&archive_options, &choice, d->arena, &out->value, &d->err)
               : rc;
}
