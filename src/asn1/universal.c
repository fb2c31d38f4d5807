/* SPDX-License-Identifier: Apache-2.0 */
/* The universal types of X.680 that the modules are made of. */
#include "asn1/item.h"

#define PRIM(var, asn1, tagno)                                                                     \
    const struct cmc_item var = {.name = asn1,                                                     \
                                 .kind = CMC_K_PRIM,                                               \
                                 .universal = tagno,                                               \
                                 .size = sizeof(struct cmc_slice),                                 \
                                 .raw = CMC_NO_RAW}

const struct cmc_item cmc_it_any = {
    .name = "ANY", .kind = CMC_K_ANY, .size = sizeof(struct cmc_slice), .raw = CMC_NO_RAW};
const struct cmc_item cmc_it_boolean = {.name = "BOOLEAN",
                                        .kind = CMC_K_BOOLEAN,
                                        .universal = CMC_T_BOOLEAN,
                                        .size = sizeof(bool),
                                        .raw = CMC_NO_RAW};
const struct cmc_item cmc_it_uint32 = {.name = "INTEGER",
                                       .kind = CMC_K_UINT32,
                                       .universal = CMC_T_INTEGER,
                                       .size = sizeof(uint32_t),
                                       .raw = CMC_NO_RAW};
const struct cmc_item cmc_it_enumerated = {.name = "ENUMERATED",
                                           .kind = CMC_K_UINT32,
                                           .universal = CMC_T_ENUMERATED,
                                           .size = sizeof(uint32_t),
                                           .raw = CMC_NO_RAW};
PRIM(cmc_it_integer, "INTEGER", CMC_T_INTEGER);
PRIM(cmc_it_bit_string, "BIT STRING", CMC_T_BIT_STRING);
PRIM(cmc_it_octet_string, "OCTET STRING", CMC_T_OCTET_STRING);
PRIM(cmc_it_null, "NULL", CMC_T_NULL);
PRIM(cmc_it_oid, "OBJECT IDENTIFIER", CMC_T_OID);
PRIM(cmc_it_utf8, "UTF8String", CMC_T_UTF8);
PRIM(cmc_it_ia5, "IA5String", CMC_T_IA5);
PRIM(cmc_it_printable, "PrintableString", CMC_T_PRINTABLE);
PRIM(cmc_it_gentime, "GeneralizedTime", CMC_T_GENTIME);
PRIM(cmc_it_utctime, "UTCTime", CMC_T_UTCTIME);
CMC_SEQUENCE_OF("SEQUENCE OF ANY", cmc_it_seq_any, cmc_it_any, 0, 0);
CMC_SET_OF("SET OF ANY", cmc_it_set_any, cmc_it_any, 0, 0);
