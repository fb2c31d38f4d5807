/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two controls that name a certificate by issuer and serial number, each of which Dogtag
 * writes in a way of its own (it needs it so, and cannot read the RFC's): getCert with a bare
 * Name for the GeneralName, confirmCertAcceptance with one SEQUENCE too many around the Name.
 */
#ifndef CMC_CONTROL_CERT_REF_H
#define CMC_CONTROL_CERT_REF_H

#include "asn1/cmc.h"
#include "base/arena.h"
#include "base/err.h"

/*
 * Encode the value of a getCert (RFC 10002 section 6.9) or confirmCertAcceptance (section 6.14)
 * control; ref holds a Name and a serial number. dogtag: in Dogtag's form.
 */
enum cmc_rc cmc_get_cert_encode(const struct cmc_issuer_serial *ref, bool dogtag,
                                struct cmc_arena *arena, struct cmc_slice *out,
                                struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_confirm_cert_encode(const struct cmc_issuer_serial *ref, bool dogtag,
                                    struct cmc_arena *arena, struct cmc_slice *out,
                                    struct cmc_err *err) CMC_MUST_USE;

/*
 * Read a value (whole TLV): the RFC's form, and Dogtag's too when dogtag is set.
 * Errors: CMC_E_INPUT; CMC_E_REFUSED with failInfo badCertId for a getCert whose GeneralName is
 * no directoryName.
 */
enum cmc_rc cmc_get_cert_decode(struct cmc_slice value, bool dogtag, struct cmc_arena *arena,
                                struct cmc_issuer_serial *out, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_confirm_cert_decode(struct cmc_slice value, bool dogtag, struct cmc_arena *arena,
                                    struct cmc_issuer_serial *out,
                                    struct cmc_err *err) CMC_MUST_USE;

#endif
