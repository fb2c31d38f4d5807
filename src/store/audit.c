/* SPDX-License-Identifier: Apache-2.0 */
/* The audit chain: each record carries a hash over itself and the one before. */
#include "store/store_int.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct cmc_chain {
    EVP_MD *md; /* fetched once: a fetch for each record would cost more than the hash */
    EVP_MD_CTX *ctx;
};

enum cmc_rc cmc_chain_new(struct cmc_chain **out, struct cmc_err *err)
{
    struct cmc_chain *c = calloc(1, sizeof *c);

    if (c == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    c->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    c->ctx = EVP_MD_CTX_new();
    if (c->md == NULL || c->ctx == NULL) {
        cmc_chain_free(c);
        return cmc_fail_openssl(err, CMC_E_LOCAL, "SHA-256 is not available");
    }
    *out = c;
    return CMC_OK;
}

void cmc_chain_free(struct cmc_chain *c)
{
    if (c == NULL)
        return;
    EVP_MD_CTX_free(c->ctx);
    EVP_MD_free(c->md);
    free(c);
}

static void put_be64(uint8_t *p, uint64_t v)
{
    for (int i = 7; i >= 0; i--) {
        p[i] = (uint8_t)v;
        v >>= 8;
    }
}

enum cmc_rc cmc_chain_next(struct cmc_chain *c, int64_t seq, int64_t at, struct cmc_slice json,
                           uint8_t hash[CMC_SHA256_OCTETS], struct cmc_err *err)
{
    uint8_t head[CMC_SHA256_OCTETS + 16];

    memcpy(head, hash, CMC_SHA256_OCTETS);
    put_be64(head + CMC_SHA256_OCTETS, (uint64_t)seq);
    put_be64(head + CMC_SHA256_OCTETS + 8, (uint64_t)at);
    if (EVP_DigestInit_ex(c->ctx, c->md, NULL) != 1 ||
        EVP_DigestUpdate(c->ctx, head, sizeof head) != 1 ||
        EVP_DigestUpdate(c->ctx, json.p, json.n) != 1 ||
        EVP_DigestFinal_ex(c->ctx, hash, NULL) != 1)
        return cmc_fail_openssl(err, CMC_E_LOCAL, "the audit record cannot be hashed");
    return CMC_OK;
}

struct verify {
    struct cmc_chain *chain;
    int64_t seq; /* of the last record that fits */
    uint8_t hash[CMC_SHA256_OCTETS];
};

static enum cmc_rc missing(int64_t seq, struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_CRYPTO, NULL, "audit record %" PRId64 " is missing", seq);
}

static enum cmc_rc verify_row(void *arg, const struct cmc_audit_row *row, struct cmc_err *err)
{
    struct verify *v = arg;
    uint8_t hash[CMC_SHA256_OCTETS];
    enum cmc_rc rc;

    if (row->seq != v->seq + 1)
        return missing(v->seq + 1, err);
    memcpy(hash, v->hash, sizeof hash);
    rc = cmc_chain_next(v->chain, row->seq, row->at, cmc_slice(row->json, row->json_octets), hash,
                        err);
    if (rc != CMC_OK)
        return rc;
    if (!cmc_slice_eq(cmc_slice(hash, sizeof hash), row->hash))
        return cmc_fail(err, CMC_E_CRYPTO, NULL,
                        "audit record %" PRId64 " does not fit the hash chain: it, or one before "
                        "it, was altered",
                        row->seq);
    v->seq = row->seq;
    memcpy(v->hash, hash, sizeof hash);
    return CMC_OK;
}

enum cmc_rc cmc_reader_audit_verify(struct cmc_reader *r, int64_t *count, struct cmc_err *err)
{
    struct verify v = {0};
    int64_t written;
    enum cmc_rc rc;

    *count = 0;
    rc = cmc_chain_new(&v.chain, err);
    if (rc != CMC_OK)
        return rc;
    /* Asked first: records that are added while we read make the log longer, never shorter. */
    rc = r->ops->audit_count(r->rd, &written, err);
    if (rc == CMC_OK)
        rc = r->ops->audit(r->rd, INT64_MIN, verify_row, &v, err);
    if (rc == CMC_OK && v.seq < written)
        rc = missing(v.seq + 1, err);
    *count = v.seq;
    cmc_chain_free(v.chain);
    return rc;
}
