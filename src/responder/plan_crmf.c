/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registration controls of RFC 4211 inside of a CRMF request. CMC has controls of its own for
 * most of them: RFC 10002 section 3.2.1.2.2, RFC 10004 section 5.3.
 */
#include "asn1/oids.h"
#include "responder/responder_int.h"

static const struct {
    const struct cmc_slice *oid;
    const char *text;
} refused[] = {
    /* [10004-5.3-a] */
    {&cmc_oid_id_regCtrl_regToken,
     "regToken must not be used in CMC; prove identity by identityProofV2"},
    {&cmc_oid_id_regCtrl_authenticator,
     "authenticator must not be used in CMC; prove identity by identityProofV2"},
    /* [10004-5.3-u1] */
    {&cmc_oid_id_regCtrl_oldCertID,
     "oldCertID is not used in CMC; sign with the old certificate, or send a revokeRequest"},
    {&cmc_oid_id_regCtrl_protocolEncrKey,
     "protocolEncrKey is not used in CMC; the answer is not encrypted to it"},
};

/*
 * Of a control that is not refused here nothing is done: pkiPublicationInfo has no effect, whether
 * publishCert stands beside it or not ([10002-3.2.1.2.2-d]); of pkiArchiveOptions the profile
 * speaks.
 */
enum cmc_rc cmc_plan_crmf_controls(const struct cmc_request *rq, struct cmc_err *err)
{
    for (size_t i = 0; i < rq->controls.n; i++) {
        const struct cmc_atv *c = CMC_AT(const struct cmc_atv, rq->controls, i);

        for (size_t k = 0; k < CMC_COUNT(refused); k++) {
            if (cmc_slice_eq(c->type, *refused[k].oid))
                return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST,
                                     "RFC 10004 section 5.3", "%s", refused[k].text);
        }
    }
    return CMC_OK;
}

/* The list is the request's own copy; its octets in the message stay as they are. */
void cmc_plan_crmf_no_archive(struct cmc_request *rq)
{
    size_t kept = 0;

    for (size_t i = 0; i < rq->controls.n; i++) {
        struct cmc_atv *c = CMC_AT(struct cmc_atv, rq->controls, i);

        if (!cmc_slice_eq(c->type, cmc_oid_id_regCtrl_pkiArchiveOptions))
            *CMC_AT(struct cmc_atv, rq->controls, kept++) = *c;
    }
    rq->controls.n = kept;
}
