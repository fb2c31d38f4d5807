/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publishCert, RFC 10002 section 6.18: certificates to be published, or not any more. Judged when
 * all else of the message has been decided and issued; what is decided goes into the transaction,
 * and is done after it.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

#define CLAUSE "RFC 10002 section 6.18"

enum cmc_rc cmc_plan_keep_publication(struct job *j, const struct cmc_tagged_attribute *ta,
                                      struct cmc_err *err)
{
    struct plan_item *it = cmc_job_add_item(j, PLAN_PUBLISH, ta->body_part_id);

    if (it == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "more items than the plan has room for");
    it->control = ta;
    return CMC_OK;
}

/* -- where to ---------------------------------------------------------------------------- */

static bool begins_with(const struct cmc_general_name *where, const char *url, size_t *n)
{
    *n = url != NULL ? strlen(url) : 0;
    return where->which == CMC_GN_URI && *n > 0 && where->v.n >= *n &&
           memcmp(where->v.p, url, *n) == 0;
}

/* Is this location below the URL that our folder is served under? */
static bool is_on_web(const struct cmc_general_name *where, const struct cmc_publishing *pub)
{
    size_t n;

    return begins_with(where, pub->url, &n);
}

/* On our directory server, whose URL ends with its name or port: ldap://a.example is not
 * ldap://a.example.org. Which entry it is, is ours to say. */
static bool is_on_ldap(const struct cmc_general_name *where, const struct cmc_publishing *pub)
{
    size_t n;

    return begins_with(where, pub->ldap_url, &n) &&
           (where->v.n == n || pub->ldap_url[n - 1] == '/' || where->v.p[n] == '/' ||
            where->v.p[n] == '?');
}

static bool will_do(const struct cmc_single_pub_info *s, const struct cmc_publishing *pub)
{
    bool web = pub->web && (s->location == NULL || is_on_web(s->location, pub));
    bool ldap = pub->ldap_url != NULL && (s->location == NULL || is_on_ldap(s->location, pub));

    switch (s->method) {
    case CMC_PUBLISH_DONT_CARE:
        return web || ldap;
    case CMC_PUBLISH_WEB:
        return web;
    case CMC_PUBLISH_LDAP:
        return ldap;
    default:
        return false;
    }
}

/* [10002-6.18-b, 10002-6.18-u3]: without pubInfos anything will do. */
static enum cmc_rc check_places(const struct job *j, const struct cmc_pub_info *info,
                                const struct cmc_publishing *pub, struct cmc_err *err)
{
    (void)j;
    if (info->infos.n == 0)
        return CMC_OK;
    /* [10002-6.18-c]: one of the methods that are listed must be ours. */
    for (size_t i = 0; i < info->infos.n; i++) {
        if (will_do(CMC_AT(const struct cmc_single_pub_info, info->infos, i), pub))
            return CMC_OK;
    }
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                         "this authority publishes by the method %s%s%s%s%s%s only; none of those "
                         "asked for is that",
                         pub->web ? "web" : "", pub->web && pub->url != NULL ? " below " : "",
                         pub->web && pub->url != NULL ? pub->url : "",
                         pub->web && pub->ldap_url != NULL ? " or " : "",
                         pub->ldap_url != NULL ? "ldap at " : "",
                         pub->ldap_url != NULL ? pub->ldap_url : "");
}

/* -- which ------------------------------------------------------------------------------- */

/* The digests of the certificates that came with the message, made once for each algorithm: a
 * message may hold thousands of certHashes, and large certificates. NULL: no memory. */
static const struct cmc_slice *digests_along(struct job *j, const struct cmc_digest_alg *alg)
{
    struct cmc_slice *made = j->digests_along[alg->id];

    if (made != NULL)
        return made;
    made = cmc_arena_array(j->arena, j->sd.certs.n, sizeof *made);
    for (size_t i = 0; made != NULL && i < j->sd.certs.n; i++) {
        struct cmc_slice der = *CMC_AT(const struct cmc_slice, j->sd.certs, i);
        uint8_t digest[CMC_DIGEST_MAX];
        size_t n = 0;

        if (cmc_digest(j->r->crypto, alg->id, der, digest, &n, NULL) == CMC_OK)
            made[i] = cmc_arena_slice(j->arena, cmc_slice(digest, n));
    }
    j->digests_along[alg->id] = made;
    return made;
}

/* A certificate that came with the message and has this digest. */
static bool came_along(struct job *j, const struct cmc_digest_alg *alg, struct cmc_slice hash,
                       struct cmc_slice *out)
{
    const struct cmc_slice *digests = digests_along(j, alg);

    for (size_t i = 0; digests != NULL && i < j->sd.certs.n; i++) {
        if (digests[i].p != NULL && cmc_slice_eq(hash, digests[i])) {
            *out = *CMC_AT(const struct cmc_slice, j->sd.certs, i);
            return true;
        }
    }
    return false;
}

static enum cmc_rc not_found(struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_CERT_ID, CLAUSE,
                         "no certificate of this authority has one of the certHashes; use SHA-256 "
                         "of the whole certificate, and send certificates along that were issued "
                         "before this authority published any");
}

static enum cmc_rc find(struct job *j, const struct cmc_digest_alg *alg, struct cmc_slice hash,
                        struct cmc_cert_record *rec, struct cmc_err *err)
{
    const struct cmc_authority *auth = j->r->auth;
    struct cmc_cert cert = {0};
    struct cmc_slice der;
    enum cmc_rc rc = CMC_E_NOTFOUND;

    if (alg->id == CMC_DIGEST_SHA256 && hash.n == CMC_SHA256_OCTETS)
        rc = auth->ops->find_digest(auth->self, hash.p, j->arena, &der, err);
    if (rc == CMC_E_NOTFOUND && came_along(j, alg, hash, &der))
        rc = CMC_OK;
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, der, j->arena, &cert, err);
    if (rc == CMC_OK)
        rc = auth->ops->find(auth->self, cert.tbs.issuer, cert.tbs.serial, j->arena, rec, err);
    /* The same names do not make it the same certificate. */
    if (rc == CMC_E_NOTFOUND || (rc == CMC_OK && !cmc_slice_eq(rec->der, der)))
        return not_found(err);
    return rc;
}

/* An officer who may enrol, or whoever holds a certificate of the same name. */
static enum cmc_rc permitted(const struct job *j, const struct cmc_cert_record *rec,
                             struct cmc_err *err)
{
    const struct cmc_requester *who = &j->requester;

    if (who->kind == CMC_REQUESTER_OFFICER && (who->roles & CMC_ROLE_ENROLL) != 0)
        return CMC_OK;
    if (who->kind == CMC_REQUESTER_OFFICER)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "officer %s does not have the role enroll", who->name);
    if (who->kind == CMC_REQUESTER_HOLDER &&
        (cmc_slice_eq(who->cert, rec->der) || cmc_name_eq(who->subject, rec->subject)))
        return CMC_OK;
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, CLAUSE,
                         "only an officer, or the holder of a certificate of the same subject, may "
                         "say whether it is published");
}

static bool revoked_here(const struct job *j, const struct cmc_cert_record *rec)
{
    for (size_t i = 0; i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];

        if (it->kind == PLAN_REVOKE && it->status == CMC_STATUS_SUCCESS &&
            it->change.to != CMC_CERT_VALID && cmc_slice_eq(it->change.serial, rec->serial))
            return true;
    }
    return false;
}

/* [10002-6.18-d]: what it means twice is undefined. */
static bool named_before(const struct job *j, const struct plan_item *it, size_t n,
                         const struct cmc_cert_record *rec)
{
    for (const struct plan_item *o = j->items; o <= it; o++) {
        size_t count = o == it ? n : o->npublications;

        for (size_t i = 0; i < count && o->kind == PLAN_PUBLISH; i++) {
            if (cmc_slice_eq(o->publications[i].serial, rec->serial))
                return true;
        }
    }
    return false;
}

static enum cmc_rc check_one(struct job *j, struct plan_item *it, size_t n,
                             const struct cmc_cert_record *rec, bool wanted, struct cmc_err *err)
{
    enum cmc_rc rc = permitted(j, rec, err);

    if (rc != CMC_OK)
        return rc;
    if (named_before(j, it, n, rec))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "the same certificate is named twice in the message");
    /* [10002-6.18-u1]: after revocations, so that one of this message counts. */
    if (wanted && (rec->state != CMC_CERT_VALID || revoked_here(j, rec)))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "a certificate that is revoked or on hold is not published");
    if (wanted && rec->not_after < j->x->now)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "a certificate that has expired is not published");
    return CMC_OK;
}

static enum cmc_rc read_hashes(struct job *j, struct plan_item *it,
                               const struct cmc_publish_cert *pc, struct cmc_err *err)
{
    const struct cmc_digest_alg *alg = cmc_digest_by_oid(pc->hash.algorithm);
    bool wanted = pc->info.action == CMC_PLEASE_PUBLISH;
    struct cmc_publication *list;
    enum cmc_rc rc = CMC_OK;

    if (alg == NULL || (alg->weak && !j->rules->allow_weak))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE,
                             "hashAlg is not known or not accepted here; use SHA-256");
    if (pc->cert_hashes.n > CMC_LIMIT_PUBLISH_CERTS)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "more than CMC_LIMIT_PUBLISH_CERTS (%u) certHashes",
                             CMC_LIMIT_PUBLISH_CERTS);
    list = cmc_arena_array(j->arena, pc->cert_hashes.n, sizeof *list);
    if (list == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a plan");
    it->publications = list;
    for (size_t i = 0; rc == CMC_OK && i < pc->cert_hashes.n; i++) {
        struct cmc_cert_record rec = {0};

        rc = find(j, alg, *CMC_AT(const struct cmc_slice, pc->cert_hashes, i), &rec, err);
        if (rc == CMC_OK)
            rc = check_one(j, it, i, &rec, wanted, err);
        list[i] =
            (struct cmc_publication){.issuer = rec.issuer, .serial = rec.serial, .wanted = wanted};
    }
    if (rc == CMC_OK)
        it->npublications = pc->cert_hashes.n;
    return rc;
}

/* -- the whole --------------------------------------------------------------------------- */

static bool all_issued(const struct job *j)
{
    for (size_t i = 0; i < j->nitems; i++) {
        if (j->items[i].kind == PLAN_ISSUE && j->items[i].status != CMC_STATUS_SUCCESS)
            return false;
    }
    return true;
}

static enum cmc_rc plan_one(struct job *j, struct plan_item *it, struct cmc_err *err)
{
    const struct cmc_publishing *pub = j->r->auth->ops->publishing(j->r->auth->self);
    struct cmc_publish_cert pc = {0};
    enum cmc_rc rc;

    if (!j->rules->publish || pub == NULL)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "certificates are not published at this endpoint");
    /* [10002-6.18-u1] */
    if (!all_issued(j))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "not processed, because a certificate of the same message was not "
                             "issued");
    rc = cmc_control_decode(it->control, j->arena, &pc, err);
    if (rc == CMC_OK)
        rc = check_places(j, &pc.info, pub, err);
    return rc == CMC_OK ? read_hashes(j, it, &pc, err) : rc;
}

enum cmc_rc cmc_plan_publish(struct job *j, struct cmc_err *err)
{
    for (size_t i = 0; i < j->nitems; i++) {
        enum cmc_rc rc;

        if (j->items[i].kind != PLAN_PUBLISH)
            continue;
        rc = plan_one(j, &j->items[i], err);
        if (rc == CMC_E_MEM || rc == CMC_E_LOCAL || rc == CMC_E_BUG)
            return rc;
        if (rc != CMC_OK)
            cmc_item_refuse(j, &j->items[i], err);
    }
    return CMC_OK;
}

enum cmc_rc cmc_publications(struct job *j, struct cmc_err *err)
{
    struct cmc_publication *all;
    size_t n = 0, room = 0;

    for (size_t i = 0; i < j->nitems; i++)
        room += j->items[i].npublications;
    if (room == 0)
        return CMC_OK;
    all = cmc_arena_array(j->arena, room, sizeof *all);
    if (all == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a transaction");
    for (size_t i = 0; i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];

        for (size_t k = 0; k < it->npublications && it->status == CMC_STATUS_SUCCESS; k++)
            all[n++] = it->publications[k];
    }
    j->txn.publications = all;
    j->txn.npublications = n;
    return CMC_OK;
}
