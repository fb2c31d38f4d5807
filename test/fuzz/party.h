/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody with a key and a certificate, always the same, for fuzz targets that need signatures. */
#ifndef CMC_TEST_FUZZ_PARTY_H
#define CMC_TEST_FUZZ_PARTY_H

#include "cms/signed_data.h"

struct fuzz_party {
    struct cmc_crypto *crypto;
    EVP_PKEY *key; /* Ed25519 from a fixed seed: quick, and its signatures are reproducible */
    struct cmc_slice cert;
};

/* Made at the first call, for the life of the process; aborts when it cannot be. */
const struct fuzz_party *fuzz_party(void);

/* content of this type in a SignedData that the party signed, into the arena. */
struct cmc_slice fuzz_sign(struct cmc_slice type, struct cmc_slice content,
                           struct cmc_arena *arena);

#endif
