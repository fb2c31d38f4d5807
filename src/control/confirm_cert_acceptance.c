/* SPDX-License-Identifier: Apache-2.0 */
/* Confirm Certificate Acceptance, RFC 10002 section 6.14. */
#include "asn1/codec.h"
#include "control/cert_ref.h"

/* Dogtag's CMCCertId ::= SEQUENCE { SEQUENCE OF Name, INTEGER }, where one Name stands. */
struct cmc_dogtag_cert_id {
    struct cmc_list names; /* struct cmc_slice, whole TLVs */
    struct cmc_slice serial;
};
static CMC_SEQUENCE_OF("SEQUENCE OF Name", names, cmc_it_name, 1, 1);
static const struct cmc_field f_dogtag_cert_id[] = {
    CMC_FIELD(cmc_dogtag_cert_id, names, "issuer", names),
    CMC_FIELD(cmc_dogtag_cert_id, serial, "serial", cmc_it_serial_number),
};
static CMC_SEQUENCE(cmc_dogtag_cert_id, "CMCCertId", dogtag_cert_id, f_dogtag_cert_id);

enum cmc_rc cmc_confirm_cert_encode(const struct cmc_issuer_serial *ref, bool dogtag,
                                    struct cmc_arena *arena, struct cmc_slice *out,
                                    struct cmc_err *err)
{
    struct cmc_slice name = ref->issuer;
    const struct cmc_dogtag_cert_id id = {.names = {&name, 1}, .serial = ref->serial};

    if (dogtag)
        return cmc_encode_arena(&dogtag_cert_id, &id, arena, out, err);
    return cmc_encode_arena(&cmc_it_issuer_serial, ref, arena, out, err);
}

enum cmc_rc cmc_confirm_cert_decode(struct cmc_slice value, bool dogtag, struct cmc_arena *arena,
                                    struct cmc_issuer_serial *out, struct cmc_err *err)
{
    struct cmc_dogtag_cert_id id = {0};
    struct cmc_list rdns = {0};
    enum cmc_rc rc;

    /* A Name is itself a SEQUENCE OF: what tells is whether its elements are Names or RDNs. */
    if (dogtag && cmc_decode(&dogtag_cert_id, value, arena, &id, NULL) == CMC_OK) {
        struct cmc_slice name = *CMC_AT(struct cmc_slice, id.names, 0);

        if (cmc_decode(&cmc_it_name_rdns, name, arena, &rdns, NULL) == CMC_OK) {
            *out = (struct cmc_issuer_serial){name, id.serial};
            return CMC_OK;
        }
    }
    *out = (struct cmc_issuer_serial){0};
    rc = cmc_decode(&cmc_it_issuer_serial, value, arena, out, err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_name_rdns, out->issuer, arena, &rdns, err);
    return rc;
}
