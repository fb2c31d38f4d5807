/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys of a token: by nickname of their certificate, by label, by id. */
#include "key/token_int.h"

enum cmc_rc cmc_private_keys(const struct cmc_token *t, struct cmc_slice id, struct cmc_slice label,
                             struct cmc_arena *arena, CK_OBJECT_HANDLE **out, size_t *n,
                             struct cmc_err *err)
{
    CK_OBJECT_CLASS cls = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE want[3] = {{CKA_CLASS, &cls, sizeof cls}};
    CK_ULONG nwant = 1;
    size_t found = 0;
    enum cmc_rc rc;

    *out = NULL;
    *n = 0;
    if (!t->logged_in)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "token '%s': its private keys need its password, and none was given",
                        t->label);
    if (id.p != NULL)
        want[nwant++] = (CK_ATTRIBUTE){CKA_ID, (void *)(uintptr_t)id.p, id.n};
    if (label.p != NULL)
        want[nwant++] = (CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t)label.p, label.n};
    rc = cmc_objects(t, want, nwant, arena, out, &found, err);
    for (size_t i = 0; rc == CMC_OK && i < found; i++) {
        if (!cmc_slot_is_copy(t->slot, (*out)[i]))
            (*out)[(*n)++] = (*out)[i];
    }
    return rc;
}

enum cmc_rc cmc_token_key(struct cmc_token *t, struct cmc_slice id, struct cmc_slice label,
                          struct cmc_arena *arena, EVP_PKEY **out, struct cmc_err *err)
{
    CK_OBJECT_HANDLE *keys = NULL;
    size_t n = 0;
    enum cmc_rc rc = cmc_private_keys(t, id, label, arena, &keys, &n, err);

    *out = NULL;
    if (rc != CMC_OK)
        return rc;
    if (n == 0)
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "token '%s' has no such private key", t->label);
    if (n > 1)
        return cmc_fail(err, CMC_E_USAGE, NULL, "token '%s': %zu private keys fit; name one by id",
                        t->label, n);
    rc = cmc_token_evp(t, keys[0], true, arena, out, err);
    if (rc != CMC_OK)
        cmc_err_prefix(err, "token '%s'", t->label);
    return rc;
}

enum cmc_rc cmc_token_key_by_id(struct cmc_token *t, struct cmc_slice id, EVP_PKEY **out,
                                struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    enum cmc_rc rc;

    *out = NULL;
    if (arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key in a token");
    rc = cmc_token_key(t, id, CMC_SLICE_NONE, arena, out, err);
    if (rc == CMC_E_NOTFOUND) {
        const char *text = cmc_key_id_text(id, arena);

        rc = cmc_fail(err, rc, NULL, "token '%s' has no private key with the id %s", t->label,
                      text != NULL ? text : "given");
    }
    cmc_arena_free(arena);
    return rc;
}

/* The key of the first certificate that has one. */
static enum cmc_rc by_certs(struct cmc_token *t, const char *nickname,
                            const struct cmc_token_cert *certs, size_t n, struct cmc_arena *arena,
                            EVP_PKEY **out, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_E_NOTFOUND;

    for (size_t i = 0; i < n && rc == CMC_E_NOTFOUND; i++) {
        if (certs[i].id.n > 0)
            rc = cmc_token_key(t, certs[i].id, CMC_SLICE_NONE, arena, out, err);
    }
    if (rc == CMC_E_NOTFOUND)
        rc = cmc_fail(err, rc, NULL, "token '%s' has the certificate '%s', but not its private key",
                      t->label, nickname);
    return rc;
}

enum cmc_rc cmc_token_key_by_nickname(struct cmc_token *t, const char *nickname, EVP_PKEY **out,
                                      struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    struct cmc_token_cert *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc;

    *out = NULL;
    if (arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key in a token");
    rc = cmc_token_certs_by_nickname(t, nickname, arena, &certs, &n, err);
    if (rc == CMC_OK) {
        rc = by_certs(t, nickname, certs, n, arena, out, err);
    } else if (rc == CMC_E_NOTFOUND && !t->nss) {
        struct cmc_err e = {.rc = CMC_OK};
        enum cmc_rc other =
            cmc_token_key(t, CMC_SLICE_NONE, cmc_slice_str(nickname), arena, out, &e);

        /* No key either: then the missing certificate is the better news. */
        if (other != CMC_E_NOTFOUND && err != NULL)
            *err = e;
        if (other != CMC_E_NOTFOUND)
            rc = other;
    }
    cmc_arena_free(arena);
    return rc;
}
