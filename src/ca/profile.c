/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: compiled at load, then only concatenated. */
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/cmc_access.h"
#include "ca/profile_int.h"

/* -- compiling --------------------------------------------------------------------------- */

static enum cmc_rc compile_keys(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                struct cmc_err *err)
{
    static const struct {
        const char *name;
        const char *type;
    } kinds[] = {
        {"ec:P-256", "EC-P-256"}, {"ec:P-384", "EC-P-384"},
        {"ec:P-521", "EC-P-521"}, {"ed25519", "Ed25519"},
        {"ed448", "Ed448"},       {"x25519", "X25519"},
        {"x448", "X448"},         {"dh", "DHX"},
    };

    p->keys = cmc_arena_array(p->arena, spec->key_type_count, sizeof *p->keys);
    if (p->keys == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    p->nkeys = spec->key_type_count;
    for (size_t i = 0; i < p->nkeys; i++) {
        const char *s = spec->key_types[i];
        struct key_rule *k = &p->keys[i];

        for (size_t n = 0; n < CMC_COUNT(kinds); n++) {
            if (strcasecmp(kinds[n].name, s) == 0)
                (void)snprintf(k->type, sizeof k->type, "%s", kinds[n].type);
        }
        if (strncasecmp(s, "rsa:", 4) == 0) {
            char *rest;
            long bits = strtol(s + 4, &rest, 10);

            if (*rest == '\0' && bits >= 1024 && bits <= 16384) {
                (void)snprintf(k->type, sizeof k->type, "RSA");
                k->min_bits = (int)bits;
            }
        }
        if (k->type[0] == '\0')
            return cmc_fail(
                err, CMC_E_USAGE, NULL,
                "profile %s: key type \"%s\" is not known; use rsa:BITS (at least that "
                "many), ec:P-256, ec:P-384, ec:P-521, ed25519, ed448, x25519, x448 or dh",
                p->name, s);
    }
    return CMC_OK;
}

/* The OID of an extension by its openssl.cnf name or in dotted form. */
static enum cmc_rc extension_oid(struct cmc_profile *p, const char *name, int *nid,
                                 struct cmc_slice *oid, struct cmc_err *err)
{
    uint8_t *buf = cmc_arena_alloc(p->arena, CMC_LIMIT_OID_OCTETS);
    ASN1_OBJECT *obj = OBJ_txt2obj(name, 0);
    enum cmc_rc rc = CMC_OK;

    if (buf == NULL || obj == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_USAGE, "profile %s: extension \"%s\" is not known",
                              p->name, name);
        goto out;
    }
    *nid = OBJ_obj2nid(obj);
    *oid = cmc_arena_slice(p->arena, cmc_slice(OBJ_get0_data(obj), OBJ_length(obj)));
out:
    ASN1_OBJECT_free(obj);
    return rc;
}

/* One extension from its openssl.cnf value; generic "DER:..." and "ASN1:..." work too. */
static enum cmc_rc compile_extension(struct cmc_profile *p, const char *name, const char *value,
                                     struct cmc_extension *out, struct cmc_err *err)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext = NULL;
    const ASN1_OCTET_STRING *data;
    enum cmc_rc rc;
    int nid = NID_undef;

    rc = extension_oid(p, name, &nid, &out->extn_id, err);
    if (rc != CMC_OK)
        return rc;
    if (cmc_slice_eq(out->extn_id, cmc_oid_id_ce_subjectKeyIdentifier) ||
        cmc_slice_eq(out->extn_id, cmc_oid_id_ce_authorityKeyIdentifier))
        return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2.1",
                        "profile %s: %s is made of the keys by itself; leave it out", p->name,
                        name);
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    ext = X509V3_EXT_nconf(NULL, &ctx, name, value);
    if (ext == NULL)
        return cmc_fail_openssl(err, CMC_E_USAGE, "profile %s: extension %s cannot be \"%s\"",
                                p->name, name, value);
    data = X509_EXTENSION_get_data(ext);
    out->critical = X509_EXTENSION_get_critical(ext) == 1;
    out->value = cmc_arena_slice(
        p->arena, cmc_slice(ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data)));
    X509_EXTENSION_free(ext);
    return out->value.p != NULL ? CMC_OK
                                : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
}

static enum cmc_rc add_fixed(struct cmc_profile *p, const char *name, const char *value,
                             struct cmc_err *err)
{
    struct cmc_extension ext = {0};
    struct cmc_extension *to;
    enum cmc_rc rc = compile_extension(p, name, value, &ext, err);

    if (rc != CMC_OK)
        return rc;
    if (cmc_extension_find(&p->fixed, ext.extn_id) != NULL)
        return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2",
                        "profile %s: extension %s is there twice", p->name, name);
    to = cmc_list_add(p->arena, &cmc_it_extensions, &p->fixed, 1);
    if (to == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    *to = ext;
    return CMC_OK;
}

/*
 * What "all" means: the extensions of RFC 5280 that say something about the holder. Those that
 * speak of the CA and its CRL, or make a CA, are not the requester's to choose.
 */
static const struct cmc_slice *const of_the_holder[] = {
    &cmc_oid_id_ce_keyUsage,
    &cmc_oid_id_ce_privateKeyUsagePeriod,
    &cmc_oid_id_ce_certificatePolicies,
    &cmc_oid_id_ce_subjectAltName,
    &cmc_oid_id_ce_subjectDirectoryAttributes,
    &cmc_oid_id_ce_extKeyUsage,
    &cmc_oid_id_pe_subjectInfoAccess,
};

static enum cmc_rc compile_taken(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                 struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    p->taken = cmc_arena_array(
        p->arena, spec->request_extension_count + CMC_COUNT(of_the_holder) + 1, sizeof *p->taken);
    if (p->taken == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    for (size_t i = 0; i < spec->request_extension_count && rc == CMC_OK; i++) {
        int nid;

        if (strcmp(spec->request_extensions[i], "all") != 0) {
            rc = extension_oid(p, spec->request_extensions[i], &nid, &p->taken[p->ntaken++], err);
            continue;
        }
        for (size_t k = 0; k < CMC_COUNT(of_the_holder); k++)
            p->taken[p->ntaken++] = *of_the_holder[k];
    }
    /* Rules about it mean that it is taken. */
    if (spec->san != NULL && !cmc_profile_takes(p, cmc_oid_id_ce_subjectAltName))
        p->taken[p->ntaken++] = cmc_oid_id_ce_subjectAltName;
    return rc;
}

static enum cmc_rc compile_oids(struct cmc_profile *p, char *const *names, unsigned int n,
                                struct cmc_slice **out, size_t *count, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    int nid;

    *out = cmc_arena_array(p->arena, n, sizeof **out);
    if (*out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    for (unsigned int i = 0; i < n && rc == CMC_OK; i++)
        rc = extension_oid(p, names[i], &nid, &(*out)[(*count)++], err);
    return rc;
}

/* What else becomes of an extension that is asked for: only one thing for each. */
static enum cmc_rc compile_asked(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                 struct cmc_err *err)
{
    enum cmc_rc rc = compile_oids(p, spec->overridden, spec->overridden_count, &p->overridden,
                                  &p->noverridden, err);

    if (rc == CMC_OK)
        rc = compile_oids(p, spec->refused, spec->refused_count, &p->refused, &p->nrefused, err);
    for (size_t i = 0; i < p->noverridden && rc == CMC_OK; i++) {
        if (cmc_extension_find(&p->fixed, p->overridden[i]) == NULL)
            rc = cmc_fail(err, CMC_E_USAGE, NULL,
                          "profile %s: nothing overrides %s: put it among the extensions", p->name,
                          spec->overridden[i]);
        else if (cmc_profile_lists(p->refused, p->nrefused, p->overridden[i]))
            rc = cmc_fail(err, CMC_E_USAGE, NULL,
                          "profile %s: %s is both overridden and refused; choose one", p->name,
                          spec->overridden[i]);
    }
    for (size_t i = 0; i < p->nrefused && rc == CMC_OK; i++) {
        if (cmc_profile_takes(p, p->refused[i]))
            rc = cmc_fail(err, CMC_E_USAGE, NULL,
                          "profile %s: %s is both taken from the request and refused; choose one",
                          p->name, spec->refused[i]);
    }
    if (rc == CMC_OK && spec->san != NULL &&
        cmc_extension_find(&p->fixed, cmc_oid_id_ce_subjectAltName) != NULL)
        rc =
            cmc_fail(err, CMC_E_USAGE, NULL,
                     "profile %s: subjectAltName is among the extensions and has rules; choose one",
                     p->name);
    return rc;
}

static enum cmc_rc compile_extensions(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                      const char *crl_url, struct cmc_err *err)
{
    const struct cmc_extension *bc;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < spec->extension_count && rc == CMC_OK; i++)
        rc = add_fixed(p, spec->extensions[i].name, spec->extensions[i].value, err);
    if (rc == CMC_OK && crl_url != NULL &&
        cmc_extension_find(&p->fixed, cmc_oid_id_ce_cRLDistributionPoints) == NULL) {
        char *value = cmc_arena_printf(p->arena, "URI:%s", crl_url);

        if (value == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
        rc = add_fixed(p, "crlDistributionPoints", value, err);
    }
    if (rc == CMC_OK && cmc_access_check(&p->fixed, p->arena, err) != CMC_OK) {
        cmc_err_prefix(err, "profile %s", p->name);
        rc = CMC_E_USAGE;
    }
    if (rc != CMC_OK)
        return rc;
    rc = compile_taken(p, spec, err);
    if (rc == CMC_OK)
        rc = compile_asked(p, spec, err);
    if (rc == CMC_OK)
        rc = cmc_profile_compile_usage(p, err);
    bc = cmc_extension_find(&p->fixed, cmc_oid_id_ce_basicConstraints);
    if (rc == CMC_OK && bc != NULL) {
        struct cmc_basic_constraints v = {0};

        rc = cmc_decode(&cmc_it_basic_constraints, bc->value, p->arena, &v, err);
        p->is_ca = v.ca;
    }
    return rc;
}

/* A digest, which the scheme of the CA's key goes with, or an algorithm. */
static enum cmc_rc compile_signature(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                     struct cmc_err *err)
{
    const struct cmc_digest_alg *digest;
    const struct cmc_sig_alg *alg;

    if (spec->signature == NULL)
        return CMC_OK;
    alg = cmc_sig_by_name(spec->signature);
    digest = alg != NULL ? cmc_digest_alg(alg->digest) : cmc_digest_by_name(spec->signature);
    if (digest == NULL || digest->weak)
        return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.1.1.2",
                        "profile %s: signature \"%s\" is not known, or weak; use sha256, sha384, "
                        "sha512, or rsa-pss-sha256 and the like",
                        p->name, spec->signature);
    p->signature = cmc_arena_strdup(p->arena, spec->signature);
    return p->signature != NULL ? CMC_OK
                                : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
}

enum cmc_rc cmc_profile_signature(const struct cmc_profile *p, EVP_PKEY *ca_key,
                                  const struct cmc_sig_alg **alg, struct cmc_err *err)
{
    const struct cmc_sig_alg *usual = cmc_sig_default(ca_key);
    const struct cmc_digest_alg *digest;

    *alg = usual;
    if (p->signature != NULL && usual != NULL) {
        *alg = cmc_sig_by_name(p->signature);
        digest = *alg == NULL ? cmc_digest_by_name(p->signature) : NULL;
        if (digest != NULL)
            *alg = cmc_sig_find(usual->scheme, digest->id);
    }
    if (*alg != NULL && cmc_sig_fits(*alg, ca_key))
        return CMC_OK;
    return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.1.1.2",
                    "profile %s: the key of the CA does not sign with %s", p->name,
                    p->signature != NULL ? p->signature : "anything known");
}

enum cmc_rc cmc_profile_compile(const struct cmc_profile_spec *spec, const char *crl_url,
                                struct cmc_profile **out, struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_profile *p = arena != NULL ? cmc_arena_alloc(arena, sizeof *p) : NULL;
    enum cmc_rc rc;

    *out = NULL;
    if (p == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
        goto out;
    }
    p->arena = arena;
    p->name = cmc_arena_strdup(arena, spec->name);
    p->refuse_others = spec->refuse_other_extensions;
    p->allow_empty_subject = spec->allow_empty_subject;
    p->require_san = spec->require_san;
    p->change_subject_name = spec->change_subject_name;
    p->unique_keys = spec->unique_keys;
    p->require_archive = spec->require_archive;
    p->patterns_max =
        spec->subject_count + (spec->san != NULL ? (size_t)spec->san->pattern_count : 0);
    p->patterns = cmc_arena_array(arena, p->patterns_max + 1, sizeof *p->patterns);
    if (p->name == NULL || p->patterns == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
        goto out;
    }
    rc = cmc_profile_compile_validity(p, spec, err);
    if (rc == CMC_OK)
        rc = compile_keys(p, spec, err);
    if (rc == CMC_OK)
        rc = compile_extensions(p, spec, crl_url, err);
    if (rc == CMC_OK)
        rc = compile_signature(p, spec, err);
    if (rc == CMC_OK)
        rc = cmc_profile_compile_subject(p, spec, err);
    if (rc == CMC_OK)
        rc = cmc_profile_compile_san(p, spec, err);
    if (rc != CMC_OK)
        goto out;
    *out = p;
    p = NULL;
    arena = NULL;
out:
    if (p != NULL)
        cmc_patterns_free(p);
    cmc_arena_free(arena);
    return rc;
}

void cmc_profile_free(struct cmc_profile *p)
{
    if (p == NULL)
        return;
    cmc_patterns_free(p);
    cmc_arena_free(p->arena);
}

const char *cmc_profile_name(const struct cmc_profile *p)
{
    return p->name;
}

bool cmc_profile_unique_keys(const struct cmc_profile *p)
{
    return p->unique_keys;
}

bool cmc_profile_fixes(const struct cmc_profile *p, struct cmc_slice oid)
{
    return cmc_extension_find(&p->fixed, oid) != NULL;
}

/* -- writing ----------------------------------------------------------------------------- */

static enum cmc_rc key_identifiers(const struct cmc_crypto *c, const struct cmc_request *rq,
                                   const struct cmc_cert_params *params, struct cmc_arena *arena,
                                   struct cmc_extension *ski, struct cmc_extension *aki,
                                   struct cmc_err *err)
{
    struct cmc_authority_key_id id = {.key_id = params->issuer_ski};
    uint8_t octets[CMC_SKI_OCTETS] = {0};
    struct cmc_slice value = cmc_slice(octets, sizeof octets);
    enum cmc_rc rc = CMC_OK;

    ski->extn_id = cmc_oid_id_ce_subjectKeyIdentifier;
    if (c != NULL)
        rc = cmc_spki_ski(c, rq->spki, octets, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_octet_string, &value, arena, &ski->value, err);
    if (rc == CMC_OK && params->issuer_ski.p != NULL) {
        aki->extn_id = cmc_oid_id_ce_authorityKeyIdentifier;
        rc = cmc_encode_arena(&cmc_it_authority_key_id, &id, arena, &aki->value, err);
    }
    return rc;
}

static enum cmc_rc extensions(const struct cmc_profile *p, const struct cmc_crypto *c,
                              const struct cmc_request *rq, const struct cmc_cert_params *params,
                              struct cmc_arena *arena, struct cmc_list *out, struct cmc_err *err)
{
    static const struct cmc_list none = {0};
    const struct cmc_list *crl = params->crl_extensions != NULL ? params->crl_extensions : &none;
    struct cmc_extension *e =
        cmc_list_add(arena, &cmc_it_extensions, out, p->fixed.n + crl->n + rq->extensions.n + 2);
    size_t n = 0;
    enum cmc_rc rc;

    if (e == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    for (size_t i = 0; i < p->fixed.n; i++)
        e[n++] = *CMC_AT(const struct cmc_extension, p->fixed, i);
    if (p->usage_varies)
        e[p->usage_index].value = p->usage_value[cmc_spki_class(rq->spki, arena)];
    else if (p->usage_index != SIZE_MAX)
        e[p->usage_index].value = p->usage_any;
    for (size_t i = 0; i < crl->n; i++) {
        e[n] = *CMC_AT(const struct cmc_extension, *crl, i);
        n += !cmc_profile_fixes(p, e[n].extn_id);
    }
    for (size_t i = 0; i < rq->extensions.n; i++) {
        const struct cmc_extension *from = CMC_AT(const struct cmc_extension, rq->extensions, i);

        if (!cmc_profile_takes(p, from->extn_id) || cmc_profile_fixes(p, from->extn_id) ||
            cmc_extension_find(crl, from->extn_id) != NULL)
            continue;
        e[n] = *from;
        /* RFC 5280 section 4.1.2.6: with an empty subject the SAN says who it is. */
        if (cmc_slice_eq(from->extn_id, cmc_oid_id_ce_subjectAltName))
            e[n].critical = rq->subject.n <= 2;
        n++;
    }
    rc = key_identifiers(c, rq, params, arena, &e[n], &e[n + 1], err);
    out->n = n + 1 + (e[n + 1].value.p != NULL);
    return rc;
}

enum cmc_rc cmc_profile_fill(const struct cmc_profile *p, const struct cmc_crypto *c,
                             const struct cmc_request *rq, const struct cmc_cert_params *params,
                             struct cmc_arena *arena, struct cmc_tbs_cert *t, struct cmc_err *err)
{
    *t = (struct cmc_tbs_cert){.version = 2,
                               .serial = params->serial,
                               .issuer = params->issuer,
                               .subject = rq->subject,
                               .spki.raw = rq->spki};
    t->validity.not_before = cmc_time_tlv(arena, params->not_before);
    t->validity.not_after = cmc_time_tlv(arena, params->not_after);
    return extensions(p, c, rq, params, arena, &t->extensions, err);
}

enum cmc_rc cmc_profile_tbs(const struct cmc_profile *p, const struct cmc_crypto *c,
                            const struct cmc_request *rq, const struct cmc_cert_params *params,
                            struct cmc_arena *arena, struct cmc_slice *tbs, struct cmc_err *err)
{
    const struct cmc_lint_issuer issuer = {.alg = params->alg};
    struct cmc_tbs_cert t;
    enum cmc_rc rc = cmc_profile_fill(p, c, rq, params, arena, &t, err);

    if (rc == CMC_OK)
        rc = cmc_sig_algid(params->alg, arena, &t.signature, err);
    if (rc == CMC_OK)
        rc = cmc_access_check(&t.extensions, arena, err);
    if (rc == CMC_OK)
        rc = cmc_lint(&t, &issuer, CMC_LINT_FINAL, arena, NULL, NULL, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_tbs_cert, &t, arena, tbs, err);
    return rc;
}
