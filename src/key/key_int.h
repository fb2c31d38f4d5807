/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of src/key share among themselves. */
#ifndef CMC_KEY_KEY_INT_H
#define CMC_KEY_KEY_INT_H

#include "key/key.h"

/* Octets of a passphrase with its NUL. */
#define CMC_PASSPHRASE_MAX 1024

/* One passphrase, fetched when it is first needed and kept until cmc_pass_clean(). */
struct cmc_pass {
    const struct cmc_passphrase *from; /* may be NULL */
    const char *what;                  /* what it opens, for the prompt */
    bool asked;                        /* somebody needed it */
    bool have;
    size_t n;
    char text[CMC_PASSPHRASE_MAX];
    struct cmc_err err; /* why it could not be had, when asked && !have */
};

/* Fetch it. False: there is none, and pass->err says why. */
bool cmc_pass_get(struct cmc_pass *pass);
/* A pem_password_cb for OpenSSL; u is a struct cmc_pass. */
int cmc_pass_callback(char *buf, int size, int rwflag, void *u);
void cmc_pass_clean(struct cmc_pass *pass);

/* The path that a URI names. Errors: CMC_E_USAGE for a scheme that we do not do. */
enum cmc_rc cmc_uri_path(const char *uri, const char **path, struct cmc_err *err) CMC_MUST_USE;

/*
 * Open octets as PKCS#12. *key, and for certs != NULL each certificate, is the caller's.
 * CMC_E_NOTFOUND: this is no PKCS#12 at all. Others: CMC_E_USAGE (passphrase), CMC_E_INPUT.
 */
struct stack_st_X509;
enum cmc_rc cmc_pkcs12_open(const struct cmc_crypto *c, struct cmc_slice data,
                            struct cmc_pass *pass, EVP_PKEY **key, struct stack_st_X509 **certs,
                            struct cmc_err *err) CMC_MUST_USE;

#endif
