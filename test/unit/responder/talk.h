/* SPDX-License-Identifier: Apache-2.0 */
/* A client that talks to the authority of a test: the real client functions, without a socket. */
#ifndef CMC_TEST_TALK_H
#define CMC_TEST_TALK_H

#include "../authority.h"

#include "client/client.h"

struct talk {
    struct test_authority *t;
    const struct test_party *signer; /* NULL: key, named by its SKI */
    EVP_PKEY *key;                   /* owned */
    struct cmc_slice csr, spki;
    struct cmc_exchange_state state;
    struct cmc_slice sent, received; /* the last message and its answer */
    struct cmc_answer_view answer;
};

/* A new key, and a request for it with this subject. */
struct talk talk_new(struct test_authority *t, const struct test_party *signer,
                     const char *subject);
void talk_free(struct talk *k);

/* Sign, send, open the answer and check it as a client does. */
void talk_send(struct talk *k, struct cmc_full_request rq);
/* The request for the key. */
void talk_enrol(struct talk *k);
/* The last message once more, octet by octet. */
void talk_again(struct talk *k);

/* There is one status: this one, about this body part (UINT32_MAX: any). Returns it. */
const struct cmc_outcome *talk_expect(const struct talk *k, uint32_t status, int fail_info,
                                      uint32_t body_part);
/* Is a certificate for the key in the answer? */
bool talk_has_cert(const struct talk *k, struct cmc_slice *cert);

/* What the store knows. */
struct cmc_cert_record talk_record(struct test_authority *t, struct cmc_slice cert);
size_t talk_cert_count(struct test_authority *t, const char *subject);
/* The last held request. */
struct cmc_held talk_held(struct test_authority *t);
/* A decision of "admin". */
enum cmc_rc talk_decide(struct test_authority *t, int64_t id, bool approve, const char *by,
                        const char *text);
/* Does an audit record hold both of these? */
bool talk_audited(struct test_authority *t, const char *a, const char *b);

#endif
