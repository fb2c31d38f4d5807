/* SPDX-License-Identifier: Apache-2.0 */
/* NSS databases and a SoftHSM token, made by their own tools: keys found, made and used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "asn1/oids.h"
#include "base/file.h"
#include "cms/signed_data.h"
#include "crypto/cipher.h"
#include "key/token.h"
#include "tokens.h"

static struct tokens tokens;
static struct cmc_crypto *c;
static struct cmc_arena *arena;
static struct cmc_err err;

static const struct cmc_passphrase right = {.text = TOKENS_PASSWORD}, pin = {.text = "1234"},
                                   wrong = {.text = "not it"};

static int setup(void **state)
{
    (void)state;
    arena = cmc_arena_new(1u << 27);
    if (arena == NULL || cmc_crypto_new(&c, NULL) != CMC_OK)
        return 1;
    if (tokens_missing() != NULL)
        return 0;
    return tokens_setup(&tokens) && tokens_nss_new(&tokens, tokens.nss) &&
                   tokens_nss_cert(&tokens, "Test CA", NULL, "rsa", 1, 0) &&
                   tokens_nss_cert(&tokens, "Agent RSA", "Test CA", "rsa", 2, 0) &&
                   tokens_nss_cert(&tokens, "Agent EC", "Test CA", "ec", 3, 0) &&
                   tokens_nss_cert(&tokens, "Twin", "Test CA", "ec", 10, -36) &&
                   tokens_nss_cert(&tokens, "Twin", "Test CA", "ec", 11, -12) &&
                   tokens_nss_cert(&tokens, "Twin", "Test CA", "ec", 12, -6) &&
                   tokens_nss_cert(&tokens, "Twin", "Test CA", "ec", 13, 12) &&
                   tokens_softhsm_new(&tokens, "my hsm") &&
                   tokens_softhsm_new(&tokens, "other hsm") &&
                   tokens_softhsm_new(&tokens, "mixed hsm")
               ? 0
               : 1;
}

static int teardown(void **state)
{
    (void)state;
    if (tokens_missing() == NULL)
        tokens_teardown(&tokens);
    cmc_arena_free(arena);
    cmc_crypto_free(c);
    return 0;
}

static void need_tools(void)
{
    const char *why = tokens_missing();

    if (why != NULL) {
        print_message("# skipped: %s\n", why);
        skip();
    }
}

static struct cmc_token *open_token(const char *dbdir, const char *name, bool write,
                                    const struct cmc_passphrase *pass)
{
    const struct cmc_token_place place = {.dbdir = dbdir, .token = name, .write = write};
    struct cmc_token *t = NULL;

    if (cmc_token_open(c, &place, pass, &t, &err) != CMC_OK)
        fail_msg("%s", err.text);
    return t;
}

static EVP_PKEY *key_of(struct cmc_token *t, const char *nickname)
{
    EVP_PKEY *key = NULL;

    if (cmc_token_key_by_nickname(t, nickname, &key, &err) != CMC_OK)
        fail_msg("%s: %s", nickname, err.text);
    return key;
}

/* -- what a key must be able to do ------------------------------------------------------- */

/* The public half, as software. */
static EVP_PKEY *public_of(EVP_PKEY *key)
{
    struct cmc_slice spki;
    EVP_PKEY *pub = NULL;

    assert_int_equal(cmc_key_spki(key, arena, &spki, &err), CMC_OK);
    assert_int_equal(cmc_spki_key(c, spki, &pub, &err), CMC_OK);
    assert_int_equal(EVP_PKEY_eq(pub, key), 1);
    assert_int_equal(EVP_PKEY_eq(key, pub), 1);
    return pub;
}

/* A CMS message made by the key in the token, verified by software. */
static void check_cms(EVP_PKEY *key, const struct cmc_sig_alg *alg)
{
    const struct cmc_cms_signer signer = {.key = key, .alg = alg, .sid = CMC_SID_SKI};
    const struct cmc_cms_content what = {.type = cmc_oid_id_cct_PKIData,
                                         .content = CMC_SLICE_LIT("what is signed")};
    struct cmc_signed_data sd = {0};
    struct cmc_slice der;
    EVP_PKEY *pub = public_of(key);

    if (cmc_signed_data_create(c, &what, &signer, 1, arena, &der, &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(cmc_signed_data_open(der, arena, &sd, &err), CMC_OK);
    assert_int_equal(cmc_signer_check_digest(c, &sd, 0, false, arena, &err), CMC_OK);
    assert_int_equal(cmc_signer_check_content_type(&sd, 0, arena, &err), CMC_OK);
    assert_int_equal(cmc_signer_check_signature(c, &sd, 0, pub, false, arena, &err), CMC_OK);
    EVP_PKEY_free(pub);
}

static void check_decrypt(EVP_PKEY *key)
{
    static const enum cmc_rsa_padding paddings[] = {CMC_RSA_PKCS1_V15, CMC_RSA_OAEP_SHA1,
                                                    CMC_RSA_OAEP_SHA256};
    const struct cmc_slice secret = CMC_SLICE_LIT("0123456789abcdef");
    EVP_PKEY *pub = public_of(key);

    for (size_t i = 0; i < sizeof paddings / sizeof paddings[0]; i++) {
        struct cmc_slice boxed, open;

        assert_int_equal(cmc_rsa_encrypt(c, pub, paddings[i], secret, arena, &boxed, &err), CMC_OK);
        if (cmc_rsa_decrypt(c, key, paddings[i], boxed, arena, &open, &err) != CMC_OK)
            fail_msg("padding %zu: %s", i, err.text);
        assert_true(cmc_slice_eq(open, secret));
    }
    EVP_PKEY_free(pub);
}

static void check_key(EVP_PKEY *key, const char *kind, const char *alg)
{
    char text[64];

    assert_string_equal(cmc_key_describe(key, text, sizeof text), kind);
    assert_string_equal(cmc_sig_default(key)->name, alg);
    check_cms(key, NULL);
    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        check_cms(key, cmc_sig_by_name("rsa-sha512"));
        check_cms(key, cmc_sig_by_name("rsa-pss-sha384"));
        check_decrypt(key);
    }
}

/* SHA-1 of the modulus or of the point: what NSS calls a key. */
static struct cmc_slice nss_id(EVP_PKEY *key)
{
    uint8_t *id = cmc_arena_alloc(arena, CMC_DIGEST_MAX), octets[1024];
    size_t n = 0, nid = 0;

    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        BIGNUM *modulus = NULL;

        assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
        n = (size_t)BN_bn2bin(modulus, octets);
        BN_free(modulus);
    } else {
        EVP_PKEY *pub = public_of(key);
        unsigned char *point = NULL;

        n = EVP_PKEY_get1_encoded_public_key(pub, &point);
        assert_in_range(n, 1, sizeof octets);
        memcpy(octets, point, n);
        OPENSSL_free(point);
        EVP_PKEY_free(pub);
    }
    assert_int_equal(cmc_digest(c, CMC_DIGEST_SHA1, cmc_slice(octets, n), id, &nid, &err), CMC_OK);
    return cmc_slice(id, nid);
}

/* -- an NSS database --------------------------------------------------------------------- */

static const struct cmc_token_cert *named(const struct cmc_token_cert *certs, size_t n,
                                          const char *nickname)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(certs[i].nickname, nickname) == 0)
            return &certs[i];
    }
    fail_msg("no certificate %s", nickname);
    return NULL;
}

static void nss_certificates(void **state)
{
    struct cmc_token_trust trust;
    struct cmc_token_cert *certs;
    struct cmc_token *t;
    size_t n;

    (void)state;
    need_tools();
    for (int login = 0; login < 2; login++) {
        t = open_token(tokens.nss, NULL, false, login ? &right : NULL);
        assert_string_equal(cmc_token_label(t), "NSS Certificate DB");
        assert_int_equal(cmc_token_certs(t, arena, &certs, &n, &err), CMC_OK);
        assert_int_equal(n, 7);
        assert_true(named(certs, n, "Agent RSA")->has_key == (login == 1));
        assert_int_equal(named(certs, n, "Agent EC")->id.n, 20);
        assert_int_equal(cmc_token_trust(t, named(certs, n, "Test CA")->der, &trust, &err), CMC_OK);
        assert_int_equal(trust.ssl, CMC_TRUST_CA | CMC_TRUST_CLIENT_CA);
        assert_int_equal(trust.mail, CMC_TRUST_CA);
        assert_int_equal(trust.code, CMC_TRUST_CA);
        assert_int_equal(cmc_token_trust(t, named(certs, n, "Agent EC")->der, &trust, &err),
                         CMC_OK);
        assert_int_equal(trust.ssl | trust.mail | trust.code, 0);
        cmc_token_free(t);
    }
}

/* The serial number of a certificate, which tells those of one nickname apart. */
static long serial(const struct cmc_token_cert *cert)
{
    const unsigned char *p = cert->der.p;
    X509 *x = d2i_X509(NULL, &p, (long)cert->der.n);
    long number = ASN1_INTEGER_get(X509_get0_serialNumber(x));

    X509_free(x);
    return number;
}

static void nss_nicknames(void **state)
{
    static const char *const forms[] = {"Twin", "internal:Twin", "NSS Certificate DB:Twin",
                                        "Internal Key Storage Token:Twin"};
    struct cmc_token_cert *certs;
    struct cmc_token *t;
    EVP_PKEY *key = NULL;
    size_t n;

    (void)state;
    need_tools();
    t = open_token(tokens.nss, "internal", false, &right);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        /* 12 and 11 are valid now, 12 since later; 13 is not yet, 10 not any more. */
        assert_int_equal(cmc_token_certs_by_nickname(t, forms[i], arena, &certs, &n, &err), CMC_OK);
        assert_int_equal(n, 4);
        assert_int_equal(serial(&certs[0]), 12);
        assert_int_equal(serial(&certs[1]), 11);
        assert_int_equal(serial(&certs[2]), 13);
        assert_int_equal(serial(&certs[3]), 10);
    }
    assert_int_equal(cmc_token_certs_by_nickname(t, "Agent ES", arena, &certs, &n, &err),
                     CMC_E_NOTFOUND);
    assert_non_null(strstr(err.text, "did you mean 'Agent EC'"));
    assert_int_equal(cmc_token_certs_by_nickname(t, "nobody:Twin", arena, &certs, &n, &err),
                     CMC_E_NOTFOUND);
    assert_int_equal(cmc_token_key_by_nickname(t, "nobody", &key, &err), CMC_E_NOTFOUND);
    assert_null(key);
    cmc_token_free(t);
}

static void nss_keys(void **state)
{
    static const struct {
        const char *nickname, *kind, *alg;
    } keys[] = {{"Agent RSA", "RSA-2048", "rsa-sha256"}, {"Agent EC", "EC-P-256", "ecdsa-sha256"}};
    struct cmc_token_cert *certs;
    struct cmc_token *t;
    size_t n;

    (void)state;
    need_tools();
    t = open_token(tokens.nss, NULL, false, &right);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        EVP_PKEY *key = key_of(t, keys[i].nickname), *same = NULL, *pub = NULL;
        const unsigned char *p;
        X509 *x;

        check_key(key, keys[i].kind, keys[i].alg);
        assert_int_equal(cmc_token_certs_by_nickname(t, keys[i].nickname, arena, &certs, &n, &err),
                         CMC_OK);
        p = certs[0].der.p;
        x = d2i_X509(NULL, &p, (long)certs[0].der.n);
        assert_int_equal(X509_check_private_key(x, key), 1);
        X509_free(x);
        /* By id too, and again, though there is a copy with the same id now. */
        assert_true(cmc_slice_eq(certs[0].id, nss_id(key)));
        for (int again = 0; again < 2; again++) {
            assert_int_equal(cmc_token_key_by_id(t, certs[0].id, &same, &err), CMC_OK);
            pub = public_of(same);
            assert_int_equal(EVP_PKEY_eq(pub, key), 1);
            EVP_PKEY_free(pub);
            EVP_PKEY_free(same);
        }
        EVP_PKEY_free(key);
    }
    cmc_token_free(t);
}

static void nss_key_not_there(void **state)
{
    const struct cmc_slice id = CMC_SLICE_LIT("no such id, 20 octet");
    struct cmc_token *t;
    EVP_PKEY *key = NULL;

    (void)state;
    need_tools();
    t = open_token(tokens.nss, NULL, false, &right);
    assert_int_equal(cmc_token_key_by_id(t, id, &key, &err), CMC_E_NOTFOUND);
    assert_non_null(strstr(err.text, "6e6f20737563682069642c203230206f63746574"));
    cmc_token_free(t);
    t = open_token(tokens.nss, NULL, false, NULL);
    assert_int_equal(cmc_token_key_by_nickname(t, "Agent RSA", &key, &err), CMC_E_USAGE);
    assert_non_null(strstr(err.text, "password"));
    assert_null(key);
    cmc_token_free(t);
}

/* Keys stay good after their token; a token opened again logs in by what is open already. */
static void nss_lifetime(void **state)
{
    struct cmc_token *t, *u;
    EVP_PKEY *key, *other;

    (void)state;
    need_tools();
    t = open_token(tokens.nss, NULL, false, &right);
    key = key_of(t, "Agent RSA");
    cmc_token_free(t);
    check_cms(key, NULL);
    u = open_token(tokens.nss, NULL, false, &right);
    other = key_of(u, "Agent RSA");
    EVP_PKEY_free(key);
    check_cms(other, NULL);
    cmc_token_free(u);
    check_cms(other, NULL);
    EVP_PKEY_free(other);
    /* All gone: the password counts again. */
    assert_int_equal(
        cmc_token_open(c, &(struct cmc_token_place){.dbdir = tokens.nss}, &wrong, &t, &err),
        CMC_E_USAGE);
}

/* -- making ------------------------------------------------------------------------------ */

/* A self-signed certificate by the key, DER in the arena. */
static struct cmc_slice self_signed(EVP_PKEY *key, const char *cn, long number)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    EVP_PKEY *pub = public_of(key);
    unsigned char *der = NULL;
    struct cmc_slice out;
    int n;

    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0),
        1);
    assert_int_equal(X509_set_issuer_name(x, name), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), number), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(X509_set_pubkey(x, pub), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(X509_verify(x, pub), 1);
    n = i2d_X509(x, &der);
    out = cmc_arena_slice(arena, cmc_slice(der, (size_t)n));
    OPENSSL_free(der);
    EVP_PKEY_free(pub);
    X509_free(x);
    return out;
}

/* Makes a key of each kind, gives it a certificate and finds it by that. */
static void check_making(struct cmc_token *t, const char *prefix)
{
    static const struct {
        const char *spec, *kind, *alg;
        bool temporary;
    } keys[] = {{"rsa:2048", "RSA-2048", "rsa-sha256", false},
                {"rsa:3072", "RSA-3072", "rsa-sha256", false},
                {"ec:nistp256", "EC-P-256", "ecdsa-sha256", false},
                {"ec:P-384", "EC-P-384", "ecdsa-sha384", false},
                {"EC:secp521r1", "EC-P-521", "ecdsa-sha512", false},
                {"rsa:2048", "RSA-2048", "rsa-sha256", true},
                {"ec:prime256v1", "EC-P-256", "ecdsa-sha256", true}};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct cmc_token_keygen spec = {.spec = keys[i].spec, .temporary = keys[i].temporary};
        const char *nickname = cmc_arena_printf(arena, "%s %zu", prefix, i);
        struct cmc_slice id, der;
        EVP_PKEY *key = NULL, *again = NULL;

        if (cmc_token_generate(t, &spec, arena, &id, &key, &err) != CMC_OK)
            fail_msg("%s: %s", keys[i].spec, err.text);
        check_key(key, keys[i].kind, keys[i].alg);
        assert_true(cmc_slice_eq(id, nss_id(key)));
        der = self_signed(key, nickname, 1);
        assert_int_equal(cmc_token_cert_import(t, der, nickname, &err), CMC_OK);
        assert_int_equal(cmc_token_cert_import(t, der, "twice", &err), CMC_E_CONFLICT);
        again = key_of(t, nickname);
        assert_int_equal(EVP_PKEY_eq(key, again), 1);
        EVP_PKEY_free(again);
        EVP_PKEY_free(key);
    }
}

static void check_kinds_refused(struct cmc_token *t)
{
    static const char *const bad[] = {
        "rsa",       "rsa:",     "rsa:512", "rsa:+2048",
        "rsa:2048x", "ec:P-257", "ed25519", "rsa:99999999999999999999",
        ""};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct cmc_token_keygen spec = {.spec = bad[i]};
        EVP_PKEY *key = NULL;

        assert_int_equal(cmc_token_generate(t, &spec, arena, NULL, &key, &err), CMC_E_USAGE);
        assert_non_null(strstr(err.text, "nistp256"));
        assert_null(key);
    }
}

static bool mentions(const char *file, const char *text)
{
    struct cmc_buf b;
    bool found;

    cmc_buf_init(&b, 1u << 20);
    assert_int_equal(cmc_file_read(file, &b, &err), CMC_OK);
    found = strstr(cmc_buf_cstr(&b), text) != NULL;
    cmc_buf_free(&b);
    return found;
}

/* In a database of its own, then looked at by certutil. */
static void nss_making(void **state)
{
    char dir[160], db[168], password[128], listing[160], hex[64];
    const char *keys[] = {"certutil", "-K", "-d", db, "-f", password, NULL};
    const char *check[] = {"certutil", "-V", "-d", db, "-n", "made 0", "-u", "L", NULL};
    struct cmc_token_cert *certs;
    struct cmc_token *t;
    EVP_PKEY *key = NULL;
    struct cmc_buf b;
    size_t n;

    (void)state;
    need_tools();
    (void)snprintf(dir, sizeof dir, "%s/making", tokens.dir);
    (void)snprintf(db, sizeof db, "sql:%s", dir);
    (void)snprintf(password, sizeof password, "%s/password", tokens.dir);
    (void)snprintf(listing, sizeof listing, "%s/listing", tokens.dir);
    assert_true(tokens_nss_new(&tokens, dir));
    t = open_token(db, NULL, true, &right);
    check_making(t, "made");
    check_kinds_refused(t);
    assert_int_equal(cmc_token_certs_by_nickname(t, "made 3", arena, &certs, &n, &err), CMC_OK);
    /* A nickname belongs to one subject. */
    key = key_of(t, "made 3");
    assert_int_equal(cmc_token_cert_import(t, self_signed(key, "renamed", 5), "made 3", &err),
                     CMC_E_CONFLICT);
    assert_int_equal(cmc_token_cert_import(t, self_signed(key, "made 3", 5), "made 3", &err),
                     CMC_OK);
    /* Issuer and serial number name one certificate. */
    assert_int_equal(cmc_token_cert_import(t, self_signed(key, "made 3", 5), "made 3", &err),
                     CMC_E_CONFLICT);
    EVP_PKEY_free(key);
    cmc_token_free(t);

    assert_true(tokens_run(listing, keys));
    cmc_buf_init(&b, sizeof hex);
    cmc_buf_hex(&b, certs[0].id);
    assert_true(mentions(listing, cmc_buf_cstr(&b)));
    cmc_buf_free(&b);
    assert_true(mentions(listing, "NSS Certificate DB:made 3"));
    assert_true(mentions(listing, "NSS Certificate DB:made 4"));
    /* The temporary ones are not there. */
    assert_false(mentions(listing, "made 5"));
    /* certutil reads what was imported: untrusted, but a certificate. */
    (void)tokens_run(listing, check);
    assert_true(mentions(listing, "certificate is invalid"));
}

static void nss_read_only(void **state)
{
    const struct cmc_token_keygen spec = {.spec = "ec:P-256"},
                                  session = {.spec = "ec:P-256", .temporary = true};
    struct cmc_token *t, *u = NULL;
    EVP_PKEY *key = NULL;

    (void)state;
    need_tools();
    t = open_token(tokens.nss, NULL, false, &right);
    assert_int_equal(cmc_token_generate(t, &spec, arena, NULL, &key, &err), CMC_E_USAGE);
    assert_non_null(strstr(err.text, "reading only"));
    assert_int_equal(cmc_token_open(c,
                                    &(struct cmc_token_place){.dbdir = tokens.nss, .write = true},
                                    &right, &u, &err),
                     CMC_E_USAGE);
    /* What is temporary needs no writing. */
    assert_int_equal(cmc_token_generate(t, &session, arena, NULL, &key, &err), CMC_OK);
    check_cms(key, NULL);
    assert_int_equal(cmc_token_cert_import(t, self_signed(key, "x", 1), "x", &err), CMC_E_USAGE);
    EVP_PKEY_free(key);
    cmc_token_free(t);
}

/* -- what goes wrong --------------------------------------------------------------------- */

static void make_file(const char *dir, const char *name, const char *text)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(cmc_file_write(path, 0600, cmc_slice_str(text), &err), CMC_OK);
}

static void places_refused(void **state)
{
    char missing[128], empty[128], old[128], bad[128], command[192];
    const struct {
        const char *dbdir, *token, *module;
        const struct cmc_passphrase *pass;
        enum cmc_rc rc;
        const char *text;
    } rows[] = {
        {missing, NULL, NULL, &right, CMC_E_USAGE, "No such file"},
        {empty, NULL, NULL, &right, CMC_E_USAGE, "no NSS database"},
        {old, NULL, NULL, &right, CMC_E_USAGE, command},
        {"dbm:/x", NULL, NULL, &right, CMC_E_USAGE, "certutil -K -X -d sql:/x"},
        {bad, NULL, NULL, &right, CMC_E_LOCAL, "damaged"},
        {"/dev/null", NULL, NULL, &right, CMC_E_USAGE, "no directory"},
        {tokens.nss, NULL, NULL, &wrong, CMC_E_USAGE, "password is wrong"},
        {tokens.nss, NULL, NULL, &(struct cmc_passphrase){.text = ""}, CMC_E_USAGE, "password"},
        {tokens.nss, NULL, NULL, &(struct cmc_passphrase){.text = NULL}, CMC_E_USAGE,
         "needs its password"},
        {tokens.nss, NULL, NULL, &(struct cmc_passphrase){.file = missing}, CMC_E_LOCAL,
         "No such file"},
        {tokens.nss, "nobody's", NULL, &right, CMC_E_NOTFOUND, "'my hsm'"},
        {NULL, "my hsm", NULL, &wrong, CMC_E_USAGE, "password is wrong"},
        {NULL, "my hsm", "/nonexistent.so", &pin, CMC_E_LOCAL, "/nonexistent.so"},
        {NULL, "my hsm", "libcrypto.so.3", &pin, CMC_E_LOCAL, "no PKCS#11 module"},
        {NULL, NULL, tokens_softhsm_module(), &pin, CMC_E_USAGE, "more than one"},
        {NULL, NULL, NULL, &pin, CMC_E_USAGE, "no token was named"},
    };

    (void)state;
    need_tools();
    (void)snprintf(missing, sizeof missing, "%s/missing", tokens.dir);
    (void)snprintf(empty, sizeof empty, "%s/empty", tokens.dir);
    (void)snprintf(old, sizeof old, "%s/old", tokens.dir);
    (void)snprintf(bad, sizeof bad, "%s/bad", tokens.dir);
    (void)snprintf(command, sizeof command, "certutil -K -X -d sql:%s -f ", old);
    assert_true(mkdir(empty, 0700) == 0 && mkdir(old, 0700) == 0 && mkdir(bad, 0700) == 0);
    make_file(old, "cert8.db", "x");
    make_file(old, "key3.db", "x");
    make_file(bad, "cert9.db", "this is no database, whatever its name says");
    make_file(bad, "key4.db", "this is no database, whatever its name says");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct cmc_token_place place = {
            .dbdir = rows[i].dbdir, .token = rows[i].token, .module = rows[i].module};
        struct cmc_token *t = NULL;
        enum cmc_rc rc = cmc_token_open(c, &place, rows[i].pass, &t, &err);

        if (rc != rows[i].rc || t != NULL || strstr(err.text, rows[i].text) == NULL ||
            strchr(err.text, '\n') != NULL)
            fail_msg("row %zu: %s: %s", i, cmc_rc_name(rc), err.text);
    }
}

/* A second database while the first is open; then after it. */
static void nss_one_at_a_time(void **state)
{
    char dir[128];
    const struct cmc_token_place place = {.dbdir = dir};
    struct cmc_token *t, *u = NULL;

    (void)state;
    need_tools();
    (void)snprintf(dir, sizeof dir, "%s/it's \\ another", tokens.dir);
    assert_true(tokens_nss_new(&tokens, dir));
    t = open_token(tokens.nss, NULL, false, NULL);
    assert_int_equal(cmc_token_open(c, &place, &right, &u, &err), CMC_E_USAGE);
    assert_non_null(strstr(err.text, "another NSS database is open"));
    cmc_token_free(t);
    u = open_token(dir, NULL, false, &right);
    cmc_token_free(u);
}

/* -- SoftHSM ----------------------------------------------------------------------------- */

static void softhsm(void **state)
{
    struct cmc_token *t, *u;
    EVP_PKEY *key, *nss;

    (void)state;
    need_tools();
    t = open_token(NULL, "my hsm", true, &pin);
    check_making(t, "hsm");
    check_kinds_refused(t);
    /* A token by name beside an NSS database, and both at work at once. */
    u = open_token(tokens.nss, NULL, false, &right);
    nss = key_of(u, "Agent RSA");
    key = key_of(t, "my hsm:hsm 0");
    check_cms(nss, NULL);
    check_cms(key, NULL);
    EVP_PKEY_free(nss);
    cmc_token_free(u);
    cmc_token_free(t);
    check_cms(key, NULL);
    EVP_PKEY_free(key);
    t = open_token(tokens.nss, "my hsm", false, &pin);
    key = key_of(t, "hsm 3");
    check_cms(key, NULL);
    EVP_PKEY_free(key);
    cmc_token_free(t);
}

/* Tokens that the database's pkcs11.txt names are found without p11-kit's knowing them. */
static void softhsm_by_pkcs11_txt(void **state)
{
    char dir[128];
    struct cmc_token *t;
    char text[512];

    (void)state;
    need_tools();
    (void)snprintf(dir, sizeof dir, "%s/modules", tokens.dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    (void)snprintf(text, sizeof text,
                   "library=\nname=NSS Internal PKCS #11 Module\n\nlibrary=/nonexistent.so\n"
                   "name=Broken\n\nlibrary=%s\nname=SoftHSM\n",
                   tokens_softhsm_module());
    make_file(dir, "pkcs11.txt", text);
    t = open_token(dir, "other hsm", false, &pin);
    assert_string_equal(cmc_token_label(t), "other hsm");
    cmc_token_free(t);
}

/* Two keys of one label: only the id tells them apart. */
static void softhsm_ambiguous(void **state)
{
    const struct cmc_token_keygen spec = {.spec = "ec:P-256", .label = "same"};
    EVP_PKEY *a = NULL, *b = NULL, *key = NULL;
    struct cmc_slice id;
    struct cmc_token *t;

    (void)state;
    need_tools();
    t = open_token(NULL, "other hsm", true, &pin);
    assert_int_equal(cmc_token_generate(t, &spec, arena, &id, &a, &err), CMC_OK);
    assert_int_equal(cmc_token_key_by_nickname(t, "same", &key, &err), CMC_OK);
    EVP_PKEY_free(key);
    assert_int_equal(cmc_token_generate(t, &spec, arena, &id, &b, &err), CMC_OK);
    assert_int_equal(cmc_token_key_by_nickname(t, "same", &key, &err), CMC_E_USAGE);
    assert_non_null(strstr(err.text, "name one by id"));
    assert_int_equal(cmc_token_key_by_id(t, id, &key, &err), CMC_OK);
    assert_int_equal(EVP_PKEY_eq(key, b), 1);
    assert_int_not_equal(EVP_PKEY_eq(key, a), 1);
    EVP_PKEY_free(key);
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
    cmc_token_free(t);
}

/* A key that is neither RSA nor EC is refused, and does not stand in the way of others. */
static void softhsm_unknown_kind(void **state)
{
    char file[128];
    const char *import[] = {"softhsm2-util", "--import", file,   "--token",
                            "mixed hsm",     "--label",  "ed",   "--id",
                            "abcd",          "--pin",    "1234", NULL};
    const struct cmc_token_keygen spec = {.spec = "rsa:2048", .label = "new"};
    EVP_PKEY *key = NULL, *ed = NULL;
    struct cmc_token *t;

    (void)state;
    need_tools();
    (void)snprintf(file, sizeof file, "%s/ed25519", tokens.dir);
    assert_int_equal(cmc_key_generate(c, "ed25519", &ed, &err), CMC_OK);
    assert_int_equal(cmc_key_save(c, ed, file, NULL, &err), CMC_OK);
    EVP_PKEY_free(ed);
    assert_true(tokens_run(NULL, import));
    t = open_token(NULL, "mixed hsm", true, &pin);
    assert_int_equal(cmc_token_key_by_nickname(t, "ed", &key, &err), CMC_E_LOCAL);
    assert_non_null(strstr(err.text, "neither RSA nor EC"));
    assert_null(key);
    assert_int_equal(cmc_token_generate(t, &spec, arena, NULL, &key, &err), CMC_OK);
    check_cms(key, NULL);
    EVP_PKEY_free(key);
    cmc_token_free(t);
}

/* -- threads and speed ------------------------------------------------------------------- */

struct work {
    EVP_PKEY *key;
    unsigned int done;
};

/* As a worker of a server: a context of its own, a key shared. */
static void *sign_many(void *arg)
{
    struct work *w = arg;
    struct cmc_crypto *own = NULL;
    struct cmc_arena *mine = cmc_arena_new(1u << 24);
    EVP_PKEY *pub = NULL;
    struct cmc_slice sig, spki;

    if (mine == NULL || cmc_crypto_new(&own, NULL) != CMC_OK ||
        cmc_key_spki(w->key, mine, &spki, NULL) != CMC_OK ||
        cmc_spki_key(own, spki, &pub, NULL) != CMC_OK)
        goto out;
    for (int i = 0; i < 40; i++) {
        const struct cmc_slice data = cmc_slice(&i, sizeof i);
        const struct cmc_sig_alg *alg = cmc_sig_default(w->key);

        if (cmc_sign(own, w->key, alg, data, mine, &sig, NULL) == CMC_OK &&
            cmc_verify(own, pub, alg, data, sig, NULL) == CMC_OK)
            w->done++;
    }
out:
    EVP_PKEY_free(pub);
    cmc_crypto_free(own);
    cmc_arena_free(mine);
    return NULL;
}

static void threads(void **state)
{
    struct cmc_token *n, *h;
    struct work work[8] = {{0}};
    pthread_t id[8];

    (void)state;
    need_tools();
    n = open_token(tokens.nss, NULL, false, &right);
    h = open_token(NULL, "my hsm", false, &pin);
    for (size_t i = 0; i < 8; i++)
        work[i].key = i % 2 == 0 ? key_of(n, i % 4 == 0 ? "Agent RSA" : "Agent EC")
                                 : key_of(h, i % 4 == 1 ? "hsm 0" : "hsm 2");
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&id[i], NULL, sign_many, &work[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        (void)pthread_join(id[i], NULL);
        assert_int_equal(work[i].done, 40);
        EVP_PKEY_free(work[i].key);
    }
    cmc_token_free(n);
    cmc_token_free(h);
}

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* NSS makes 27 RSA signatures a second with a key as it lies in the database. */
static void nss_speed(void **state)
{
    struct cmc_token *t;
    struct cmc_slice sig;
    EVP_PKEY *key;
    double begin, rate;
    int n = 0;

    (void)state;
    need_tools();
    t = open_token(tokens.nss, NULL, false, &right);
    key = key_of(t, "Agent RSA");
    begin = seconds();
    while (seconds() - begin < 0.5) {
        assert_int_equal(
            cmc_sign(c, key, cmc_sig_by_name("rsa-sha256"), CMC_SLICE_LIT("x"), arena, &sig, &err),
            CMC_OK);
        n++;
    }
    rate = n / (seconds() - begin);
    print_message("# NSS: %.0f RSA-2048 signatures a second\n", rate);
    assert_true(rate >= 100);
    EVP_PKEY_free(key);
    cmc_token_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nss_certificates),
        cmocka_unit_test(nss_nicknames),
        cmocka_unit_test(nss_keys),
        cmocka_unit_test(nss_key_not_there),
        cmocka_unit_test(nss_lifetime),
        cmocka_unit_test(nss_making),
        cmocka_unit_test(nss_read_only),
        cmocka_unit_test(places_refused),
        cmocka_unit_test(nss_one_at_a_time),
        cmocka_unit_test(softhsm),
        cmocka_unit_test(softhsm_by_pkcs11_txt),
        cmocka_unit_test(softhsm_ambiguous),
        cmocka_unit_test(softhsm_unknown_kind),
        cmocka_unit_test(threads),
        cmocka_unit_test(nss_speed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
