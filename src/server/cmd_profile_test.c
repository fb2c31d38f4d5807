/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmcd profile test: what a profile makes of a request. No private key is used and nothing is
 * stored: a certificate that would result is shown without its signature.
 */
#include <stdio.h>
#include <time.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "base/file.h"
#include "ca/profile.h"
#include "cms/signed_data.h"
#include "key/key.h"
#include "message/body.h"
#include "message/status.h"
#include "server/cmd.h"

struct values {
    const char *config, *officer, *authority;
};

/* What is tested, and what is said of it. */
struct testing {
    struct cmcd_run *run;
    const struct cmc_conf *conf;
    const struct cmc_conf_authority *authority;
    struct cmc_profile *profile;
    struct cmc_lint_issuer issuer;
    struct cmc_cert_params params; /* of the CA */
    struct cmc_slice signer;       /* Name of the officer's certificate, or absent */
    struct cmc_request *requests;
    size_t nrequests;
    struct cmc_buf out;
    struct cmc_err first; /* refusal of all */
    size_t refusals;
};

/* -- what is there ----------------------------------------------------------------------- */

static enum cmc_rc find(struct testing *t, const char *name)
{
    const struct cmc_conf *conf = t->conf;

    for (unsigned int i = 0; i < conf->profile_count; i++) {
        if (strcmp(conf->profiles[i].name, name) == 0)
            return cmc_profile_compile(&conf->profiles[i], cmcd_crl_url(t->run, t->authority),
                                       &t->profile, &t->run->err);
    }
    return cmc_fail(&t->run->err, CMC_E_NOTFOUND, NULL,
                    "there is no profile '%.60s'; see 'cmcd profile list'", name);
}

/* What the CA gives to each of its certificates. */
static enum cmc_rc load_issuer(struct testing *t)
{
    static const uint8_t serial[] = {1};
    const struct cmc_passphrase none = {0};
    const struct cmc_conf_authority *a = t->authority;
    struct cmcd_run *r = t->run;
    struct cmc_slice *certs = NULL,
                     *chain = cmc_arena_array(r->arena, CMC_LIMIT_CMS_CERTS, sizeof *chain);
    struct cmc_cert cert = {0};
    EVP_PKEY *ca_key = NULL;
    size_t n = 0, nchain = 0;
    enum cmc_rc rc = CMC_OK;

    if (chain == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for the chain");
    for (unsigned int i = 0; i <= a->chain_count && rc == CMC_OK; i++) {
        rc = cmc_certs_load(r->crypto, i == 0 ? a->ca.certificate : a->chain[i - 1], &none,
                            r->arena, &certs, &n, &r->err);
        for (size_t k = 0; rc == CMC_OK && k < (i == 0 ? 1 : n) && nchain < CMC_LIMIT_CMS_CERTS;
             k++)
            chain[nchain++] = certs[k];
    }
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, chain[0], r->arena, &cert, &r->err);
    if (rc == CMC_OK)
        rc = cmc_lint_issuer_read(chain, nchain, r->arena, &t->issuer, &r->err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(r->crypto, cert.tbs.spki.raw, &ca_key, &r->err);
    t->params = (struct cmc_cert_params){.serial = cmc_slice(serial, sizeof serial),
                                         .issuer = cert.tbs.subject,
                                         .issuer_ski = cmc_cert_ski(&cert, r->arena)};
    if (rc == CMC_OK)
        rc = cmc_profile_signature(t->profile, ca_key, &t->params.alg, &r->err);
    EVP_PKEY_free(ca_key);
    return rc;
}

static enum cmc_rc subject_of(struct testing *t, struct cmc_slice der)
{
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, der, t->run->arena, &cert, &t->run->err);

    t->signer = cert.tbs.subject;
    return rc;
}

static enum cmc_rc load_officer(struct testing *t, const char *path)
{
    const struct cmc_passphrase none = {0};
    struct cmc_slice *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc;

    if (path == NULL)
        return CMC_OK;
    rc = cmc_certs_load(t->run->crypto, path, &none, t->run->arena, &certs, &n, &t->run->err);
    return rc == CMC_OK ? subject_of(t, certs[0]) : rc;
}

/* -- requests ---------------------------------------------------------------------------- */

/* Each request of a PKIData. */
static enum cmc_rc read_body(struct testing *t, struct cmc_slice der)
{
    struct cmcd_run *r = t->run;
    struct cmc_pkidata body = {0};
    enum cmc_rc rc = cmc_pkidata_open(der, true, r->arena, &body, &r->err);

    if (rc == CMC_OK && body.requests.n == 0)
        rc = cmc_fail(&r->err, CMC_E_INPUT, NULL, "the message holds no certification request");
    if (rc != CMC_OK)
        return rc;
    t->requests = cmc_arena_array(r->arena, body.requests.n, sizeof *t->requests);
    if (t->requests == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for the requests");
    for (size_t i = 0; i < body.requests.n && rc == CMC_OK; i++)
        rc = cmc_request_from_tagged(CMC_AT(const struct cmc_tagged_request, body.requests, i),
                                     r->arena, &t->requests[t->nrequests++], &r->err);
    return rc;
}

/* A signed message; its signer is the officer, unless another is named. Who that is, is not
 * looked into here. */
static enum cmc_rc read_message(struct testing *t, const struct cmc_signed_data *sd)
{
    enum cmc_rc rc = CMC_OK;
    size_t i = sd->signer_infos.n > 0
                   ? cmc_signer_find_cert(sd, 0, sd->certs.v, sd->certs.n, t->run->arena)
                   : SIZE_MAX;

    if (i != SIZE_MAX && t->signer.p == NULL)
        rc = subject_of(t, *CMC_AT(const struct cmc_slice, sd->certs, i));
    return rc == CMC_OK ? read_body(t, sd->encap.content) : rc;
}

/* Whatever a request may be written as. What is none of the others is told about as PKCS#10. */
static enum cmc_rc read_requests(struct testing *t, struct cmc_slice der)
{
    struct cmcd_run *r = t->run;
    struct cmc_signed_data sd = {0};
    struct cmc_pkidata body = {0};
    struct cmc_err first;
    enum cmc_rc rc;

    if (cmc_signed_data_open(der, r->arena, &sd, NULL) == CMC_OK)
        return read_message(t, &sd);
    if (cmc_pkidata_open(der, true, r->arena, &body, NULL) == CMC_OK)
        return read_body(t, der);
    t->requests = cmc_arena_alloc(r->arena, sizeof *t->requests);
    if (t->requests == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for the request");
    t->nrequests = 1;
    rc = cmc_request_from_pkcs10(der, r->arena, t->requests, &r->err);
    first = r->err;
    if (rc == CMC_E_INPUT) {
        rc = cmc_request_from_crmf(der, r->arena, t->requests, &r->err);
        if (rc == CMC_E_INPUT)
            r->err = first;
    }
    return rc;
}

static enum cmc_rc load_requests(struct testing *t, const char *path)
{
    struct cmcd_run *r = t->run;
    struct cmc_slice der = CMC_SLICE_NONE;
    struct cmc_buf data;
    enum cmc_rc rc;

    cmc_buf_init(&data, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_file_read(path, &data, &r->err);
    if (rc == CMC_OK)
        rc = cmc_der_or_pem(cmc_buf_get0(&data), NULL, r->arena, &der, &r->err);
    if (rc == CMC_OK)
        der = cmc_arena_slice(r->arena, der);
    cmc_buf_free(&data);
    return rc == CMC_OK ? read_requests(t, der) : rc;
}

/* -- what becomes of one ----------------------------------------------------------------- */

/* A rule, as the requester would be told it. */
static void refused(void *arg, const struct cmc_err *why)
{
    struct testing *t = arg;

    cmc_buf_printf(&t->out, "refused: %s: %s%s%s%s\n",
                   why->fail_info != CMC_FAIL_INFO_NONE
                       ? cmc_fail_info_name((uint32_t)why->fail_info)
                       : "badRequest",
                   why->text, why->clause != NULL ? " (" : "",
                   why->clause != NULL ? why->clause : "", why->clause != NULL ? ")" : "");
    if (t->refusals++ == 0)
        t->first = *why;
}

/* Errors are told as refusals. */
static void warn(void *arg, const struct cmc_lint_rule *rule, const char *detail)
{
    struct testing *t = arg;

    if (rule->level == CMC_LINT_WARNING)
        cmc_buf_printf(&t->out, "warning: %s%s%s (rule %s, %s)\n", detail != NULL ? detail : "",
                       detail != NULL ? ": " : "", rule->text, rule->id, rule->clause);
}

static enum cmc_rc show(struct testing *t, const struct cmc_profile_due *due)
{
    struct cmcd_run *r = t->run;
    struct cmc_tbs_cert tbs = {0};
    struct cmc_slice der;
    enum cmc_rc rc;

    t->params.not_before = due->not_before;
    t->params.not_after = due->not_after;
    rc = cmc_profile_tbs(t->profile, r->crypto, &due->request, &t->params, r->arena, &der, &r->err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_tbs_cert, der, r->arena, &tbs, &r->err);
    if (rc == CMC_OK) {
        cmc_buf_printf(&t->out,
                       "profile %s gives this certificate (the serial number is another, and "
                       "it is signed):\n",
                       cmc_profile_name(t->profile));
        rc = cmc_item_print(&cmc_it_tbs_cert, &tbs, r->arena, 0, &t->out, &r->err);
    }
    if (rc == CMC_E_REFUSED) {
        refused(t, &r->err);
        rc = CMC_OK;
    }
    return rc;
}

/* Possession comes first, as in an enrolment; where it is shown by challenge, that is later. */
static enum cmc_rc judge(struct testing *t, const struct cmc_request *rq)
{
    const struct cmc_profile_listener listener = {.refused = refused, .warn = warn, .arg = t};
    struct cmc_profile_case x = {
        .request = rq, .signer = t->signer, .now = time(NULL), .issuer = &t->issuer};
    struct cmcd_run *r = t->run;
    struct cmc_profile_due due;
    enum cmc_rc rc = cmc_spki_key(r->crypto, rq->spki, &x.key, &r->err);

    if (t->nrequests > 1)
        cmc_buf_printf(&t->out, "request %lu:\n", (unsigned long)rq->body_part_id);
    if (rc == CMC_OK && rq->pop == CMC_POP_BY_SIGNATURE && !cmc_dh_pop_is(&rq->pop_alg)) {
        enum cmc_rc pop = cmc_request_check_pop(r->crypto, rq, x.key, false, r->arena, &r->err);

        if (pop == CMC_E_CRYPTO || pop == CMC_E_REFUSED)
            refused(t, &r->err);
        else
            rc = pop;
    }
    if (rc == CMC_OK) {
        size_t before = t->refusals;

        rc = cmc_profile_check_all(t->profile, &x, &listener, r->arena, &due, &r->err);
        if (rc == CMC_E_REFUSED)
            rc = CMC_OK; /* it was told */
        else if (rc == CMC_OK && t->refusals == before && t->first.rc == CMC_OK)
            rc = show(t, &due);
    } else if (rc == CMC_E_REFUSED) {
        refused(t, &r->err);
        rc = CMC_OK;
    }
    EVP_PKEY_free(x.key);
    return rc;
}

static enum cmc_rc judge_all(struct testing *t)
{
    struct cmc_err *err = &t->run->err;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < t->nrequests && rc == CMC_OK; i++)
        rc = judge(t, &t->requests[i]);
    if (rc != CMC_OK || t->refusals == 0)
        return rc;
    return cmc_fail(err, CMC_E_REFUSED, t->first.clause, "profile %s refuses it with %s: %s",
                    cmc_profile_name(t->profile),
                    t->first.fail_info != CMC_FAIL_INFO_NONE
                        ? cmc_fail_info_name((uint32_t)t->first.fail_info)
                        : "badRequest",
                    t->first.text);
}

/* -- the command ------------------------------------------------------------------------- */

enum cmc_rc cmcd_profile_test(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("officer", 0, STRING, "FILE", struct values, officer,
                   "certificate of the officer who would sign, for names that\n"
                   "come from there (the signer of a signed message)"),
        CMCD_OPTION_AUTHORITY(struct values, authority),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd profile test",
        "PROFILE FILE",
        2,
        2,
        "The certificate that a profile would give for a PKCS#10, a CRMF request, or each request\n"
        "of a CMC message (DER, PEM or base64), or the rules that refuse it. Nothing is issued.",
        rows};
    struct testing t = {.run = r};
    struct values v = {0};
    struct cmc_conf *conf = NULL;
    char **words;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &words, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&t.out, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_conf_load(v.config != NULL ? v.config : CMCD_DEFAULT_CONF, &conf, &r->err);
    t.conf = conf;
    if (rc == CMC_OK)
        rc = cmcd_authority(r, conf, v.authority, &t.authority);
    if (rc == CMC_OK)
        rc = find(&t, words[0]);
    if (rc == CMC_OK)
        rc = load_issuer(&t);
    if (rc == CMC_OK)
        rc = load_officer(&t, v.officer);
    if (rc == CMC_OK)
        rc = cmc_profile_lint(t.profile, &t.issuer, r->arena, NULL, NULL, &r->err);
    if (rc == CMC_OK)
        rc = load_requests(&t, words[1]);
    if (rc == CMC_OK)
        rc = judge_all(&t);
    if (rc == CMC_OK || rc == CMC_E_REFUSED) {
        struct cmc_err why = r->err;
        enum cmc_rc printed = cmcd_print(&t.out, &r->err);

        if (printed == CMC_OK)
            r->err = why;
        rc = printed == CMC_OK ? rc : printed;
    }
    cmc_profile_free(t.profile);
    cmc_conf_free(conf);
    cmc_buf_free(&t.out);
    return rc;
}
