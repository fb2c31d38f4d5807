/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca_chain.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1/codec.h"
#include "message/request.h"

struct member {
    struct cmc_slice der;
    struct cmc_cert cert;
    X509 *x;
    bool placed;
};

struct sorting {
    struct member *all;
    size_t n;
    struct member **order; /* those that have a place */
    size_t placed, npath;
};

/* -- certificates ------------------------------------------------------------------------ */

static enum cmc_rc read_member(const struct cmc_crypto *c, struct cmc_slice der,
                               struct cmc_arena *arena, struct member *m, struct cmc_err *err)
{
    const unsigned char *p = der.p;

    m->der = der;
    if (cmc_decode(&cmc_it_cert, der, arena, &m->cert, err) != CMC_OK)
        return CMC_E_USAGE;
    m->x = X509_new_ex(cmc_crypto_get0_libctx(c), NULL);
    /* d2i frees what it cannot fill. */
    if (m->x == NULL || der.n > LONG_MAX || d2i_X509(&m->x, &p, (long)der.n) == NULL)
        return cmc_fail_openssl(err, CMC_E_USAGE, "a certificate of the CA's chain is unusable");
    return CMC_OK;
}

/* RFC 5280 section 4.2.1.9. A root of version 1 has no way to say it, and is one all the same. */
static bool is_ca(const struct member *m)
{
    return X509_check_ca(m->x) != 0;
}

static bool signed_by(const struct member *m, const struct member *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer->x);
    bool yes = cmc_name_eq(m->cert.tbs.issuer, issuer->cert.tbs.subject) && key != NULL &&
               X509_verify(m->x, key) == 1;

    ERR_clear_error();
    return yes;
}

static bool issued_by(const struct member *m, const struct member *issuer)
{
    return is_ca(issuer) && signed_by(m, issuer);
}

/* A cross-certificate says of the same CA what another one says of it. */
static bool same_ca(const struct member *a, const struct member *b)
{
    return cmc_name_eq(a->cert.tbs.subject, b->cert.tbs.subject) &&
           cmc_slice_eq(a->cert.tbs.spki.raw, b->cert.tbs.spki.raw);
}

/* -- order ------------------------------------------------------------------------------- */

static void place(struct sorting *s, struct member *m)
{
    m->placed = true;
    s->order[s->placed++] = m;
}

/* Of several a root goes first: the shortest way up is that to the CA's own. */
static struct member *issuer_of(const struct sorting *s, const struct member *m)
{
    struct member *found = NULL;

    for (size_t i = 0; i < s->n; i++) {
        struct member *other = &s->all[i];

        if (other->placed || !issued_by(m, other))
            continue;
        if (signed_by(other, other))
            return other;
        if (found == NULL)
            found = other;
    }
    return found;
}

/* Each certificate is taken once, so two CAs that certify each other are no circle. */
static void find_path(struct sorting *s)
{
    struct member *m = &s->all[0];

    while (m != NULL) {
        place(s, m);
        m = signed_by(m, m) ? NULL : issuer_of(s, m);
    }
    s->npath = s->placed;
}

static bool belongs(const struct sorting *s, const struct member *m)
{
    for (size_t i = 0; i < s->placed; i++) {
        if (i < s->npath ? same_ca(m, s->order[i]) : issued_by(s->order[i], m))
            return is_ca(m);
    }
    return false;
}

/* What leads up may stand before what it leads up from. */
static void find_others(struct sorting *s)
{
    size_t before;

    do {
        before = s->placed;
        for (size_t i = 0; i < s->n; i++) {
            if (!s->all[i].placed && belongs(s, &s->all[i]))
                place(s, &s->all[i]);
        }
    } while (s->placed > before);
}

static enum cmc_rc refuse(const struct member *m, struct cmc_err *err)
{
    struct cmc_buf name;

    cmc_buf_init(&name, CMC_LIMIT_ERROR_TEXT);
    cmc_name_print(m->cert.tbs.subject, &name);
    (void)cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 6.1",
                   "'%s' has no place in the CA's chain: it is %s; take it out, or add what is "
                   "missing",
                   cmc_buf_cstr(&name) != NULL ? cmc_buf_cstr(&name) : "a certificate",
                   is_ca(m) ? "not above the CA certificate, and no cross-certificate of a CA that "
                              "is or above one"
                            : "not the certificate of a CA");
    cmc_buf_free(&name);
    return CMC_E_USAGE;
}

enum cmc_rc cmc_ca_chain_sort(const struct cmc_crypto *c, struct cmc_slice *certs, size_t n,
                              struct cmc_arena *arena, size_t *npath, size_t *odd,
                              struct cmc_err *err)
{
    struct sorting s = {.all = cmc_arena_array(arena, n, sizeof *s.all),
                        .order = cmc_arena_array(arena, n, sizeof *s.order)};
    enum cmc_rc rc = CMC_OK;

    *npath = 0;
    *odd = 0;
    if (s.all == NULL || s.order == NULL || n == 0)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the CA's chain");
    for (; s.n < n; s.n++) {
        rc = read_member(c, certs[s.n], arena, &s.all[s.n], err);
        if (rc != CMC_OK) {
            *odd = s.n;
            goto out;
        }
    }
    find_path(&s);
    find_others(&s);
    for (size_t i = 0; i < n; i++) {
        if (!s.all[i].placed) {
            *odd = i;
            rc = refuse(&s.all[i], err);
            goto out;
        }
    }
    for (size_t i = 0; i < n; i++)
        certs[i] = s.order[i]->der;
    *npath = s.npath;
out:
    for (size_t i = 0; i < s.n; i++)
        X509_free(s.all[i].x);
    return rc;
}
