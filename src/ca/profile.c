/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: compiled at load, then only concatenated. */
#include "ca/profile.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/cmc_access.h"

/* A kind of key that is allowed. */
struct key_rule {
    char type[16]; /* as cmc_key_describe() begins: "RSA", "EC-P-256", "Ed25519", "Ed448" */
    int min_bits;  /* RSA */
};

struct cmc_profile {
    struct cmc_arena *arena; /* of everything below, and of this struct */
    char *name;
    int64_t seconds, backdate;
    struct key_rule *keys;
    size_t nkeys;
    struct cmc_list fixed;   /* struct cmc_extension */
    struct cmc_slice *taken; /* OIDs of extensions taken from the request */
    size_t ntaken;
    bool refuse_others, allow_empty_subject, require_san, is_ca;
};

/* The extensions of RFC 5280 section 4.2: known, so they may be left out without harm. */
static const struct cmc_slice *const rfc5280[] = {
    &cmc_oid_id_ce_authorityKeyIdentifier,
    &cmc_oid_id_ce_subjectKeyIdentifier,
    &cmc_oid_id_ce_keyUsage,
    &cmc_oid_id_ce_privateKeyUsagePeriod,
    &cmc_oid_id_ce_certificatePolicies,
    &cmc_oid_id_ce_policyMappings,
    &cmc_oid_id_ce_subjectAltName,
    &cmc_oid_id_ce_issuerAltName,
    &cmc_oid_id_ce_subjectDirectoryAttributes,
    &cmc_oid_id_ce_basicConstraints,
    &cmc_oid_id_ce_nameConstraints,
    &cmc_oid_id_ce_policyConstraints,
    &cmc_oid_id_ce_extKeyUsage,
    &cmc_oid_id_ce_cRLDistributionPoints,
    &cmc_oid_id_ce_inhibitAnyPolicy,
    &cmc_oid_id_ce_freshestCRL,
    &cmc_oid_id_pe_authorityInfoAccess,
    &cmc_oid_id_pe_subjectInfoAccess,
};

/* -- compiling --------------------------------------------------------------------------- */

static enum cmc_rc compile_keys(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                struct cmc_err *err)
{
    static const struct {
        const char *name;
        const char *type;
    } kinds[] = {
        {"ec:P-256", "EC-P-256"}, {"ec:P-384", "EC-P-384"}, {"ec:P-521", "EC-P-521"},
        {"ed25519", "Ed25519"},   {"ed448", "Ed448"},       {"x25519", "X25519"},
        {"x448", "X448"},
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
            return cmc_fail(err, CMC_E_USAGE, NULL,
                            "profile %s: key type \"%s\" is not known; use rsa:BITS (at least that "
                            "many), ec:P-256, ec:P-384, ec:P-521, ed25519, ed448, x25519 or x448",
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
    p->taken = cmc_arena_array(p->arena, spec->request_extension_count, sizeof *p->taken);
    if (p->taken == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    for (size_t i = 0; i < spec->request_extension_count && rc == CMC_OK; i++) {
        int nid;

        rc = extension_oid(p, spec->request_extensions[i], &nid, &p->taken[p->ntaken++], err);
    }
    bc = cmc_extension_find(&p->fixed, cmc_oid_id_ce_basicConstraints);
    if (rc == CMC_OK && bc != NULL) {
        struct cmc_basic_constraints v = {0};

        rc = cmc_decode(&cmc_it_basic_constraints, bc->value, p->arena, &v, err);
        p->is_ca = v.ca;
    }
    return rc;
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
    p->seconds = (int64_t)spec->days * 86400;
    p->backdate = (int64_t)spec->backdate_minutes * 60;
    p->refuse_others = spec->refuse_other_extensions;
    p->allow_empty_subject = spec->allow_empty_subject;
    p->require_san = spec->require_san;
    if (p->name == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
        goto out;
    }
    if (p->seconds <= 0) {
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "profile %s: days must be at least 1", p->name);
        goto out;
    }
    rc = compile_keys(p, spec, err);
    if (rc == CMC_OK)
        rc = compile_extensions(p, spec, crl_url, err);
    if (rc != CMC_OK)
        goto out;
    *out = p;
    arena = NULL;
out:
    cmc_arena_free(arena);
    return rc;
}

void cmc_profile_free(struct cmc_profile *p)
{
    if (p != NULL)
        cmc_arena_free(p->arena);
}

const char *cmc_profile_name(const struct cmc_profile *p)
{
    return p->name;
}

/* -- checking ---------------------------------------------------------------------------- */

static bool key_allowed(const struct cmc_profile *p, EVP_PKEY *key, const char *kind)
{
    if (p->nkeys == 0)
        return EVP_PKEY_is_a(key, "RSA") != 1 || EVP_PKEY_get_bits(key) >= 2048;
    for (size_t i = 0; i < p->nkeys; i++) {
        if (p->keys[i].min_bits > 0
                ? EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= p->keys[i].min_bits
                : strcmp(p->keys[i].type, kind) == 0)
            return true;
    }
    return false;
}

static bool is_taken(const struct cmc_profile *p, struct cmc_slice oid)
{
    for (size_t i = 0; i < p->ntaken; i++) {
        if (cmc_slice_eq(p->taken[i], oid))
            return true;
    }
    return false;
}

static bool is_rfc5280(struct cmc_slice oid)
{
    for (size_t i = 0; i < CMC_COUNT(rfc5280); i++) {
        if (cmc_slice_eq(*rfc5280[i], oid))
            return true;
    }
    return false;
}

/* [10002-3.1-f, 10002-3.2.1.2.2-k] */
static enum cmc_rc unsupported(const struct cmc_profile *p, const struct cmc_extension *e,
                               const char *why, struct cmc_err *err)
{
    const char *name = cmc_oid_name(e->extn_id);
    char dotted[256];

    if (name == NULL)
        name = cmc_oid_text(e->extn_id, dotted, sizeof dotted);
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_UNSUPPORTED_EXT, "RFC 10002 section 3.1",
                         "profile %s: extension %s %s", p->name, name, why);
}

static enum cmc_rc check_extension(const struct cmc_profile *p, const struct cmc_extension *e,
                                   struct cmc_arena *arena, struct cmc_err *err)
{
    const struct cmc_item *type = cmc_extension_type(e->extn_id);
    void *v;

    if (is_taken(p, e->extn_id)) {
        /* What goes into a certificate must be what its type says. */
        v = type != NULL ? cmc_arena_alloc(arena, type->size) : NULL;
        if (type != NULL && (v == NULL || cmc_decode(type, e->value, arena, v, NULL) != CMC_OK))
            return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.2",
                                 "profile %s: extension %s is malformed in the request", p->name,
                                 cmc_oid_name(e->extn_id));
        return CMC_OK;
    }
    if (cmc_slice_eq(e->extn_id, cmc_oid_id_ce_basicConstraints) && !p->is_ca) {
        struct cmc_basic_constraints bc = {0};

        if (cmc_decode(&cmc_it_basic_constraints, e->value, arena, &bc, NULL) != CMC_OK || bc.ca)
            return unsupported(p, e, "asks for a CA, which this profile does not make", err);
        return CMC_OK;
    }
    /* An SKI in the request links the signature to the key; ours is computed. */
    if (cmc_extension_find(&p->fixed, e->extn_id) != NULL ||
        cmc_slice_eq(e->extn_id, cmc_oid_id_ce_subjectKeyIdentifier))
        return CMC_OK;
    if (p->refuse_others)
        return unsupported(p, e, "may not be asked for", err);
    if (!is_rfc5280(e->extn_id) && e->critical)
        return unsupported(p, e, "is critical and not supported", err);
    return CMC_OK;
}

/* [10002-3.2.1.2.1-e, 10002-3.2.1.2.1-d, 10002-10-u5, 10002-10-u4] */
enum cmc_rc cmc_profile_check(const struct cmc_profile *p, const struct cmc_request *rq,
                              EVP_PKEY *key, struct cmc_arena *arena, struct cmc_err *err)
{
    bool empty_subject = rq->subject.n <= 2;
    bool san = cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectAltName) != NULL &&
               is_taken(p, cmc_oid_id_ce_subjectAltName);
    struct cmc_list rdns = {0};
    char kind[64];

    cmc_key_describe(key, kind, sizeof kind);
    if (!key_allowed(p, key, kind))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10002 section 6.1.3",
                             "profile %s does not take keys of kind %s", p->name, kind);
    if (empty_subject && !(p->allow_empty_subject && san))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.1",
                             "profile %s: the subject is empty%s", p->name,
                             p->allow_empty_subject ? " and there is no subjectAltName" : "");
    if (cmc_decode(&cmc_it_name_rdns, rq->subject, arena, &rdns, NULL) != CMC_OK)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.1.2.6",
                             "profile %s: the subject is not a well-formed Name", p->name);
    if (p->require_san && !san)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.2.1.6",
                             "profile %s: the request needs a subjectAltName", p->name);
    for (size_t i = 0; i < rq->extensions.n; i++) {
        enum cmc_rc rc =
            check_extension(p, CMC_AT(const struct cmc_extension, rq->extensions, i), arena, err);

        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

/* -- writing ----------------------------------------------------------------------------- */

static enum cmc_rc key_identifiers(const struct cmc_crypto *c, const struct cmc_request *rq,
                                   const struct cmc_cert_params *params, struct cmc_arena *arena,
                                   struct cmc_extension *ski, struct cmc_extension *aki,
                                   struct cmc_err *err)
{
    struct cmc_authority_key_id id = {.key_id = params->issuer_ski};
    uint8_t octets[CMC_SKI_OCTETS];
    struct cmc_slice value = cmc_slice(octets, sizeof octets);
    enum cmc_rc rc;

    ski->extn_id = cmc_oid_id_ce_subjectKeyIdentifier;
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
    struct cmc_extension *e =
        cmc_list_add(arena, &cmc_it_extensions, out, p->fixed.n + rq->extensions.n + 2);
    size_t n = 0;
    enum cmc_rc rc;

    if (e == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    for (size_t i = 0; i < p->fixed.n; i++)
        e[n++] = *CMC_AT(const struct cmc_extension, p->fixed, i);
    for (size_t i = 0; i < rq->extensions.n; i++) {
        const struct cmc_extension *from = CMC_AT(const struct cmc_extension, rq->extensions, i);

        if (!is_taken(p, from->extn_id) || cmc_extension_find(&p->fixed, from->extn_id) != NULL)
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

enum cmc_rc cmc_profile_tbs(const struct cmc_profile *p, const struct cmc_crypto *c,
                            const struct cmc_request *rq, const struct cmc_cert_params *params,
                            struct cmc_arena *arena, struct cmc_slice *tbs, struct cmc_err *err)
{
    struct cmc_tbs_cert t = {.version = 2,
                             .serial = params->serial,
                             .issuer = params->issuer,
                             .subject = rq->subject,
                             .spki.raw = rq->spki};
    int64_t not_after =
        params->not_after < params->issuer_not_after ? params->not_after : params->issuer_not_after;
    enum cmc_rc rc;

    t.validity.not_before = cmc_time_tlv(arena, params->not_before);
    t.validity.not_after = cmc_time_tlv(arena, not_after);
    rc = cmc_sig_algid(params->alg, arena, &t.signature, err);
    if (rc == CMC_OK)
        rc = extensions(p, c, rq, params, arena, &t.extensions, err);
    if (rc == CMC_OK)
        rc = cmc_access_check(&t.extensions, arena, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_tbs_cert, &t, arena, tbs, err);
    return rc;
}

void cmc_profile_validity(const struct cmc_profile *p, int64_t now, int64_t *not_before,
                          int64_t *not_after)
{
    *not_before = now - p->backdate;
    *not_after = *not_before + p->seconds - 1;
}
