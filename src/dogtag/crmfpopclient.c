/* SPDX-License-Identifier: Apache-2.0 */
/* CRMFPopClient: a key pair in the database and a CRMF request for it. */
#include "asn1/codec.h"
#include "dogtag/archive.h"
#include "dogtag/submit.h"
#include "dogtag/text.h"

/* CRMFPopClient gives every request this id. */
#define CERT_REQ_ID 1u

struct options {
    struct dog_newkey_options key;
    struct dog_archive_options archive;
    struct dog_submission submit;
    const char *pop;
    bool ski;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("dbdir", 'd', STRING, "DIR", struct options, key.dbdir,
               "NSS database directory (default '.')"),
    CMC_OPTION("token", 'h', STRING, "NAME", struct options, key.token,
               "token that is to hold the key (default: the database)"),
    CMC_OPTION("password", 'p', STRING, "TEXT", struct options, key.password,
               "password of the token"),
    CMC_OPTION("subject", 'n', STRING, "NAME", struct options, key.subject,
               "subject, as \"CN=alice,O=Example\""),
    CMC_OPTION("algorithm", 'a', STRING, "KIND", struct options, key.algorithm,
               "rsa (the default) or ec"),
    CMC_OPTION("length", 'l', STRING, "BITS", struct options, key.length,
               "length of an RSA key (default 2048)"),
    CMC_OPTION("curve", 'c', STRING, "NAME", struct options, key.curve,
               "curve of an EC key (default nistp256)"),
    CMC_OPTION("pop", 'q', STRING, "KIND", struct options, pop,
               "POP_SUCCESS (the default), POP_NONE, or POP_FAIL for a\n"
               "proof that does not verify"),
    CMC_OPTION("ski", 'y', FLAG, NULL, struct options, ski,
               "ask for a subjectKeyIdentifier extension, which a\n"
               "self-signed CMC request needs"),
    CMC_OPTION("typed", 'k', STRING, "BOOL", struct options, key.typed,
               "true: values may begin with a string type, as\nCN=UTF8String:alice"),
    CMC_OPTION("temporary", 't', STRING, "BOOL", struct options, key.temporary,
               "true: the key is gone when the tool ends; default for ec"),
    CMC_OPTION("sensitive", 's', STRING, "N", struct options, key.sensitive,
               "1 or 0; -1 (the default): the token decides"),
    CMC_OPTION("extractable", 'e', STRING, "N", struct options, key.extractable,
               "1 or 0; -1 (the default): the token decides"),
    CMC_OPTION("ecdh", 'x', STRING, "BOOL", struct options, key.ecdh,
               "true: an EC key may do ECDH too"),
    CMC_OPTION("output", 'o', STRING, "FILE", struct options, key.output,
               "where the request goes (default: standard output); the\n"
               "key id goes to FILE.keyId"),
    CMC_OPTION("verbose", 'v', FLAG, NULL, struct options, key.verbose,
               "with -m: show the CA's answer"),
    CMC_OPTION_HEADING("Key archival"),
    CMC_OPTION("transport", 'b', STRING, "FILE", struct options, archive.transport,
               "transport certificate of the KRA: the private key goes\n"
               "along, encrypted to it"),
    CMC_OPTION("wrap-alg", 'w', STRING, "NAME", struct options, archive.wrap_alg,
               "'AES KeyWrap/Padding' (the default), 'AES\n"
               "KeyWrap/Wrapped', 'AES/CBC/PKCS5Padding' or\n'DES3/CBC/Pad'"),
    CMC_OPTION("oaep", 0, FLAG, NULL, struct options, archive.oaep,
               "RSA-OAEP for the session key instead of PKCS#1 v1.5"),
    CMC_OPTION_HEADING("Submission to a Dogtag CA, outside of CMC, instead of -o"),
    CMC_OPTION("submit", 'm', STRING, "HOST:PORT", struct options, submit.place,
               "the CA's plain HTTP port"),
    CMC_OPTION("profile", 'f', STRING, "NAME", struct options, submit.profile,
               "profile (default caEncUserCert, for ec caEncECUserCert)"),
    CMC_OPTION("user", 'u', STRING, "NAME", struct options, submit.user, "user name"),
    CMC_OPTION("requestor", 'r', STRING, "NAME", struct options, submit.requestor, "who asks"),
    CMC_OPTION_END,
};

enum pop { POP_GOOD, POP_NONE, POP_BAD };

static enum cmc_rc pop_kind(struct dog *d, const char *text, enum pop *out)
{
    static const char *const names[] = {
        [POP_GOOD] = "POP_SUCCESS", [POP_NONE] = "POP_NONE", [POP_BAD] = "POP_FAIL"};

    *out = POP_GOOD;
    for (size_t i = 0; i < CMC_COUNT(names); i++) {
        if (text == NULL || strcmp(names[i], text) == 0) {
            *out = text == NULL ? POP_GOOD : (enum pop)i;
            return CMC_OK;
        }
    }
    return dog_usage(d, "ERROR: -q %s: want POP_SUCCESS, POP_NONE or POP_FAIL", text);
}

/* A message without POP gets one that covers something else: for tests of a CA. */
static enum cmc_rc add_bad_pop(struct dog *d, const struct dog_newkey *k, struct cmc_slice *der)
{
    static const uint8_t ones[] = {1, 1, 1, 1, 1, 1, 1, 1};
    struct cmc_cert_req_msg msg = {0};
    struct cmc_pop pop = {.which = CMC_POP_SIGNATURE};
    struct cmc_slice sig;
    struct cmc_buf bits;
    enum cmc_rc rc = cmc_decode(&cmc_it_cert_req_msg, *der, d->arena, &msg, &d->err);

    cmc_buf_init(&bits, CMC_LIMIT_INTEGER_OCTETS);
    if (rc == CMC_OK)
        rc = cmc_sign(d->crypto, k->key, k->alg, cmc_slice(ones, sizeof ones), d->arena, &sig,
                      &d->err);
    if (rc == CMC_OK)
        rc = cmc_sig_algid(k->alg, d->arena, &pop.u.signature.algorithm, &d->err);
    if (rc == CMC_OK) {
        cmc_buf_byte(&bits, 0);
        cmc_buf_slice(&bits, sig);
        pop.u.signature.signature = cmc_buf_get0(&bits);
        msg.pop = &pop;
        rc = cmc_buf_ok(&bits)
                 ? cmc_encode_arena(&cmc_it_cert_req_msg, &msg, d->arena, der, &d->err)
                 : dog_no_memory(d);
    }
    cmc_buf_free(&bits);
    return rc;
}

static enum cmc_rc make_message(struct dog *d, const struct options *o, const struct dog_newkey *k,
                                const struct dog_archive *archive, enum pop pop,
                                struct cmc_slice *out)
{
    struct cmc_atv control = {0};
    const struct cmc_request_params p = {.key = k->key,
                                         .alg = k->alg,
                                         .subject = k->subject,
                                         .exts = &k->ski,
                                         .nexts = o->ski ? 1 : 0,
                                         .cert_req_id = CERT_REQ_ID,
                                         .controls = &control,
                                         .ncontrols = archive->transport != NULL ? 1 : 0,
                                         .dogtag = true,
                                         .no_pop = pop != POP_GOOD};
    struct cmc_cert_req_msg msg = {0};
    const struct cmc_list msgs = {&msg, 1};
    struct cmc_slice der;
    enum cmc_rc rc = CMC_OK;

    if (o->ski)
        dog_say("Generating SubjectKeyIdentifier extension.\n");
    if (archive->transport != NULL)
        rc = dog_archive_control(d, archive, k, &control);
    if (rc == CMC_OK)
        rc = cmc_crmf_create(d->crypto, &p, d->arena, &der, &d->err);
    if (rc == CMC_OK && pop == POP_BAD)
        rc = add_bad_pop(d, k, &der);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert_req_msg, der, d->arena, &msg, &d->err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_cert_req_messages, &msgs, d->arena, out, &d->err);
    return rc;
}

static enum cmc_rc put(struct dog *d, const struct options *o, const struct dog_newkey *k,
                       struct cmc_slice der)
{
    struct cmc_buf b;
    const char *text;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    dog_pem(&b, "CERTIFICATE REQUEST", der);
    text = cmc_buf_cstr(&b);
    if (text == NULL) {
        rc = dog_no_memory(d);
    } else if (o->submit.place != NULL) {
        rc = dog_submit(d, &o->submit, text, o->key.verbose);
    } else if (o->key.output == NULL) {
        dog_say("%s", text);
    } else {
        rc = dog_write(d, o->key.output, cmc_buf_get0(&b));
        if (rc == CMC_OK)
            rc = dog_newkey_write_id(d, k, o->key.output);
        if (rc == CMC_OK)
            dog_say("Storing CRMF request into %s\nStoring CRMF request key id into %s.keyId\n",
                    o->key.output, o->key.output);
    }
    cmc_buf_free(&b);
    return rc;
}

/* What can be wrong is told before a key is made that nobody would use. */
static enum cmc_rc check(struct dog *d, struct options *o, enum pop *pop,
                         struct dog_archive *archive)
{
    bool ec = o->key.algorithm != NULL && strcmp(o->key.algorithm, "ec") == 0;
    enum cmc_rc rc = pop_kind(d, o->pop, pop);

    if (rc == CMC_OK && ec && o->key.length != NULL)
        return dog_usage(d, "ERROR: Illegal parameter for ECC: -l; -c chooses the curve");
    if (rc == CMC_OK && !ec && (o->key.curve != NULL || o->key.ecdh != NULL))
        return dog_usage(d, "ERROR: Illegal parameter for RSA: %s; it belongs to -a ec",
                         o->key.curve != NULL ? "-c" : "-x");
    if (rc == CMC_OK && o->submit.place != NULL) {
        if (o->submit.profile == NULL)
            o->submit.profile = ec ? "caEncECUserCert" : "caEncUserCert";
        if (o->key.output != NULL)
            dog_warn(d, "-o %s: nothing is stored with -m", o->key.output);
        rc = dog_submit_check(d, &o->submit);
    } else if (rc == CMC_OK && (o->submit.profile != NULL || o->submit.user != NULL ||
                                o->submit.requestor != NULL)) {
        dog_warn(d, "-f, -u and -r have no effect without -m");
    }
    if (rc == CMC_OK && o->archive.transport != NULL && o->key.extractable != NULL &&
        strcmp(o->key.extractable, "0") == 0)
        return dog_usage(d, "ERROR: -b needs a key that the token lets out; -e 0 says otherwise");
    if (rc == CMC_OK)
        rc = dog_archive_open(d, &o->archive, archive);
    o->key.archive = archive->transport != NULL;
    return rc;
}

static enum cmc_rc run(struct dog *d, int argc, char **argv)
{
    static const struct cmc_options spec = {
        .command = "CRMFPopClient",
        .operands = "",
        .about = "Make a key pair in an NSS database and a CRMF request for it.",
        .rows = rows};
    struct options o = {0};
    struct dog_newkey k = {0};
    struct dog_archive archive = {0};
    enum pop pop = POP_GOOD;
    struct cmc_slice der;
    bool go_on = false;
    enum cmc_rc rc = dog_options(d, &spec, argc, argv, &o, &go_on);

    if (rc != CMC_OK || !go_on)
        return rc;
    rc = check(d, &o, &pop, &archive);
    if (rc == CMC_OK)
        rc = dog_newkey(d, &o.key, true, &k);
    if (rc == CMC_OK)
        rc = make_message(d, &o, &k, &archive, pop, &der);
    if (rc == CMC_OK)
        rc = put(d, &o, &k, der);
    if (rc == CMC_OK)
        dog_say("Keypair private key id: %s\n", k.id);
    dog_newkey_clean(&k);
    dog_archive_clean(&archive);
    return rc;
}

int main(int argc, char **argv)
{
    return dog_main("CRMFPopClient", run, argc, argv);
}
