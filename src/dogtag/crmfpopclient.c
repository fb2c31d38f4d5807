/* SPDX-License-Identifier: Apache-2.0 */
/* CRMFPopClient: a key pair in the database and a CRMF request for it. */
#include "asn1/codec.h"
#include "dogtag/newkey.h"
#include "dogtag/text.h"

/* CRMFPopClient gives every request this id. */
#define CERT_REQ_ID 1u

struct options {
    struct dog_newkey_options key;
    const char *pop, *transport, *wrap_alg, *submit, *profile, *user, *requestor;
    bool oaep, ski;
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
    CMC_OPTION("verbose", 'v', FLAG, NULL, struct options, key.verbose, "taken for compatibility"),
    CMC_OPTION_HEADING("Options of the original that are refused"),
    CMC_OPTION("transport", 'b', STRING, "FILE", struct options, transport,
               "key archival; not done"),
    CMC_OPTION("wrap-alg", 'w', STRING, "NAME", struct options, wrap_alg, "belongs to -b"),
    CMC_OPTION("oaep", 0, FLAG, NULL, struct options, oaep, "belongs to -b"),
    CMC_OPTION("submit", 'm', STRING, "HOST:PORT", struct options, submit,
               "submission outside of CMC; not done, use HttpClient"),
    CMC_OPTION("profile", 'f', STRING, "NAME", struct options, profile, "belongs to -m"),
    CMC_OPTION("user", 'u', STRING, "NAME", struct options, user, "belongs to -m"),
    CMC_OPTION("requestor", 'r', STRING, "NAME", struct options, requestor, "belongs to -m"),
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
                                enum pop pop, struct cmc_slice *out)
{
    const struct cmc_request_params p = {.key = k->key,
                                         .alg = k->alg,
                                         .subject = k->subject,
                                         .exts = &k->ski,
                                         .nexts = o->ski ? 1 : 0,
                                         .cert_req_id = CERT_REQ_ID,
                                         .dogtag = true,
                                         .no_pop = pop != POP_GOOD};
    struct cmc_cert_req_msg msg = {0};
    const struct cmc_list msgs = {&msg, 1};
    struct cmc_slice der;
    enum cmc_rc rc;

    if (o->ski)
        dog_say("Generating SubjectKeyIdentifier extension.\n");
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
    } else if (o->key.output == NULL) {
        dog_say("%s", text);
    } else {
        rc = dog_write(d, o->key.output, cmc_buf_get0(&b));
        if (rc == CMC_OK)
            rc = dog_newkey_write_id(d, k, o->key.output);
        if (rc == CMC_OK)
            dog_say("Storing CRMF request into %s\n", o->key.output);
    }
    cmc_buf_free(&b);
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
    enum pop pop = POP_GOOD;
    struct cmc_slice der;
    bool go_on = false;
    enum cmc_rc rc = dog_options(d, &spec, argc, argv, &o, &go_on);

    if (rc != CMC_OK || !go_on)
        return rc;
    if (o.transport != NULL || o.wrap_alg != NULL || o.oaep)
        return dog_usage(d, "ERROR: key archival (-b, -w, --oaep) is not done by this tool");
    if (o.submit != NULL || o.profile != NULL || o.user != NULL || o.requestor != NULL)
        return dog_usage(d, "ERROR: submission (-m, -f, -u, -r) is not done by this tool; "
                            "make a message with CMCRequest and send it with HttpClient");
    rc = pop_kind(d, o.pop, &pop);
    if (rc == CMC_OK)
        rc = dog_newkey(d, &o.key, true, &k);
    if (rc == CMC_OK)
        rc = make_message(d, &o, &k, pop, &der);
    if (rc == CMC_OK)
        rc = put(d, &o, &k, der);
    if (rc == CMC_OK)
        dog_say("Keypair private key id: %s\n", k.id);
    dog_newkey_clean(&k);
    return rc;
}

int main(int argc, char **argv)
{
    return dog_main("CRMFPopClient", run, argc, argv);
}
