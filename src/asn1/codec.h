/* SPDX-License-Identifier: Apache-2.0 */
/* The one decoder and the one encoder, both driven by the tables of item.h. */
#ifndef CMC_ASN1_CODEC_H
#define CMC_ASN1_CODEC_H

#include "asn1/item.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * Decode exactly one value of type it from in (BER or DER) into *out, a zeroed C value of
 * it->size octets. Nothing may follow the value. Slices in *out point into in, or into the
 * arena when in was not DER; both must outlive *out.
 * Errors: CMC_E_INPUT (names the type and field), CMC_E_LIMIT, CMC_E_MEM.
 */
enum cmc_rc cmc_decode(const struct cmc_item *it, struct cmc_slice in, struct cmc_arena *arena,
                       void *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * The same for a part of what cmc_decode() has read before, whole TLV, which is checked and in DER
 * form already: the content of a ContentInfo, say, but not what is inside an OCTET STRING.
 */
enum cmc_rc cmc_decode_part(const struct cmc_item *it, struct cmc_slice part,
                            struct cmc_arena *arena, void *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * Append the DER encoding of the C value to out. SET OF elements are put in DER order, except
 * where a raw slice is set, which is written as it is.
 * Errors: CMC_E_BUG (a mandatory field is absent), CMC_E_LIMIT (out is full), CMC_E_MEM.
 */
enum cmc_rc cmc_encode(const struct cmc_item *it, const void *value, struct cmc_buf *out,
                       struct cmc_err *err) CMC_MUST_USE;

/* As cmc_encode(), into the arena. */
enum cmc_rc cmc_encode_arena(const struct cmc_item *it, const void *value, struct cmc_arena *arena,
                             struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/* -- making values ----------------------------------------------------------------------- */

/*
 * Append n zeroed elements to a list (which keeps its old ones) and return the first new one,
 * or NULL when out of memory. it is the list type. A list grown so is present even when empty
 * (n == 0).
 */
void *cmc_list_add(struct cmc_arena *arena, const struct cmc_item *it, struct cmc_list *list,
                   size_t n);

/* Content octets of a non-negative INTEGER; absent on lack of memory. */
struct cmc_slice cmc_int_from_u64(struct cmc_arena *arena, uint64_t v);
/* Content octets of the INTEGER whose magnitude is these octets (leading zeros are dropped). */
struct cmc_slice cmc_int_from_magnitude(struct cmc_arena *arena, struct cmc_slice magnitude);
/* Read a non-negative INTEGER of at most 64 bit. False: negative, too long, or absent. */
bool cmc_int_get_u64(struct cmc_slice content, uint64_t *v);

/* True when the BIT STRING content has the bit (0 = first) set. */
bool cmc_bits_get(struct cmc_slice content, unsigned int bit);

/*
 * The character that s starts with: returns its octets and sets *cp, or returns 0 when they are
 * not UTF-8 (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF) or s is empty.
 */
size_t cmc_utf8_next(struct cmc_slice s, uint32_t *cp);

/* -- times ------------------------------------------------------------------------------- */

/* Seconds since 1970 of a DER UTCTime or GeneralizedTime content. False: malformed. */
bool cmc_time_parse(uint16_t universal, struct cmc_slice content, int64_t *t);
/* Content of a GeneralizedTime "YYYYMMDDHHMMSSZ"; 15 octets. Absent on lack of memory or year. */
struct cmc_slice cmc_gentime(struct cmc_arena *arena, int64_t t);
/* Whole TLV of an RFC 5280 Time: UTCTime through 2049, GeneralizedTime later. */
struct cmc_slice cmc_time_tlv(struct cmc_arena *arena, int64_t t);

/* -- object identifiers ------------------------------------------------------------------ */

/* Dotted form into buf (always terminated; truncated if it does not fit). Returns buf. */
const char *cmc_oid_text(struct cmc_slice oid, char *buf, size_t size);
/* Content octets of a dotted OID into buf; returns the slice, absent when malformed. */
struct cmc_slice cmc_oid_parse(const char *dotted, uint8_t *buf, size_t size);
/* The field's name of an OID ("id-cmc-statusInfoV2", "sha256", ...), or NULL. Static. */
const char *cmc_oid_name(struct cmc_slice oid);

/* -- text -------------------------------------------------------------------------------- */

/*
 * Print a value as indented text, one field a line, names as in the RFC, following open types
 * down to the last field. indent is in columns.
 * Errors: CMC_E_MEM.
 */
enum cmc_rc cmc_item_print(const struct cmc_item *it, const void *value, struct cmc_arena *arena,
                           unsigned int indent, struct cmc_buf *out,
                           struct cmc_err *err) CMC_MUST_USE;

/* An X.501 Name (whole DER) as RFC 4514 text, most specific last as in openssl's "CN = x" order:
 * "C=SE, O=Example, CN=alice". Unprintable octets are escaped. Appends to out. */
void cmc_name_print(struct cmc_slice name, struct cmc_buf *out);

#endif
