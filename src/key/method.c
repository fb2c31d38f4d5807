/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA and EC keys of OpenSSL whose private half is an object in a token: they have its public half,
 * and methods that ask the token. OpenSSL calls this kind of key, and the functions here,
 * deprecated; a provider would be the way that it wants, with twenty times the code.
 */
#undef OPENSSL_NO_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "key/module_int.h"

#include "asn1/codec.h"

/* Octets of the largest EC key's coordinate (P-521), and of a point. */
#define COORDINATE_MAX 66u
#define POINT_MAX      (1u + 2u * COORDINATE_MAX)

/* -- what the process has once ------------------------------------------------------------ */

/* Tables of functions, made once and never changed; there is no way to have them constant. */
static struct {
    pthread_once_t once;
    int rsa_index, ec_index;
    RSA_METHOD *rsa;
    EC_KEY_METHOD *ec;
} methods = {.once = PTHREAD_ONCE_INIT, .rsa_index = -1, .ec_index = -1};

/* An operation with one input and one output. */
struct op {
    CK_MECHANISM how;
    const unsigned char *in;
    CK_ULONG nin;
    unsigned char *out;
    CK_ULONG nout;
};

static CK_RV do_sign(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                     void *arg)
{
    struct op *op = arg;
    CK_ULONG n = op->nout;
    CK_RV rv = f->C_SignInit(session, &op->how, key);

    if (rv == CKR_OK)
        rv = f->C_Sign(session, (CK_BYTE *)(uintptr_t)op->in, op->nin, op->out, &n);
    if (rv == CKR_OK)
        op->nout = n;
    return rv;
}

static CK_RV do_decrypt(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                        void *arg)
{
    struct op *op = arg;
    CK_ULONG n = op->nout;
    CK_RV rv = f->C_DecryptInit(session, &op->how, key);

    if (rv == CKR_OK)
        rv = f->C_Decrypt(session, (CK_BYTE *)(uintptr_t)op->in, op->nin, op->out, &n);
    if (rv == CKR_OK)
        op->nout = n;
    return rv;
}

/* Through OpenSSL to whoever asked: there is no other way for words. */
static bool run(struct cmc_slot_key *k, cmc_slot_fn fn, struct op *op)
{
    struct cmc_err err = {0};
    enum cmc_rc rc = cmc_slot_run(k, fn, op, &err);

    if (rc != CMC_OK)
        cmc_openssl_raise(rc == CMC_E_RETRY, err.text);
    return rc == CMC_OK;
}

/* -- RSA --------------------------------------------------------------------------------- */

static bool rsa_mechanism(int padding, CK_MECHANISM *how)
{
    *how = (CK_MECHANISM){padding == RSA_PKCS1_PADDING ? CKM_RSA_PKCS : CKM_RSA_X_509, NULL, 0};
    return padding == RSA_PKCS1_PADDING || padding == RSA_NO_PADDING;
}

static int rsa_do(cmc_slot_fn fn, int n, const unsigned char *from, unsigned char *to, RSA *rsa,
                  int padding)
{
    struct op op = {.in = from, .nin = (CK_ULONG)n, .out = to, .nout = (CK_ULONG)RSA_size(rsa)};

    if (!rsa_mechanism(padding, &op.how)) {
        cmc_openssl_raise(false, "a key in a token does not do this RSA padding");
        return -1;
    }
    return run(RSA_get_ex_data(rsa, methods.rsa_index), fn, &op) ? (int)op.nout : -1;
}

static int rsa_sign(int n, const unsigned char *from, unsigned char *to, RSA *rsa, int padding)
{
    return rsa_do(do_sign, n, from, to, rsa, padding);
}

static int rsa_decrypt(int n, const unsigned char *from, unsigned char *to, RSA *rsa, int padding)
{
    return rsa_do(do_decrypt, n, from, to, rsa, padding);
}

/* -- EC ---------------------------------------------------------------------------------- */

/* r and s, each as long as the order. */
static ECDSA_SIG *signature(const unsigned char *p, size_t n)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(p, (int)(n / 2), NULL), *s = BN_bin2bn(p + n / 2, (int)(n / 2), NULL);

    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        ECDSA_SIG_free(sig);
        BN_free(r);
        BN_free(s);
        return NULL;
    }
    return sig;
}

static ECDSA_SIG *ec_sign_sig(const unsigned char *digest, int n, const BIGNUM *kinv,
                              const BIGNUM *rp, EC_KEY *key)
{
    size_t order = ((size_t)EC_GROUP_order_bits(EC_KEY_get0_group(key)) + 7) / 8;
    unsigned char out[2 * COORDINATE_MAX];
    struct op op = {.how = {CKM_ECDSA, NULL, 0},
                    .in = digest,
                    .nin = (CK_ULONG)n,
                    .out = out,
                    .nout = sizeof out};

    (void)kinv;
    (void)rp;
    /* Not all tokens cut a digest that is longer than the order (FIPS 186-4 section 6.4). */
    if (op.nin > order)
        op.nin = order;
    if (!run(EC_KEY_get_ex_data(key, methods.ec_index), do_sign, &op))
        return NULL;
    return signature(out, op.nout);
}

static int ec_sign(int type, const unsigned char *digest, int n, unsigned char *out,
                   unsigned int *nout, const BIGNUM *kinv, const BIGNUM *rp, EC_KEY *key)
{
    ECDSA_SIG *sig = ec_sign_sig(digest, n, kinv, rp, key);
    int len = sig != NULL ? i2d_ECDSA_SIG(sig, &out) : -1;

    (void)type;
    ECDSA_SIG_free(sig);
    *nout = len > 0 ? (unsigned int)len : 0;
    return len > 0;
}

/* The shared secret: a session object that is read and destroyed. */
static CK_RV do_derive(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                       void *arg)
{
    struct op *op = arg;
    CK_ECDH1_DERIVE_PARAMS params = {
        .kdf = CKD_NULL, .ulPublicDataLen = op->nin, .pPublicData = (CK_BYTE *)(uintptr_t)op->in};
    CK_MECHANISM how = {CKM_ECDH1_DERIVE, &params, sizeof params};
    CK_OBJECT_CLASS cls = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG n = op->nout;
    CK_ATTRIBUTE want[] = {{CKA_CLASS, &cls, sizeof cls},       {CKA_KEY_TYPE, &type, sizeof type},
                           {CKA_TOKEN, &no, sizeof no},         {CKA_SENSITIVE, &no, sizeof no},
                           {CKA_EXTRACTABLE, &yes, sizeof yes}, {CKA_VALUE_LEN, &n, sizeof n}};
    CK_ATTRIBUTE value = {CKA_VALUE, op->out, op->nout};
    CK_OBJECT_HANDLE secret = CK_INVALID_HANDLE;
    CK_RV rv = f->C_DeriveKey(session, &how, key, want, CMC_COUNT(want), &secret);

    if (rv != CKR_OK)
        return rv;
    rv = f->C_GetAttributeValue(session, secret, &value, 1);
    (void)f->C_DestroyObject(session, secret);
    return rv == CKR_OK && value.ulValueLen != op->nout ? CKR_FUNCTION_FAILED : rv;
}

static int ec_derive(unsigned char **out, size_t *nout, const EC_POINT *peer, const EC_KEY *key)
{
    const EC_GROUP *group = EC_KEY_get0_group(key);
    unsigned char point[POINT_MAX];
    struct op op = {.in = point, .nout = ((size_t)EC_GROUP_get_degree(group) + 7) / 8};

    op.nin =
        EC_POINT_point2oct(group, peer, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL);
    op.out = OPENSSL_zalloc(op.nout);
    if (op.out == NULL || op.nin == 0 ||
        !run(EC_KEY_get_ex_data(key, methods.ec_index), do_derive, &op)) {
        OPENSSL_clear_free(op.out, op.nout);
        return 0;
    }
    *out = op.out;
    *nout = op.nout;
    return 1;
}

/* -- making ------------------------------------------------------------------------------ */

static void make_methods(void)
{
    methods.rsa_index = RSA_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    methods.ec_index = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    methods.rsa = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    methods.ec = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    if (methods.rsa != NULL) {
        (void)RSA_meth_set1_name(methods.rsa, "key in a token");
        (void)RSA_meth_set_flags(methods.rsa, 0);
        (void)RSA_meth_set_priv_enc(methods.rsa, rsa_sign);
        (void)RSA_meth_set_priv_dec(methods.rsa, rsa_decrypt);
    }
    if (methods.ec != NULL) {
        EC_KEY_METHOD_set_sign(methods.ec, ec_sign, NULL, ec_sign_sig);
        EC_KEY_METHOD_set_compute_key(methods.ec, ec_derive);
    }
}

static bool have_methods(void)
{
    return pthread_once(&methods.once, make_methods) == 0 && methods.rsa_index >= 0 &&
           methods.ec_index >= 0 && methods.rsa != NULL && methods.ec != NULL;
}

enum cmc_rc cmc_method_rsa(struct cmc_slot_key *k, struct cmc_slice n, struct cmc_slice e,
                           EVP_PKEY **out, struct cmc_err *err)
{
    RSA *rsa = have_methods() ? RSA_new() : NULL;
    BIGNUM *bn = BN_bin2bn(n.p, (int)n.n, NULL), *be = BN_bin2bn(e.p, (int)e.n, NULL);
    EVP_PKEY *key = EVP_PKEY_new();
    bool ok = rsa != NULL && bn != NULL && be != NULL && key != NULL &&
              RSA_set0_key(rsa, bn, be, NULL) == 1;

    if (ok)
        bn = be = NULL;
    ok = ok && RSA_set_method(rsa, methods.rsa) == 1 &&
         RSA_set_ex_data(rsa, methods.rsa_index, k) == 1 && EVP_PKEY_set1_RSA(key, rsa) == 1;
    BN_free(bn);
    BN_free(be);
    RSA_free(rsa);
    if (!ok) {
        EVP_PKEY_free(key);
        return cmc_fail_openssl(err, CMC_E_LOCAL, "an RSA key of a token cannot be used");
    }
    *out = key;
    return CMC_OK;
}

enum cmc_rc cmc_method_ec(struct cmc_slot_key *k, struct cmc_slice params, struct cmc_slice point,
                          EVP_PKEY **out, struct cmc_err *err)
{
    const unsigned char *p = params.p;
    EC_GROUP *group = d2i_ECPKParameters(NULL, &p, (long)params.n);
    EC_KEY *ec = have_methods() ? EC_KEY_new() : NULL;
    EVP_PKEY *key = EVP_PKEY_new();
    bool ok =
        group != NULL && ec != NULL && key != NULL && EC_KEY_set_group(ec, group) == 1 &&
        ((size_t)EC_GROUP_get_degree(group) + 7) / 8 <= COORDINATE_MAX &&
        EC_KEY_oct2key(ec, point.p, point.n, NULL) == 1 && EC_KEY_set_method(ec, methods.ec) == 1 &&
        EC_KEY_set_ex_data(ec, methods.ec_index, k) == 1 && EVP_PKEY_set1_EC_KEY(key, ec) == 1;

    EC_GROUP_free(group);
    EC_KEY_free(ec);
    if (!ok) {
        EVP_PKEY_free(key);
        return cmc_fail_openssl(err, CMC_E_LOCAL, "an EC key of a token cannot be used");
    }
    *out = key;
    return CMC_OK;
}
