/* SPDX-License-Identifier: Apache-2.0 */
/* The NSS database (or a token beside it) that a tool works with. */
#ifndef CMC_DOGTAG_DB_H
#define CMC_DOGTAG_DB_H

#include "dogtag/dog.h"
#include "key/token.h"

struct dog_db {
    struct cmc_token *token;    /* where the keys are */
    struct cmc_token *internal; /* the database, when that is another; certificates only */
};

struct dog_db_place {
    const char *dbdir;    /* NULL: "." */
    const char *token;    /* NULL, "internal": the database itself */
    const char *password; /* NULL: no login */
    bool write;
};

enum cmc_rc dog_db_open(struct dog *d, const struct dog_db_place *place,
                        struct dog_db *out) CMC_MUST_USE;
void dog_db_close(struct dog_db *db);

/* A certificate with its key and its chain, the certificate itself first, the root last. */
struct dog_signer {
    EVP_PKEY *key;
    struct cmc_slice cert;
    struct cmc_cert decoded;
    struct cmc_slice *chain;
    size_t nchain;
};

/* Errors: CMC_E_NOTFOUND and those of the token. */
enum cmc_rc dog_db_signer(struct dog *d, struct dog_db *db, const char *nickname,
                          struct dog_signer *out) CMC_MUST_USE;
void dog_signer_clean(struct dog_signer *s);

/* The certificate with a nickname, with or without a key. */
enum cmc_rc dog_db_cert(struct dog *d, struct dog_db *db, const char *nickname,
                        struct cmc_slice *out) CMC_MUST_USE;

/* The private key with an id in Dogtag's notation. The caller frees *out. */
enum cmc_rc dog_db_key(struct dog *d, struct dog_db *db, const char *id,
                       EVP_PKEY **out) CMC_MUST_USE;

/* The first line of a password file. */
enum cmc_rc dog_password_file(struct dog *d, const char *path, const char **out) CMC_MUST_USE;

#endif
