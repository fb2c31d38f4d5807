/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory server as a target of publication: the attributes of RFC 4523, by libldap. A build
 * without libldap has these functions too, and says so.
 */
#ifndef CMC_SERVER_PUBLISH_LDAP_H
#define CMC_SERVER_PUBLISH_LDAP_H

#include "ca/publish.h"

enum cmc_ldap_tls { CMC_LDAP_TLS_REQUIRED, CMC_LDAP_TLS_NONE };

/* All borrowed. */
struct cmc_publish_ldap_rules {
    char *url;           /* ldap://, ldaps:// or ldapi:// */
    bool start_tls;      /* of ldap:// */
    char *ca;            /* trust anchors of the server's certificate, PEM, or NULL: the system's */
    char *bind;          /* DN, or NULL: anonymous or by SASL */
    char *password_file; /* of bind */
    bool external;       /* SASL EXTERNAL */
    char *dn;            /* entry of the CA */
    char *crl_dn;        /* entries of the shards of a CRL, with "{shard}", or NULL */
    char *certificate_dn; /* entries of certificates: "{subject}", or "{cn}" and the like */
    bool create;          /* make entries that are missing */
    unsigned int timeout; /* seconds */
};

/* Was this built with libldap? */
bool cmc_publish_ldap_built(void);
/* Are these DNs ones? Errors: CMC_E_USAGE. */
enum cmc_rc cmc_publish_ldap_check(const struct cmc_publish_ldap_rules *r,
                                   struct cmc_err *err) CMC_MUST_USE;

struct cmc_publish_ldap;
/* rules and crypto are borrowed. No connection is made yet. */
enum cmc_rc cmc_publish_ldap_new(const struct cmc_publish_ldap_rules *rules,
                                 struct cmc_publish_ldap **out, struct cmc_err *err) CMC_MUST_USE;
void cmc_publish_ldap_free(struct cmc_publish_ldap *l);
/* The connection is not kept while there is nothing to do. */
void cmc_publish_ldap_rest(struct cmc_publish_ldap *l);
/* struct cmc_publish_target.put; self is a struct cmc_publish_ldap. */
enum cmc_rc cmc_publish_ldap_put(void *self, const struct cmc_publish_object *o,
                                 struct cmc_err *err);

/*
 * The entry of a certificate: pattern with attributes of the subject filled in, escaped as RFC 4514
 * has it. Into the arena. Errors: CMC_E_REFUSED (the subject has none of that type).
 */
enum cmc_rc cmc_publish_ldap_dn(const char *pattern, struct cmc_slice cert, struct cmc_arena *arena,
                                char **out, struct cmc_err *err) CMC_MUST_USE;

#endif
