/* SPDX-License-Identifier: Apache-2.0 */
#include "server/secrets.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

#include "base/file.h"

enum cmc_rc cmc_secrets_key_make(const struct cmc_crypto *c, const char *path, struct cmc_err *err)
{
    uint8_t key[CMC_SEAL_KEY_OCTETS];
    enum cmc_rc rc = cmc_random(c, key, sizeof key, err);

    if (rc == CMC_OK)
        rc = cmc_file_create(path, 0600, cmc_slice(key, sizeof key), err);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}

enum cmc_rc cmc_secrets_key_load(const char *path, struct cmc_arena *arena, struct cmc_slice *out,
                                 struct cmc_err *err)
{
    char buf[PATH_MAX];
    struct cmc_buf b;
    struct stat st;
    enum cmc_rc rc = cmc_file_credential(path, buf, sizeof buf, &path, err);

    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&b, CMC_SEAL_KEY_OCTETS + 1);
    rc = cmc_file_read(path, &b, err);
    if (rc == CMC_E_LIMIT || (rc == CMC_OK && b.n != CMC_SEAL_KEY_OCTETS))
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "%s: a key for shared secrets has %u octets exactly",
                      path, CMC_SEAL_KEY_OCTETS);
    if (rc == CMC_OK && stat(path, &st) == 0 && (st.st_mode & 077) != 0)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL,
                      "%s: others than its owner may use it; chmod 600 it, and think of who did",
                      path);
    if (rc == CMC_OK) {
        *out = cmc_arena_slice(arena, cmc_buf_get0(&b));
        if (out->p == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key");
    }
    cmc_buf_free(&b);
    return rc;
}
