/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of a token, and what NSS trusts them for. */
#include <stdlib.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "asn1/tlv.h"
#include "base/nearest.h"
#include "key/token_int.h"

/* -- trust ------------------------------------------------------------------------------- */

/* One CK_TRUST as flags. delegator: what a trusted issuer is called in this purpose. */
static unsigned int trust_flags(CK_ULONG trust, unsigned int delegator)
{
    switch (trust) {
    case CKT_NSS_TRUSTED:
        return CMC_TRUST_PEER;
    case CKT_NSS_TRUSTED_DELEGATOR:
        return delegator;
    case CKT_NSS_VALID_DELEGATOR:
        return CMC_TRUST_VALID_CA;
    case CKT_NSS_NOT_TRUSTED:
        return CMC_TRUST_PROHIBITED;
    default:
        return 0;
    }
}

static enum cmc_rc read_trust(const struct cmc_token *t, const struct cmc_cert *cert,
                              struct cmc_arena *arena, struct cmc_token_trust *out,
                              struct cmc_err *err)
{
    CK_OBJECT_CLASS cls = CKO_NSS_TRUST;
    struct cmc_slice issuer = cert->tbs.issuer, serial = CMC_SLICE_NONE;
    CK_OBJECT_HANDLE *o = NULL;
    size_t n = 0;
    enum cmc_rc rc = cmc_encode_arena(&cmc_it_integer, &cert->tbs.serial, arena, &serial, err);

    if (rc == CMC_OK) {
        CK_ATTRIBUTE want[] = {{CKA_CLASS, &cls, sizeof cls},
                               {CKA_ISSUER, (void *)(uintptr_t)issuer.p, issuer.n},
                               {CKA_SERIAL_NUMBER, (void *)(uintptr_t)serial.p, serial.n}};

        rc = cmc_objects(t, want, 3, arena, &o, &n, err);
    }
    if (rc != CMC_OK || n == 0)
        return rc;
    out->ssl =
        trust_flags(cmc_object_ulong(t, o[0], CKA_TRUST_SERVER_AUTH, 0), CMC_TRUST_CA) |
        trust_flags(cmc_object_ulong(t, o[0], CKA_TRUST_CLIENT_AUTH, 0), CMC_TRUST_CLIENT_CA);
    out->mail = trust_flags(cmc_object_ulong(t, o[0], CKA_TRUST_EMAIL_PROTECTION, 0), CMC_TRUST_CA);
    out->code = trust_flags(cmc_object_ulong(t, o[0], CKA_TRUST_CODE_SIGNING, 0), CMC_TRUST_CA);
    return CMC_OK;
}

enum cmc_rc cmc_token_trust(struct cmc_token *t, struct cmc_slice der, struct cmc_token_trust *out,
                            struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    struct cmc_cert cert = {0};
    enum cmc_rc rc;

    *out = (struct cmc_token_trust){0};
    if (arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    rc = cmc_decode(&cmc_it_cert, der, arena, &cert, err);
    if (rc == CMC_OK && t->nss)
        rc = read_trust(t, &cert, arena, out, err);
    cmc_arena_free(arena);
    return rc;
}

/* -- reading ----------------------------------------------------------------------------- */

static enum cmc_rc has_key(const struct cmc_token *t, struct cmc_slice id, struct cmc_arena *arena,
                           bool *out, struct cmc_err *err)
{
    CK_OBJECT_HANDLE *keys = NULL;
    enum cmc_rc rc = CMC_OK;
    size_t n = 0;

    if (t->logged_in && id.n > 0)
        rc = cmc_private_keys(t, id, CMC_SLICE_NONE, arena, &keys, &n, err);
    *out = n > 0;
    return rc;
}

/* *good: it is an X.509 certificate that decodes. */
static enum cmc_rc read_cert(const struct cmc_token *t, CK_OBJECT_HANDLE o, struct cmc_arena *arena,
                             struct cmc_token_cert *out, bool *good, struct cmc_err *err)
{
    struct cmc_slice label = CMC_SLICE_NONE;
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmc_object_get(t, o, CKA_VALUE, arena, &out->der, err);

    *good = false;
    if (rc != CMC_OK || cmc_object_ulong(t, o, CKA_CERTIFICATE_TYPE, CKC_X_509) != CKC_X_509 ||
        out->der.n == 0 || cmc_decode(&cmc_it_cert, out->der, arena, &cert, NULL) != CMC_OK)
        return rc;
    rc = cmc_object_get(t, o, CKA_ID, arena, &out->id, err);
    if (rc == CMC_OK)
        rc = cmc_object_get(t, o, CKA_LABEL, arena, &label, err);
    if (rc == CMC_OK)
        rc = has_key(t, out->id, arena, &out->has_key, err);
    if (rc != CMC_OK)
        return rc;
    out->nickname = label.n > 0 ? cmc_arena_strndup(arena, (const char *)label.p, label.n) : "";
    if (out->nickname == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    *good = true;
    return CMC_OK;
}

/* Certificates with a label, or all of them when it is absent. */
static enum cmc_rc load(const struct cmc_token *t, struct cmc_slice label, struct cmc_arena *arena,
                        struct cmc_token_cert **out, size_t *n, struct cmc_err *err)
{
    CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
    CK_ATTRIBUTE want[] = {{CKA_CLASS, &cls, sizeof cls},
                           {CKA_LABEL, (void *)(uintptr_t)label.p, label.n}};
    CK_OBJECT_HANDLE *o = NULL;
    size_t no = 0;
    enum cmc_rc rc = cmc_objects(t, want, label.p != NULL ? 2 : 1, arena, &o, &no, err);

    *out = NULL;
    *n = 0;
    if (rc != CMC_OK)
        return rc;
    *out = cmc_arena_array(arena, no, sizeof **out);
    if (*out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for certificates");
    for (size_t i = 0; rc == CMC_OK && i < no; i++) {
        struct cmc_token_cert cert = {0};
        bool good = false;

        rc = read_cert(t, o[i], arena, &cert, &good, err);
        if (rc == CMC_OK && good)
            (*out)[(*n)++] = cert;
    }
    return rc;
}

enum cmc_rc cmc_token_certs(struct cmc_token *t, struct cmc_arena *arena,
                            struct cmc_token_cert **out, size_t *n, struct cmc_err *err)
{
    return load(t, CMC_SLICE_NONE, arena, out, n, err);
}

/* -- by nickname ------------------------------------------------------------------------- */

/* A certificate and what it is ordered by. */
struct ranked {
    struct cmc_token_cert cert;
    bool valid_now;
    int64_t from;
};

static bool read_time(struct cmc_slice time, int64_t *t)
{
    struct cmc_tlv tlv;

    return cmc_tlv_next(&time, &tlv, NULL) == CMC_OK &&
           cmc_time_parse((uint16_t)tlv.tag, tlv.content, t);
}

static void rank(struct ranked *r, struct cmc_arena *arena, int64_t now)
{
    struct cmc_cert cert = {0};
    int64_t to = 0;

    if (cmc_decode(&cmc_it_cert, r->cert.der, arena, &cert, NULL) == CMC_OK &&
        read_time(cert.tbs.validity.not_before, &r->from) &&
        read_time(cert.tbs.validity.not_after, &to))
        r->valid_now = r->from <= now && now <= to;
}

static int better_first(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->valid_now != y->valid_now)
        return x->valid_now ? -1 : 1;
    if (x->from != y->from)
        return x->from > y->from ? -1 : 1;
    return 0;
}

static enum cmc_rc sort(struct cmc_token_cert *certs, size_t n, struct cmc_arena *arena,
                        struct cmc_err *err)
{
    struct ranked *r = cmc_arena_array(arena, n, sizeof *r);
    int64_t now = (int64_t)time(NULL);

    if (r == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for certificates");
    for (size_t i = 0; i < n; i++) {
        r[i].cert = certs[i];
        rank(&r[i], arena, now);
    }
    qsort(r, n, sizeof *r, better_first);
    for (size_t i = 0; i < n; i++)
        certs[i] = r[i].cert;
    return CMC_OK;
}

/* What follows "token:" when that is this token, or NULL. */
static const char *after_token(const struct cmc_token *t, const char *nickname)
{
    const char *colon = strchr(nickname, ':');
    char name[40];
    size_t n;

    if (colon == NULL || (n = (size_t)(colon - nickname)) == 0 || n >= sizeof name)
        return NULL;
    memcpy(name, nickname, n);
    name[n] = '\0';
    return strcmp(name, t->label) == 0 || (t->nss && cmc_nss_internal(name)) ? colon + 1 : NULL;
}

static enum cmc_rc not_found(struct cmc_token *t, const char *nickname, struct cmc_arena *arena,
                             struct cmc_err *err)
{
    struct cmc_token_cert *all = NULL;
    struct cmc_nearest near = {0};
    size_t n = 0;
    enum cmc_rc rc = cmc_token_certs(t, arena, &all, &n, err);

    if (rc != CMC_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        cmc_nearest_offer(&near, nickname, all[i].nickname);
    return cmc_fail(err, CMC_E_NOTFOUND, NULL,
                    near.word != NULL ? "token '%s' has no certificate '%s'; did you mean '%s'?"
                                      : "token '%s' has no certificate '%s'%s",
                    t->label, nickname, near.word != NULL ? near.word : "");
}

enum cmc_rc cmc_token_certs_by_nickname(struct cmc_token *t, const char *nickname,
                                        struct cmc_arena *arena, struct cmc_token_cert **out,
                                        size_t *n, struct cmc_err *err)
{
    const char *rest = after_token(t, nickname);
    enum cmc_rc rc = load(t, cmc_slice_str(nickname), arena, out, n, err);

    if (rc == CMC_OK && *n == 0 && rest != NULL)
        rc = load(t, cmc_slice_str(rest), arena, out, n, err);
    if (rc == CMC_OK && *n == 0)
        rc = not_found(t, nickname, arena, err);
    if (rc == CMC_OK)
        rc = sort(*out, *n, arena, err);
    return rc;
}
