/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed a message and whether each stage of verification passes. */
#ifndef CMC_TOOL_CHECK_H
#define CMC_TOOL_CHECK_H

#include "asn1/cmc.h"
#include "cms/signed_data.h"
#include "tool/tool.h"

struct tool_stage {
    enum cmc_rc rc;
    struct cmc_err err; /* when rc is not CMC_OK */
};

struct tool_check {
    struct tool_stage digest, content_type, signature;
    struct cmc_slice cert;                /* of the signer, whole DER; or absent */
    bool own_key;                         /* signed with the key of a request inside (by its SKI) */
    uint32_t request_id;                  /* of which one */
    struct cmc_slice issuer, serial, ski; /* what the SignerInfo names */
    const char *digest_alg;               /* names, never NULL */
    const char *signature_alg;
};

/* Check SignerInfo i with the certificates of the message and ncerts others. */
void tool_check_signer(struct tool *t, const struct cmc_signed_data *sd, size_t i,
                       const struct cmc_slice *certs, size_t ncerts, bool allow_weak,
                       struct tool_check *out);

/* Does a certification request prove that its key is held? OK, or why not. */
enum cmc_rc tool_check_pop(struct tool *t, const struct cmc_tagged_request *tr, bool allow_weak,
                           struct cmc_err *err) CMC_MUST_USE;

/* An OID as name or dotted, in the arena. */
const char *tool_oid(struct tool *t, struct cmc_slice oid);

#endif
