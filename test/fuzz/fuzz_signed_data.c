/* SPDX-License-Identifier: Apache-2.0 */
/* A SignedData and every stage of its verification. A refusal always says what to answer with. */
#include "fuzz.h"

#include "asn1/codec.h"
#include "party.h"

#define ARENA_OCTETS (64u * 1024u * 1024u)

static void promise_reason(enum cmc_rc rc, const struct cmc_err *err)
{
    PROMISE(err->text[0] != '\0');
    PROMISE(rc != CMC_E_BUG);
    PROMISE(rc == CMC_E_MEM || rc == CMC_E_LIMIT || err->fail_info != CMC_FAIL_INFO_NONE);
}

static void verify(const struct cmc_crypto *c, const struct cmc_signed_data *sd, size_t i,
                   struct cmc_arena *arena)
{
    size_t k = cmc_signer_find_cert(sd, i, sd->certs.v, sd->certs.n, arena);
    struct cmc_cert cert = {0};
    EVP_PKEY *key = NULL;
    struct cmc_err err = {0};
    enum cmc_rc rc = cmc_signer_check_digest(c, sd, i, (i & 1) != 0, arena, &err);

    if (rc != CMC_OK)
        promise_reason(rc, &err);
    rc = cmc_signer_check_content_type(sd, i, arena, &err);
    if (rc != CMC_OK)
        promise_reason(rc, &err);
    PROMISE(k == SIZE_MAX || k < sd->certs.n);
    if (k == SIZE_MAX || cmc_decode(&cmc_it_cert, *CMC_AT(const struct cmc_slice, sd->certs, k),
                                    arena, &cert, NULL) != CMC_OK)
        return;
    (void)cmc_cert_ski(&cert, arena);
    rc = cmc_spki_key(c, cert.tbs.spki.raw, &key, &err);
    if (rc != CMC_OK) {
        promise_reason(rc, &err);
        return;
    }
    rc = cmc_signer_check_signature(c, sd, i, key, (i & 1) != 0, arena, &err);
    if (rc != CMC_OK)
        promise_reason(rc, &err);
    EVP_PKEY_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_party *p = fuzz_party();
    struct cmc_arena *arena = cmc_arena_new(ARENA_OCTETS);
    struct cmc_signed_data sd = {0};
    struct cmc_err err = {0};

    PROMISE(arena != NULL);
    if (cmc_signed_data_open(cmc_slice(data, size), arena, &sd, &err) == CMC_OK) {
        if (cmc_is_certs_only(&sd))
            PROMISE(sd.signer_infos.n == 0);
        for (size_t i = 0; i < sd.signer_infos.n; i++)
            verify(p->crypto, &sd, i, arena);
    }
    cmc_arena_free(arena);
    return 0;
}
