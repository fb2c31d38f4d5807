/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AuthenticatedData, RFC 5652 section 9, as RFC 10002 section 3.2 uses it: a random MAC key that a
 * shared secret wraps (PasswordRecipientInfo), authenticated attributes always. Whoever knows the
 * secret can make one: it says that one of the two wrote it, not which.
 */
#ifndef CMC_CMS_AUTHENTICATED_DATA_H
#define CMC_CMS_AUTHENTICATED_DATA_H

#include "asn1/cms.h"
#include "crypto/crypto.h"

/* Rounds of PBKDF2 where nobody says otherwise. */
#define CMC_PASSWORD_ROUNDS 100000u

/*
 * What RFC 10002 section 3.2 derives the key of: the identifier in UTF-8, then the shared secret.
 * (The identity proof of section 6.2.3 has them the other way round.) Into the arena.
 */
enum cmc_rc cmc_shared_password(struct cmc_slice identifier, struct cmc_slice secret,
                                struct cmc_arena *arena, struct cmc_slice *out,
                                struct cmc_err *err) CMC_MUST_USE;

/* What an AuthenticatedData is made of. All borrowed. */
struct cmc_mac_content {
    struct cmc_slice type;         /* content type OID */
    struct cmc_slice content;      /* octets of the eContent */
    struct cmc_slice password;     /* see cmc_shared_password() */
    uint32_t rounds;               /* of PBKDF2; 0: CMC_PASSWORD_ROUNDS */
    const char *mac;               /* NULL: "hmac-sha256" */
    const struct cmc_slice *certs; /* whole DERs for originatorInfo */
    size_t ncerts;
    const struct cmc_slice *crls;
    size_t ncrls;
};

/*
 * A ContentInfo holding AuthenticatedData, into the arena. Errors: CMC_E_USAGE (no such MAC),
 * CMC_E_CRYPTO, CMC_E_MEM.
 */
enum cmc_rc cmc_authenticated_data_create(const struct cmc_crypto *c,
                                          const struct cmc_mac_content *what,
                                          struct cmc_arena *arena, struct cmc_content_info *out,
                                          struct cmc_err *err) CMC_MUST_USE;

/*
 * Decode a ContentInfo that must hold AuthenticatedData. Structure only; nothing is verified, and
 * out->encap.content may be read to learn whose secret is meant.
 * Errors: CMC_E_INPUT with badRequest, CMC_E_LIMIT, CMC_E_MEM.
 */
enum cmc_rc cmc_authenticated_data_read(const struct cmc_content_info *ci, struct cmc_arena *arena,
                                        struct cmc_authenticated_data *out,
                                        struct cmc_err *err) CMC_MUST_USE;

/*
 * Verify: the attributes fit the content, and the MAC is right under the key that the password
 * gives. The MAC is computed and compared in any case, so that a wrong password and a wrong MAC
 * take the same time and get the same error.
 * Errors: CMC_E_CRYPTO with badMessageCheck (does not verify), CMC_E_REFUSED with badAlg,
 * CMC_E_INPUT with badMessageCheck (attributes missing or malformed, no PasswordRecipientInfo).
 */
enum cmc_rc cmc_authenticated_data_check(const struct cmc_crypto *c,
                                         const struct cmc_authenticated_data *ad,
                                         struct cmc_slice password, bool allow_weak,
                                         struct cmc_arena *arena, struct cmc_err *err) CMC_MUST_USE;

#endif
