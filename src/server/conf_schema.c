/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of cmcd.yaml. Each key here has its paragraph in cmcd.conf(5). */
#include "server/conf_schema.h"

#include "base/limit.h"
#include "base/log.h"
#include "responder/responder.h"
#include "server/conf.h"

#define NEED     CYAML_FLAG_DEFAULT
#define MAYBE    CYAML_FLAG_OPTIONAL
#define LIST     CYAML_FLAG_POINTER
#define TEXT_MAX 4096
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A text, and one of some words. */
#define FIELD_TEXT(key, flags, type, member)                                                       \
    CYAML_FIELD_STRING_PTR(key, flags, type, member, 1, TEXT_MAX)
#define FIELD_WORD(key, flags, type, member, words)                                                \
    CYAML_FIELD_ENUM(key, (flags) | CYAML_FLAG_STRICT, type, member, words, COUNT(words))
#define FIELD_WORD_PTR(key, flags, type, member, words)                                            \
    CYAML_FIELD_ENUM_PTR(key, (flags) | CYAML_FLAG_STRICT, type, member, words, COUNT(words))
#define ENTRY_WORD(words)                                                                          \
    {                                                                                              \
        CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, int, words, COUNT(words))                              \
    }

/* What a list may hold at most where base/limit.h has no name for it. */
#define FEW 64

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, TEXT_MAX)};

/* -- log, limits ------------------------------------------------------------------------- */

static const cyaml_strval_t log_levels[] = {
    {"error", CMC_LOG_ERROR},
    {"warning", CMC_LOG_WARNING},
    {"info", CMC_LOG_INFO},
    {"debug", CMC_LOG_DEBUG},
};
static const cyaml_strval_t log_formats[] = {
    {"text", CMC_LOG_TEXT},
    {"json", CMC_LOG_JSON},
};
static const cyaml_schema_field_t log_fields[] = {
    FIELD_WORD_PTR("level", MAYBE, struct cmc_raw_log, level, log_levels),
    FIELD_WORD("format", MAYBE, struct cmc_raw_log, format, log_formats),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t limits_fields[] = {
    CYAML_FIELD_UINT_PTR("message", MAYBE, struct cmc_raw_limits, message),
    CYAML_FIELD_END,
};

/* -- who signs --------------------------------------------------------------------------- */

static const cyaml_schema_field_t crl_fields[] = {
    FIELD_TEXT("path", MAYBE, struct cmc_raw_crl, path),
    FIELD_TEXT("url", MAYBE, struct cmc_raw_crl, url),
    CYAML_FIELD_UINT_PTR("hours", MAYBE, struct cmc_raw_crl, hours),
    CYAML_FIELD_UINT_PTR("overlap", MAYBE, struct cmc_raw_crl, overlap),
    CYAML_FIELD_UINT_PTR("shards", MAYBE, struct cmc_raw_crl, shards),
    FIELD_TEXT("complete-path", MAYBE, struct cmc_raw_crl, complete_path),
    CYAML_FIELD_UINT_PTR("delta", MAYBE, struct cmc_raw_crl, delta),
    FIELD_TEXT("delta-path", MAYBE, struct cmc_raw_crl, delta_path),
    FIELD_TEXT("delta-url", MAYBE, struct cmc_raw_crl, delta_url),
    CYAML_FIELD_UINT_PTR("keep", MAYBE, struct cmc_raw_crl, keep),
    CYAML_FIELD_UINT_PTR("keep-days", MAYBE, struct cmc_raw_crl, keep_days),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t publish_fields[] = {
    FIELD_TEXT("directory", NEED, struct cmc_raw_publish, directory),
    FIELD_TEXT("url", MAYBE, struct cmc_raw_publish, url),
    CYAML_FIELD_END,
};

static const cyaml_strval_t target_kinds[] = {
    {"folder", CMC_TARGET_FOLDER},
    {"ldap", CMC_TARGET_LDAP},
    {"command", CMC_TARGET_COMMAND},
};
static const cyaml_strval_t publish_kinds[] = {
    {"crl", CMC_PUBLISH_CRL},           {"delta", CMC_PUBLISH_DELTA},
    {"chain", CMC_PUBLISH_CHAIN},       {"ca-certificate", CMC_PUBLISH_CA_CERT},
    {"certificates", CMC_PUBLISH_CERT},
};
static const cyaml_schema_value_t publish_kind_entry = ENTRY_WORD(publish_kinds);
static const cyaml_strval_t ldap_tls_modes[] = {
    {"required", CMC_LDAP_TLS_REQUIRED},
    {"none", CMC_LDAP_TLS_NONE},
};
static const cyaml_strval_t sasl_modes[] = {
    {"none", CMC_RAW_SASL_NONE},
    {"external", CMC_RAW_SASL_EXTERNAL},
};
static const cyaml_schema_field_t target_fields[] = {
    FIELD_TEXT("name", NEED, struct cmc_raw_target, name),
    FIELD_WORD("kind", NEED, struct cmc_raw_target, kind, target_kinds),
    CYAML_FIELD_SEQUENCE("what", LIST, struct cmc_raw_target, what, &publish_kind_entry, 1,
                         COUNT(publish_kinds)),
    CYAML_FIELD_UINT_PTR("timeout", MAYBE, struct cmc_raw_target, timeout),
    FIELD_TEXT("directory", MAYBE, struct cmc_raw_target, directory),
    FIELD_TEXT("crl-file", MAYBE, struct cmc_raw_target, crl_file),
    FIELD_TEXT("delta-file", MAYBE, struct cmc_raw_target, delta_file),
    FIELD_TEXT("ca-certificate-file", MAYBE, struct cmc_raw_target, ca_file),
    FIELD_TEXT("chain-file", MAYBE, struct cmc_raw_target, chain_file),
    CYAML_FIELD_SEQUENCE("command", MAYBE | LIST, struct cmc_raw_target, command, &text_entry, 1,
                         FEW),
    FIELD_TEXT("url", MAYBE, struct cmc_raw_target, url),
    FIELD_WORD_PTR("tls", MAYBE, struct cmc_raw_target, tls, ldap_tls_modes),
    FIELD_TEXT("tls-ca", MAYBE, struct cmc_raw_target, ca),
    FIELD_TEXT("bind", MAYBE, struct cmc_raw_target, bind),
    FIELD_TEXT("password-file", MAYBE, struct cmc_raw_target, password_file),
    FIELD_WORD_PTR("sasl", MAYBE, struct cmc_raw_target, sasl, sasl_modes),
    FIELD_TEXT("dn", MAYBE, struct cmc_raw_target, dn),
    FIELD_TEXT("crl-dn", MAYBE, struct cmc_raw_target, crl_dn),
    FIELD_TEXT("certificate-dn", MAYBE, struct cmc_raw_target, certificate_dn),
    CYAML_FIELD_BOOL("create", MAYBE, struct cmc_raw_target, create),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t target_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cmc_raw_target, target_fields)};

static const cyaml_schema_field_t responder_fields[] = {
    FIELD_TEXT("certificate", NEED, struct cmc_raw_responder, certificate),
    FIELD_TEXT("key", NEED, struct cmc_raw_responder, key),
    FIELD_TEXT("passphrase-file", MAYBE, struct cmc_raw_responder, passphrase_file),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t encryption_fields[] = {
    FIELD_TEXT("certificate", NEED, struct cmc_raw_encryption, certificate),
    FIELD_TEXT("key", NEED, struct cmc_raw_encryption, key),
    FIELD_TEXT("passphrase-file", MAYBE, struct cmc_raw_encryption, passphrase_file),
    FIELD_TEXT("path", MAYBE, struct cmc_raw_encryption, path),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t audit_fields[] = {
    CYAML_FIELD_UINT_PTR("checkpoint", MAYBE, struct cmc_raw_audit, checkpoint),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t ocsp_fields[] = {
    FIELD_TEXT("path", NEED, struct cmc_raw_ocsp, path),
    FIELD_TEXT("certificate", NEED, struct cmc_raw_ocsp, certificate),
    FIELD_TEXT("key", NEED, struct cmc_raw_ocsp, key),
    FIELD_TEXT("passphrase-file", MAYBE, struct cmc_raw_ocsp, passphrase_file),
    CYAML_FIELD_UINT_PTR("minutes", MAYBE, struct cmc_raw_ocsp, minutes),
    CYAML_FIELD_END,
};

static const cyaml_strval_t demands[] = {
    {"required", CMC_RAW_REQUIRED},
    {"optional", CMC_RAW_OPTIONAL},
};
static const cyaml_schema_field_t officers_fields[] = {
    CYAML_FIELD_SEQUENCE("trust", MAYBE | LIST, struct cmc_raw_officers, trust, &text_entry, 0,
                         FEW),
    FIELD_WORD("ra-eku", MAYBE, struct cmc_raw_officers, ra_eku, demands),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t dh_pop_fields[] = {
    FIELD_TEXT("certificate", NEED, struct cmc_raw_dh_pop, certificate),
    FIELD_TEXT("key", NEED, struct cmc_raw_dh_pop, key),
    CYAML_FIELD_END,
};

/* A key of before: what it signed is still answered for, and nothing else is signed with it. */
static const cyaml_schema_field_t previous_ocsp_fields[] = {
    FIELD_TEXT("certificate", NEED, struct cmc_raw_ocsp, certificate),
    FIELD_TEXT("key", NEED, struct cmc_raw_ocsp, key),
    FIELD_TEXT("passphrase-file", MAYBE, struct cmc_raw_ocsp, passphrase_file),
    CYAML_FIELD_UINT_PTR("minutes", MAYBE, struct cmc_raw_ocsp, minutes),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t previous_fields[] = {
    FIELD_TEXT("certificate", NEED, struct cmc_raw_authority, certificate),
    FIELD_TEXT("key", NEED, struct cmc_raw_authority, key),
    FIELD_TEXT("passphrase-file", MAYBE, struct cmc_raw_authority, passphrase_file),
    CYAML_FIELD_MAPPING_PTR("crl", MAYBE, struct cmc_raw_authority, crl, crl_fields),
    CYAML_FIELD_SEQUENCE("publication", MAYBE | LIST, struct cmc_raw_authority, publication,
                         &target_entry, 0, CMC_LIMIT_CONF_TARGETS),
    FIELD_TEXT("certificate-path", MAYBE, struct cmc_raw_authority, certificate_path),
    CYAML_FIELD_MAPPING_PTR("ocsp", MAYBE, struct cmc_raw_authority, ocsp, previous_ocsp_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t previous_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cmc_raw_authority, previous_fields)};

static const cyaml_schema_field_t authority_fields[] = {
    FIELD_TEXT("name", MAYBE, struct cmc_raw_authority, name),
    FIELD_TEXT("certificate", NEED, struct cmc_raw_authority, certificate),
    FIELD_TEXT("key", NEED, struct cmc_raw_authority, key),
    FIELD_TEXT("passphrase-file", MAYBE, struct cmc_raw_authority, passphrase_file),
    CYAML_FIELD_SEQUENCE("chain", MAYBE | LIST, struct cmc_raw_authority, chain, &text_entry, 0,
                         CMC_LIMIT_CMS_CERTS - 1),
    CYAML_FIELD_MAPPING_PTR("crl", MAYBE, struct cmc_raw_authority, crl, crl_fields),
    CYAML_FIELD_MAPPING_PTR("publish", MAYBE, struct cmc_raw_authority, publish, publish_fields),
    CYAML_FIELD_SEQUENCE("publication", MAYBE | LIST, struct cmc_raw_authority, publication,
                         &target_entry, 0, CMC_LIMIT_CONF_TARGETS),
    FIELD_TEXT("certificate-path", MAYBE, struct cmc_raw_authority, certificate_path),
    FIELD_TEXT("chain-path", MAYBE, struct cmc_raw_authority, chain_path),
    CYAML_FIELD_MAPPING_PTR("responder", MAYBE, struct cmc_raw_authority, responder,
                            responder_fields),
    CYAML_FIELD_MAPPING_PTR("encryption", MAYBE, struct cmc_raw_authority, encryption,
                            encryption_fields),
    CYAML_FIELD_MAPPING_PTR("officers", MAYBE, struct cmc_raw_authority, officers, officers_fields),
    CYAML_FIELD_MAPPING_PTR("ocsp", MAYBE, struct cmc_raw_authority, ocsp, ocsp_fields),
    CYAML_FIELD_MAPPING_PTR("dh-pop", MAYBE, struct cmc_raw_authority, dh_pop, dh_pop_fields),
    CYAML_FIELD_SEQUENCE("previous", MAYBE | LIST, struct cmc_raw_authority, previous,
                         &previous_entry, 0, CMC_LIMIT_CONF_PREVIOUS),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t authority_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cmc_raw_authority, authority_fields)};

static const cyaml_schema_field_t secrets_fields[] = {
    FIELD_TEXT("key", NEED, struct cmc_raw_secrets, key),
    CYAML_FIELD_UINT_PTR("failures", MAYBE, struct cmc_raw_secrets, failures),
    CYAML_FIELD_END,
};

/* -- what is kept ------------------------------------------------------------------------ */

static const cyaml_schema_field_t keep_fields[] = {
    CYAML_FIELD_UINT_PTR("answers", MAYBE, struct cmc_raw_keep, answers),
    CYAML_FIELD_UINT_PTR("nonces", MAYBE, struct cmc_raw_keep, nonces),
    CYAML_FIELD_UINT_PTR("requests", MAYBE, struct cmc_raw_keep, requests),
    CYAML_FIELD_END,
};

/* -- where we listen --------------------------------------------------------------------- */

static const cyaml_strval_t client_modes[] = {
    {"none", CMC_CLIENT_NONE},
    {"optional", CMC_CLIENT_OPTIONAL},
    {"required", CMC_CLIENT_REQUIRED},
};
static const cyaml_schema_field_t tls_fields[] = {
    FIELD_TEXT("certificate", NEED, struct cmc_raw_tls, certificate),
    FIELD_TEXT("key", NEED, struct cmc_raw_tls, key),
    FIELD_WORD("client", MAYBE, struct cmc_raw_tls, client, client_modes),
    FIELD_TEXT("client-ca", MAYBE, struct cmc_raw_tls, client_ca),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t listener_fields[] = {
    FIELD_TEXT("address", NEED, struct cmc_raw_listener, address),
    CYAML_FIELD_UINT("port", NEED, struct cmc_raw_listener, port),
    CYAML_FIELD_MAPPING_PTR("tls", MAYBE, struct cmc_raw_listener, tls, tls_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t listener_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cmc_raw_listener, listener_fields)};

/* -- profiles ---------------------------------------------------------------------------- */

static const cyaml_strval_t other_modes[] = {
    {"ignore", CMC_RAW_OTHER_IGNORE},
    {"refuse", CMC_RAW_OTHER_REFUSE},
};
static const cyaml_strval_t reuse_modes[] = {
    {"allow", CMC_RAW_REUSE_ALLOW},
    {"refuse", CMC_RAW_REUSE_REFUSE},
};
static const cyaml_strval_t archive_modes[] = {
    {"none", CMC_RAW_ARCHIVE_NONE},
    {"required", CMC_RAW_ARCHIVE_REQUIRED},
};
static const cyaml_schema_field_t extension_fields[] = {
    FIELD_TEXT("name", NEED, struct cmc_raw_extension, name),
    FIELD_TEXT("value", NEED, struct cmc_raw_extension, value),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t extension_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cmc_raw_extension, extension_fields)};
static const cyaml_strval_t other_names_modes[] = {
    {"refuse", CMC_RAW_NAMES_REFUSE},
    {"drop", CMC_RAW_NAMES_DROP},
};
static const cyaml_strval_t sources[] = {
    {"request", CMC_FROM_REQUEST},
    {"officer", CMC_FROM_OFFICER},
};
static const cyaml_schema_field_t attribute_fields[] = {
    FIELD_TEXT("type", NEED, struct cmc_raw_attribute, type),
    FIELD_WORD_PTR("from", MAYBE, struct cmc_raw_attribute, from, sources),
    FIELD_TEXT("value", MAYBE, struct cmc_raw_attribute, value),
    FIELD_TEXT("pattern", MAYBE, struct cmc_raw_attribute, pattern),
    CYAML_FIELD_UINT_PTR("max", MAYBE, struct cmc_raw_attribute, max),
    CYAML_FIELD_BOOL("optional", MAYBE, struct cmc_raw_attribute, optional),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t attribute_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cmc_raw_attribute, attribute_fields)};
static const cyaml_schema_field_t san_fields[] = {
    CYAML_FIELD_SEQUENCE("kinds", MAYBE | LIST, struct cmc_raw_san, kinds, &text_entry, 1, FEW),
    CYAML_FIELD_UINT("max", MAYBE, struct cmc_raw_san, max),
    CYAML_FIELD_SEQUENCE("permitted", MAYBE | LIST, struct cmc_raw_san, permitted, &text_entry, 1,
                         FEW),
    CYAML_FIELD_SEQUENCE("excluded", MAYBE | LIST, struct cmc_raw_san, excluded, &text_entry, 1,
                         FEW),
    CYAML_FIELD_SEQUENCE("patterns", MAYBE | LIST, struct cmc_raw_san, patterns, &text_entry, 1,
                         FEW),
    CYAML_FIELD_BOOL("wildcards", MAYBE, struct cmc_raw_san, wildcards),
    CYAML_FIELD_BOOL("from-cn", MAYBE, struct cmc_raw_san, from_cn),
    FIELD_TEXT("fixed", MAYBE, struct cmc_raw_san, fixed),
    CYAML_FIELD_END,
};
static const cyaml_strval_t pop_rules[] = {
    {"any", CMC_POP_ANY},
    {"signature", CMC_POP_SIGNED},
    {"challenge", CMC_POP_CHALLENGED},
    {"vouched", CMC_POP_VOUCHED},
};
static const cyaml_strval_t identity_rules[] = {
    {"any", CMC_IDENTITY_ANY},
    {"officer", CMC_IDENTITY_OFFICER},
    {"secret", CMC_IDENTITY_SECRET},
    {"holder", CMC_IDENTITY_HOLDER},
};
static const cyaml_schema_field_t profile_fields[] = {
    FIELD_TEXT("name", NEED, struct cmc_raw_profile, name),
    CYAML_FIELD_UINT_PTR("days", MAYBE, struct cmc_raw_profile, days),
    CYAML_FIELD_UINT_PTR("hours", MAYBE, struct cmc_raw_profile, hours),
    FIELD_TEXT("not-after", MAYBE, struct cmc_raw_profile, not_after),
    CYAML_FIELD_BOOL("no-expiry", MAYBE, struct cmc_raw_profile, no_expiry),
    CYAML_FIELD_BOOL("validity-from-request", MAYBE, struct cmc_raw_profile, validity_from_request),
    FIELD_TEXT("signature", MAYBE, struct cmc_raw_profile, signature),
    CYAML_FIELD_SEQUENCE("subject", MAYBE | LIST, struct cmc_raw_profile, subject, &attribute_entry,
                         1, FEW),
    FIELD_WORD("other-names", MAYBE, struct cmc_raw_profile, other_names, other_names_modes),
    CYAML_FIELD_MAPPING_PTR("san", MAYBE, struct cmc_raw_profile, san, san_fields),
    CYAML_FIELD_SEQUENCE("overridden", MAYBE | LIST, struct cmc_raw_profile, overridden,
                         &text_entry, 1, CMC_LIMIT_EXTENSIONS),
    CYAML_FIELD_SEQUENCE("refuse", MAYBE | LIST, struct cmc_raw_profile, refuse, &text_entry, 1,
                         CMC_LIMIT_EXTENSIONS),
    FIELD_WORD("pop", MAYBE, struct cmc_raw_profile, pop, pop_rules),
    FIELD_WORD("identity", MAYBE, struct cmc_raw_profile, identity, identity_rules),
    CYAML_FIELD_UINT_PTR("backdate", MAYBE, struct cmc_raw_profile, backdate),
    CYAML_FIELD_SEQUENCE("keys", MAYBE | LIST, struct cmc_raw_profile, keys, &text_entry, 1, FEW),
    CYAML_FIELD_SEQUENCE("extensions", MAYBE | LIST, struct cmc_raw_profile, extensions,
                         &extension_entry, 0, CMC_LIMIT_EXTENSIONS),
    CYAML_FIELD_SEQUENCE("from-request", MAYBE | LIST, struct cmc_raw_profile, from_request,
                         &text_entry, 0, CMC_LIMIT_EXTENSIONS),
    FIELD_WORD("other-extensions", MAYBE, struct cmc_raw_profile, other_extensions, other_modes),
    CYAML_FIELD_BOOL("empty-subject", MAYBE, struct cmc_raw_profile, empty_subject),
    CYAML_FIELD_BOOL("require-san", MAYBE, struct cmc_raw_profile, require_san),
    CYAML_FIELD_UINT("approvals", MAYBE, struct cmc_raw_profile, approvals),
    CYAML_FIELD_UINT("confirm", MAYBE, struct cmc_raw_profile, confirm),
    CYAML_FIELD_BOOL("change-subject-name", MAYBE, struct cmc_raw_profile, change_subject_name),
    FIELD_WORD("key-reuse", MAYBE, struct cmc_raw_profile, key_reuse, reuse_modes),
    FIELD_WORD("archive", MAYBE, struct cmc_raw_profile, archive, archive_modes),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t profile_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cmc_raw_profile, profile_fields)};
const cyaml_schema_value_t cmc_conf_profile_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct cmc_raw_profile, profile_fields)};

/* -- endpoints --------------------------------------------------------------------------- */

static const cyaml_strval_t request_types[] = {
    {"cmc", CMC_TYPE_CMC},
    {"pkcs10", CMC_TYPE_PKCS10},
};
static const cyaml_schema_value_t request_type_entry = ENTRY_WORD(request_types);

static const cyaml_strval_t answer_forms[] = {
    {"cmc", CMC_ANSWER_CMC},
    {"certs-only", CMC_ANSWER_CERTS_ONLY},
    {"certs-only-chain", CMC_ANSWER_CERTS_ONLY_CHAIN},
    {"pkix-cert", CMC_ANSWER_PKIX_CERT},
};
static const cyaml_schema_value_t answer_form_entry = ENTRY_WORD(answer_forms);

/* RFC 5280 section 5.3.1 */
static const cyaml_strval_t reasons[] = {
    {"all", CMC_RAW_REASON_ALL}, {"unspecified", 0},        {"keyCompromise", 1},
    {"cACompromise", 2},         {"affiliationChanged", 3}, {"superseded", 4},
    {"cessationOfOperation", 5}, {"certificateHold", 6},    {"removeFromCRL", 8},
    {"privilegeWithdrawn", 9},   {"aACompromise", 10},
};
static const cyaml_schema_value_t reason_entry = ENTRY_WORD(reasons);

static const cyaml_schema_field_t revoke_fields[] = {
    CYAML_FIELD_BOOL_PTR("allow", MAYBE, struct cmc_raw_revoke, allow),
    CYAML_FIELD_UINT("max", MAYBE, struct cmc_raw_revoke, max),
    CYAML_FIELD_UINT("quorum", MAYBE, struct cmc_raw_revoke, quorum),
    CYAML_FIELD_SEQUENCE("reasons", MAYBE | LIST, struct cmc_raw_revoke, reasons, &reason_entry, 1,
                         COUNT(reasons)),
    CYAML_FIELD_BOOL("atomic", MAYBE, struct cmc_raw_revoke, atomic),
    CYAML_FIELD_BOOL("mandatory-fields-only", MAYBE, struct cmc_raw_revoke, mandatory_fields_only),
    CYAML_FIELD_END,
};

static const cyaml_strval_t ra_rights[] = {
    {"template", CMC_RA_TEMPLATE},
    {"pop", CMC_RA_POP},
    {"identity", CMC_RA_IDENTITY},
    {"controls", CMC_RA_CONTROLS},
};
static const cyaml_schema_value_t ra_right_entry = ENTRY_WORD(ra_rights);

static const cyaml_strval_t officer_modes[] = {
    {"required", CMC_RAW_OFFICER_REQUIRED},
    {"optional", CMC_RAW_OFFICER_OPTIONAL},
};
static const cyaml_strval_t retrieve_modes[] = {
    {"off", CMC_RETRIEVE_OFF},
    {"officer", CMC_RETRIEVE_OFFICER},
    {"authenticated", CMC_RETRIEVE_AUTHENTICATED},
    {"anyone", CMC_RETRIEVE_ANYONE},
};
static const cyaml_strval_t compat_modes[] = {
    {"none", CMC_RAW_COMPAT_NONE},
    {"dogtag", CMC_RAW_COMPAT_DOGTAG},
};
static const cyaml_strval_t replay_modes[] = {
    {"allow", CMC_RAW_REPLAY_ALLOW},
    {"refuse", CMC_RAW_REPLAY_REFUSE},
};
static const cyaml_schema_field_t endpoint_fields[] = {
    FIELD_TEXT("path", NEED, struct cmc_raw_endpoint, path),
    CYAML_FIELD_SEQUENCE("accept", LIST, struct cmc_raw_endpoint, accept, &request_type_entry, 1,
                         COUNT(request_types)),
    CYAML_FIELD_SEQUENCE("answer", LIST, struct cmc_raw_endpoint, answer, &answer_form_entry, 1,
                         COUNT(answer_forms)),
    FIELD_TEXT("profile", NEED, struct cmc_raw_endpoint, profile),
    FIELD_TEXT("authority", MAYBE, struct cmc_raw_endpoint, authority),
    /* Who may enrol must be said, not guessed. */
    FIELD_WORD("officer", NEED, struct cmc_raw_endpoint, officer, officer_modes),
    CYAML_FIELD_BOOL("secrets", MAYBE, struct cmc_raw_endpoint, secrets),
    CYAML_FIELD_BOOL("renewal", MAYBE, struct cmc_raw_endpoint, renewal),
    CYAML_FIELD_BOOL("same-key", MAYBE, struct cmc_raw_endpoint, same_key),
    CYAML_FIELD_MAPPING_PTR("revoke", MAYBE, struct cmc_raw_endpoint, revoke, revoke_fields),
    CYAML_FIELD_BOOL("publish", MAYBE, struct cmc_raw_endpoint, publish),
    CYAML_FIELD_BOOL("publish-anchors", MAYBE, struct cmc_raw_endpoint, publish_anchors),
    FIELD_WORD_PTR("retrieve", MAYBE, struct cmc_raw_endpoint, retrieve, retrieve_modes),
    CYAML_FIELD_SEQUENCE("ra", MAYBE | LIST, struct cmc_raw_endpoint, ra, &ra_right_entry, 0,
                         COUNT(ra_rights)),
    CYAML_FIELD_SEQUENCE("ra-names", MAYBE | LIST, struct cmc_raw_endpoint, ra_names, &text_entry,
                         0, FEW),
    CYAML_FIELD_BOOL("status-v1", MAYBE, struct cmc_raw_endpoint, status_v1),
    CYAML_FIELD_BOOL("weak", MAYBE, struct cmc_raw_endpoint, weak),
    CYAML_FIELD_BOOL("base64", MAYBE, struct cmc_raw_endpoint, base64),
    FIELD_WORD("compat", MAYBE, struct cmc_raw_endpoint, compat, compat_modes),
    CYAML_FIELD_SEQUENCE("profile-ids", MAYBE | LIST, struct cmc_raw_endpoint, profile_ids,
                         &text_entry, 1, FEW),
    CYAML_FIELD_UINT("quorum", MAYBE, struct cmc_raw_endpoint, quorum),
    CYAML_FIELD_UINT("approvals", MAYBE, struct cmc_raw_endpoint, approvals),
    CYAML_FIELD_UINT_PTR("poll", MAYBE, struct cmc_raw_endpoint, poll),
    CYAML_FIELD_UINT("confirm", MAYBE, struct cmc_raw_endpoint, confirm),
    CYAML_FIELD_UINT("signing-time", MAYBE, struct cmc_raw_endpoint, signing_time),
    FIELD_WORD_PTR("replay", MAYBE, struct cmc_raw_endpoint, replay, replay_modes),
    FIELD_TEXT("response-info", MAYBE, struct cmc_raw_endpoint, response_info),
    FIELD_WORD("pop", MAYBE, struct cmc_raw_endpoint, pop, pop_rules),
    FIELD_WORD("identity", MAYBE, struct cmc_raw_endpoint, identity, identity_rules),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t endpoint_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cmc_raw_endpoint, endpoint_fields)};

/* -- the whole --------------------------------------------------------------------------- */

static const cyaml_schema_field_t conf_fields[] = {
    FIELD_TEXT("database", NEED, struct cmc_raw_conf, database),
    CYAML_FIELD_UINT_PTR("workers", MAYBE, struct cmc_raw_conf, workers),
    CYAML_FIELD_MAPPING_PTR("log", MAYBE, struct cmc_raw_conf, log, log_fields),
    FIELD_TEXT("status", MAYBE, struct cmc_raw_conf, status),
    CYAML_FIELD_MAPPING_PTR("limits", MAYBE, struct cmc_raw_conf, limits, limits_fields),
    CYAML_FIELD_MAPPING_PTR("authority", MAYBE, struct cmc_raw_conf, authority, authority_fields),
    CYAML_FIELD_SEQUENCE("authorities", MAYBE | LIST, struct cmc_raw_conf, authorities,
                         &authority_entry, 1, CMC_LIMIT_CONF_AUTHORITIES),
    CYAML_FIELD_MAPPING_PTR("responder", MAYBE, struct cmc_raw_conf, responder, responder_fields),
    CYAML_FIELD_MAPPING_PTR("encryption", MAYBE, struct cmc_raw_conf, encryption,
                            encryption_fields),
    CYAML_FIELD_MAPPING_PTR("audit", MAYBE, struct cmc_raw_conf, audit, audit_fields),
    CYAML_FIELD_MAPPING_PTR("ocsp", MAYBE, struct cmc_raw_conf, ocsp, ocsp_fields),
    CYAML_FIELD_MAPPING_PTR("officers", MAYBE, struct cmc_raw_conf, officers, officers_fields),
    CYAML_FIELD_MAPPING_PTR("secrets", MAYBE, struct cmc_raw_conf, secrets, secrets_fields),
    CYAML_FIELD_MAPPING_PTR("keep", MAYBE, struct cmc_raw_conf, keep, keep_fields),
    CYAML_FIELD_MAPPING_PTR("dh-pop", MAYBE, struct cmc_raw_conf, dh_pop, dh_pop_fields),
    CYAML_FIELD_SEQUENCE("listen", LIST, struct cmc_raw_conf, listen, &listener_entry, 1,
                         CMC_LIMIT_CONF_LISTENERS),
    CYAML_FIELD_SEQUENCE("profiles", MAYBE | LIST, struct cmc_raw_conf, profiles, &profile_entry, 1,
                         CMC_LIMIT_CONF_PROFILES),
    CYAML_FIELD_SEQUENCE("profile-files", MAYBE | LIST, struct cmc_raw_conf, profile_files,
                         &text_entry, 1, CMC_LIMIT_CONF_PROFILES),
    CYAML_FIELD_SEQUENCE("endpoints", LIST, struct cmc_raw_conf, endpoints, &endpoint_entry, 1,
                         CMC_LIMIT_CONF_ENDPOINTS),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t cmc_conf_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct cmc_raw_conf, conf_fields)};
