/* SPDX-License-Identifier: Apache-2.0 */
/* Get Cert, RFC 10002 section 6.9. */
#include "asn1/codec.h"
#include "control/cert_ref.h"

enum cmc_rc cmc_get_cert_encode(const struct cmc_issuer_serial *ref, bool dogtag,
                                struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    const struct cmc_get_cert gc = {.issuer = {CMC_GN_DIRECTORY, ref->issuer},
                                    .serial = ref->serial};

    if (dogtag)
        return cmc_encode_arena(&cmc_it_issuer_serial, ref, arena, out, err);
    return cmc_encode_arena(&cmc_it_get_cert, &gc, arena, out, err);
}

enum cmc_rc cmc_get_cert_decode(struct cmc_slice value, bool dogtag, struct cmc_arena *arena,
                                struct cmc_issuer_serial *out, struct cmc_err *err)
{
    struct cmc_get_cert gc = {0};
    enum cmc_rc rc;

    *out = (struct cmc_issuer_serial){0};
    if (dogtag && cmc_decode(&cmc_it_issuer_serial, value, arena, out, NULL) == CMC_OK)
        return CMC_OK;
    rc = cmc_decode(&cmc_it_get_cert, value, arena, &gc, err);
    if (rc != CMC_OK)
        return rc;
    if (gc.issuer.which != CMC_GN_DIRECTORY)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_CERT_ID, "RFC 10002 section 6.9",
                             "getCert names its issuer by something else than a directoryName");
    *out = (struct cmc_issuer_serial){gc.issuer.v, gc.serial};
    return CMC_OK;
}
