/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about serial number, algorithm, validity and key. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/lint_int.h"
#include "ca/profile_int.h"

#define SERIAL_OCTETS_MAX 20u
#define UTCTIME_OCTETS    13u /* YYMMDDHHMMSSZ */
#define GENTIME_OCTETS    15u
#define YEAR_2050         INT64_C(2524608000)
/* RFC 5280 section 4.1.2.5: no well-defined expiration date. */
#define NO_EXPIRY INT64_C(253402300799)

bool lint_version(struct lint *l)
{
    return l->tbs->extensions.n > 0 && l->tbs->version != 2;
}

bool lint_serial_positive(struct lint *l)
{
    struct cmc_slice s = l->tbs->serial;

    return s.n == 0 || (s.p[0] & 0x80u) != 0 || (s.n == 1 && s.p[0] == 0);
}

bool lint_serial_long(struct lint *l)
{
    return l->tbs->serial.n > SERIAL_OCTETS_MAX;
}

bool lint_unique_ids(struct lint *l)
{
    return l->tbs->issuer_uid.p != NULL || l->tbs->subject_uid.p != NULL;
}

bool lint_algorithm(struct lint *l)
{
    const struct cmc_algid *has = &l->tbs->signature;
    struct cmc_algid due = {0};
    bool same;

    if (l->issuer->alg == NULL)
        return false;
    if (cmc_sig_algid(l->issuer->alg, l->arena, &due, NULL) != CMC_OK)
        return true;
    if (due.parameters.p == NULL || has->parameters.p == NULL)
        same = due.parameters.p == has->parameters.p;
    else
        same = cmc_slice_eq(due.parameters, has->parameters);
    return !same || !cmc_slice_eq(due.algorithm, has->algorithm);
}

/* -- validity ---------------------------------------------------------------------------- */

static bool read_time(struct cmc_slice tlv, int64_t *t)
{
    return tlv.n > 2 && cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), t);
}

static bool form_ok(struct cmc_slice tlv)
{
    int64_t t;

    if (!read_time(tlv, &t) || tlv.p[tlv.n - 1] != 'Z')
        return false;
    return t < YEAR_2050 ? tlv.p[0] == CMC_T_UTCTIME && tlv.n == 2 + UTCTIME_OCTETS
                         : tlv.p[0] == CMC_T_GENTIME && tlv.n == 2 + GENTIME_OCTETS;
}

bool lint_time_form(struct lint *l)
{
    return !form_ok(l->tbs->validity.not_before) || !form_ok(l->tbs->validity.not_after);
}

bool lint_time_order(struct lint *l)
{
    int64_t from, to;

    return read_time(l->tbs->validity.not_before, &from) &&
           read_time(l->tbs->validity.not_after, &to) && to < from;
}

bool lint_time_beyond(struct lint *l)
{
    int64_t to;

    return read_time(l->tbs->validity.not_after, &to) && to > l->issuer->not_after &&
           to != NO_EXPIRY;
}

bool lint_time_before(struct lint *l)
{
    int64_t from;

    return read_time(l->tbs->validity.not_before, &from) && from < l->issuer->not_before;
}

/* -- the key ----------------------------------------------------------------------------- */

bool lint_key_syntax(struct lint *l)
{
    return !l->has_spki;
}

bool lint_key_parameters(struct lint *l)
{
    enum demand { NOTHING, A_NULL, A_CURVE, SOMETHING };
    static const struct {
        const struct cmc_slice *oid;
        enum demand demand;
    } kinds[] = {
        {&cmc_oid_rsaEncryption, A_NULL},     {&cmc_oid_id_ecPublicKey, A_CURVE},
        {&cmc_oid_id_Ed25519, NOTHING},       {&cmc_oid_id_Ed448, NOTHING},
        {&cmc_oid_id_X25519, NOTHING},        {&cmc_oid_id_X448, NOTHING},
        {&cmc_oid_dhpublicnumber, SOMETHING},
    };
    const struct cmc_algid *a = &l->spki.algorithm;

    if (!l->has_spki)
        return false;
    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        if (!cmc_slice_eq(*kinds[i].oid, a->algorithm))
            continue;
        switch (kinds[i].demand) {
        case A_NULL:
            return a->parameters.n != 2 || a->parameters.p[0] != CMC_T_NULL;
        case A_CURVE:
            return a->parameters.n < 3 || a->parameters.p[0] != CMC_T_OID;
        case SOMETHING:
            return a->parameters.p == NULL;
        case NOTHING:
        default:
            return a->parameters.p != NULL;
        }
    }
    return false;
}

bool lint_key_bits(struct lint *l)
{
    return l->has_spki && (l->spki.public_key.n < 2 || l->spki.public_key.p[0] != 0);
}

bool lint_key_usage(struct lint *l)
{
    return l->has_usage && l->has_spki &&
           (l->usage & ~cmc_usage_possible(cmc_spki_class(l->tbs->spki.raw, l->arena))) != 0;
}
