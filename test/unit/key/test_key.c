/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates made, saved and loaded, in each form and with each kind of mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "key/key.h"
#include "pki.h"

struct fixture {
    struct cmc_crypto *c;
    struct cmc_arena *arena;
    char dir[64];
    char path[128];
    struct cmc_err err;
};

static const struct cmc_passphrase right = {.text = "correct horse"};
static const struct cmc_passphrase wrong = {.text = "battery staple"};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL)
        return 1;
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/cmc-key-XXXXXX");
    if (mkdtemp(f->dir) == NULL)
        return 1;
    (void)snprintf(f->path, sizeof f->path, "%s/file", f->dir);
    f->arena = cmc_arena_new(1u << 24);
    *state = f;
    return f->arena == NULL || cmc_crypto_new(&f->c, NULL) != CMC_OK;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    (void)rmdir(f->dir);
    cmc_crypto_free(f->c);
    cmc_arena_free(f->arena);
    free(f);
    return 0;
}

static void put(struct fixture *f, const void *p, size_t n)
{
    assert_int_equal(cmc_file_write(f->path, 0600, cmc_slice(p, n), NULL), CMC_OK);
}

/* What a memory BIO holds becomes the file. */
static void put_bio(struct fixture *f, BIO *bio)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);

    assert_true(n > 0);
    put(f, p, (size_t)n);
    BIO_free(bio);
}

static enum cmc_rc load(struct fixture *f, const struct cmc_passphrase *pass, EVP_PKEY **key)
{
    return cmc_key_load(f->c, f->path, pass, key, &f->err);
}

/* The file holds this key. */
static void assert_loads(struct fixture *f, const struct cmc_passphrase *pass, EVP_PKEY *want)
{
    EVP_PKEY *key = NULL;

    if (load(f, pass, &key) != CMC_OK)
        fail_msg("%s", f->err.text);
    assert_int_equal(EVP_PKEY_eq(key, want), 1);
    EVP_PKEY_free(key);
}

static void assert_refused(struct fixture *f, const struct cmc_passphrase *pass, enum cmc_rc rc,
                           const char *text)
{
    EVP_PKEY *key = NULL;

    assert_int_equal(load(f, pass, &key), rc);
    assert_null(key);
    if (strstr(f->err.text, text) == NULL)
        fail_msg("'%s' does not say '%s'", f->err.text, text);
}

static void every_kind_is_made_and_comes_back(void **state)
{
    static const struct {
        const char *spec, *text;
    } kinds[] = {{"rsa:2048", "RSA-2048"}, {"ec:P-256", "EC-P-256"}, {"ec:P-384", "EC-P-384"},
                 {"ec:P-521", "EC-P-521"}, {"ed25519", "Ed25519"},   {"ed448", "Ed448"}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        EVP_PKEY *key = NULL;
        char text[64];

        assert_int_equal(cmc_key_generate(f->c, kinds[i].spec, &key, &f->err), CMC_OK);
        assert_string_equal(cmc_key_describe(key, text, sizeof text), kinds[i].text);
        assert_int_equal(cmc_key_save(f->c, key, f->path, NULL, &f->err), CMC_OK);
        assert_loads(f, NULL, key);
        EVP_PKEY_free(key);
        assert_int_equal(unlink(f->path), 0);
    }
}

static void unknown_kinds(void **state)
{
    static const char *const specs[] = {"", "rsa", "rsa:1024", "ec:P-192", "dsa:2048"};
    struct fixture *f = *state;
    EVP_PKEY *key = NULL;

    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        assert_int_equal(cmc_key_generate(f->c, specs[i], &key, &f->err), CMC_E_USAGE);
        assert_null(key);
        assert_non_null(strstr(f->err.text, "ec:P-256"));
    }
}

static void saved_for_the_owner_only_and_once(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *key = pki_key();
    struct stat st;

    assert_int_equal(cmc_key_save(f->c, key, f->path, NULL, &f->err), CMC_OK);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(cmc_key_save(f->c, key, f->path, NULL, &f->err), CMC_E_CONFLICT);
    EVP_PKEY_free(key);
}

static void saved_encrypted(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *key = pki_key();
    struct cmc_buf b;

    assert_int_equal(cmc_key_save(f->c, key, f->path, &right, &f->err), CMC_OK);
    cmc_buf_init(&b, 1u << 16);
    assert_int_equal(cmc_file_read(f->path, &b, NULL), CMC_OK);
    assert_non_null(strstr(cmc_buf_cstr(&b), "-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    cmc_buf_free(&b);
    assert_loads(f, &right, key);
    assert_refused(f, &wrong, CMC_E_USAGE, "passphrase is wrong");
    assert_refused(f, NULL, CMC_E_USAGE, "no passphrase was given");
    EVP_PKEY_free(key);
}

static void passphrase_from_a_file(void **state)
{
    static const char *const texts[] = {"correct horse", "correct horse\n", "correct horse\r\nx\n"};
    struct fixture *f = *state;
    struct cmc_passphrase pass = {0};
    EVP_PKEY *key = pki_key();
    char path[160];

    (void)snprintf(path, sizeof path, "%s/pass", f->dir);
    pass.file = path;
    assert_int_equal(cmc_key_save(f->c, key, f->path, &right, &f->err), CMC_OK);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(cmc_file_write(path, 0600, cmc_slice_str(texts[i]), NULL), CMC_OK);
        assert_loads(f, &pass, key);
    }
    assert_int_equal(unlink(path), 0);
    assert_refused(f, &pass, CMC_E_LOCAL, "pass");
    EVP_PKEY_free(key);
}

static void traditional_and_der(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *key = pki_key();
    unsigned char *der = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(), NULL, 0,
                                                          NULL, (void *)(uintptr_t)right.text),
                     1);
    put_bio(f, bio);
    assert_loads(f, &right, key);
    assert_refused(f, &wrong, CMC_E_USAGE, "passphrase is wrong");
    n = i2d_PrivateKey(key, &der);
    assert_true(n > 0);
    put(f, der, (size_t)n);
    OPENSSL_free(der);
    assert_loads(f, NULL, key);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PKCS8PrivateKey_bio(bio, key, EVP_aes_256_cbc(), right.text,
                                             (int)strlen(right.text), NULL, NULL),
                     1);
    put_bio(f, bio);
    assert_loads(f, &right, key);
    assert_refused(f, NULL, CMC_E_USAGE, "no passphrase was given");
    EVP_PKEY_free(key);
}

static void no_private_key(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *key = pki_key();
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    put_bio(f, bio);
    assert_refused(f, NULL, CMC_E_INPUT, "private key");
    put(f, "nothing of use", 14);
    assert_refused(f, NULL, CMC_E_INPUT, "private key");
    put(f, "", 0);
    assert_refused(f, NULL, CMC_E_INPUT, "private key");
    EVP_PKEY_free(key);
}

static void uris(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *key = pki_key(), *out = NULL;
    char uri[192];

    assert_int_equal(cmc_key_save(f->c, key, f->path, NULL, &f->err), CMC_OK);
    (void)snprintf(uri, sizeof uri, "file:%s", f->path);
    assert_int_equal(cmc_key_load(f->c, uri, NULL, &out, &f->err), CMC_OK);
    EVP_PKEY_free(out);
    (void)snprintf(uri, sizeof uri, "file://%s", f->path);
    assert_int_equal(cmc_key_load(f->c, uri, NULL, &out, &f->err), CMC_OK);
    EVP_PKEY_free(out);
    /* Tokens are read from, but a key is not saved into one like into a file. */
    assert_int_equal(cmc_key_save(f->c, key, "pkcs11:token=x", NULL, &f->err), CMC_E_USAGE);
    assert_non_null(strstr(f->err.text, "pkcs11:"));
    assert_int_equal(cmc_key_load(f->c, "nss:/nonexistent", NULL, &out, &f->err), CMC_E_USAGE);
    assert_int_equal(cmc_key_load(f->c, "file://elsewhere/k", NULL, &out, &f->err), CMC_E_USAGE);
    assert_int_equal(cmc_key_load(f->c, "", NULL, &out, &f->err), CMC_E_USAGE);
    assert_int_equal(cmc_key_load(f->c, "/nonexistent/key", NULL, &out, &f->err), CMC_E_LOCAL);
    assert_non_null(strstr(f->err.text, "/nonexistent/key"));
    EVP_PKEY_free(key);
}

/* -- certificates ------------------------------------------------------------------------ */

static enum cmc_rc load_certs(struct fixture *f, const struct cmc_passphrase *pass,
                              struct cmc_slice **certs, size_t *n)
{
    return cmc_certs_load(f->c, f->path, pass, f->arena, certs, n, &f->err);
}

static void certs_of_each_form(void **state)
{
    struct fixture *f = *state;
    struct pki_cert ca = pki_make(f->arena, "CA", pki_key(), NULL, -60, 3600, pki_ca_exts);
    struct pki_cert ee = pki_make(f->arena, "ee", pki_key(), &ca, -60, 3600, pki_ee_exts);
    struct cmc_slice *certs;
    struct cmc_buf b;
    size_t n;

    put(f, ee.der.p, ee.der.n);
    assert_int_equal(load_certs(f, NULL, &certs, &n), CMC_OK);
    assert_int_equal(n, 1);
    assert_true(cmc_slice_eq(certs[0], ee.der));

    cmc_buf_init(&b, 1u << 16);
    cmc_buf_str(&b, "some text\n");
    assert_int_equal(cmc_pem_write("CERTIFICATE", ee.der, &b, NULL), CMC_OK);
    assert_int_equal(cmc_pem_write("SOMETHING", ee.der, &b, NULL), CMC_OK);
    assert_int_equal(cmc_pem_write("CERTIFICATE", ca.der, &b, NULL), CMC_OK);
    put(f, b.p, b.n);
    assert_int_equal(load_certs(f, NULL, &certs, &n), CMC_OK);
    assert_int_equal(n, 2);
    assert_true(cmc_slice_eq(certs[0], ee.der));
    assert_true(cmc_slice_eq(certs[1], ca.der));
    cmc_buf_free(&b);
    pki_free(&ee);
    pki_free(&ca);
}

static void certs_only_message(void **state)
{
    struct fixture *f = *state;
    struct pki_cert ca = pki_make(f->arena, "CA", pki_key(), NULL, -60, 3600, pki_ca_exts);
    const unsigned char *p = ca.der.p;
    X509 *x = d2i_X509(NULL, &p, (long)ca.der.n);
    PKCS7 *p7 = PKCS7_new();
    BIO *bio = BIO_new(BIO_s_mem());
    struct cmc_slice *certs;
    size_t n;

    assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_signed), 1);
    assert_int_equal(PKCS7_content_new(p7, NID_pkcs7_data), 1);
    assert_int_equal(PKCS7_add_certificate(p7, x), 1);
    assert_int_equal(PEM_write_bio_PKCS7(bio, p7), 1);
    put_bio(f, bio);
    assert_int_equal(load_certs(f, NULL, &certs, &n), CMC_OK);
    assert_int_equal(n, 1);
    assert_true(cmc_slice_eq(certs[0], ca.der));
    PKCS7_free(p7);
    X509_free(x);
    pki_free(&ca);
}

static void pkcs12_holds_both(void **state)
{
    struct fixture *f = *state;
    struct pki_cert ca = pki_make(f->arena, "CA", pki_key(), NULL, -60, 3600, pki_ca_exts);
    struct pki_cert ee = pki_make(f->arena, "ee", pki_key(), &ca, -60, 3600, pki_ee_exts);
    const unsigned char *p = ee.der.p, *q = ca.der.p;
    X509 *x = d2i_X509(NULL, &p, (long)ee.der.n), *y = d2i_X509(NULL, &q, (long)ca.der.n);
    STACK_OF(X509) *cas = sk_X509_new_null();
    BIO *bio = BIO_new(BIO_s_mem());
    PKCS12 *p12;
    struct cmc_slice *certs;
    size_t n;

    assert_true(sk_X509_push(cas, y) > 0);
    p12 = PKCS12_create(right.text, "name", ee.key, x, cas, 0, 0, 0, 0, 0);
    assert_non_null(p12);
    assert_int_equal(i2d_PKCS12_bio(bio, p12), 1);
    put_bio(f, bio);
    assert_loads(f, &right, ee.key);
    assert_refused(f, &wrong, CMC_E_USAGE, "passphrase is wrong");
    assert_refused(f, NULL, CMC_E_USAGE, "no passphrase was given");
    assert_int_equal(load_certs(f, &right, &certs, &n), CMC_OK);
    assert_int_equal(n, 2);
    assert_true(cmc_slice_eq(certs[0], ee.der));
    assert_true(cmc_slice_eq(certs[1], ca.der));
    assert_int_equal(load_certs(f, &wrong, &certs, &n), CMC_E_USAGE);
    PKCS12_free(p12);
    sk_X509_pop_free(cas, X509_free);
    X509_free(x);
    pki_free(&ee);
    pki_free(&ca);
}

static void no_certificate(void **state)
{
    static const char other_pem[] = "-----BEGIN X-----\nMAYCAQUCAQc=\n-----END X-----\n";
    struct fixture *f = *state;
    struct pki_cert ca = pki_make(f->arena, "CA", pki_key(), NULL, -60, 3600, pki_ca_exts);
    struct cmc_slice *certs;
    size_t n;

    put(f, "no certificate at all", 21);
    assert_int_equal(load_certs(f, NULL, &certs, &n), CMC_E_INPUT);
    put(f, other_pem, strlen(other_pem));
    assert_int_equal(load_certs(f, NULL, &certs, &n), CMC_E_INPUT);
    assert_non_null(strstr(f->err.text, "no certificate"));
    put(f, ca.der.p, ca.der.n - 1);
    assert_int_equal(load_certs(f, NULL, &certs, &n), CMC_E_INPUT);
    pki_free(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_is_made_and_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(saved_for_the_owner_only_and_once, setup, teardown),
        cmocka_unit_test_setup_teardown(saved_encrypted, setup, teardown),
        cmocka_unit_test_setup_teardown(passphrase_from_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(traditional_and_der, setup, teardown),
        cmocka_unit_test_setup_teardown(no_private_key, setup, teardown),
        cmocka_unit_test_setup_teardown(uris, setup, teardown),
        cmocka_unit_test_setup_teardown(certs_of_each_form, setup, teardown),
        cmocka_unit_test_setup_teardown(certs_only_message, setup, teardown),
        cmocka_unit_test_setup_teardown(pkcs12_holds_both, setup, teardown),
        cmocka_unit_test_setup_teardown(no_certificate, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
