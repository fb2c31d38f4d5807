/* SPDX-License-Identifier: Apache-2.0 */
/* Officers: whose signature counts, for what, and who may change that. store.h includes this. */
#ifndef CMC_STORE_OFFICER_H
#define CMC_STORE_OFFICER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define CMC_SHA256_OCTETS 32

struct cmc_store;
struct cmc_reader;

enum {
    CMC_ROLE_ENROLL = 1,
    CMC_ROLE_REVOKE = 2,
    CMC_ROLE_RA =
        4, /* may use the controls of a registration authority, where an endpoint says so */
    CMC_ROLE_APPROVE = 8, /* may approve what is held, by a signature over the same PKIData */
    CMC_ROLE_AUDIT = 16,  /* has the audit log exported; where there is one, nobody else may */
    CMC_ROLE_ADMIN = 32   /* orders changes of officers; where there is one, nobody else may */
};

/* "enroll,revoke" to flags and back. Parse: CMC_E_USAGE names the unknown role. */
enum cmc_rc cmc_roles_parse(const char *text, unsigned int *roles,
                            struct cmc_err *err) CMC_MUST_USE;
/* Into buf; returns buf. */
#define CMC_ROLES_TEXT_SIZE 64
const char *cmc_roles_text(unsigned int roles, char *buf, size_t size);

struct cmc_officer {
    int64_t id;
    const char *name;
    unsigned int roles;                     /* CMC_ROLE_* */
    const char *profiles;                   /* names with a comma between; NULL: any */
    const char *names;                      /* a name space, an entry a line; NULL: any */
    uint8_t cert_digest[CMC_SHA256_OCTETS]; /* SHA-256 of the certificate */
    struct cmc_slice cert;                  /* whole DER */
    int64_t added_at;
};

enum cmc_officer_act { CMC_OFFICER_ADD, CMC_OFFICER_MODIFY, CMC_OFFICER_REMOVE };

/* By whose order an officer is changed: what the audit record keeps of it. The store believes it;
 * who calls has verified the signature. */
struct cmc_officer_order {
    const char *admin;                       /* name of the officer */
    uint8_t admin_digest[CMC_SHA256_OCTETS]; /* of the certificate whose key signed */
    const char *text;                        /* what was signed */
    int64_t after; /* the audit record that it was given behind: older than the last change of an
                      officer, and it is used up */
    struct cmc_slice certificate, signature;
};

struct cmc_officer_change {
    enum cmc_officer_act act;
    struct cmc_officer officer;       /* as it is to be; to remove: the name alone */
    const struct cmc_officer *before; /* not to add: as it was read */
    int64_t at;
    const struct cmc_officer_order *order; /* or NULL */
    bool recover; /* no admin can sign any more, as the caller has found: none is asked for */
};

/*
 * One change, durable on return, with an audit record that holds what was and what is, and the
 * order. Errors: CMC_E_CONFLICT (name or certificate is registered; the officer is not as in
 * before any more), CMC_E_NOTFOUND, CMC_E_REFUSED: there is an officer with the role admin, and
 * the order is not that of one; or none would be left.
 */
enum cmc_rc cmc_store_officer_change(struct cmc_store *s, const struct cmc_officer_change *ch,
                                     struct cmc_err *err) CMC_MUST_USE;
/* The same without an order. remove: whatever it is like now. */
enum cmc_rc cmc_store_officer_add(struct cmc_store *s, const struct cmc_officer *o,
                                  struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_store_officer_remove(struct cmc_store *s, const char *name, int64_t at,
                                     struct cmc_err *err) CMC_MUST_USE;

/* By the digest of its certificate, or by its name; CMC_E_NOTFOUND. */
enum cmc_rc cmc_reader_officer(struct cmc_reader *r, const uint8_t digest[CMC_SHA256_OCTETS],
                               struct cmc_arena *arena, struct cmc_officer *out,
                               struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_reader_officer_named(struct cmc_reader *r, const char *name,
                                     struct cmc_arena *arena, struct cmc_officer *out,
                                     struct cmc_err *err) CMC_MUST_USE;
/* Each officer in order of name; stops when fn returns other than CMC_OK and gives that back. */
enum cmc_rc cmc_reader_officers(struct cmc_reader *r,
                                enum cmc_rc (*fn)(void *arg, const struct cmc_officer *o),
                                void *arg, struct cmc_err *err) CMC_MUST_USE;

#endif
