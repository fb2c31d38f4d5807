/* SPDX-License-Identifier: Apache-2.0 */
/* New keys and certificates in a token. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "key/token_int.h"

/* -- what kind of key -------------------------------------------------------------------- */

#define RSA_BITS_MIN 1024u
#define RSA_BITS_MAX 16384u

struct curve {
    const char *name;
    struct cmc_slice oid; /* whole TLV: CKA_EC_PARAMS */
};

#define OID_P256 "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define OID_P384 "\x06\x05\x2b\x81\x04\x00\x22"
#define OID_P521 "\x06\x05\x2b\x81\x04\x00\x23"
#define CURVE(name, oid)                                                                           \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            (const uint8_t *)(oid), sizeof(oid) - 1                                                \
        }                                                                                          \
    }
static const struct curve curves[] = {
    CURVE("P-256", OID_P256),      CURVE("nistp256", OID_P256), CURVE("secp256r1", OID_P256),
    CURVE("prime256v1", OID_P256), CURVE("P-384", OID_P384),    CURVE("nistp384", OID_P384),
    CURVE("secp384r1", OID_P384),  CURVE("P-521", OID_P521),    CURVE("nistp521", OID_P521),
    CURVE("secp521r1", OID_P521),
};

/* A spec, read: bits for RSA, otherwise the curve. */
struct kind {
    CK_ULONG bits;
    const struct curve *curve;
};

static enum cmc_rc read_spec(const char *spec, struct kind *k, struct cmc_err *err)
{
    *k = (struct kind){0};
    if (strncasecmp(spec, "rsa:", 4) == 0) {
        char *end = NULL;
        unsigned long bits = strtoul(spec + 4, &end, 10);

        if (spec[4] >= '0' && spec[4] <= '9' && *end == '\0' && bits >= RSA_BITS_MIN &&
            bits <= RSA_BITS_MAX) {
            k->bits = bits;
            return CMC_OK;
        }
    }
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (strncasecmp(spec, "ec:", 3) == 0 && strcasecmp(spec + 3, curves[i].name) == 0) {
            k->curve = &curves[i];
            return CMC_OK;
        }
    }
    return cmc_fail(err, CMC_E_USAGE, NULL,
                    "unknown kind of key '%s' for a token; want rsa:%u to rsa:%u, ec:P-256 (or "
                    "nistp256), ec:P-384 or ec:P-521",
                    spec, RSA_BITS_MIN, RSA_BITS_MAX);
}

/* -- templates --------------------------------------------------------------------------- */

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

struct templ {
    CK_ATTRIBUTE a[16];
    CK_ULONG n;
};

static void add(struct templ *t, CK_ATTRIBUTE_TYPE type, const void *p, size_t n)
{
    t->a[t->n++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)p, n};
}

static void add_bool(struct templ *t, CK_ATTRIBUTE_TYPE type, bool v)
{
    add(t, type, v ? &yes : &no, sizeof(CK_BBOOL));
}

static void public_template(const struct cmc_token_keygen *g, const struct kind *k, bool token,
                            unsigned int usage, struct templ *t)
{
    static const uint8_t f4[] = {1, 0, 1};

    add_bool(t, CKA_TOKEN, token);
    add_bool(t, CKA_VERIFY, (usage & CMC_KEY_SIGN) != 0);
    if (k->curve != NULL) {
        add(t, CKA_EC_PARAMS, k->curve->oid.p, k->curve->oid.n);
    } else {
        add(t, CKA_MODULUS_BITS, &k->bits, sizeof k->bits);
        add(t, CKA_PUBLIC_EXPONENT, f4, sizeof f4);
        add_bool(t, CKA_ENCRYPT, (usage & CMC_KEY_DECRYPT) != 0);
        add_bool(t, CKA_WRAP, (usage & (CMC_KEY_DECRYPT | CMC_KEY_WRAP)) != 0);
    }
    if (g->label != NULL)
        add(t, CKA_LABEL, g->label, strlen(g->label));
}

static void private_template(const struct cmc_token_keygen *g, const struct kind *k,
                             unsigned int usage, struct templ *t)
{
    const bool sensitive = g->sensitive == CMC_UNSAID ? !g->temporary : g->sensitive == CMC_YES;

    add_bool(t, CKA_TOKEN, !g->temporary);
    add_bool(t, CKA_PRIVATE, true);
    add_bool(t, CKA_SENSITIVE, sensitive);
    if (g->extractable != CMC_UNSAID)
        add_bool(t, CKA_EXTRACTABLE, g->extractable == CMC_YES);
    add_bool(t, CKA_SIGN, (usage & CMC_KEY_SIGN) != 0);
    if (k->curve != NULL) {
        add_bool(t, CKA_DERIVE, (usage & CMC_KEY_DERIVE) != 0);
    } else {
        add_bool(t, CKA_DECRYPT, (usage & CMC_KEY_DECRYPT) != 0);
        add_bool(t, CKA_UNWRAP, (usage & (CMC_KEY_DECRYPT | CMC_KEY_WRAP)) != 0);
    }
    if (g->label != NULL)
        add(t, CKA_LABEL, g->label, strlen(g->label));
}

/* -- the id ------------------------------------------------------------------------------ */

/* CKA_EC_POINT is the point in an OCTET STRING; some modules leave that out. */
static struct cmc_slice point_of(struct cmc_slice v, struct cmc_arena *arena)
{
    struct cmc_slice point = CMC_SLICE_NONE;

    return cmc_decode(&cmc_it_octet_string, v, arena, &point, NULL) == CMC_OK ? point : v;
}

static struct cmc_slice without_zeros(struct cmc_slice v)
{
    while (v.n > 0 && v.p[0] == 0) {
        v.p++;
        v.n--;
    }
    return v;
}

/* As NSS makes ids: SHA-1 of the modulus, or of the point. */
static enum cmc_rc make_id(const struct cmc_token *t, const struct kind *k, CK_OBJECT_HANDLE pub,
                           struct cmc_arena *arena, struct cmc_slice *id, struct cmc_err *err)
{
    struct cmc_slice v = CMC_SLICE_NONE;
    uint8_t *digest = cmc_arena_alloc(arena, CMC_DIGEST_MAX);
    size_t n = 0;
    enum cmc_rc rc;

    rc = cmc_object_get(t, pub, k->curve != NULL ? CKA_EC_POINT : CKA_MODULUS, arena, &v, err);
    if (rc == CMC_OK && v.n == 0)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL,
                      "token '%s': does not tell the public key it has made", t->label);
    if (rc == CMC_OK && digest == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key id");
    if (rc == CMC_OK)
        rc = cmc_digest(t->crypto, CMC_DIGEST_SHA1,
                        k->curve != NULL ? point_of(v, arena) : without_zeros(v), digest, &n, err);
    *id = cmc_slice(digest, n);
    return rc;
}

static enum cmc_rc set_id(const struct cmc_token *t, CK_OBJECT_HANDLE o, struct cmc_slice id,
                          struct cmc_err *err)
{
    CK_ATTRIBUTE a = {CKA_ID, (void *)(uintptr_t)id.p, id.n};
    CK_RV rv = t->f->C_SetAttributeValue(t->session, o, &a, 1);

    if (rv != CKR_OK)
        return cmc_fail_ckr(err, rv, "token '%s': the id of the new key", t->label);
    return CMC_OK;
}

/* -- key pairs --------------------------------------------------------------------------- */

static enum cmc_rc ready(const struct cmc_token *t, bool permanent, struct cmc_err *err)
{
    if (!t->logged_in)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "token '%s': a new key needs its password, and none was given", t->label);
    if (permanent && !t->write)
        return cmc_fail(err, CMC_E_USAGE, NULL, "token '%s': is open for reading only", t->label);
    return CMC_OK;
}

enum cmc_rc cmc_token_generate(struct cmc_token *t, const struct cmc_token_keygen *g,
                               struct cmc_arena *arena, struct cmc_slice *id, EVP_PKEY **out,
                               struct cmc_err *err)
{
    struct kind k;
    struct templ pub = {.n = 0}, prv = {.n = 0};
    struct cmc_slice own = CMC_SLICE_NONE;
    CK_MECHANISM how = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_OBJECT_HANDLE opub = CK_INVALID_HANDLE, oprv = CK_INVALID_HANDLE;
    /* What is temporary must last as long as the EVP_PKEY. */
    CK_SESSION_HANDLE session = g->temporary ? cmc_slot_session(t->slot) : t->session;
    unsigned int usage = g->usage;
    enum cmc_rc rc = read_spec(g->spec, &k, err);
    CK_RV rv;

    *out = NULL;
    if (rc == CMC_OK)
        rc = ready(t, !g->temporary, err);
    if (rc != CMC_OK)
        return rc;
    if (usage == 0)
        usage = CMC_KEY_SIGN | (k.curve != NULL ? CMC_KEY_DERIVE : CMC_KEY_DECRYPT);
    if (k.curve != NULL)
        how.mechanism = CKM_EC_KEY_PAIR_GEN;
    public_template(g, &k, !g->temporary, usage, &pub);
    private_template(g, &k, usage, &prv);
    rv = t->f->C_GenerateKeyPair(session, &how, pub.a, pub.n, prv.a, prv.n, &opub, &oprv);
    if (rv != CKR_OK)
        return cmc_fail_ckr(err, rv, "token '%s': cannot make a key %s", t->label, g->spec);
    rc = make_id(t, &k, opub, arena, &own, err);
    if (rc == CMC_OK)
        rc = set_id(t, opub, own, err);
    if (rc == CMC_OK)
        rc = set_id(t, oprv, own, err);
    if (rc == CMC_OK)
        rc = cmc_token_evp(t, oprv, !g->temporary, arena, out, err);
    if (rc != CMC_OK) {
        /* A key that nobody could name would stay for ever. */
        (void)t->f->C_DestroyObject(session, oprv);
        (void)t->f->C_DestroyObject(session, opub);
        return rc;
    }
    if (id != NULL)
        *id = own;
    return CMC_OK;
}

/* -- certificates ------------------------------------------------------------------------ */

/* What a public key is known by in a token: CKA_MODULUS, or CKA_EC_POINT without its wrapping. */
static enum cmc_rc public_value(const struct cmc_token *t, const struct cmc_cert *cert,
                                struct cmc_arena *arena, bool *rsa, struct cmc_slice *out,
                                struct cmc_err *err)
{
    EVP_PKEY *key = NULL;
    BIGNUM *n = NULL;
    enum cmc_rc rc = cmc_spki_key(t->crypto, cert->tbs.spki.raw, &key, err);

    *out = CMC_SLICE_NONE;
    if (rc != CMC_OK)
        return rc;
    *rsa = EVP_PKEY_is_a(key, "RSA") == 1;
    if (!*rsa) {
        /* After the unused-bits octet. */
        *out = cmc_slice(cert->tbs.spki.public_key.p + 1, cert->tbs.spki.public_key.n - 1);
    } else if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "the modulus of a key cannot be had");
    } else {
        int size = BN_num_bytes(n);
        uint8_t *p = cmc_arena_alloc(arena, (size_t)size);

        if (p == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
        else
            *out = cmc_slice(p, (size_t)BN_bn2bin(n, p));
    }
    BN_free(n);
    EVP_PKEY_free(key);
    return rc;
}

/* The key that is there with this public value, by whatever id it has. */
static enum cmc_rc id_in_token(const struct cmc_token *t, bool rsa, struct cmc_slice value,
                               struct cmc_arena *arena, struct cmc_slice *id, struct cmc_err *err)
{
    CK_OBJECT_CLASS cls = CKO_PUBLIC_KEY;
    struct cmc_slice wrapped = value;
    CK_OBJECT_HANDLE *o = NULL;
    enum cmc_rc rc = CMC_OK;
    size_t n = 0;

    *id = CMC_SLICE_NONE;
    if (!rsa)
        rc = cmc_encode_arena(&cmc_it_octet_string, &value, arena, &wrapped, err);
    if (rc == CMC_OK) {
        CK_ATTRIBUTE want[] = {
            {CKA_CLASS, &cls, sizeof cls},
            {rsa ? CKA_MODULUS : CKA_EC_POINT, (void *)(uintptr_t)wrapped.p, wrapped.n}};

        rc = cmc_objects(t, want, 2, arena, &o, &n, err);
    }
    if (rc == CMC_OK && n > 0)
        rc = cmc_object_get(t, o[0], CKA_ID, arena, id, err);
    return rc;
}

static enum cmc_rc id_for(const struct cmc_token *t, const struct cmc_cert *cert,
                          struct cmc_arena *arena, struct cmc_slice *id, struct cmc_err *err)
{
    struct cmc_slice value = CMC_SLICE_NONE;
    uint8_t *digest = cmc_arena_alloc(arena, CMC_DIGEST_MAX);
    bool rsa = false;
    size_t n = 0;
    enum cmc_rc rc = public_value(t, cert, arena, &rsa, &value, err);

    if (rc == CMC_OK && digest == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key id");
    if (rc == CMC_OK && !t->nss)
        rc = id_in_token(t, rsa, value, arena, id, err);
    if (rc != CMC_OK || id->n > 0)
        return rc;
    rc = cmc_digest(t->crypto, CMC_DIGEST_SHA1, value, digest, &n, err);
    *id = cmc_slice(digest, n);
    return rc;
}

/* Neither a certificate twice, by its octets or its name, nor in NSS one nickname for two subjects.
 */
static enum cmc_rc clash(const struct cmc_token *t, const struct cmc_cert *cert,
                         const char *nickname, const struct cmc_token_cert *other,
                         struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_cert o = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, other->der, arena, &o, err);

    if (rc != CMC_OK)
        return rc;
    if (cmc_slice_eq(o.raw, cert->raw))
        return cmc_fail(err, CMC_E_CONFLICT, NULL,
                        "token '%s' has this certificate already, as '%s'", t->label,
                        other->nickname);
    if (cmc_slice_eq(o.tbs.issuer, cert->tbs.issuer) &&
        cmc_slice_eq(o.tbs.serial, cert->tbs.serial))
        return cmc_fail(err, CMC_E_CONFLICT, NULL,
                        "token '%s' has another certificate of this issuer with this serial "
                        "number, as '%s'",
                        t->label, other->nickname);
    if (t->nss && strcmp(other->nickname, nickname) == 0 &&
        !cmc_slice_eq(o.tbs.subject, cert->tbs.subject))
        return cmc_fail(err, CMC_E_CONFLICT, NULL,
                        "token '%s' has the nickname '%s' for another subject", t->label, nickname);
    return CMC_OK;
}

static enum cmc_rc conflicts(struct cmc_token *t, const struct cmc_cert *cert, const char *nickname,
                             struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_token_cert *all = NULL;
    size_t n = 0;
    enum cmc_rc rc = cmc_token_certs(t, arena, &all, &n, err);

    for (size_t i = 0; rc == CMC_OK && i < n; i++)
        rc = clash(t, cert, nickname, &all[i], arena, err);
    return rc;
}

static enum cmc_rc create(struct cmc_token *t, const struct cmc_cert *cert, struct cmc_slice id,
                          const char *nickname, struct cmc_arena *arena, struct cmc_err *err)
{
    static const CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
    static const CK_CERTIFICATE_TYPE type = CKC_X_509;
    struct cmc_slice serial = CMC_SLICE_NONE;
    struct templ a = {.n = 0};
    CK_OBJECT_HANDLE o;
    enum cmc_rc rc = cmc_encode_arena(&cmc_it_integer, &cert->tbs.serial, arena, &serial, err);
    CK_RV rv;

    if (rc != CMC_OK)
        return rc;
    add(&a, CKA_CLASS, &cls, sizeof cls);
    add(&a, CKA_CERTIFICATE_TYPE, &type, sizeof type);
    add_bool(&a, CKA_TOKEN, true);
    add_bool(&a, CKA_PRIVATE, false);
    add(&a, CKA_LABEL, nickname, strlen(nickname));
    add(&a, CKA_ID, id.p, id.n);
    add(&a, CKA_SUBJECT, cert->tbs.subject.p, cert->tbs.subject.n);
    add(&a, CKA_ISSUER, cert->tbs.issuer.p, cert->tbs.issuer.n);
    add(&a, CKA_SERIAL_NUMBER, serial.p, serial.n);
    add(&a, CKA_VALUE, cert->raw.p, cert->raw.n);
    rv = t->f->C_CreateObject(t->session, a.a, a.n, &o);
    if (rv != CKR_OK)
        return cmc_fail_ckr(err, rv, "token '%s': cannot take the certificate", t->label);
    return CMC_OK;
}

enum cmc_rc cmc_token_cert_import(struct cmc_token *t, struct cmc_slice der, const char *nickname,
                                  struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    struct cmc_slice id = CMC_SLICE_NONE;
    struct cmc_cert cert = {0};
    enum cmc_rc rc;

    if (arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    rc = cmc_decode(&cmc_it_cert, der, arena, &cert, err);
    if (rc == CMC_OK && !t->write)
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "token '%s': is open for reading only", t->label);
    if (rc == CMC_OK)
        rc = conflicts(t, &cert, nickname, arena, err);
    if (rc == CMC_OK)
        rc = id_for(t, &cert, arena, &id, err);
    if (rc == CMC_OK)
        rc = create(t, &cert, id, nickname, arena, err);
    cmc_arena_free(arena);
    return rc;
}
