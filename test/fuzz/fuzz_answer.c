/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server answers, as the client reads it. Octet 0 of the input says what the rest is: a
 * whole answer, or a PKIResponse that is signed here by somebody the client trusts.
 */
#include "fuzz.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"
#include "party.h"

#define ARENA_OCTETS (64u * 1024u * 1024u)

static void look(const struct cmc_answer_view *a)
{
    PROMISE(a->certs != NULL || a->ncerts == 0);
    PROMISE(a->outcomes != NULL || a->noutcomes == 0);
    for (size_t i = 0; i < a->noutcomes; i++)
        PROMISE(a->outcomes[i].nbody_parts > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_party *p = fuzz_party();
    struct cmc_arena *arena = cmc_arena_new(ARENA_OCTETS);
    const struct cmc_trust trust = {
        .anchors = &p->cert, .nanchors = 1, .no_eku = true, .now = 1790000000};
    struct cmc_exchange_state state = {.has_nonce = true, .sender_nonce = "0123456789abcde"};
    struct cmc_answer_view answer = {0};
    struct cmc_err err = {0};
    struct cmc_slice body, cert, spki;
    enum cmc_rc rc;

    PROMISE(arena != NULL);
    if (size == 0)
        goto out;
    body = cmc_slice(data + 1, size - 1);
    if ((data[0] & 1) != 0)
        body = fuzz_sign(cmc_oid_id_cct_PKIResponse, body, arena);
    if ((data[0] & 8) != 0)
        state.transaction_id = CMC_SLICE_LIT("\x01");
    rc = cmc_answer_open(p->crypto, body, (data[0] & 2) != 0 ? &state : NULL,
                         (data[0] & 4) != 0 ? &trust : NULL, arena, &answer, &err);
    PROMISE(rc != CMC_E_BUG);
    if (rc != CMC_OK) {
        PROMISE(err.text[0] != '\0');
        goto out;
    }
    look(&answer);
    PROMISE(cmc_key_spki(p->key, arena, &spki, &err) == CMC_OK);
    rc = cmc_answer_cert(p->crypto, &answer, spki, (data[0] & 4) != 0 ? &trust : NULL, arena, &cert,
                         &err);
    PROMISE(rc != CMC_E_BUG);
out:
    cmc_arena_free(arena);
    return 0;
}
