/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints of the audit chain: a record, signed with the responder's key, that says which
 * record was the last and what its hash was. Who can write to the database can compute a chain
 * anew, but not these; and the log has them too, so that a chain that was cut off is found.
 */
#ifndef CMC_SERVER_CHECKPOINT_H
#define CMC_SERVER_CHECKPOINT_H

#include "crypto/crypto.h"
#include "server/service.h"

struct cmc_checkpoint {
    int64_t seq; /* the last record */
    uint8_t hash[CMC_SHA256_OCTETS];
    struct cmc_slice signer;    /* serial number of the responder's certificate, INTEGER content */
    struct cmc_slice signature; /* over the two */
};

/* Sign the end of the chain as reader sees it: fills *out. key: the responder's. CMC_E_NOTFOUND:
 * there is no record yet. */
enum cmc_rc cmc_checkpoint_make(const struct cmc_crypto *c, struct cmc_reader *reader,
                                struct cmc_slice responder_cert, EVP_PKEY *key,
                                struct cmc_arena *arena, struct cmc_checkpoint *out,
                                struct cmc_err *err) CMC_MUST_USE;

/* As an audit record: a JSON object. Absent (NULL) on lack of memory. */
const char *cmc_checkpoint_json(const struct cmc_checkpoint *p, struct cmc_arena *arena);
/* The other way. False: the record is no checkpoint. Errors: CMC_E_CRYPTO (a damaged one). */
enum cmc_rc cmc_checkpoint_read(const char *json, struct cmc_arena *arena, bool *is_one,
                                struct cmc_checkpoint *out, struct cmc_err *err) CMC_MUST_USE;

/* Does the certificate's key verify it? Errors: CMC_E_CRYPTO. */
enum cmc_rc cmc_checkpoint_verify(const struct cmc_crypto *c, const struct cmc_checkpoint *p,
                                  struct cmc_slice cert, struct cmc_arena *arena,
                                  struct cmc_err *err) CMC_MUST_USE;

#endif
