/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CMCSharedToken: encrypt a shared secret to the CA's issuance protection certificate, in the
 * form that Dogtag keeps in LDAP.
 */
#include "asn1/codec.h"
#include "control/shared_token.h"
#include "dogtag/db.h"
#include "dogtag/text.h"

struct options {
    const char *dbdir, *token, *password, *secret, *cert, *nickname, *output;
    bool oaep, verbose;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("dbdir", 'd', STRING, "DIR", struct options, dbdir,
               "NSS database directory (default '.')"),
    CMC_OPTION("token", 'h', STRING, "NAME", struct options, token,
               "token with the certificate of -n (default: the database)"),
    CMC_OPTION("password", 'p', STRING, "TEXT", struct options, password, "password of the token"),
    CMC_OPTION("secret", 's', STRING, "TEXT", struct options, secret,
               "the passphrase to be encrypted"),
    CMC_OPTION("cert", 'b', STRING, "FILE", struct options, cert,
               "issuance protection certificate (PEM, DER)"),
    CMC_OPTION("nickname", 'n', STRING, "NAME", struct options, nickname,
               "or its nickname in the database"),
    CMC_OPTION("output", 'o', STRING, "FILE", struct options, output, "write the result here too"),
    CMC_OPTION("oaep", 0, FLAG, NULL, struct options, oaep,
               "RSA-OAEP with SHA-256 instead of PKCS#1 v1.5; the CA\nmust be set up for it"),
    CMC_OPTION("verbose", 'v', FLAG, NULL, struct options, verbose, "taken for compatibility"),
    CMC_OPTION_END,
};

static enum cmc_rc load_cert(struct dog *d, const struct options *o, struct cmc_slice *out)
{
    const struct dog_db_place place = {
        .dbdir = o->dbdir, .token = o->token, .password = o->password};
    struct dog_db db = {0};
    struct cmc_slice *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc;

    /* The original opens the database, whether it needs it or not; so a wrong password is told. */
    rc = dog_db_open(d, &place, &db);
    if (rc == CMC_OK && o->cert != NULL) {
        rc = cmc_certs_load(d->crypto, o->cert, NULL, d->arena, &certs, &n, &d->err);
        if (rc == CMC_OK)
            *out = certs[0];
    } else if (rc == CMC_OK) {
        rc = dog_db_cert(d, &db, o->nickname, out);
    }
    dog_db_close(&db);
    return rc;
}

static enum cmc_rc put(struct dog *d, const struct options *o, struct cmc_slice der)
{
    struct cmc_buf b;
    const char *text;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    dog_base64(&b, der);
    text = cmc_buf_cstr(&b);
    if (text == NULL)
        rc = dog_no_memory(d);
    if (rc == CMC_OK && o->output != NULL)
        rc = dog_write(d, o->output, cmc_buf_get0(&b));
    if (rc == CMC_OK)
        dog_say("\nEncrypted Secret Data:\n%s\n", text);
    if (rc == CMC_OK && o->output != NULL)
        dog_say("\nStored shared secret data into %s\n", o->output);
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc run(struct dog *d, int argc, char **argv)
{
    static const struct cmc_options spec = {
        .command = "CMCSharedToken",
        .operands = "",
        .about = "Encrypt a shared secret to a CA's issuance protection certificate.",
        .rows = rows};
    struct options o = {0};
    struct cmc_cert cert = {0};
    struct cmc_slice der = CMC_SLICE_NONE;
    EVP_PKEY *key = NULL;
    bool go_on = false;
    enum cmc_rc rc = dog_options(d, &spec, argc, argv, &o, &go_on);

    if (rc != CMC_OK || !go_on)
        return rc;
    if (o.password == NULL)
        return dog_usage(d, "Missing token password; give it with -p");
    if (o.secret == NULL || *o.secret == '\0')
        return dog_usage(d, "Missing passphrase; give it with -s");
    if (o.cert == NULL && o.nickname == NULL)
        return dog_usage(d, "Missing issuance protection certificate; give its file with -b or "
                            "its nickname with -n");
    rc = load_cert(d, &o, &der);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, der, d->arena, &cert, &d->err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(d->crypto, cert.tbs.spki.raw, &key, &d->err);
    if (rc == CMC_OK)
        rc = cmc_shared_token_make(d->crypto, key, o.oaep ? CMC_RSA_OAEP_SHA256 : CMC_RSA_PKCS1_V15,
                                   cmc_slice_str(o.secret), d->arena, &der, &d->err);
    if (rc == CMC_OK)
        rc = put(d, &o, der);
    EVP_PKEY_free(key);
    return rc;
}

int main(int argc, char **argv)
{
    return dog_main("CMCSharedToken", run, argc, argv);
}
