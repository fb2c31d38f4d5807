/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certification requests of every form, their keys and proofs of possession. Octet 0 of the
 * input says the form: 0 PKCS#10, 1 CRMF, 2 an element of reqSequence.
 */
#include "fuzz.h"

#include "asn1/codec.h"
#include "message/body.h"
#include "message/request.h"
#include "party.h"

#define ARENA_OCTETS (64u * 1024u * 1024u)

static enum cmc_rc read_request(uint8_t form, struct cmc_slice in, struct cmc_arena *arena,
                                struct cmc_request *rq, struct cmc_err *err)
{
    struct cmc_tagged_request *tr;
    enum cmc_rc rc;

    if (form % 3 == 0)
        return cmc_request_from_pkcs10(in, arena, rq, err);
    if (form % 3 == 1)
        return cmc_request_from_crmf(in, arena, rq, err);
    tr = cmc_arena_alloc(arena, sizeof *tr);
    PROMISE(tr != NULL);
    rc = cmc_decode(&cmc_it_tagged_request, in, arena, tr, err);
    if (rc != CMC_OK) {
        err->fail_info = CMC_FAIL_BAD_REQUEST;
        return rc;
    }
    rc = cmc_request_from_tagged(tr, arena, rq, err);
    if (tr->which == CMC_TR_ORM) {
        PROMISE(rc == CMC_E_REFUSED && err->fail_info == CMC_FAIL_INFO_NONE);
        err->fail_info = CMC_FAIL_BAD_REQUEST;
    }
    if (rc == CMC_OK)
        PROMISE(rq->body_part_id == cmc_tagged_request_id(tr));
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_party *p = fuzz_party();
    struct cmc_arena *arena = cmc_arena_new(ARENA_OCTETS);
    struct cmc_request rq = {0};
    struct cmc_err err = {.fail_info = CMC_FAIL_INFO_NONE};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc;

    PROMISE(arena != NULL);
    if (size > 0) {
        rc = read_request(data[0], cmc_slice(data + 1, size - 1), arena, &rq, &err);
        if (rc == CMC_OK) {
            PROMISE(rq.subject.n >= 2 && rq.spki.n > 2);
            (void)cmc_name_eq(rq.subject, rq.spki);
            rc = cmc_spki_key(p->crypto, rq.spki, &key, &err);
        }
        if (rc == CMC_OK)
            rc = cmc_request_check_pop(p->crypto, &rq, key, false, arena, &err);
        PROMISE(rc != CMC_E_BUG);
        PROMISE(rc == CMC_OK || rc == CMC_E_MEM || rc == CMC_E_LIMIT ||
                err.fail_info != CMC_FAIL_INFO_NONE);
        EVP_PKEY_free(key);
    }
    cmc_arena_free(arena);
    return 0;
}
