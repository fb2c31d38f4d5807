/* SPDX-License-Identifier: Apache-2.0 */
/* The certification requests of one message, each with its key where that is at hand. */
#ifndef CMC_TOOL_ITEMS_H
#define CMC_TOOL_ITEMS_H

#include "client/chain.h"
#include "client/client.h"
#include "tool/input.h"
#include "tool/secret.h"

struct tool_item {
    struct cmc_slice der; /* CertificationRequest or CertReqMsg */
    struct cmc_request rq;
    EVP_PKEY *key;         /* or NULL */
    struct cmc_slice cert; /* what it came to, or absent */
    struct cmc_chain chain;
};

/* In the order of the message: the PKCS#10 requests, then the CRMF ones. */
struct tool_items {
    struct tool_item *v;
    size_t n, npkcs10;
};

#define TOOL_REQUEST_KEY_ROW(T, member)                                                            \
    CMC_OPTION("request-key", 0, LIST, "URI", T, member,                                           \
               "the key of a certification request: to link it to a\n"                             \
               "secret, to answer a challenge (may be repeated)")

/* Read back what is sent: its keys are what the answer must certify. */
enum cmc_rc tool_items_make(struct tool *t, const struct tool_csrs *csrs,
                            struct tool_items *out) CMC_MUST_USE;
/* The same from a message that was sent before, in its order. */
enum cmc_rc tool_items_sent(struct tool *t, const struct cmc_exchange_state *state,
                            struct tool_items *out) CMC_MUST_USE;
void tool_items_clean(struct tool_items *items);

/* Take over a key, which goes to the requests that are for it. Errors: CMC_E_USAGE (none is). */
enum cmc_rc tool_items_key(struct tool *t, struct tool_items *items, const char *name,
                           EVP_PKEY *key) CMC_MUST_USE;
/* Load the keys of these URIs; pass as elsewhere: a file, or NULL to ask. */
enum cmc_rc tool_items_keys(struct tool *t, struct tool_items *items,
                            const struct cmc_option_list *uris, const char *pass) CMC_MUST_USE;

/*
 * What the options did not say about linking the requests to the secret: by hash where each can be
 * signed anew. self: the first request's key signs the message.
 * Errors: CMC_E_USAGE with the clause, where nothing would link a request to the secret.
 */
enum cmc_rc tool_items_link(struct tool *t, const struct tool_items *items, bool self,
                            struct tool_secret *secret) CMC_MUST_USE;

/* The requests, their keys and the secret into a message; arrays in the arena. */
enum cmc_rc tool_items_fill(struct tool *t, const struct tool_items *items,
                            const struct tool_secret *secret,
                            struct cmc_full_request *rq) CMC_MUST_USE;

/* The keys in the order of the requests, for cmc_second_trip(). */
enum cmc_rc tool_items_get_keys(struct tool *t, const struct tool_items *items,
                                EVP_PKEY ***out) CMC_MUST_USE;

#endif
