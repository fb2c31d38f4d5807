/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted and Decrypted POP, RFC 10002 section 6.7: what is computed from the challenge. */
#include <openssl/crypto.h>

#include "control/proof_int.h"

#define CLAUSE     "RFC 10002 section 6.7"
#define KEY_OCTETS 64u

static enum cmc_rc pop_failed(struct cmc_err *err, const char *text)
{
    return cmc_fail_info(err, CMC_E_CRYPTO, CMC_FAIL_POP_FAILED, CLAUSE, "%s", text);
}

/* [10002-6.7-u4, 10004-5.1-w] */
enum cmc_rc cmc_encrypted_pop_check(const struct cmc_crypto *c, const struct cmc_encrypted_pop *ep,
                                    struct cmc_slice y, struct cmc_err *err)
{
    const struct cmc_digest_alg *d = NULL;
    uint8_t md[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = cmc_proof_digest(&ep->witness_alg, false, &d, err);

    if (rc == CMC_OK)
        rc = cmc_digest(c, d->id, y, md, &n, err);
    if (rc == CMC_OK && !cmc_proof_eq(ep->witness, md, n))
        rc = pop_failed(err, "what was decrypted is not the challenge: its witness does not fit");
    return rc;
}

/* [10002-6.7-u8, 10004-5.1-x] */
enum cmc_rc cmc_decrypted_pop(const struct cmc_crypto *c, const struct cmc_mac_alg *mac,
                              struct cmc_slice y, struct cmc_slice tagged_request,
                              uint8_t out[CMC_DIGEST_MAX], size_t *n, struct cmc_err *err)
{
    if (y.n > KEY_OCTETS)
        y.n = KEY_OCTETS;
    return cmc_hmac(c, mac, y, tagged_request, out, n, err);
}

enum cmc_rc cmc_decrypted_pop_check(const struct cmc_crypto *c, const struct cmc_mac_alg *mac,
                                    struct cmc_slice y, struct cmc_slice tagged_request,
                                    struct cmc_slice pop, struct cmc_err *err)
{
    uint8_t want[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = cmc_decrypted_pop(c, mac, y, tagged_request, want, &n, err);

    if (rc == CMC_OK && !cmc_proof_eq(pop, want, n))
        rc = pop_failed(err, "the answer to the challenge is wrong");
    return rc;
}
