/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes after the first answer: asking again for a request that waits (RFC 10002 section
 * 6.13), and accepting or rejecting a certificate (section 6.14). What it takes lies in a file
 * between two runs of cmc.
 */
#ifndef CMC_TOOL_FOLLOW_UP_H
#define CMC_TOOL_FOLLOW_UP_H

#include "client/chain.h"
#include "tool/exchange.h"
#include "tool/input.h"
#include "tool/protect.h"

struct tool_follow {
    /* where to, whom to trust, who asks; signer_cert NULL: the key of the request itself */
    struct tool_net_options net;
    struct tool_trust_options trust_options;
    const char *signer_cert, *signer_key, *signer_pass;
    const char *sid;
    /* what was encrypted stays so; a signature stands for a MAC, since the secret may have been
     * for one use */
    struct tool_protect_options protect;
    /* of the request */
    struct cmc_pending pending; /* no token: a certificate waits for its confirmation */
    struct cmc_slice spki;
    struct cmc_slice ski;  /* that names the request's key */
    struct cmc_slice cert; /* issued, and not confirmed yet */
    const char *cert_out, *chain_out;
    /* loaded; borrowed */
    EVP_PKEY *key;
    const struct cmc_slice *certs; /* of the signer; NULL: the key of the request */
    size_t ncerts;
    const struct cmc_trust *trust;
    struct tool_protection *protection; /* tool_protect_clean() is the caller's */
};

/* Does the answer ask for more than that it be read? */
bool tool_follow_wanted(const struct cmc_answer_view *answer);
/* Take from an answer what the next step needs. body_part: of the request. CMC_E_INPUT. */
enum cmc_rc tool_follow_take(struct tool *t, struct tool_follow *f,
                             const struct cmc_answer_view *answer,
                             const struct cmc_exchange_state *state,
                             uint32_t body_part) CMC_MUST_USE;

/*
 * Ask for a request that waits: once, or until it is decided or `wait` seconds are over, never
 * twice before the time that the server told. *outcome is what the last answer says of it.
 */
enum cmc_rc tool_follow_poll(struct tool *t, struct tool_follow *f, unsigned int wait,
                             struct cmc_answer_view *answer,
                             const struct cmc_outcome **outcome) CMC_MUST_USE;
/* Sleep until the next question is due. False: that would be after the deadline. */
bool tool_follow_sleep(const struct tool_follow *f, int64_t deadline);
/*
 * Is the certificate that was asked for in the answer? Its key and its chain are looked at;
 * *chain is the chain.
 */
enum cmc_rc tool_follow_check(struct tool *t, struct tool_follow *f,
                              const struct cmc_answer_view *answer,
                              struct cmc_chain *chain) CMC_MUST_USE;
/* Accept the certificate, or reject it for this reason. */
enum cmc_rc tool_follow_confirm(struct tool *t, struct tool_follow *f, const char *reject,
                                struct cmc_answer_view *answer) CMC_MUST_USE;

/* follow_file.c */
/* The file. Names of files in it are made absolute. Nobody but its owner may read it. */
enum cmc_rc tool_follow_save(struct tool *t, const struct tool_follow *f,
                             const char *path) CMC_MUST_USE;
enum cmc_rc tool_follow_load(struct tool *t, const char *path, struct tool_follow *f) CMC_MUST_USE;
/* Where it goes when nobody says: beside the certificate. NULL: no memory. */
const char *tool_follow_path(struct tool *t, const struct tool_follow *f);

/* Load what `protect` names into `protection`, with the key that opens the answer. */
enum cmc_rc tool_follow_protect(struct tool *t, struct tool_follow *f) CMC_MUST_USE;
/* poll, confirm: load keys and anchors that the file names. tool_signer_clean() is due. */
enum cmc_rc tool_follow_arm(struct tool *t, struct tool_follow *f, struct tool_signer *signer,
                            struct cmc_trust *store) CMC_MUST_USE;
/* Write certificate and chain where the file says. */
enum cmc_rc tool_follow_write(struct tool *t, const struct tool_follow *f,
                              const struct cmc_chain *chain) CMC_MUST_USE;

#endif
