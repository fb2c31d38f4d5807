/* SPDX-License-Identifier: Apache-2.0 */
/* A folder as a target of publication: what a web server gives out. Each file is whole at any
 * moment, the one of before or the new one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "ca/publish.h"

#define SHARD "{shard}"

char *cmc_publish_name(const char *pattern, uint32_t shard)
{
    const char *hole = strstr(pattern, SHARD);
    char digits[16] = "", *out = NULL;

    if (hole == NULL)
        return strdup(pattern);
    if (shard != 0)
        (void)snprintf(digits, sizeof digits, "-%u", shard);
    return asprintf(&out, "%.*s%s%s", (int)(hole - pattern), pattern, digits,
                    hole + strlen(SHARD)) < 0
               ? NULL
               : out;
}

static char *path_of(const struct cmc_publish_folder *f, const struct cmc_publish_object *o)
{
    char hex[2 * CMC_SHA256_OCTETS + 1], *name = NULL, *path = NULL;

    if (o->kind == CMC_PUBLISH_CERT) {
        for (size_t i = 0; i < CMC_SHA256_OCTETS; i++)
            (void)snprintf(hex + 2 * i, 3, "%02x", o->digest[i]);
        return asprintf(&path, "%s/%s" CMC_PUBLISH_SUFFIX, f->directory, hex) < 0 ? NULL : path;
    }
    name = cmc_publish_name(f->names[o->kind], o->shard);
    if (name == NULL || asprintf(&path, "%s/%s", f->directory, name) < 0)
        path = NULL;
    free(name);
    return path;
}

static enum cmc_rc take_back(const char *path, struct cmc_err *err)
{
    if (unlink(path) == 0)
        return cmc_file_sync_directory(path, err);
    return errno == ENOENT ? CMC_OK
                           : cmc_fail(err, CMC_E_LOCAL, NULL, "%s: cannot be removed: %s", path,
                                      strerror(errno));
}

enum cmc_rc cmc_publish_folder_put(void *self, const struct cmc_publish_object *o,
                                   struct cmc_err *err)
{
    char *path = path_of(self, o);
    enum cmc_rc rc;

    if (path == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a path");
    else if (!o->wanted)
        rc = take_back(path, err);
    else if (o->fd >= 0)
        rc = cmc_file_copy(path, 0644, o->fd, o->octets, err);
    else
        rc = cmc_file_write(path, 0644, o->der, err);
    free(path);
    return rc;
}
