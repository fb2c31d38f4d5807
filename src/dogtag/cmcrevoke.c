/* SPDX-License-Identifier: Apache-2.0 */
/* CMCRevoke: a signed revocation request for the CA's form page. */
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "dogtag/dn.h"
#include "dogtag/request.h"
#include "dogtag/text.h"

#define OUTPUT "CMCRevoke.out"

struct options {
    const char *dbdir, *nickname, *issuer, *serial, *reason, *password;
    const char *secret, *token, *comment;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("dbdir", 'd', STRING, "DIR", struct options, dbdir, "NSS database directory"),
    CMC_OPTION("nickname", 'n', STRING, "NAME", struct options, nickname,
               "certificate of the agent or user who signs"),
    CMC_OPTION("issuer", 'i', STRING, "NAME", struct options, issuer,
               "issuer of the certificate to be revoked"),
    CMC_OPTION("serial", 's', STRING, "N", struct options, serial,
               "its serial number, decimal or 0x and hexadecimal"),
    CMC_OPTION("reason", 'm', STRING, "N", struct options, reason,
               "CRLReason as a number: 0 to 6, 8 to 10"),
    CMC_OPTION("password", 'p', STRING, "TEXT", struct options, password, "password of the token"),
    CMC_OPTION("secret", 't', STRING, "TEXT", struct options, secret, "shared secret"),
    CMC_OPTION("token", 'h', STRING, "NAME", struct options, token,
               "token with the key (default: the database)"),
    CMC_OPTION("comment", 'c', STRING, "TEXT", struct options, comment, "comment"),
    CMC_OPTION_END,
};

/* Values may come in quotes that the shell left: -n"My Cert" typed as -n\"My Cert\". */
static enum cmc_rc unquote(struct dog *d, const char **value)
{
    const char *v = *value;
    size_t n = v != NULL ? strlen(v) : 0;

    if (n < 2 || (v[0] != '"' && v[0] != '\'') || v[n - 1] != v[0])
        return CMC_OK;
    *value = cmc_arena_strndup(d->arena, v + 1, n - 2);
    return *value != NULL ? CMC_OK : dog_no_memory(d);
}

static enum cmc_rc check(struct dog *d, struct options *o)
{
    const struct {
        const char **value;
        const char *letter;
    } needed[] = {{&o->dbdir, "-d"},  {&o->nickname, "-n"}, {&o->issuer, "-i"},
                  {&o->serial, "-s"}, {&o->reason, "-m"},   {&o->password, "-p"}};
    const char **optional[] = {&o->secret, &o->token, &o->comment};
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < CMC_COUNT(needed) && rc == CMC_OK; i++) {
        if (*needed[i].value == NULL)
            return dog_usage(d, "missing %s; -d, -n, -i, -s, -m and -p are needed",
                             needed[i].letter);
        rc = unquote(d, needed[i].value);
    }
    for (size_t i = 0; i < CMC_COUNT(optional) && rc == CMC_OK; i++)
        rc = unquote(d, optional[i]);
    return rc;
}

static enum cmc_rc reason(struct dog *d, const char *text, uint32_t *out)
{
    size_t n = strlen(text);
    unsigned long v = strtoul(text, NULL, 10);

    if (n == 0 || n > 2 || strspn(text, "0123456789") != n || v > 10 || v == 7)
        return dog_usage(d, "-m %s: want a CRLReason, 0 to 6 or 8 to 10", text);
    *out = (uint32_t)v;
    return CMC_OK;
}

static enum cmc_rc build(struct dog *d, const struct options *o, struct cmc_slice *pkidata)
{
    struct cmc_pkidata body = {0};
    struct cmc_revoke_request rr = {0};
    enum cmc_rc rc = dog_add_nonce(d, &body, 1, false);

    if (rc == CMC_OK)
        rc = dog_dn(d, o->issuer, DOG_DN_UTF8, &rr.issuer);
    if (rc == CMC_OK)
        rc = dog_serial(d, "-s", o->serial, true, &rr.serial);
    if (rc == CMC_OK)
        rc = reason(d, o->reason, &rr.reason);
    if (o->secret != NULL && *o->secret != '\0')
        rr.passphrase = cmc_slice_str(o->secret);
    if (o->comment != NULL && *o->comment != '\0')
        rr.comment = cmc_slice_str(o->comment);
    if (rc == CMC_OK)
        rc = cmc_control_add(d->arena, &body.controls, 2, cmc_oid_id_cmc_revokeRequest,
                             &cmc_it_revoke_request, &rr, &d->err);
    if (rc == CMC_OK)
        rc = cmc_pkidata_encode(d->arena, &body, pkidata, &d->err);
    return rc;
}

static enum cmc_rc put(struct dog *d, struct cmc_slice message)
{
    struct cmc_buf b;
    const char *text;
    enum cmc_rc rc = dog_write(d, OUTPUT, message);

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    dog_base64_line(&b, message);
    text = cmc_buf_cstr(&b);
    if (rc == CMC_OK && text == NULL)
        rc = dog_no_memory(d);
    if (rc == CMC_OK)
        dog_say("-----BEGIN CERTIFICATE REQUEST-----\n%s\n-----END CERTIFICATE REQUEST-----\n",
                text);
    if (rc == CMC_OK)
        dog_say("\nCMC revocation request is stored in %s in binary form; the text above goes "
                "into the CA's form page\n",
                OUTPUT);
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc run(struct dog *d, int argc, char **argv)
{
    static const struct cmc_options spec = {
        .command = "CMCRevoke",
        .operands = "",
        .about = "Make a signed revocation request; it is written to " OUTPUT ".",
        .rows = rows};
    struct options o = {0};
    struct dog_db db = {0};
    struct dog_signer signer = {0};
    struct cmc_slice pkidata, message;
    bool go_on = false;
    enum cmc_rc rc = dog_options(d, &spec, argc, argv, &o, &go_on);

    if (rc != CMC_OK || !go_on)
        return rc;
    rc = check(d, &o);
    if (rc == CMC_OK)
        rc = build(d, &o, &pkidata);
    if (rc == CMC_OK) {
        const struct dog_db_place place = {
            .dbdir = o.dbdir, .token = o.token, .password = o.password};

        rc = dog_db_open(d, &place, &db);
    }
    if (rc == CMC_OK)
        rc = dog_db_signer(d, &db, o.nickname, &signer);
    if (rc == CMC_OK) {
        const struct dog_envelope e = {
            .key = signer.key, .cert = signer.cert, .certs = signer.chain, .ncerts = signer.nchain};

        rc = dog_envelope(d, &e, pkidata, &message);
    }
    if (rc == CMC_OK)
        rc = put(d, message);
    dog_signer_clean(&signer);
    dog_db_close(&db);
    return rc;
}

int main(int argc, char **argv)
{
    return dog_main("CMCRevoke", run, argc, argv);
}
