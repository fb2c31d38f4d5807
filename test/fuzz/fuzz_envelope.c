/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EnvelopedData, AuthEnvelopedData and AuthenticatedData from outside, opened with one key and one
 * shared secret. Octet 0: 0 for a ContentInfo as it comes; 1 for content that is protected here in
 * each way and must come back as it was; 2 for a ContentInfo whose PasswordRecipientInfo may ask
 * for work (so that a fuzzer may leave it out).
 *
 * Promises: what is made here opens again; a refusal has a text, and nothing is given out with it.
 */
#include "fuzz.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"
#include "cms/enveloped_data.h"
#include "party.h"

#define ARENA_OCTETS (64u * 1024u * 1024u)
#define FEW_ROUNDS   1000u

static const uint8_t seed[32] = "the fuzz targets' only X25519!!";
static const struct cmc_slice password = {(const uint8_t *)"alicesixteen or more characters", 31};

static EVP_PKEY *own_key(void)
{
    static EVP_PKEY *key;

    if (key == NULL)
        key = EVP_PKEY_new_raw_private_key_ex(cmc_crypto_get0_libctx(fuzz_party()->crypto),
                                              "X25519", NULL, seed, sizeof seed);
    PROMISE(key != NULL);
    return key;
}

static void promise_reason(enum cmc_rc rc, const struct cmc_err *err)
{
    PROMISE(rc != CMC_E_BUG && rc != CMC_E_USAGE);
    PROMISE(err->text[0] != '\0');
}

static void open_envelope(const struct cmc_content_info *ci, const struct cmc_cms_recipient *who,
                          struct cmc_arena *arena)
{
    struct cmc_slice type = CMC_SLICE_NONE, content = CMC_SLICE_NONE;
    struct cmc_err err = {0};
    enum cmc_rc rc = cmc_envelope_open(fuzz_party()->crypto, ci, who, arena, &type, &content, &err);

    if (rc == CMC_OK) {
        PROMISE(content.p != NULL && type.p != NULL);
        return;
    }
    promise_reason(rc, &err);
    PROMISE(content.p == NULL);
}

static void open_mac(const struct cmc_content_info *ci, bool work, struct cmc_arena *arena)
{
    struct cmc_authenticated_data ad;
    struct cmc_err err = {0};
    enum cmc_rc rc = cmc_authenticated_data_read(ci, arena, &ad, &err);

    if (rc == CMC_OK && work)
        rc = cmc_authenticated_data_check(fuzz_party()->crypto, &ad, password, false, arena, &err);
    if (rc != CMC_OK)
        promise_reason(rc, &err);
}

static void as_it_comes(struct cmc_slice der, bool work, struct cmc_arena *arena)
{
    const struct cmc_cms_recipient key = {.key = own_key()}, secret = {.password = password},
                                   named = {.key = own_key(), .cert = fuzz_party()->cert};
    struct cmc_content_info ci = {0};

    if (cmc_decode(&cmc_it_content_info, der, arena, &ci, NULL) != CMC_OK)
        return;
    open_envelope(&ci, &key, arena);
    open_envelope(&ci, &named, arena);
    if (work)
        open_envelope(&ci, &secret, arena);
    open_mac(&ci, work, arena);
}

static void there_and_back(struct cmc_slice octets, struct cmc_arena *arena)
{
    const struct cmc_crypto *c = fuzz_party()->crypto;
    const struct cmc_envelope_to to[] = {{.key = own_key(), .serial = 1},
                                         {.password = password, .rounds = FEW_ROUNDS}};
    const struct cmc_cms_recipient who[] = {{.key = own_key()}, {.password = password}};
    const struct cmc_mac_content what = {.type = cmc_oid_id_cct_PKIData,
                                         .content = octets,
                                         .password = password,
                                         .rounds = FEW_ROUNDS};
    struct cmc_authenticated_data ad;
    struct cmc_content_info ci;

    for (int form = 0; form < 2; form++) {
        const struct cmc_envelope how = {.to = to, .nto = 2, .authenticated = form == 1};

        PROMISE(cmc_envelope_make(c, &how, cmc_oid_id_signedData, octets, arena, &ci, NULL) ==
                CMC_OK);
        for (size_t i = 0; i < 2; i++) {
            struct cmc_slice type, content;

            PROMISE(cmc_envelope_open(c, &ci, &who[i], arena, &type, &content, NULL) == CMC_OK);
            PROMISE(cmc_slice_eq(content, octets) && cmc_slice_eq(type, cmc_oid_id_signedData));
        }
    }
    PROMISE(cmc_authenticated_data_create(c, &what, arena, &ci, NULL) == CMC_OK);
    PROMISE(cmc_authenticated_data_read(&ci, arena, &ad, NULL) == CMC_OK);
    PROMISE(cmc_slice_eq(ad.encap.content, octets));
    PROMISE(cmc_authenticated_data_check(c, &ad, password, false, arena, NULL) == CMC_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cmc_arena *arena = cmc_arena_new(ARENA_OCTETS);

    PROMISE(arena != NULL);
    if (size > 0 && data[0] % 3 == 1)
        there_and_back(cmc_slice(data + 1, size - 1), arena);
    else if (size > 0)
        as_it_comes(cmc_slice(data + 1, size - 1), data[0] % 3 == 2, arena);
    cmc_arena_free(arena);
    return 0;
}
