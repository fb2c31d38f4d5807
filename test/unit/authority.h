/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole authority for tests, in a temporary folder: CA, responder, officers, store. Made with
 * the project's own profiles, so nothing here is another way of making certificates.
 */
#ifndef CMC_TEST_AUTHORITY_H
#define CMC_TEST_AUTHORITY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ca/ca.h"
#include "cms/signed_data.h"
#include "responder/responder.h"

#define TEST_NOW 1790000000 /* 2026-09-21T14:13:20Z */

struct test_party {
    EVP_PKEY *key;
    struct cmc_slice cert; /* in the authority's arena */
};

struct test_authority {
    char dir[64];
    struct cmc_arena *arena;
    struct cmc_crypto *crypto;
    struct cmc_store *store;
    struct cmc_ca_shared *shared;
    struct cmc_ca *ca;
    struct cmc_responder *responder;
    struct test_party root, resp, officer; /* officer: registered, roles enroll and revoke */
    struct cmc_endpoint_rules rules;
    struct cmc_ca_params crl; /* its crl_ members, if there are hours, from the next restart on */
    int64_t later;            /* seconds after TEST_NOW that it is */
};

/* Begin anew with what the store holds, as after a restart. */
void test_authority_restart(struct test_authority *t);

/*
 * Profiles: "ee" (TLS server, SAN from the request), "other" (the same without SAN), "ra"
 * (id-kp-cmcRA), "all" (everything from the request, name changes), "unique" (a key once),
 * "archive" (demands what nobody here can).
 *
 * key_type as EVP_PKEY_Q_keygen takes it: "EC" with "P-256", "RSA" with NULL (2048). */
struct test_authority *test_authority_new(const char *key_type, const char *curve);
void test_authority_free(struct test_authority *t);

EVP_PKEY *test_key(struct test_authority *t, const char *type, const char *param);
/* A PKCS#10 for the key with this subject and SAN text (may be NULL). */
struct cmc_slice test_csr(struct test_authority *t, EVP_PKEY *key, const char *subject,
                          const char *san);
/* A certificate of this CA under a profile, stored. */
struct test_party test_party_new(struct test_authority *t, const char *profile,
                                 const char *subject);
/* The same for a key of any kind, which is taken over. The profile "dual" has keyUsage for all. */
struct test_party test_party_keyed(struct test_authority *t, const char *profile,
                                   const char *subject, EVP_PKEY *key);
void test_party_free(struct test_party *p);
void test_officer_add(struct test_authority *t, const char *name, const struct test_party *p,
                      unsigned int roles);

/* Register a shared secret with this value; s has the rest. The authority takes 5 failures. */
#define TEST_FAILURES 5
void test_secret_add(struct test_authority *t, struct cmc_secret s, const char *value);
/* The secret as it stands now; found by name whatever it is for. */
struct cmc_secret test_secret(struct test_authority *t, const char *name);

/* What came back from one exchange; octets are copied into the authority's arena. */
struct test_reply {
    unsigned int http_status;
    char content_type[128];
    struct cmc_slice body;
    bool again;
};
/* Send body to the rules' endpoint and wait for the answer, retrying as responder.h says. */
struct test_reply test_send(struct test_authority *t, enum cmc_request_type type,
                            struct cmc_slice body, enum cmc_answer_form form);

#endif
