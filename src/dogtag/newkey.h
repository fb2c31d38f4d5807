/* SPDX-License-Identifier: Apache-2.0 */
/* A key pair in the database and a request for it: PKCS10Client and CRMFPopClient. */
#ifndef CMC_DOGTAG_NEWKEY_H
#define CMC_DOGTAG_NEWKEY_H

#include "dogtag/db.h"
#include "message/request.h"

/* The options that both have. Strings are as given, NULL when not. */
struct dog_newkey_options {
    const char *dbdir, *token, *password;
    const char *algorithm, *curve, *subject, *output;
    const char *length, *temporary, *sensitive, *extractable, *ecdh, *typed;
    bool wrap, verbose;
    bool archive; /* the key is to leave the token: extractable unless -e says otherwise */
};

struct dog_newkey {
    struct dog_db db;
    EVP_PKEY *key;
    const char *id; /* in Dogtag's notation */
    struct cmc_slice subject;
    struct cmc_extension ski; /* ready to be asked for */
    const struct cmc_sig_alg *alg;
};

/* "true" or "false". option is for the error. */
enum cmc_rc dog_switch(struct dog *d, const char *option, const char *text, bool unsaid,
                       bool *out) CMC_MUST_USE;

/*
 * Check the options, open the database and make the key pair. crmf: names as CRMFPopClient
 * writes them, and EC keys that are temporary unless -t false says otherwise.
 */
enum cmc_rc dog_newkey(struct dog *d, const struct dog_newkey_options *o, bool crmf,
                       struct dog_newkey *out) CMC_MUST_USE;
void dog_newkey_clean(struct dog_newkey *k);

/* Write OUTPUT.keyId. */
enum cmc_rc dog_newkey_write_id(struct dog *d, const struct dog_newkey *k,
                                const char *output) CMC_MUST_USE;

#endif
