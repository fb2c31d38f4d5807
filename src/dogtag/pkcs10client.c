/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS10Client: a key pair in the database and a PKCS#10 request for it. */
#include "dogtag/newkey.h"
#include "dogtag/text.h"

struct options {
    struct dog_newkey_options key;
    const char *password_file, *ski;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("dbdir", 'd', STRING, "DIR", struct options, key.dbdir,
               "NSS database directory (default '.')"),
    CMC_OPTION("token", 'h', STRING, "NAME", struct options, key.token,
               "token that is to hold the key (default: the database)"),
    CMC_OPTION("password", 'p', STRING, "TEXT", struct options, key.password,
               "password of the token"),
    CMC_OPTION("password-file", 'P', STRING, "FILE", struct options, password_file,
               "file whose first line is the password"),
    CMC_OPTION("algorithm", 'a', STRING, "KIND", struct options, key.algorithm,
               "rsa (the default) or ec"),
    CMC_OPTION("length", 'l', STRING, "BITS", struct options, key.length,
               "length of an RSA key (default 2048)"),
    CMC_OPTION("curve", 'c', STRING, "NAME", struct options, key.curve,
               "curve of an EC key (default nistp256)"),
    CMC_OPTION("output", 'o', STRING, "FILE", struct options, key.output,
               "where the request goes; the key id goes to FILE.keyId"),
    CMC_OPTION("subject", 'n', STRING, "NAME", struct options, key.subject,
               "subject, as \"CN=alice,O=Example\""),
    CMC_OPTION("typed", 'k', STRING, "BOOL", struct options, key.typed,
               "true: values may begin with a string type, as\nCN=PrintableString:alice"),
    CMC_OPTION("temporary", 't', STRING, "BOOL", struct options, key.temporary,
               "true: the key is gone when the tool ends"),
    CMC_OPTION("sensitive", 's', STRING, "N", struct options, key.sensitive,
               "1 or 0; -1 (the default): the token decides"),
    CMC_OPTION("extractable", 'e', STRING, "N", struct options, key.extractable,
               "1 or 0; -1 (the default): the token decides"),
    CMC_OPTION("ecdh", 'x', STRING, "BOOL", struct options, key.ecdh,
               "true: an EC key may do ECDH too"),
    CMC_OPTION("wrap", 'w', FLAG, NULL, struct options, key.wrap,
               "an RSA key that may wrap and unwrap"),
    CMC_OPTION("ski", 'y', STRING, "BOOL", struct options, ski,
               "true: ask for a subjectKeyIdentifier extension, which\n"
               "a self-signed CMC request needs"),
    CMC_OPTION("verbose", 'v', FLAG, NULL, struct options, key.verbose, "print the key id"),
    CMC_OPTION_END,
};

static enum cmc_rc write_request(struct dog *d, const char *path, struct cmc_slice der)
{
    struct cmc_buf b;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    dog_pem(&b, "CERTIFICATE REQUEST", der);
    rc = cmc_buf_ok(&b) ? dog_write(d, path, cmc_buf_get0(&b)) : dog_no_memory(d);
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc make(struct dog *d, const struct options *o, bool ski)
{
    struct dog_newkey k;
    struct cmc_slice der;
    enum cmc_rc rc = dog_newkey(d, &o->key, false, &k);

    if (rc == CMC_OK) {
        const struct cmc_request_params p = {
            .key = k.key, .alg = k.alg, .subject = k.subject, .exts = &k.ski, .nexts = ski ? 1 : 0};

        rc = cmc_pkcs10_create(d->crypto, &p, d->arena, &der, &d->err);
    }
    if (rc == CMC_OK)
        rc = write_request(d, o->key.output, der);
    if (rc == CMC_OK)
        rc = dog_newkey_write_id(d, &k, o->key.output);
    if (rc == CMC_OK) {
        if (o->key.verbose)
            dog_say("Keypair private key id: %s\n", k.id);
        dog_say("PKCS10Client: Certificate request written into %s\n"
                "PKCS10Client: PKCS#10 request key id written into %s.keyId\n",
                o->key.output, o->key.output);
    }
    dog_newkey_clean(&k);
    return rc;
}

static enum cmc_rc run(struct dog *d, int argc, char **argv)
{
    static const struct cmc_options spec = {
        .command = "PKCS10Client",
        .operands = "",
        .about = "Make a key pair in an NSS database and a PKCS#10 request for it.",
        .rows = rows};
    struct options o = {0};
    bool go_on = false, ski = false;
    enum cmc_rc rc = dog_options(d, &spec, argc, argv, &o, &go_on);

    if (rc != CMC_OK || !go_on)
        return rc;
    if (o.key.output == NULL)
        return dog_usage(d, "missing -o, the file that the request goes to");
    if (o.key.password != NULL && o.password_file != NULL)
        return dog_usage(d, "-p and -P both give a password; want one of them");
    if (o.password_file != NULL)
        rc = dog_password_file(d, o.password_file, &o.key.password);
    if (rc == CMC_OK)
        rc = dog_switch(d, "-y", o.ski, false, &ski);
    return rc == CMC_OK ? make(d, &o, ski) : rc;
}

int main(int argc, char **argv)
{
    return dog_main("PKCS10Client", run, argc, argv);
}
