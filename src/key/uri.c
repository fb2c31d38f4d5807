/* SPDX-License-Identifier: Apache-2.0 */
/* Which backend a URI names. */
#include <string.h>

#include "key/key_int.h"

/* "file:/x", "file:x" and, RFC 8089, "file:///x" and "file://localhost/x". */
static enum cmc_rc file_path(const char *uri, const char **path, struct cmc_err *err)
{
    const char *p = uri + strlen("file:");

    if (strncmp(p, "//", 2) == 0) {
        p += 2;
        if (strncmp(p, "localhost/", strlen("localhost/")) == 0)
            p += strlen("localhost");
        if (*p != '/')
            return cmc_fail(err, CMC_E_USAGE, NULL,
                            "%s: names another machine; write file:/absolute/path", uri);
    }
    if (*p == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL, "%s: no path after 'file:'", uri);
    *path = p;
    return CMC_OK;
}

enum cmc_rc cmc_uri_path(const char *uri, const char **path, struct cmc_err *err)
{
    static const char *const later[] = {"pkcs11:", "nss:"};

    if (uri == NULL || *uri == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL, "an empty name; give a path or file:PATH");
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (strncmp(uri, later[i], strlen(later[i])) == 0)
            return cmc_fail(err, CMC_E_USAGE, NULL,
                            "%s: keys and certificates by '%s' are not supported by this version; "
                            "give a path or file:PATH",
                            uri, later[i]);
    }
    if (strncmp(uri, "file:", strlen("file:")) == 0)
        return file_path(uri, path, err);
    *path = uri;
    return CMC_OK;
}
