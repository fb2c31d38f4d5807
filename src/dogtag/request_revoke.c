/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation by CMCRequest: signed, or with the shared secret in the message. */
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "dogtag/dn.h"
#include "dogtag/request.h"
#include "dogtag/text.h"

static void warn_ignored(const struct dog_request *rq)
{
    static const char *const ignored[] = {"identification.enable", "identityProofV2.enable",
                                          "identityProof.enable", "transactionMgt.enable",
                                          "popLinkWitnessV2.enable"};

    for (size_t i = 0; i < CMC_COUNT(ignored); i++) {
        if (dog_config_on(rq->cfg, ignored[i]))
            dog_warn(rq->d, "%s is ignored in a revocation", ignored[i]);
    }
}

static enum cmc_rc reason(struct dog_request *rq, uint32_t *out)
{
    const char *name = NULL;
    int code;
    enum cmc_rc rc = dog_config_want(rq->d, rq->cfg, "revRequest.reason",
                                     "the reason, such as keyCompromise", &name);

    if (rc != CMC_OK)
        return rc;
    code = dog_reason(name);
    if (code < 0)
        return dog_usage(rq->d,
                         "Unrecognized CRL reason: %s; want unspecified, keyCompromise, "
                         "caCompromise, affiliationChanged, superseded, cessationOfOperation, "
                         "certificateHold or removeFromCRL",
                         name);
    *out = (uint32_t)code;
    return CMC_OK;
}

/* Who issued the certificate: the signer's issuer, or as the configuration says. */
static enum cmc_rc issuer(struct dog_request *rq, bool signed_, struct cmc_slice *out)
{
    const char *text = NULL;
    enum cmc_rc rc;

    if (signed_) {
        *out = rq->signer.decoded.tbs.issuer;
        return CMC_OK;
    }
    rc = dog_config_want(rq->d, rq->cfg, "revRequest.issuer", "needed with revRequest.sharedSecret",
                         &text);
    return rc == CMC_OK ? dog_dn(rq->d, text, DOG_DN_UTF8, out) : rc;
}

enum cmc_rc dog_request_revoke(struct dog_request *rq, bool *signed_)
{
    const char *secret = dog_config_get(rq->cfg, "revRequest.sharedSecret");
    const char *comment = dog_config_get(rq->cfg, "revRequest.comment");
    const char *serial = NULL;
    struct cmc_revoke_request rr = {0};
    enum cmc_rc rc;

    *signed_ = secret == NULL || *secret == '\0';
    warn_ignored(rq);
    if (*signed_ && rq->signer.key == NULL)
        return dog_usage(rq->d, "revRequest.sharedSecret is empty and no 'nickname' is there to "
                                "sign with; give one of them");
    rc = dog_config_want(rq->d, rq->cfg, "revRequest.serial",
                         "the serial number of the certificate to be revoked", &serial);
    if (rc == CMC_OK)
        rc = dog_serial(rq->d, "revRequest.serial", serial, true, &rr.serial);
    if (rc == CMC_OK)
        rc = reason(rq, &rr.reason);
    if (rc == CMC_OK)
        rc = issuer(rq, *signed_, &rr.issuer);
    if (rc != CMC_OK)
        return rc;
    if (dog_config_on(rq->cfg, "revRequest.invalidityDatePresent"))
        rr.invalidity_date = cmc_gentime(rq->d->arena, (int64_t)time(NULL));
    if (!*signed_)
        rr.passphrase = cmc_slice_str(secret);
    if (comment != NULL && *comment != '\0')
        rr.comment = cmc_slice_str(comment);
    return cmc_control_add(rq->d->arena, &rq->body.controls, dog_request_id(rq),
                           cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &rr, &rq->d->err);
}
