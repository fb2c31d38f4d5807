/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates for tests, made by OpenSSL and not by what is tested. */
#ifndef CMC_TEST_PKI_H
#define CMC_TEST_PKI_H

#include <openssl/evp.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

struct pki_cert {
    EVP_PKEY *key;
    struct cmc_slice der; /* in the arena */
    const char *cn;
};

/* An extension as openssl.cnf writes it: {"keyUsage", "critical,digitalSignature"}. */
struct pki_ext {
    const char *name, *value;
};

EVP_PKEY *pki_key(void); /* a new P-256 key, by the default library context */

/*
 * A certificate for key (taken over), valid from not_before to not_after (seconds from now);
 * issuer NULL: self-signed. exts is ended by {NULL, NULL}.
 */
struct pki_cert pki_make(struct cmc_arena *arena, const char *cn, EVP_PKEY *key,
                         const struct pki_cert *issuer, long not_before, long not_after,
                         const struct pki_ext *exts);
void pki_free(struct pki_cert *c);

/* What the certificates of most tests have. */
extern const struct pki_ext pki_ca_exts[], pki_responder_exts[], pki_ee_exts[];

#endif
