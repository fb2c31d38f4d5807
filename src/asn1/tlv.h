/* SPDX-License-Identifier: Apache-2.0 */
/* One tag-length-value, and the turning of BER into DER before anything else looks at it. */
#ifndef CMC_ASN1_TLV_H
#define CMC_ASN1_TLV_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum { CMC_CLASS_UNIVERSAL = 0x00, CMC_CLASS_APPLICATION = 0x40, CMC_CLASS_CONTEXT = 0x80 };
#define CMC_CLASS_MASK  0xc0u
#define CMC_CONSTRUCTED 0x20u

struct cmc_tlv {
    uint8_t cls; /* CMC_CLASS_* */
    bool constructed;
    uint32_t tag;
    struct cmc_slice whole;   /* header and content */
    struct cmc_slice content; /* content octets */
};

/*
 * Read the DER TLV at the start of *in and step over it. Definite minimal lengths and minimal
 * tags only (X.690 section 10.1).
 * Errors: CMC_E_INPUT (says at which octet of *in).
 */
enum cmc_rc cmc_tlv_next(struct cmc_slice *in, struct cmc_tlv *out,
                         struct cmc_err *err) CMC_MUST_USE;

/*
 * Check that in is exactly one well-formed BER value, within the limits of depth and count,
 * and give its form with definite minimal lengths and primitive strings. An input that is so
 * already is returned itself, uncopied; parts of it keep their octets either way. What is
 * inside a primitive OCTET STRING is not touched.
 * *out points into in or into the arena.
 * Errors: CMC_E_INPUT (malformed, truncated, trailing octets), CMC_E_LIMIT, CMC_E_MEM.
 */
enum cmc_rc cmc_ber_to_der(struct cmc_slice in, struct cmc_arena *arena, struct cmc_slice *out,
                           struct cmc_err *err) CMC_MUST_USE;

/*
 * Element number index (from 0) inside the constructed BER value at the start of in, with tag and
 * length as they stand there: for a MAC over what was received. in must have passed
 * cmc_ber_to_der(). Errors: CMC_E_INPUT, CMC_E_NOTFOUND (fewer elements).
 */
enum cmc_rc cmc_ber_element(struct cmc_slice in, size_t index, struct cmc_slice *out,
                            struct cmc_err *err) CMC_MUST_USE;

/*
 * The length of the BER value that starts at in, when its first octets tell: *len is set to 0
 * if more octets are needed, or to the whole length for a definite form. For stream
 * transports (RFC 10003 section 7).
 * Errors: CMC_E_INPUT when in cannot start a value, or is of indefinite length.
 */
enum cmc_rc cmc_ber_frame(struct cmc_slice in, size_t *len, struct cmc_err *err) CMC_MUST_USE;

#define CMC_DER_HEADER_MAX 10
/*
 * Write the header of a value of len content octets forwards, for what is streamed rather than
 * built. first: class, constructed bit and tag number below 31. Returns its octets.
 */
size_t cmc_der_header(uint8_t out[CMC_DER_HEADER_MAX], uint8_t first, size_t len);

#endif
