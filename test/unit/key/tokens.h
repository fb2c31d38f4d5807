/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for tests, made by their own tools: certutil (NSS) and softhsm2-util. */
#ifndef CMC_TEST_TOKENS_H
#define CMC_TEST_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#define TOKENS_PASSWORD "Secret.123"

/* A directory of this test process alone, for all its tokens. */
struct tokens {
    char dir[64];
    char nss[128]; /* the NSS database */
};

/* NULL, or why the test must be skipped: tools that are absent. */
const char *tokens_missing(void);

/* True when all went well. Tokens are made before the first one is opened. */
bool tokens_setup(struct tokens *t);
void tokens_teardown(struct tokens *t);

/* Run a program (NULL-ended arguments), its output to file or nowhere; true when it exits 0. */
bool tokens_run(const char *file, const char *const args[]);

/* An NSS database in dir (made) with TOKENS_PASSWORD. */
bool tokens_nss_new(const struct tokens *t, const char *dir);
/*
 * A key and certificate in the database: subject "CN=nickname"; issuer: a nickname, or NULL for a
 * self-signed CA with trust "CT,C,C". kind: "rsa" (2048) or "ec" (nistp256). Valid for 24 months
 * that begin `months` from now.
 */
bool tokens_nss_cert(const struct tokens *t, const char *nickname, const char *issuer,
                     const char *kind, int serial, int months);

/* A SoftHSM token, PIN 1234. The environment is set so that SoftHSM finds it. */
bool tokens_softhsm_new(const struct tokens *t, const char *label);
/* Path of SoftHSM's module, NULL when there is none. */
const char *tokens_softhsm_module(void);

#endif
