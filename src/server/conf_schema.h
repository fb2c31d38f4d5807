/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as it is written: what libcyaml fills from the YAML file by the schema.
 * conf.c checks it and makes the struct cmc_conf of it that the rest of cmcd sees.
 */
#ifndef CMC_SERVER_CONF_SCHEMA_H
#define CMC_SERVER_CONF_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>

/* Where absent differs from 0 the member is a pointer, NULL when absent. */

struct cmc_raw_log {
    int *level;
    int format;
};

struct cmc_raw_limits {
    uint32_t *message;
};

struct cmc_raw_crl {
    char *path, *url;
    char *complete_path, *delta_path, *delta_url;
    uint32_t *hours, *overlap, *shards, *delta, *keep, *keep_days;
};

struct cmc_raw_publish {
    char *directory, *url;
};

struct cmc_raw_target {
    char *name;
    int kind; /* enum cmc_conf_target_kind */
    int *what;
    uint32_t what_count;
    uint32_t *timeout;
    char *directory, *crl_file, *delta_file, *ca_file, *chain_file; /* folder */
    char **command;                                                 /* command */
    uint32_t command_count;
    char *url, *ca, *bind, *password_file, *dn, *crl_dn, *certificate_dn; /* ldap */
    int *tls;                                                             /* enum cmc_ldap_tls */
    int *sasl;                                                            /* enum cmc_raw_sasl */
    bool create;
};
enum cmc_raw_sasl { CMC_RAW_SASL_NONE, CMC_RAW_SASL_EXTERNAL };

struct cmc_raw_responder {
    char *certificate, *key, *passphrase_file;
};

struct cmc_raw_encryption {
    char *certificate, *key, *passphrase_file, *path;
};

struct cmc_raw_officers {
    char **trust;
    uint32_t trust_count;
    int ra_eku; /* enum cmc_raw_demand */
};
enum cmc_raw_demand { CMC_RAW_REQUIRED, CMC_RAW_OPTIONAL };

struct cmc_raw_audit {
    uint32_t *checkpoint;
};

struct cmc_raw_ocsp {
    char *path;
    char *certificate, *key, *passphrase_file;
    uint32_t *minutes;
};

struct cmc_raw_dh_pop {
    char *certificate, *key;
};

struct cmc_raw_authority {
    char *name;
    char *certificate, *key, *passphrase_file;
    char **chain;
    uint32_t chain_count;
    struct cmc_raw_crl *crl;
    struct cmc_raw_publish *publish;
    struct cmc_raw_target *publication;
    uint32_t publication_count;
    char *certificate_path, *chain_path;
    /* In place of those at the top level. */
    struct cmc_raw_responder *responder;
    struct cmc_raw_encryption *encryption;
    struct cmc_raw_officers *officers;
    struct cmc_raw_ocsp *ocsp;
    struct cmc_raw_dh_pop *dh_pop;
};

struct cmc_raw_secrets {
    char *key;
    uint32_t *failures;
};

struct cmc_raw_keep {
    uint32_t *answers, *nonces, *requests;
};

struct cmc_raw_tls {
    char *certificate, *key, *client_ca;
    int client;
};

struct cmc_raw_listener {
    char *address;
    uint16_t port;
    struct cmc_raw_tls *tls;
};

struct cmc_raw_extension {
    char *name, *value;
};

struct cmc_raw_attribute {
    char *type;
    int *from; /* enum cmc_profile_source */
    char *value, *pattern;
    uint32_t *max;
    bool optional;
};

struct cmc_raw_san {
    char **kinds;
    uint32_t kinds_count;
    uint32_t max;
    char **permitted, **excluded, **patterns;
    uint32_t permitted_count, excluded_count, patterns_count;
    bool wildcards, from_cn;
    char *fixed;
};

struct cmc_raw_profile {
    char *name;
    uint32_t *days, *hours;
    char *not_after;
    bool no_expiry, validity_from_request;
    uint32_t *backdate;
    char *signature;
    struct cmc_raw_attribute *subject;
    uint32_t subject_count;
    int other_names; /* enum cmc_raw_other_names */
    struct cmc_raw_san *san;
    char **overridden, **refuse;
    uint32_t overridden_count, refuse_count;
    int pop;      /* enum cmc_pop_rule */
    int identity; /* enum cmc_identity_rule */
    char **keys;
    uint32_t keys_count;
    struct cmc_raw_extension *extensions;
    uint32_t extensions_count;
    char **from_request;
    uint32_t from_request_count;
    int other_extensions; /* enum cmc_raw_other */
    bool empty_subject, require_san, change_subject_name;
    uint32_t approvals;
    uint32_t confirm;
    int key_reuse; /* enum cmc_raw_reuse */
    int archive;   /* enum cmc_raw_archive */
};
enum cmc_raw_reuse { CMC_RAW_REUSE_ALLOW, CMC_RAW_REUSE_REFUSE };
enum cmc_raw_archive { CMC_RAW_ARCHIVE_NONE, CMC_RAW_ARCHIVE_REQUIRED };
enum cmc_raw_other_names { CMC_RAW_NAMES_REFUSE, CMC_RAW_NAMES_DROP };
enum cmc_raw_other { CMC_RAW_OTHER_IGNORE, CMC_RAW_OTHER_REFUSE };

/* A row of `reasons`: a CRLReason, or all of them. */
#define CMC_RAW_REASON_ALL 255

struct cmc_raw_revoke {
    bool *allow;
    uint32_t max, quorum;
    int *reasons;
    uint32_t reasons_count;
    bool mandatory_fields_only, atomic;
};

struct cmc_raw_endpoint {
    char *path, *profile, *authority;
    int *accept; /* enum cmc_request_type */
    uint32_t accept_count;
    int *answer; /* enum cmc_answer_form */
    uint32_t answer_count;
    int officer;   /* enum cmc_raw_officer */
    int *retrieve; /* enum cmc_retrieve */
    bool secrets, renewal, same_key, status_v1, weak, base64;
    bool publish, publish_anchors;
    int compat; /* enum cmc_raw_compat */
    char **profile_ids;
    uint32_t profile_ids_count;
    struct cmc_raw_revoke *revoke;
    uint32_t approvals, confirm, signing_time;
    uint32_t quorum;
    uint32_t *poll;
    int *replay; /* enum cmc_raw_replay */
    char *response_info;
    int pop;      /* enum cmc_pop_rule */
    int identity; /* enum cmc_identity_rule */
    int *ra;      /* CMC_RA_* */
    uint32_t ra_count;
    char **ra_names;
    uint32_t ra_names_count;
};
enum cmc_raw_replay { CMC_RAW_REPLAY_ALLOW, CMC_RAW_REPLAY_REFUSE };
enum cmc_raw_officer { CMC_RAW_OFFICER_REQUIRED, CMC_RAW_OFFICER_OPTIONAL };
enum cmc_raw_compat { CMC_RAW_COMPAT_NONE, CMC_RAW_COMPAT_DOGTAG };

struct cmc_raw_conf {
    char *database;
    uint32_t *workers;
    struct cmc_raw_log *log;
    char *status;
    struct cmc_raw_limits *limits;
    struct cmc_raw_authority *authority; /* one of these two */
    struct cmc_raw_authority *authorities;
    uint32_t authorities_count;
    struct cmc_raw_responder *responder;
    struct cmc_raw_encryption *encryption;
    struct cmc_raw_officers *officers;
    struct cmc_raw_audit *audit;
    struct cmc_raw_ocsp *ocsp;
    struct cmc_raw_secrets *secrets;
    struct cmc_raw_keep *keep;
    struct cmc_raw_dh_pop *dh_pop;
    struct cmc_raw_listener *listen;
    uint32_t listen_count;
    struct cmc_raw_profile *profiles;
    uint32_t profiles_count;
    char **profile_files;
    uint32_t profile_files_count;
    struct cmc_raw_endpoint *endpoints;
    uint32_t endpoints_count;
};

/* A pointer to struct cmc_raw_conf. */
extern const cyaml_schema_value_t cmc_conf_schema;
/* A pointer to struct cmc_raw_profile: a file that holds one. */
extern const cyaml_schema_value_t cmc_conf_profile_schema;

#endif
