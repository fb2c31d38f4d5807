/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmcd profile list|test: what the profiles of the configuration are, and what one of them makes
 * of a request. No key is used and nothing is stored: a certificate that would result is shown
 * without its signature.
 */
#include <stdio.h>
#include <time.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "base/file.h"
#include "ca/profile.h"
#include "cms/signed_data.h"
#include "key/key.h"
#include "message/status.h"
#include "server/cmd.h"

struct values {
    const char *config, *authority;
};

/* -- list -------------------------------------------------------------------------------- */

static void print_spec(const struct cmc_profile_spec *p, struct cmc_buf *out)
{
    cmc_buf_printf(out, "%s\n  days: %u\n  keys:", p->name, p->days);
    for (unsigned int i = 0; i < p->key_type_count; i++)
        cmc_buf_printf(out, " %s", p->key_types[i]);
    cmc_buf_str(out, p->key_type_count == 0 ? " any, RSA from 2048 bits\n" : "\n");
    for (unsigned int i = 0; i < p->extension_count; i++)
        cmc_buf_printf(out, "  %s: %s\n", p->extensions[i].name, p->extensions[i].value);
    cmc_buf_str(out, "  from the request:");
    for (unsigned int i = 0; i < p->request_extension_count; i++)
        cmc_buf_printf(out, " %s", p->request_extensions[i]);
    cmc_buf_printf(out, "%s; others are %s\n", p->request_extension_count == 0 ? " nothing" : "",
                   p->refuse_other_extensions ? "refused" : "left out");
    if (p->allow_empty_subject)
        cmc_buf_str(out, "  the subject may be empty\n");
    if (p->require_san)
        cmc_buf_str(out, "  a subjectAltName is required\n");
    if (p->unique_keys)
        cmc_buf_str(out, "  each key gets one certificate\n");
    if (p->require_archive)
        cmc_buf_str(out, "  the private key must be archived\n");
}

static enum cmc_rc list(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd profile list", "", 0, 0, "What each profile gives and takes.", rows};
    struct values v = {0};
    struct cmc_conf *conf = NULL;
    struct cmc_buf out;
    char **none;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &none, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_conf_load(v.config != NULL ? v.config : CMCD_DEFAULT_CONF, &conf, &r->err);
    for (unsigned int i = 0; rc == CMC_OK && i < conf->profile_count; i++)
        print_spec(&conf->profiles[i], &out);
    if (rc == CMC_OK)
        rc = cmcd_print(&out, &r->err);
    cmc_conf_free(conf);
    cmc_buf_free(&out);
    return rc;
}

/* -- test -------------------------------------------------------------------------------- */

static enum cmc_rc find(struct cmcd_run *r, const struct cmc_conf *conf,
                        const struct cmc_conf_authority *a, const char *name,
                        struct cmc_profile **out)
{
    for (unsigned int i = 0; i < conf->profile_count; i++) {
        if (strcmp(conf->profiles[i].name, name) == 0)
            return cmc_profile_compile(&conf->profiles[i], a->crl_url, out, &r->err);
    }
    return cmc_fail(&r->err, CMC_E_NOTFOUND, NULL,
                    "there is no profile '%.60s'; see 'cmcd profile list'", name);
}

static enum cmc_rc read_request(struct cmcd_run *r, const char *path, struct cmc_request *rq,
                                EVP_PKEY **key)
{
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
    if (rc == CMC_OK)
        rc = cmc_request_from_pkcs10(der, r->arena, rq, &r->err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(r->crypto, rq->spki, key, &r->err);
    return rc;
}

/* What the CA gives to each of its certificates. */
static enum cmc_rc issuer_params(struct cmcd_run *r, const struct cmc_conf_authority *a,
                                 EVP_PKEY **ca_key, struct cmc_cert_params *out)
{
    static const uint8_t serial[] = {1};
    struct cmc_cert cert = {0};
    struct cmc_slice end;
    enum cmc_rc rc = cmcd_ca_cert(r, a, NULL, &cert);

    if (rc == CMC_OK)
        rc = cmc_spki_key(r->crypto, cert.tbs.spki.raw, ca_key, &r->err);
    if (rc != CMC_OK)
        return rc;
    *out = (struct cmc_cert_params){.serial = cmc_slice(serial, sizeof serial),
                                    .issuer = cert.tbs.subject,
                                    .issuer_ski = cmc_cert_ski(&cert, r->arena),
                                    .alg = cmc_sig_default(*ca_key)};
    end = cert.tbs.validity.not_after;
    if (out->alg == NULL || end.n < 2 ||
        !cmc_time_parse(end.p[0], cmc_slice(end.p + 2, end.n - 2), &out->issuer_not_after))
        return cmc_fail(&r->err, CMC_E_INPUT, "RFC 5280 section 4.1.2.5",
                        "%s: the key cannot sign, or the end of validity is no time",
                        a->ca.certificate);
    return CMC_OK;
}

static enum cmc_rc show(struct cmcd_run *r, const struct cmc_profile *p,
                        const struct cmc_conf_authority *a, const struct cmc_request *rq,
                        struct cmc_buf *out)
{
    struct cmc_cert_params params = {0};
    struct cmc_tbs_cert tbs = {0};
    struct cmc_slice der;
    EVP_PKEY *ca_key = NULL;
    enum cmc_rc rc = issuer_params(r, a, &ca_key, &params);

    if (rc == CMC_OK) {
        cmc_profile_validity(p, time(NULL), &params.not_before, &params.not_after);
        rc = cmc_profile_tbs(p, r->crypto, rq, &params, r->arena, &der, &r->err);
    }
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_tbs_cert, der, r->arena, &tbs, &r->err);
    if (rc == CMC_OK) {
        cmc_buf_printf(out,
                       "profile %s gives this certificate (the serial number is another, and "
                       "it is signed):\n",
                       cmc_profile_name(p));
        rc = cmc_item_print(&cmc_it_tbs_cert, &tbs, r->arena, 0, out, &r->err);
    }
    EVP_PKEY_free(ca_key);
    return rc;
}

/* The rule as the requester would be told it. */
static enum cmc_rc refused(struct cmcd_run *r, const struct cmc_profile *p)
{
    const struct cmc_err why = r->err;

    return cmc_fail(&r->err, CMC_E_REFUSED, why.clause, "profile %s refuses it with %s: %s",
                    cmc_profile_name(p),
                    why.fail_info != CMC_FAIL_INFO_NONE
                        ? cmc_fail_info_name((uint32_t)why.fail_info)
                        : "badRequest",
                    why.text);
}

/* Possession comes first, as in an enrolment; where it is shown by challenge, that is later. */
static enum cmc_rc check(struct cmcd_run *r, const struct cmc_profile *p,
                         const struct cmc_request *rq, EVP_PKEY *key)
{
    enum cmc_rc rc = CMC_OK;

    if (rq->pop == CMC_POP_BY_SIGNATURE)
        rc = cmc_request_check_pop(r->crypto, rq, key, false, r->arena, &r->err);
    return rc == CMC_OK ? cmc_profile_check(p, rq, key, r->arena, &r->err) : rc;
}

static enum cmc_rc test(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMCD_OPTION_AUTHORITY(struct values, authority),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd profile test",
        "PROFILE FILE",
        2,
        2,
        "The certificate that a profile would give for a PKCS#10 (DER, PEM or base64), or the\n"
        "rule that refuses it. Nothing is issued.",
        rows};
    struct values v = {0};
    struct cmc_conf *conf = NULL;
    const struct cmc_conf_authority *a = NULL;
    struct cmc_profile *p = NULL;
    struct cmc_request rq = {0};
    EVP_PKEY *key = NULL;
    struct cmc_buf out;
    char **words;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &words, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_conf_load(v.config != NULL ? v.config : CMCD_DEFAULT_CONF, &conf, &r->err);
    if (rc == CMC_OK)
        rc = cmcd_authority(r, conf, v.authority, &a);
    if (rc == CMC_OK)
        rc = find(r, conf, a, words[0], &p);
    if (rc == CMC_OK)
        rc = read_request(r, words[1], &rq, &key);
    if (rc == CMC_OK) {
        rc = check(r, p, &rq, key);
        rc = rc == CMC_E_REFUSED || rc == CMC_E_CRYPTO ? refused(r, p) : rc;
    }
    if (rc == CMC_OK)
        rc = show(r, p, a, &rq, &out);
    if (rc == CMC_OK)
        rc = cmcd_print(&out, &r->err);
    EVP_PKEY_free(key);
    cmc_profile_free(p);
    cmc_conf_free(conf);
    cmc_buf_free(&out);
    return rc;
}

enum cmc_rc cmcd_cmd_profile(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmcd_command rows[] = {
        {"list", "what each profile gives and takes", list},
        {"test", "what a profile makes of a request", test},
    };
    static const struct cmcd_group group = {"cmcd profile", rows, sizeof rows / sizeof rows[0]};

    return cmcd_dispatch(&group, r, argc, argv);
}
