/* SPDX-License-Identifier: Apache-2.0 */
#include "dogtag/db.h"

#include <strings.h>

#include "asn1/codec.h"
#include "message/request.h"

/* A chain longer than this goes round in circles. */
#define CHAIN_MAX 16

static bool is_internal(const char *token)
{
    return token == NULL || *token == '\0' || strcasecmp(token, "internal") == 0 ||
           strcasecmp(token, "Internal Key Storage Token") == 0 ||
           strcmp(token, "NSS Certificate DB") == 0;
}

enum cmc_rc dog_db_open(struct dog *d, const struct dog_db_place *place, struct dog_db *out)
{
    struct cmc_passphrase pass = {.text = place->password};
    struct cmc_token_place where = {.dbdir = place->dbdir != NULL ? place->dbdir : ".",
                                    .token = is_internal(place->token) ? NULL : place->token,
                                    .write = place->write};
    const struct cmc_token_place internal = {.dbdir = where.dbdir};
    enum cmc_rc rc;

    *out = (struct dog_db){0};
    rc = cmc_token_open(d->crypto, &where, place->password != NULL ? &pass : NULL, &out->token,
                        &d->err);
    /* The certificates of CAs are in the database, whatever token the keys are in. */
    if (rc == CMC_OK && where.token != NULL)
        rc = cmc_token_open(d->crypto, &internal, NULL, &out->internal, &d->err);
    if (rc != CMC_OK)
        dog_db_close(out);
    return rc;
}

void dog_db_close(struct dog_db *db)
{
    cmc_token_free(db->internal);
    cmc_token_free(db->token);
    *db = (struct dog_db){0};
}

/* -- chains ------------------------------------------------------------------------------ */

/* Is child signed by the key of parent? */
static bool issued_by(struct dog *d, const struct cmc_cert *child, const struct cmc_cert *parent)
{
    const struct cmc_sig_alg *alg = NULL;
    EVP_PKEY *key = NULL;
    bool ok;

    if (!cmc_name_eq(child->tbs.issuer, parent->tbs.subject) || child->signature.n < 2)
        return false;
    ok = cmc_sig_from_algid(&child->signature_algorithm, CMC_DIGEST_NONE, true, d->arena, &alg,
                            NULL) == CMC_OK &&
         cmc_spki_key(d->crypto, parent->tbs.spki.raw, &key, NULL) == CMC_OK &&
         cmc_verify(d->crypto, key, alg, child->tbs.raw,
                    cmc_slice(child->signature.p + 1, child->signature.n - 1), NULL) == CMC_OK;
    EVP_PKEY_free(key);
    return ok;
}

static const struct cmc_token_cert *find_issuer(struct dog *d, const struct cmc_cert *child,
                                                const struct cmc_token_cert *certs, size_t n,
                                                struct cmc_cert *out)
{
    for (size_t i = 0; i < n; i++) {
        *out = (struct cmc_cert){0};
        if (cmc_decode(&cmc_it_cert, certs[i].der, d->arena, out, NULL) == CMC_OK &&
            issued_by(d, child, out))
            return &certs[i];
    }
    return NULL;
}

static enum cmc_rc build_chain(struct dog *d, const struct cmc_token_cert *certs, size_t n,
                               struct dog_signer *s)
{
    struct cmc_cert at = s->decoded, issuer;

    s->chain = cmc_arena_array(d->arena, CHAIN_MAX, sizeof *s->chain);
    if (s->chain == NULL)
        return dog_no_memory(d);
    s->chain[0] = s->cert;
    s->nchain = 1;
    while (s->nchain < CHAIN_MAX && !cmc_name_eq(at.tbs.issuer, at.tbs.subject)) {
        const struct cmc_token_cert *next = find_issuer(d, &at, certs, n, &issuer);

        if (next == NULL) {
            dog_warn(d,
                     "the database holds no certificate of the issuer of certificate %zu of "
                     "the signer's chain; the chain sent ends there",
                     s->nchain);
            return CMC_OK;
        }
        s->chain[s->nchain++] = next->der;
        at = issuer;
    }
    return CMC_OK;
}

/* All certificates that a chain may be made of. */
static enum cmc_rc all_certs(struct dog *d, struct dog_db *db, struct cmc_token_cert **out,
                             size_t *n)
{
    struct cmc_token_cert *own = NULL, *more = NULL;
    size_t nown = 0, nmore = 0;
    enum cmc_rc rc = cmc_token_certs(db->token, d->arena, &own, &nown, &d->err);

    if (rc == CMC_OK && db->internal != NULL)
        rc = cmc_token_certs(db->internal, d->arena, &more, &nmore, &d->err);
    if (rc != CMC_OK)
        return rc;
    *out = cmc_arena_array(d->arena, nown + nmore, sizeof **out);
    if (*out == NULL)
        return dog_no_memory(d);
    if (nown > 0)
        memcpy(*out, own, nown * sizeof *own);
    if (nmore > 0)
        memcpy(*out + nown, more, nmore * sizeof *more);
    *n = nown + nmore;
    return CMC_OK;
}

enum cmc_rc dog_db_signer(struct dog *d, struct dog_db *db, const char *nickname,
                          struct dog_signer *out)
{
    struct cmc_token_cert *certs = NULL, *all = NULL;
    const struct cmc_token_cert *own = NULL;
    size_t n = 0, nall = 0;
    enum cmc_rc rc;

    *out = (struct dog_signer){0};
    rc = cmc_token_certs_by_nickname(db->token, nickname, d->arena, &certs, &n, &d->err);
    for (size_t i = 0; i < n && own == NULL && rc == CMC_OK; i++)
        own = certs[i].has_key ? &certs[i] : NULL;
    if (rc == CMC_OK && own == NULL)
        rc = cmc_fail(&d->err, CMC_E_NOTFOUND, NULL,
                      "the private key of certificate '%s' is not in token '%s'", nickname,
                      cmc_token_label(db->token));
    if (rc == CMC_OK)
        rc = cmc_token_key_by_id(db->token, own->id, &out->key, &d->err);
    if (rc == CMC_OK) {
        out->cert = own->der;
        rc = cmc_decode(&cmc_it_cert, out->cert, d->arena, &out->decoded, &d->err);
    }
    if (rc == CMC_OK)
        rc = all_certs(d, db, &all, &nall);
    if (rc == CMC_OK)
        rc = build_chain(d, all, nall, out);
    if (rc != CMC_OK)
        dog_signer_clean(out);
    return rc;
}

void dog_signer_clean(struct dog_signer *s)
{
    EVP_PKEY_free(s->key);
    *s = (struct dog_signer){0};
}

enum cmc_rc dog_db_cert(struct dog *d, struct dog_db *db, const char *nickname,
                        struct cmc_slice *out)
{
    struct cmc_token_cert *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc =
        cmc_token_certs_by_nickname(db->token, nickname, d->arena, &certs, &n, &d->err);

    *out = rc == CMC_OK ? certs[0].der : CMC_SLICE_NONE;
    return rc;
}

enum cmc_rc dog_db_key(struct dog *d, struct dog_db *db, const char *id, EVP_PKEY **out)
{
    struct cmc_slice octets;
    enum cmc_rc rc = cmc_key_id_parse(id, d->arena, &octets, &d->err);

    *out = NULL;
    if (rc == CMC_OK)
        rc = cmc_token_key_by_id(db->token, octets, out, &d->err);
    return rc;
}

enum cmc_rc dog_password_file(struct dog *d, const char *path, const char **out)
{
    struct cmc_slice text;
    enum cmc_rc rc = dog_read(d, path, &text);
    size_t n = 0;

    if (rc != CMC_OK)
        return rc;
    while (n < text.n && text.p[n] != '\n' && text.p[n] != '\r')
        n++;
    *out = cmc_arena_strndup(d->arena, (const char *)text.p, n);
    return *out != NULL ? CMC_OK : dog_no_memory(d);
}
