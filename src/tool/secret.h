/* SPDX-License-Identifier: Apache-2.0 */
/* A shared secret as enroll, request and revoke take it from the command line. */
#ifndef CMC_TOOL_SECRET_H
#define CMC_TOOL_SECRET_H

#include "client/proof.h"
#include "tool/tool.h"

struct tool_secret_options {
    const char *identification, *file, *key;
    const char *proof, *link, *compat;
    bool proof_v1, hardware_token;
};

#define TOOL_SECRET_ROWS(T, m)                                                                     \
    CMC_OPTION("identification", 'i', STRING, "NAME", T, m.identification,                         \
               "whose shared secret it is"),                                                       \
        CMC_OPTION("secret-file", 0, STRING, "FILE", T, m.file,                                    \
                   "first line of FILE is the shared secret that proves who\n"                     \
                   "asks (\"-\": standard input)"),                                                \
        CMC_OPTION("secret-key", 0, STRING, "URI", T, m.key,                                       \
                   "where FILE holds a Dogtag shared token: the key that it\n"                     \
                   "is encrypted to"),                                                             \
        CMC_OPTION("proof", 0, STRING, "ALGS", T, m.proof,                                         \
                   "digest and MAC of identityProofV2, as\n"                                       \
                   "sha384:hmac-sha384 (sha256:hmac-sha256)"),                                     \
        CMC_OPTION("proof-v1", 0, FLAG, NULL, T, m.proof_v1,                                       \
                   "send identityProof (SHA-1) in place of identityProofV2;\n"                     \
                   "with --proof both"),                                                           \
        CMC_OPTION("pop-link", 0, STRING, "HOW", T, m.link,                                        \
                   "link each request to the secret: hash, pbkdf2,\n"                              \
                   "pbkdf2:ROUNDS, a digest and MAC as with --proof, v1\n"                         \
                   "(SHA-1) or none (hash, where the keys are at hand)"),                          \
        CMC_OPTION("hardware-token", 0, FLAG, NULL, T, m.hardware_token,                           \
                   "the secret is what a hardware token shows now: it is\n"                        \
                   "the identification too"),                                                      \
        CMC_OPTION("compat", 0, STRING, "PEER", T, m.compat,                                       \
                   "rfc (the default) or dogtag: proofs and revocations in\n"                      \
                   "the form that Dogtag's CA wants")

/* What the options come to. */
struct tool_secret {
    struct cmc_shared_secret proof; /* the secret stands in the arena, which is wiped */
    bool given;                     /* any of it is to be sent */
    bool link_said;                 /* --pop-link was given, be it "none" */
    bool dogtag;
};

/* Do the options go together? Nothing is read. Errors: CMC_E_USAGE. */
enum cmc_rc tool_secret_check(struct tool *t, const struct tool_secret_options *o) CMC_MUST_USE;
/* The same, and read the secret. */
enum cmc_rc tool_secret_load(struct tool *t, const struct tool_secret_options *o,
                             struct tool_secret *out) CMC_MUST_USE;

/* "rfc" (NULL too) or "dogtag". */
enum cmc_rc tool_compat(struct tool *t, const char *text, bool *dogtag) CMC_MUST_USE;

/*
 * The secret in the first line of a file: UTF-8, not empty, within the limits. A Dogtag shared
 * token is opened with the key that key_uri names. Errors: CMC_E_USAGE, CMC_E_LOCAL, CMC_E_CRYPTO.
 */
enum cmc_rc tool_secret_read(struct tool *t, const char *path, const char *key_uri,
                             struct cmc_slice *out) CMC_MUST_USE;

#endif
