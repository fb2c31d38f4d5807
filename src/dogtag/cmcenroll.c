/* SPDX-License-Identifier: Apache-2.0 */
/* CMCEnroll: wrap a PKCS#10 into a message signed by an agent. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "dogtag/request.h"
#include "dogtag/text.h"

struct options {
    const char *dbdir, *nickname, *request, *password;
    bool sha1;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("dbdir", 'd', STRING, "DIR", struct options, dbdir, "NSS database directory"),
    CMC_OPTION("nickname", 'n', STRING, "NAME", struct options, nickname,
               "certificate of the agent who signs"),
    CMC_OPTION("request", 'r', STRING, "FILE", struct options, request,
               "PKCS#10 as text; the result goes to FILE.out"),
    CMC_OPTION("password", 'p', STRING, "TEXT", struct options, password,
               "password of the database"),
    CMC_OPTION("sha1", '1', FLAG, NULL, struct options, sha1,
               "sign with SHA-1 as the original does; RSA only"),
    CMC_OPTION_END,
};

static enum cmc_rc read_request(struct dog *d, const char *path, struct cmc_slice *der,
                                struct cmc_request *rq)
{
    struct cmc_slice text;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = dog_read(d, path, &text);

    if (rc == CMC_OK)
        rc = dog_text_der(d, path, text, der);
    if (rc != CMC_OK)
        return rc;
    rc = cmc_request_from_pkcs10(*der, d->arena, rq, &d->err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(d->crypto, rq->spki, &key, &d->err);
    if (rc == CMC_OK)
        rc = cmc_request_check_pop(d->crypto, rq, key, true, d->arena, &d->err);
    if (rc != CMC_OK)
        cmc_err_prefix(&d->err, "%s: no usable PKCS#10 request", path);
    EVP_PKEY_free(key);
    return rc;
}

/* The request is body part 1, then senderNonce and transactionId. */
static enum cmc_rc build(struct dog *d, const struct options *o, struct cmc_slice *pkidata)
{
    struct cmc_pkidata body = {0};
    struct cmc_request rq;
    struct cmc_slice der, id;
    enum cmc_rc rc = read_request(d, o->request, &der, &rq);

    if (rc == CMC_OK)
        rc = cmc_body_add_pkcs10(d->arena, &body, 1, der, &d->err);
    if (rc == CMC_OK)
        rc = dog_add_nonce(d, &body, 2, false);
    if (rc == CMC_OK)
        rc = dog_transaction_id(d, rq.spki, &id);
    if (rc == CMC_OK)
        rc = cmc_control_add(d->arena, &body.controls, 3, cmc_oid_id_cmc_transactionId,
                             &cmc_it_transaction_id, &id, &d->err);
    if (rc == CMC_OK)
        rc = cmc_pkidata_encode(d->arena, &body, pkidata, &d->err);
    return rc;
}

static enum cmc_rc put(struct dog *d, const char *request, struct cmc_slice message)
{
    const char *path = cmc_arena_printf(d->arena, "%s.out", request);
    struct cmc_buf b;
    const char *text;
    enum cmc_rc rc;

    cmc_buf_init(&b, 2u * CMC_LIMIT_FILE_OCTETS);
    dog_pem(&b, "CERTIFICATE REQUEST", message);
    text = cmc_buf_cstr(&b);
    rc = text != NULL && path != NULL ? dog_write(d, path, cmc_buf_get0(&b)) : dog_no_memory(d);
    if (rc == CMC_OK)
        dog_say("%s\nCMC enrollment request is stored in %s\n", text, path);
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc sign(struct dog *d, const struct options *o, struct cmc_slice pkidata,
                        struct cmc_slice *message)
{
    const struct dog_db_place place = {.dbdir = o->dbdir, .password = o->password};
    struct dog_db db = {0};
    struct dog_signer signer = {0};
    struct dog_envelope e = {0};
    enum cmc_rc rc = dog_db_open(d, &place, &db);

    if (rc == CMC_OK)
        rc = dog_db_signer(d, &db, o->nickname, &signer);
    if (rc == CMC_OK && o->sha1 && EVP_PKEY_is_a(signer.key, "RSA") != 1)
        rc = dog_usage(d, "-1: signing with SHA-1 is for RSA keys only");
    e = (struct dog_envelope){.key = signer.key,
                              .alg =
                                  o->sha1 ? cmc_sig_find(CMC_SIG_RSA_PKCS1, CMC_DIGEST_SHA1) : NULL,
                              .cert = signer.cert,
                              .certs = signer.chain,
                              .ncerts = signer.nchain};
    if (rc == CMC_OK)
        rc = dog_envelope(d, &e, pkidata, message);
    dog_signer_clean(&signer);
    dog_db_close(&db);
    return rc;
}

static enum cmc_rc run(struct dog *d, int argc, char **argv)
{
    static const struct cmc_options spec = {
        .command = "CMCEnroll",
        .operands = "",
        .about = "Wrap a PKCS#10 into a CMC message signed by an agent.",
        .rows = rows};
    struct options o = {0};
    struct cmc_slice pkidata, message;
    bool go_on = false;
    enum cmc_rc rc = dog_options(d, &spec, argc, argv, &o, &go_on);

    if (rc != CMC_OK || !go_on)
        return rc;
    if (o.dbdir == NULL || o.nickname == NULL || o.request == NULL || o.password == NULL)
        return dog_usage(d, "missing %s; -d, -n, -r and -p are needed",
                         o.dbdir == NULL      ? "-d"
                         : o.nickname == NULL ? "-n"
                         : o.request == NULL  ? "-r"
                                              : "-p");
    rc = build(d, &o, &pkidata);
    if (rc == CMC_OK)
        rc = sign(d, &o, pkidata, &message);
    return rc == CMC_OK ? put(d, o.request, message) : rc;
}

int main(int argc, char **argv)
{
    return dog_main("CMCEnroll", run, argc, argv);
}
