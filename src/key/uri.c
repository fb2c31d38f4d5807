/* SPDX-License-Identifier: Apache-2.0 */
/* Which backend a URI names. */
#include <string.h>

#include "key/token_int.h"

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
    if (uri == NULL || *uri == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL, "an empty name; give a path or file:PATH");
    if (cmc_uri_is_token(uri))
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "%.*s...: names a token, where a file is wanted; give a path or file:PATH",
                        (int)(strcspn(uri, ":") + 1), uri);
    if (strncmp(uri, "file:", strlen("file:")) == 0)
        return file_path(uri, path, err);
    *path = uri;
    return CMC_OK;
}
