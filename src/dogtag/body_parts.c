/* SPDX-License-Identifier: Apache-2.0 */
/* What the tools put into a message when the user does not say. */
#include <openssl/evp.h>
#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "dogtag/request.h"
#include "dogtag/text.h"

#define NONCE_OCTETS 32
#define MD5_OCTETS   16

enum cmc_rc dog_nonce(struct dog *d, bool rfc, struct cmc_slice *out)
{
    uint8_t random[NONCE_OCTETS];
    struct cmc_buf b;
    enum cmc_rc rc = cmc_random(d->crypto, random, sizeof random, &d->err);

    cmc_buf_init(&b, 4 * NONCE_OCTETS);
    if (rfc)
        cmc_buf_add(&b, random, sizeof random);
    else
        dog_base64(&b, cmc_slice(random, sizeof random));
    if (rc == CMC_OK)
        *out = cmc_arena_slice(d->arena, cmc_buf_get0(&b));
    if (rc == CMC_OK && (!cmc_buf_ok(&b) || out->p == NULL))
        rc = dog_no_memory(d);
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc dog_add_nonce(struct dog *d, struct cmc_pkidata *body, uint32_t id, bool rfc)
{
    struct cmc_slice nonce = CMC_SLICE_NONE;
    enum cmc_rc rc = dog_nonce(d, rfc, &nonce);

    if (rc == CMC_OK)
        rc = cmc_control_add(d->arena, &body->controls, id, cmc_oid_id_cmc_senderNonce,
                             &cmc_it_nonce, &nonce, &d->err);
    return rc;
}

enum cmc_rc dog_transaction_id(struct dog *d, struct cmc_slice der, struct cmc_slice *out)
{
    struct cmc_spki spki = {0};
    unsigned char md[MD5_OCTETS];
    size_t n = 0;
    enum cmc_rc rc = cmc_decode(&cmc_it_spki, der, d->arena, &spki, &d->err);

    if (rc != CMC_OK)
        return rc;
    /* An identifier, not a security function. */
    if (EVP_Q_digest(cmc_crypto_get0_libctx(d->crypto), "MD5", NULL, spki.public_key.p + 1,
                     spki.public_key.n - 1, md, &n) != 1)
        return cmc_fail_openssl(&d->err, CMC_E_CRYPTO,
                                "no MD5 to make a transactionId with; set transactionMgt.id");
    *out = cmc_int_from_magnitude(d->arena, cmc_slice(md, n));
    return out->p != NULL ? CMC_OK : dog_no_memory(d);
}

int dog_reason(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } reasons[] = {
        {"unspecified", 0},        {"keyCompromise", 1}, {"caCompromise", 2},
        {"affiliationChanged", 3}, {"superseded", 4},    {"cessationOfOperation", 5},
        {"certificateHold", 6},    {"removeFromCRL", 8},
    };

    for (size_t i = 0; i < CMC_COUNT(reasons); i++) {
        if (strcasecmp(reasons[i].name, name) == 0)
            return reasons[i].code;
    }
    return -1;
}

void dog_request_say(struct cmc_slice message, const char *path)
{
    struct cmc_buf b;
    const char *text;

    cmc_buf_init(&b, 2u * CMC_LIMIT_FILE_OCTETS);
    dog_base64(&b, message);
    text = cmc_buf_cstr(&b);
    /* Scripts look for these two lines. */
    dog_say("\nThe CMC enrollment request in base-64 encoded format:\n\n%s\n",
            text != NULL ? text : "");
    dog_say("\nThe CMC enrollment request in binary format is stored in %s\n", path);
    cmc_buf_free(&b);
}
