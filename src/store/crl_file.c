/* SPDX-License-Identifier: Apache-2.0 */
#include "store/crl_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/store_int.h"

#define ISSUER_HEX 16
#define UNFINISHED "new."

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "out of memory for a CRL");
}

static enum cmc_rc fail_errno(struct cmc_err *err, const char *doing, const char *path)
{
    return cmc_fail(err, CMC_E_LOCAL, NULL, "cannot %s %s: %s", doing, path, strerror(errno));
}

static char *directory_of(const struct cmc_store *s)
{
    char *p = NULL;

    return asprintf(&p, "%s.crls", cmc_store_get0_place(s)) < 0 ? NULL : p;
}

static bool issuer_hex(struct cmc_slice issuer, char out[ISSUER_HEX + 1])
{
    uint8_t md[EVP_MAX_MD_SIZE];

    if (EVP_Q_digest(NULL, "SHA256", NULL, issuer.p, issuer.n, md, NULL) != 1)
        return false;
    for (int i = 0; i < ISSUER_HEX / 2; i++)
        (void)snprintf(out + (size_t)i * 2, 3, "%02x", md[i]);
    return true;
}

static const char *suffix_of(const struct cmc_crl_id *id)
{
    return id->delta ? ".delta" : ".crl";
}

static char *path_of(const struct cmc_store *s, const struct cmc_crl_id *id, uint64_t number)
{
    char hex[ISSUER_HEX + 1], part[16] = "", *p = NULL;

    if (id->part != 0 || id->delta)
        (void)snprintf(part, sizeof part, "%" PRIu32 "-", id->part);
    if (!issuer_hex(id->issuer, hex) ||
        asprintf(&p, "%s.crls/%s-%s%" PRIu64 "%s", cmc_store_get0_place(s), hex, part, number,
                 suffix_of(id)) < 0)
        return NULL;
    return p;
}

enum cmc_rc cmc_crl_file_new(const struct cmc_store *s, char **path, int *fd, struct cmc_err *err)
{
    char *directory = directory_of(s), *name = NULL;
    enum cmc_rc rc = CMC_OK;

    *fd = -1;
    if (directory == NULL || asprintf(&name, "%s/" UNFINISHED "XXXXXX", directory) < 0) {
        name = NULL;
        rc = no_memory(err);
        goto out;
    }
    if (mkdir(directory, 0700) == 0)
        rc = cmc_file_sync_directory(directory, err);
    else if (errno != EEXIST)
        rc = fail_errno(err, "make the directory", directory);
    if (rc != CMC_OK)
        goto out;
    *fd = mkostemp(name, O_CLOEXEC);
    if (*fd < 0) {
        rc = fail_errno(err, "write", name);
        goto out;
    }
    /* Tells that it is being made from what a crash left. */
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        rc = fail_errno(err, "lock", name);
        (void)unlink(name);
        (void)close(*fd);
        *fd = -1;
        goto out;
    }
    if (path == NULL) {
        (void)unlink(name);
    } else {
        *path = name;
        name = NULL;
    }
out:
    free(directory);
    free(name);
    return rc;
}

enum cmc_rc cmc_crl_file_keep(const struct cmc_store *s, const struct cmc_crl_id *id,
                              uint64_t number, const char *path, int fd, struct cmc_err *err)
{
    char *to = path_of(s, id, number);
    enum cmc_rc rc;

    if (to == NULL)
        rc = no_memory(err);
    else if (fsync(fd) != 0 || rename(path, to) != 0)
        rc = fail_errno(err, "write", to);
    else
        rc = cmc_file_sync_directory(to, err);
    free(to);
    return rc;
}

enum cmc_rc cmc_crl_file_open(const struct cmc_store *s, const struct cmc_crl_id *id,
                              const struct cmc_crl_record *crl, int *fd, struct cmc_err *err)
{
    char *path = path_of(s, id, crl->number);
    enum cmc_rc rc = CMC_OK;
    struct stat st;

    *fd = -1;
    if (path == NULL)
        return no_memory(err);
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "CRL %s: %s", path, strerror(errno));
    else if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != crl->octets)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "CRL %s is not of %" PRIu64 " octets", path,
                      crl->octets);
    if (rc != CMC_OK && *fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
    free(path);
    return rc;
}

/* Does somebody write it, for another authority or another key of this one? */
static bool is_in_work(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;

    if (fd >= 0)
        (void)close(fd);
    return locked;
}

/* Is it a file that the database knows, or one of somebody else's? */
static enum cmc_rc is_wanted(struct cmc_reader *r, const struct cmc_crl_id *of, const char *hex,
                             int directory, const char *name, bool *wanted, struct cmc_err *err)
{
    struct cmc_crl_id id = {.issuer = of->issuer};
    uint64_t number;
    char *end;

    *wanted = true;
    if (strncmp(name, UNFINISHED, sizeof UNFINISHED - 1) == 0) {
        *wanted = is_in_work(directory, name);
        return CMC_OK;
    }
    if (strncmp(name, hex, ISSUER_HEX) != 0 || name[ISSUER_HEX] != '-')
        return CMC_OK;
    number = strtoull(name + ISSUER_HEX + 1, &end, 10);
    if (*end == '-' && number <= UINT32_MAX) {
        id.part = (uint32_t)number;
        number = strtoull(end + 1, &end, 10);
    }
    id.delta = strcmp(end, ".delta") == 0;
    if (id.part != of->part || strcmp(end, suffix_of(&id)) != 0)
        return CMC_OK;
    return r->ops->crls->is_file(r->rd, &id, number, wanted, err);
}

enum cmc_rc cmc_crl_file_sweep(const struct cmc_store *s, struct cmc_reader *r,
                               const struct cmc_crl_id *of, struct cmc_err *err)
{
    char *directory = directory_of(s), hex[ISSUER_HEX + 1];
    enum cmc_rc rc = CMC_OK;
    struct dirent *e;
    DIR *d = NULL;

    if (directory == NULL || !issuer_hex(of->issuer, hex)) {
        rc = no_memory(err);
        goto out;
    }
    d = opendir(directory);
    if (d == NULL)
        goto out; /* usually: there never was a large CRL */
    while (rc == CMC_OK && (e = readdir(d)) != NULL) {
        bool wanted;

        rc = is_wanted(r, of, hex, dirfd(d), e->d_name, &wanted, err);
        if (rc == CMC_OK && !wanted)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    }
out:
    if (d != NULL)
        (void)closedir(d);
    free(directory);
    return rc;
}
