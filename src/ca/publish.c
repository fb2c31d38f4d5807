/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/publish.h"

#include <errno.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "base/file.h"
#include "ca/ca_int.h"

/* As many as are read before the first is done: a reader must not be open while we write. */
#define BATCH 64u

struct batch {
    struct cmc_arena *arena;
    struct cmc_publication list[BATCH];
    size_t n;
};

static enum cmc_rc keep(void *arg, const struct cmc_publication *p)
{
    struct batch *b = arg;

    b->list[b->n] = *p;
    b->list[b->n].der = cmc_arena_slice(b->arena, p->der);
    return b->list[b->n++].der.p != NULL ? CMC_OK : CMC_E_MEM;
}

static enum cmc_rc path_of(const struct cmc_crypto *c, const char *directory, struct cmc_slice der,
                           struct cmc_arena *arena, char **out, struct cmc_err *err)
{
    uint8_t digest[CMC_DIGEST_MAX];
    struct cmc_buf b;
    enum cmc_rc rc;
    size_t n;

    rc = cmc_digest(c, CMC_DIGEST_SHA256, der, digest, &n, err);
    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_printf(&b, "%s/", directory);
    cmc_buf_hex(&b, cmc_slice(digest, n));
    cmc_buf_str(&b, CMC_PUBLISH_SUFFIX);
    *out = cmc_buf_cstr(&b) != NULL ? cmc_arena_strdup(arena, cmc_buf_cstr(&b)) : NULL;
    cmc_buf_free(&b);
    return *out != NULL ? CMC_OK : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a path");
}

/* [10002-6.18-u2]: dontPublish removes what was published; that it was not is well too. */
static enum cmc_rc do_one(const struct cmc_publication *p, const char *path, struct cmc_err *err)
{
    if (p->wanted)
        return cmc_file_write(path, 0644, p->der, err);
    if (unlink(path) == 0)
        return cmc_file_sync_directory(path, err);
    return errno == ENOENT ? CMC_OK
                           : cmc_fail(err, CMC_E_LOCAL, NULL, "%s: cannot be removed: %s", path,
                                      strerror(errno));
}

enum cmc_rc cmc_publish_due(const struct cmc_crypto *c, struct cmc_store *store,
                            struct cmc_reader *reader, struct cmc_slice issuer,
                            const char *directory, size_t *done, struct cmc_err *err)
{
    struct batch b = {.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS)};
    enum cmc_rc rc;

    *done = 0;
    if (b.arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory to publish certificates");
    rc = cmc_reader_publications_due(reader, issuer, BATCH, keep, &b, err);
    for (size_t i = 0; rc == CMC_OK && i < b.n; i++) {
        char *path;

        rc = path_of(c, directory, b.list[i].der, b.arena, &path, err);
        if (rc == CMC_OK)
            rc = do_one(&b.list[i], path, err);
        /* Told only when it is durable: a crash before does it once more. */
        if (rc == CMC_OK)
            rc = cmc_store_published(store, &b.list[i], err);
        *done += rc == CMC_OK;
    }
    cmc_arena_free(b.arena);
    return rc;
}

/* -- struct cmc_authority_ops ------------------------------------------------------------- */

const struct cmc_publishing *cmc_ca_publishing(void *self)
{
    const struct cmc_ca *ca = self;

    return ca->shared->publishes ? &ca->shared->publishing : NULL;
}

enum cmc_rc cmc_ca_find_digest(void *self, const uint8_t digest[CMC_SHA256_OCTETS],
                               struct cmc_arena *arena, struct cmc_slice *der, struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmc_reader_cert_by_digest(ca->reader, digest, arena, der, err);

    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, *der, arena, &cert, err);
    /* The store is that of other authorities too. */
    if (rc == CMC_OK && !cmc_slice_eq(cert.tbs.issuer, ca->shared->ca_cert.tbs.subject))
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "the certificate is not from this authority");
    return rc;
}
