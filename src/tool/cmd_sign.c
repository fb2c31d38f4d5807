/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmc sign: one more signature over the PKIData of a request that is there, whose octets stay what
 * they are. So several officers send one message, or one approves what another has sent.
 */
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/signed_data.h"
#include "tool/exchange.h"
#include "tool/input.h"

struct sign {
    const char *cert, *key, *pass, *sid, *out;
    bool alone, pem;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("Who signs"),
    CMC_OPTION("signer-cert", 0, STRING, "URI", struct sign, cert, "the officer's certificate"),
    CMC_OPTION("signer-key", 0, STRING, "URI", struct sign, key,
               "its key (not needed with PKCS#12)"),
    CMC_OPTION("key-pass", 0, STRING, "FILE", struct sign, pass,
               "first line of FILE is the passphrase of that key"),
    CMC_OPTION("sid", 0, STRING, "FORM", struct sign, sid,
               "name the signer by issuer-serial (the default) or ski"),
    CMC_OPTION("alone", 0, FLAG, NULL, struct sign, alone,
               "without the signatures that are there: one by a key\n"
               "that is still to be certified takes no other beside it"),
    CMC_OPTION_HEADING("The result"),
    CMC_OPTION("out", 'o', STRING, "FILE", struct sign, out, "write it here (standard output)"),
    CMC_OPTION("pem", 0, FLAG, NULL, struct sign, pem, "as PEM"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc sign",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Add a signature to a CMC request (DER, PEM or base64). Look at what it asks for\n"
             "first: cmc show FILE.",
    .rows = rows,
};

/* RFC 10002 section 3.2: a key that is being certified signs by itself. */
static bool by_request_key(struct tool *t, const struct cmc_signed_data *sd)
{
    const struct cmc_signer_info *si = CMC_AT(const struct cmc_signer_info, sd->signer_infos, 0);

    return sd->signer_infos.n == 1 && si->sid.which == CMC_SID_SKI &&
           cmc_signer_find_cert(sd, 0, sd->certs.v, sd->certs.n, t->arena) == SIZE_MAX;
}

static enum cmc_rc check(struct tool *t, const struct sign *o, const struct cmc_signed_data *sd,
                         const struct tool_signer *who)
{
    if (!cmc_slice_eq(sd->encap.type, cmc_oid_id_cct_PKIData))
        return cmc_fail(&t->err, CMC_E_INPUT, "RFC 10002 section 3.2",
                        "what is signed in it is no PKIData; only a CMC request is signed once "
                        "more");
    if (o->alone)
        return CMC_OK;
    if (by_request_key(t, sd))
        return cmc_fail(&t->err, CMC_E_REFUSED, "RFC 10002 section 3.2",
                        "the message is signed by a key that is still to be certified, beside "
                        "which there may be no other signature; sign with --alone");
    for (size_t i = 0; i < sd->signer_infos.n; i++) {
        if (cmc_signer_find_cert(sd, i, who->certs, 1, t->arena) == 0)
            return cmc_fail(&t->err, CMC_E_REFUSED, NULL,
                            "this certificate has signed it already; it counts once");
    }
    return CMC_OK;
}

static enum cmc_rc sign(struct tool *t, const struct sign *o, const char *path,
                        struct tool_signer *who)
{
    struct cmc_cms_signer signer = {.signing_time = true, .time = (int64_t)time(NULL)};
    struct cmc_slice data, der = CMC_SLICE_NONE, out = CMC_SLICE_NONE;
    struct cmc_signed_data sd = {0};
    enum cmc_rc rc;

    if (o->cert == NULL)
        return tool_usage(t, "no --signer-cert; who signs?");
    rc = tool_crypto(t);
    if (rc == CMC_OK)
        rc = tool_sid(t, o->sid, &signer.sid);
    if (rc == CMC_OK)
        rc = tool_read(t, path, &data);
    if (rc == CMC_OK)
        rc = cmc_der_or_pem(data, NULL, t->arena, &der, &t->err);
    if (rc == CMC_OK)
        rc = cmc_signed_data_open(der, t->arena, &sd, &t->err);
    if (rc == CMC_OK)
        rc = tool_signer_load(t, o->cert, o->key, o->pass, who);
    if (rc == CMC_OK)
        rc = check(t, o, &sd, who);
    if (rc != CMC_OK)
        return rc;
    signer.key = who->key;
    signer.cert = who->certs[0];
    rc = cmc_signed_data_add_signer(t->crypto, &sd, &signer, o->alone, who->certs, who->ncerts,
                                    t->arena, &out, &t->err);
    return rc == CMC_OK ? tool_write(t, o->out, o->pem ? "CMS" : NULL, out) : rc;
}

int tool_cmd_sign(struct tool *t, int argc, char **argv)
{
    struct sign o = {0};
    struct tool_signer who = {0};
    char **paths;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &paths, &n);

    if (code != TOOL_GO_ON)
        return code;
    code = tool_end(t, sign(t, &o, paths[0], &who));
    tool_signer_clean(&who);
    return code;
}
