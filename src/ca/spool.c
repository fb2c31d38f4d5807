/* SPDX-License-Identifier: Apache-2.0 */
/* A CRL's entries between their making and their signing: their length comes before them. */
#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "ca/ca_int.h"
#include "store/crl_file.h"

void cmc_spool_init(struct cmc_spool *s, const struct cmc_store *store)
{
    s->store = store;
    s->fd = -1;
    s->held_octets = 0;
    s->octets = 0;
}

void cmc_spool_end(struct cmc_spool *s)
{
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
}

static enum cmc_rc failed(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_LOCAL, NULL, "cannot keep the entries of a CRL: %s",
                    strerror(errno));
}

static enum cmc_rc flush(struct cmc_spool *s, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    if (s->fd < 0)
        rc = cmc_crl_file_new(s->store, NULL, &s->fd, err);
    if (rc == CMC_OK)
        rc = cmc_file_add(s->fd, cmc_slice(s->held, s->held_octets), err);
    s->held_octets = 0;
    return rc;
}

enum cmc_rc cmc_spool_add(struct cmc_spool *s, struct cmc_slice data, struct cmc_err *err)
{
    while (data.n > 0) {
        size_t n = sizeof s->held - s->held_octets;

        if (n == 0) {
            enum cmc_rc rc = flush(s, err);

            if (rc != CMC_OK)
                return rc;
            continue;
        }
        n = n < data.n ? n : data.n;
        memcpy(s->held + s->held_octets, data.p, n);
        s->held_octets += n;
        s->octets += n;
        data = cmc_slice(data.p + n, data.n - n);
    }
    return CMC_OK;
}

enum cmc_rc cmc_spool_each(struct cmc_spool *s,
                           enum cmc_rc (*fn)(void *arg, struct cmc_slice piece,
                                             struct cmc_err *err),
                           void *arg, struct cmc_err *err)
{
    uint64_t done = 0;
    enum cmc_rc rc = CMC_OK;

    if (s->fd < 0)
        return fn(arg, cmc_slice(s->held, s->held_octets), err);
    /* held is what the file is read through from here on. */
    if (s->held_octets > 0)
        rc = flush(s, err);
    while (rc == CMC_OK && done < s->octets) {
        ssize_t n = pread(s->fd, s->held, sizeof s->held, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(err);
        if (n == 0)
            return cmc_fail(err, CMC_E_LOCAL, NULL, "the entries of a CRL have become fewer");
        rc = fn(arg, cmc_slice(s->held, (size_t)n), err);
        done += (uint64_t)n;
    }
    return rc;
}
