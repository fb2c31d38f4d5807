/* SPDX-License-Identifier: Apache-2.0 */
/* Where to send, whom to trust, and what to tell about the answer. */
#ifndef CMC_TOOL_EXCHANGE_H
#define CMC_TOOL_EXCHANGE_H

#include "client/client.h"
#include "tool/tool.h"

/* -- sending ----------------------------------------------------------------------------- */

struct tool_net_options {
    const char *url, *tls_ca, *tls_cert, *tls_key, *tls_pass;
    unsigned int timeout;
    bool verbose;
};

#define TOOL_NET_ROWS(T, m)                                                                        \
    CMC_OPTION("url", 'u', STRING, "URL", T, m.url, "the server's endpoint, http: or https:"),     \
        CMC_OPTION("timeout", 0, UINT, "SECONDS", T, m.timeout, "give up after this long (30)"),   \
        CMC_OPTION("tls-ca", 0, STRING, "FILE", T, m.tls_ca,                                       \
                   "trusted CAs (PEM) of the server's TLS certificate (the\n"                      \
                   "system's otherwise)"),                                                         \
        CMC_OPTION("tls-cert", 0, STRING, "URI", T, m.tls_cert,                                    \
                   "TLS client certificate (with its chain)"),                                     \
        CMC_OPTION("tls-key", 0, STRING, "URI", T, m.tls_key, "its key"),                          \
        CMC_OPTION("tls-pass", 0, STRING, "FILE", T, m.tls_pass,                                   \
                   "first line of FILE is the passphrase of that key"),                            \
        CMC_OPTION("verbose", 'v', FLAG, NULL, T, m.verbose,                                       \
                   "say on standard error what is sent and what comes back")

#define TOOL_TYPE_CMC    "application/pkcs7-mime; smime-type=CMC-Request"
#define TOOL_TYPE_PKCS10 "application/pkcs10"

/* "cmc", "certs-only" or "pkix-cert" to a media type for Accept. Errors: CMC_E_USAGE. */
enum cmc_rc tool_accept(struct tool *t, const char *answer, const char **accept) CMC_MUST_USE;

/* Errors: CMC_E_USAGE without --url. */
enum cmc_rc tool_net_check(struct tool *t, const struct tool_net_options *o) CMC_MUST_USE;
/*
 * One POST; the reply's body is in the arena. An HTTP error is an error, unless its body is a Full
 * PKI Response that refuses: what it says is worth more.
 */
enum cmc_rc tool_net_post(struct tool *t, const struct tool_net_options *o, const char *type,
                          const char *accept, struct cmc_slice body,
                          struct cmc_transport_reply *reply) CMC_MUST_USE;

/* -- trusting ---------------------------------------------------------------------------- */

struct tool_trust_options {
    struct cmc_option_list trust;
    bool no_trust, no_eku;
};

#define TOOL_TRUST_ROWS(T, m)                                                                      \
    CMC_OPTION("trust", 'T', LIST, "FILE", T, m.trust,                                             \
               "trusted CA certificates: the answer must lead to one of\n"                         \
               "them (may be repeated)"),                                                          \
        CMC_OPTION("no-trust", 0, FLAG, NULL, T, m.no_trust,                                       \
                   "do not check who signed the answer"),                                          \
        CMC_OPTION("no-eku", 0, FLAG, NULL, T, m.no_eku, "accept a responder without id-kp-cmcCA")

/* *trust is NULL after --no-trust. Errors: CMC_E_USAGE when neither is given. */
enum cmc_rc tool_trust_load(struct tool *t, const struct tool_trust_options *o,
                            struct cmc_trust *store, const struct cmc_trust **trust) CMC_MUST_USE;

/* -- the answer -------------------------------------------------------------------------- */

/* "success", "pending", "failed" and the exit code for a CMCStatus. */
const char *tool_status_word(uint32_t status);
int tool_status_exit(uint32_t status);
/* The exit code of a whole answer: TOOL_TRY_LATER only where nothing is refused for good. */
int tool_answer_exit(const struct cmc_answer_view *answer);

/*
 * cmc_answer_open() for a command: an answer that is not to be believed ends the run with
 * TOOL_NOT_TRUSTED.
 */
enum cmc_rc tool_answer_open(struct tool *t, struct cmc_slice body,
                             const struct cmc_exchange_state *state, const struct cmc_trust *trust,
                             struct cmc_answer_view *out) CMC_MUST_USE;

/*
 * Say on standard error what the server did not do, each status that is not success, and what is
 * to be done about it. Returns the exit code of the answer.
 */
int tool_say_refusals(struct tool *t, const struct cmc_answer_view *answer);

/* The outcome that names this body part, or the whole request, worst first; NULL: success. */
const struct cmc_outcome *tool_outcome_of(const struct cmc_answer_view *answer, uint32_t id);

/*
 * Write the self-signed certificates of an answer to a file for the user to judge, and say so.
 * They do not become trusted by that (selfsigned.c).
 */
enum cmc_rc tool_save_self_signed(struct tool *t, const struct cmc_answer_view *answer,
                                  const char *path) CMC_MUST_USE;

/* What an exchange remembers, out of a request that was sent: to check an answer to it later. */
enum cmc_rc tool_state_of(struct tool *t, struct cmc_slice request,
                          struct cmc_exchange_state *state) CMC_MUST_USE;

/* -- JSON -------------------------------------------------------------------------------- */

struct json_t;
/* [{"status": "failed", "failInfo": "badRequest", "bodyParts": [3], "text": ".."}, ..] */
struct json_t *tool_json_outcomes(const struct cmc_answer_view *answer);
/* {"subject": "..", "issuer": "..", "serial": "..", ..}; file (may be NULL) is added. */
struct json_t *tool_json_cert(struct tool *t, struct cmc_slice der, const char *file);
/* Print an object (taken over; NULL is out of memory) on one line. */
enum cmc_rc tool_json_print(struct tool *t, struct json_t *object) CMC_MUST_USE;

#endif
