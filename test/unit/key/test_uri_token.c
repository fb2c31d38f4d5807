/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates named by "pkcs11:" and "nss:" URIs alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "key/token.h"
#include "tokens.h"

static struct tokens tokens;
static struct cmc_crypto *c;
static struct cmc_arena *arena;
static struct cmc_err err;
static char rsa_id[64]; /* of "Agent RSA", in Dogtag's notation */
static char ec_pct[64]; /* of "first" in the HSM, percent-encoded */

static const struct cmc_passphrase right = {.text = TOKENS_PASSWORD}, pin = {.text = "1234"};

/* Two keys in the HSM, one of them with a certificate under another name. */
static bool fill_hsm(void)
{
    const struct cmc_token_place place = {.token = "my hsm", .write = true};
    const struct cmc_token_keygen first = {.spec = "ec:P-256", .label = "first"},
                                  second = {.spec = "rsa:2048", .label = "the second"};
    struct cmc_token *t = NULL;
    EVP_PKEY *a = NULL, *b = NULL;
    struct cmc_slice id;
    bool ok = cmc_token_open(c, &place, &pin, &t, &err) == CMC_OK &&
              cmc_token_generate(t, &first, arena, &id, &a, &err) == CMC_OK;

    for (size_t i = 0; ok && i < id.n && 3 * i + 4 < sizeof ec_pct; i++)
        (void)snprintf(ec_pct + 3 * i, 4, "%%%02X", id.p[i]);
    ok = ok && cmc_token_generate(t, &second, arena, &id, &b, &err) == CMC_OK;
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
    cmc_token_free(t);
    return ok;
}

/* A certificate of the database, in the HSM too. */
static bool copy_cert(void)
{
    const struct cmc_token_place from = {.dbdir = tokens.nss},
                                 to = {.token = "my hsm", .write = true};
    struct cmc_token *t = NULL, *u = NULL;
    struct cmc_token_cert *certs;
    size_t n;
    bool ok = cmc_token_open(c, &from, NULL, &t, &err) == CMC_OK &&
              cmc_token_open(c, &to, &pin, &u, &err) == CMC_OK &&
              cmc_token_certs_by_nickname(t, "Agent RSA", arena, &certs, &n, &err) == CMC_OK &&
              cmc_token_cert_import(u, certs[0].der, "visitor", &err) == CMC_OK;

    if (ok)
        (void)snprintf(rsa_id, sizeof rsa_id, "%s", cmc_key_id_text(certs[0].id, arena));
    cmc_token_free(t);
    cmc_token_free(u);
    return ok;
}

static int setup(void **state)
{
    char path[128];

    (void)state;
    arena = cmc_arena_new(1u << 26);
    if (arena == NULL || cmc_crypto_new(&c, NULL) != CMC_OK)
        return 1;
    if (tokens_missing() != NULL)
        return 0;
    if (!(tokens_setup(&tokens) && tokens_nss_new(&tokens, tokens.nss) &&
          tokens_nss_cert(&tokens, "Test CA", NULL, "rsa", 1, 0) &&
          tokens_nss_cert(&tokens, "Agent RSA", "Test CA", "rsa", 2, 0) &&
          tokens_nss_cert(&tokens, "50% & more?", "Test CA", "ec", 3, 0) &&
          tokens_softhsm_new(&tokens, "my hsm") && fill_hsm() && copy_cert()))
        return 1;
    (void)snprintf(path, sizeof path, "%s/pin", tokens.dir);
    return cmc_file_write(path, 0600, CMC_SLICE_LIT("1234\n"), &err) == CMC_OK ? 0 : 1;
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

/*
 * A URI of a row: DIR, MODULE, ID and PCT in it are put in. One row is one URI, so that the
 * table reads as what users write.
 */
static const char *expand(const char *text)
{
    const struct {
        const char *name, *value;
    } words[] = {{"{DIR}", tokens.dir},
                 {"{NSS}", tokens.nss},
                 {"{MODULE}", tokens_softhsm_module()},
                 {"{ID}", rsa_id},
                 {"{PCT}", ec_pct}};
    struct cmc_buf b;
    char *out;

    cmc_buf_init(&b, 1024);
    while (*text != '\0') {
        size_t i = 0;

        while (i < 5 && strncmp(text, words[i].name, strlen(words[i].name)) != 0)
            i++;
        if (i < 5) {
            cmc_buf_str(&b, words[i].value);
            text += strlen(words[i].name);
        } else {
            cmc_buf_byte(&b, (uint8_t)*text++);
        }
    }
    out = cmc_arena_strdup(arena, cmc_buf_cstr(&b));
    cmc_buf_free(&b);
    return out;
}

static void check_signs(EVP_PKEY *key)
{
    struct cmc_slice spki, sig;
    EVP_PKEY *pub = NULL;

    assert_int_equal(cmc_key_spki(key, arena, &spki, &err), CMC_OK);
    assert_int_equal(cmc_spki_key(c, spki, &pub, &err), CMC_OK);
    assert_int_equal(
        cmc_sign(c, key, cmc_sig_default(key), CMC_SLICE_LIT("data"), arena, &sig, &err), CMC_OK);
    assert_int_equal(cmc_verify(c, pub, cmc_sig_default(key), CMC_SLICE_LIT("data"), sig, &err),
                     CMC_OK);
    EVP_PKEY_free(pub);
}

static void keys(void **state)
{
    static const struct {
        const char *uri;
        const struct cmc_passphrase *pass;
        const char *kind;
    } rows[] = {
        {"nss:{NSS}?nickname=Agent%20RSA", &right, "RSA-2048"},
        {"nss:{NSS}?nickname=Agent RSA", &right, "RSA-2048"},
        {"NSS:sql:{NSS}?nickname=internal:Agent RSA&pin-source={DIR}/password", NULL, "RSA-2048"},
        {"nss:{NSS}?id={ID}", &right, "RSA-2048"},
        {"nss:{NSS}?nickname=50%25%20%26%20more%3f", &right, "EC-P-256"},
        {"nss:{NSS}?token=my%20hsm&nickname=first", &pin, "EC-P-256"},
        {"pkcs11:token=my%20hsm;object=first", &pin, "EC-P-256"},
        {"pkcs11:token=my%20hsm;object=the%20second;type=private", &pin, "RSA-2048"},
        {"pkcs11:token=my%20hsm;id={PCT}", &pin, "EC-P-256"},
        {"pkcs11:object=first?module-path={MODULE}&pin-source={DIR}/pin", NULL, "EC-P-256"},
        {"pkcs11:token=my%20hsm;object=first?pin-source=file:{DIR}/pin", &right, "EC-P-256"},
    };

    (void)state;
    need_tools();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *uri = expand(rows[i].uri);
        EVP_PKEY *key = NULL;
        char text[64];

        if (cmc_key_load(c, uri, rows[i].pass, &key, &err) != CMC_OK)
            fail_msg("%s: %s", uri, err.text);
        assert_string_equal(cmc_key_describe(key, text, sizeof text), rows[i].kind);
        check_signs(key);
        EVP_PKEY_free(key);
    }
}

static void certs(void **state)
{
    static const struct {
        const char *uri;
        size_t n;
    } rows[] = {{"nss:{NSS}", 3},
                {"nss:{NSS}?nickname=Agent RSA", 1},
                {"nss:{NSS}?id={ID}", 1},
                {"nss:{NSS}?token=my hsm", 1},
                {"pkcs11:token=my%20hsm", 1},
                {"pkcs11:token=my%20hsm;object=visitor;type=cert", 1}};

    (void)state;
    need_tools();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *uri = expand(rows[i].uri);
        struct cmc_slice *found = NULL;
        size_t n = 0;

        /* None of them is private, so there is no password to ask for. */
        if (cmc_certs_load(c, uri, NULL, arena, &found, &n, &err) != CMC_OK)
            fail_msg("%s: %s", uri, err.text);
        assert_int_equal(n, rows[i].n);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *uri;
        enum cmc_rc rc;
        const char *text;
    } rows[] = {
        {"nss:", CMC_E_USAGE, "no directory"},
        {"nss:?nickname=x", CMC_E_USAGE, "no directory"},
        {"nss:{NSS}?nick=x", CMC_E_USAGE, "unknown 'nick'"},
        {"nss:{NSS}?nickname=x&&", CMC_E_USAGE, "unknown ''"},
        {"nss:{NSS}?nickname=%4", CMC_E_USAGE, "two hex digits"},
        {"nss:{NSS}?nickname=a%00b", CMC_E_USAGE, "%00"},
        {"nss:{NSS}?id=xyz", CMC_E_INPUT, "key id"},
        {"nss:{NSS}?id=1234", CMC_E_NOTFOUND, "no such"},
        {"nss:{NSS}?nickname=nobody", CMC_E_NOTFOUND, "no certificate 'nobody'"},
        {"nss:{NSS}?nickname=x&pin-source=|cat", CMC_E_USAGE, "runs a command"},
        {"nss:{NSS}?nickname=Agent RSA&pin-value=wrong", CMC_E_USAGE, "pin-source=FILE"},
        {"nss:{NSS}?nickname=Agent RSA&pin-source={DIR}/none", CMC_E_LOCAL, "No such file"},
        {"nss:{DIR}?nickname=Agent RSA", CMC_E_USAGE, "certutil -N"},
        {"nss:{NSS}", CMC_E_USAGE, "name one"},
        {"pkcs11:", CMC_E_USAGE, "name one"},
        {"pkcs11:token=nobody", CMC_E_NOTFOUND, "'my hsm'"},
        {"pkcs11:token=my%20hsm;object=none", CMC_E_NOTFOUND, "no certificate 'none'"},
        {"pkcs11:token=my%20hsm;id=%00%01", CMC_E_NOTFOUND, "no such"},
        {"pkcs11:token=my%20hsm", CMC_E_USAGE, "name one"},
        {"pkcs11:token=my%20hsm;serial=0", CMC_E_NOTFOUND, "no such token"},
        {"pkcs11:token=%zz", CMC_E_USAGE, "URI"},
        {"pkcs11:tokin=x", CMC_E_USAGE, "not known"},
        {"pkcs11:token=my%20hsm?module-name=softhsm2", CMC_E_USAGE, "module-path"},
        {"pkcs11:token=my%20hsm?module-path=/nonexistent.so", CMC_E_LOCAL, "/nonexistent.so"},
        {"pkcs11:token=my%20hsm;object=first?pin-value=9999", CMC_E_USAGE, "pin-source=FILE"},
        {"pkcs11:token=my%20hsm;object=first?pin-source=credential:../x", CMC_E_USAGE, "alone"},
        {"pkcs11:token=my%20hsm;object=first?pin-source=credential:x", CMC_E_USAGE,
         "LoadCredential="},
        {"pkcs11:token=my%20hsm;object=visitor", CMC_E_NOTFOUND, "not its private key"},
    };

    (void)state;
    need_tools();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *uri = expand(rows[i].uri);
        const struct cmc_passphrase *pass = strstr(uri, "nss:") != NULL ? &right : &pin;
        EVP_PKEY *key = NULL;
        enum cmc_rc rc = cmc_key_load(c, uri, pass, &key, &err);

        if (rc != rows[i].rc || key != NULL || strstr(err.text, rows[i].text) == NULL)
            fail_msg("%s: %s: %s", uri, cmc_rc_name(rc), err.text);
        /* A password in a URI stays out of messages. */
        assert_null(strstr(err.text, "pin-value"));
        assert_null(strstr(err.text, "9999"));
    }
}

static void certs_refused(void **state)
{
    static const char *const uris[] = {"nss:{NSS}?nickname=nobody", "nss:{NSS}?id=12",
                                       "nss:{NSS}?token=nobody", "pkcs11:token=nobody",
                                       "pkcs11:token=my%20hsm;object=first"};

    (void)state;
    need_tools();
    for (size_t i = 0; i < 2 * sizeof uris / sizeof uris[0]; i++) {
        const char *uri = expand(uris[i / 2]);
        struct cmc_slice *found = NULL;
        size_t n = 0;

        /* With a password they are looked for again after the login. */
        assert_int_equal(cmc_certs_load(c, uri, i % 2 == 0 ? NULL : &pin, arena, &found, &n, &err),
                         CMC_E_NOTFOUND);
        assert_int_equal(n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys), cmocka_unit_test(certs),
                                       cmocka_unit_test(refused), cmocka_unit_test(certs_refused)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
