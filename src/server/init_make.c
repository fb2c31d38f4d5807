/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd init: the keys, the certificates and the database. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "base/file.h"
#include "base/json.h"
#include "ca/ca.h"
#include "ca/ca_chain.h"
#include "cms/enveloped_data.h"
#include "key/key.h"
#include "message/request.h"
#include "server/init.h"
#include "server/secrets.h"

#define CA_DAYS     3652u
#define OTHER_DAYS  1826u
#define TLS_DAYS    397u
#define BACKDATE    5u
#define CRL_HOURS   168u
#define AUDIT_MAX   4096u
#define SERIAL_SIZE 20u

struct making {
    const struct cmc_init *in;
    const struct cmc_crypto *c;
    const char *dir;
    struct cmc_arena *arena;
    struct cmc_init_result *out;
    struct cmc_err *err;
    struct cmc_slice *chain;
    size_t nchain;
    size_t npath;     /* of them, as ca/ca_chain.h has it */
    EVP_PKEY *ca_key; /* until the authority takes it */
    struct cmc_store *store;
    struct cmc_ca_shared *shared;
    struct cmc_ca *ca;
};

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the new authority");
}

/* -- profiles ---------------------------------------------------------------------------- */

#define EXTENSIONS_MAX 4

/* A kind of certificate: what its profile fixes, as in openssl.cnf. */
struct kind {
    const char *name;
    unsigned int days;
    struct {
        const char *name, *value;
    } extensions[EXTENSIONS_MAX];
    bool takes_san;
};

/* RFC 5280 sections 4.2.1.3 and 4.2.1.9; id-kp-cmcCA by number, for OpenSSL has no name for it. */
static const struct kind root_kind = {
    "ca",
    CA_DAYS,
    {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,keyCertSign,cRLSign"}},
    false};

enum { LEAF_RESPONDER, LEAF_OCSP, LEAF_TLS, LEAF_OFFICER, LEAF_ENCRYPTION, LEAF_COUNT };
static const struct kind leaf_kinds[LEAF_COUNT] = {
    [LEAF_RESPONDER] = {"responder",
                        OTHER_DAYS,
                        {{"basicConstraints", "critical,CA:FALSE"},
                         {"keyUsage", "critical,digitalSignature"},
                         {"extendedKeyUsage", "1.3.6.1.5.5.7.3.27"}},
                        false},
    /* RFC 6960 section 4.2.2.2.1: nobody asks for the status of who tells it. */
    [LEAF_OCSP] = {"ocsp",
                   OTHER_DAYS,
                   {{"basicConstraints", "critical,CA:FALSE"},
                    {"keyUsage", "critical,digitalSignature"},
                    {"extendedKeyUsage", "OCSPSigning"},
                    {"noCheck", "ignored"}},
                   false},
    [LEAF_TLS] = {"tls",
                  TLS_DAYS,
                  {{"basicConstraints", "critical,CA:FALSE"},
                   {"keyUsage", "critical,digitalSignature"},
                   {"extendedKeyUsage", "serverAuth"}},
                  true},
    [LEAF_OFFICER] = {"officer",
                      OTHER_DAYS,
                      {{"basicConstraints", "critical,CA:FALSE"},
                       {"keyUsage", "critical,digitalSignature"},
                       {"extendedKeyUsage", "clientAuth"}},
                      false},
    /* its keyUsage goes with its key: see usage_of() */
    [LEAF_ENCRYPTION] = {"encryption",
                         OTHER_DAYS,
                         {{"basicConstraints", "critical,CA:FALSE"}, {"keyUsage", NULL}},
                         false},
};

/*
 * RFC 5280 section 4.2.1.3: what a key of this kind decrypts with. The officer's gets it too, so
 * that answers to encrypted requests can be encrypted to it.
 */
static const char *usage_of(const struct making *m, int leaf)
{
    const char *type = leaf == LEAF_ENCRYPTION ? m->in->encryption_type : m->in->key_type;
    const char *decrypts = strncasecmp(type, "rsa", 3) == 0  ? "keyEncipherment"
                           : strncasecmp(type, "ed", 2) == 0 ? NULL
                                                             : "keyAgreement";

    if (leaf == LEAF_OFFICER && decrypts != NULL)
        return cmc_arena_printf(m->arena, "critical,digitalSignature,%s", decrypts);
    if (leaf == LEAF_ENCRYPTION && decrypts != NULL)
        return cmc_arena_printf(m->arena, "critical,%s", decrypts);
    return NULL;
}

/* The kind as a profile of the authority, whose strings are not constant. */
static enum cmc_rc make_spec(const struct making *m, const struct kind *k, const char *usage,
                             struct cmc_profile_spec *out)
{
    char **taken = cmc_arena_array(m->arena, 1, sizeof *taken);

    *out = (struct cmc_profile_spec){.name = cmc_arena_strdup(m->arena, k->name),
                                     .days = k->days,
                                     .backdate_minutes = BACKDATE,
                                     .request_extensions = taken,
                                     .request_extension_count = k->takes_san ? 1 : 0};
    out->extensions = cmc_arena_array(m->arena, EXTENSIONS_MAX, sizeof *out->extensions);
    if (out->name == NULL || taken == NULL || out->extensions == NULL)
        return no_memory(m->err);
    taken[0] = cmc_arena_strdup(m->arena, "subjectAltName");
    if (taken[0] == NULL)
        return no_memory(m->err);
    for (size_t i = 0; i < EXTENSIONS_MAX && k->extensions[i].name != NULL; i++) {
        struct cmc_profile_extension *e = &out->extensions[out->extension_count++];

        e->name = cmc_arena_strdup(m->arena, k->extensions[i].name);
        e->value = cmc_arena_strdup(m->arena, usage != NULL && strcmp(e->name, "keyUsage") == 0
                                                  ? usage
                                                  : k->extensions[i].value);
        if (e->name == NULL || e->value == NULL)
            return no_memory(m->err);
    }
    return CMC_OK;
}

/* -- files ------------------------------------------------------------------------------- */

static const char *path_of(const struct making *m, const char *file)
{
    return cmc_arena_printf(m->arena, "%s/%s", m->dir, file);
}

static enum cmc_rc write_certs(const struct making *m, const char *file,
                               const struct cmc_slice *certs, size_t n)
{
    const char *path = path_of(m, file);
    struct cmc_buf b;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; i < n && rc == CMC_OK; i++)
        rc = cmc_pem_write("CERTIFICATE", certs[i], &b, m->err);
    if (rc == CMC_OK)
        rc = path == NULL || !cmc_buf_ok(&b)
                 ? no_memory(m->err)
                 : cmc_file_create(path, 0644, cmc_buf_get0(&b), m->err);
    cmc_buf_free(&b);
    return rc;
}

/* A new key, written before anything is signed for it. */
static enum cmc_rc new_key(const struct making *m, const char *file, const char *type, bool signs,
                           EVP_PKEY **out)
{
    const char *path = path_of(m, file);
    enum cmc_rc rc;

    if (path == NULL)
        return no_memory(m->err);
    rc = cmc_key_generate(m->c, type, out, m->err);
    if (rc == CMC_OK && signs && cmc_sig_default(*out) == NULL)
        rc = cmc_fail(m->err, CMC_E_USAGE, NULL,
                      "a key of kind %s cannot sign; the authority's keys must", type);
    if (rc == CMC_OK && !signs && !cmc_envelope_can(*out))
        rc = cmc_fail(m->err, CMC_E_USAGE, NULL,
                      "nothing can be encrypted to a key of kind %s; use rsa:2048 or ec:P-256",
                      type);
    if (rc == CMC_OK)
        rc = cmc_key_save(m->c, *out, path, NULL, m->err);
    return rc;
}

/* What shared secrets are sealed under. */
static enum cmc_rc new_secrets_key(const struct making *m)
{
    const char *path = path_of(m, CMC_INIT_SECRETS_KEY);

    return path != NULL ? cmc_secrets_key_make(m->c, path, m->err) : no_memory(m->err);
}

/* -- the CA ------------------------------------------------------------------------------ */

static enum cmc_rc random_serial(const struct making *m, struct cmc_slice *out)
{
    uint8_t *p = cmc_arena_alloc(m->arena, SERIAL_SIZE);
    enum cmc_rc rc;

    if (p == NULL)
        return no_memory(m->err);
    rc = cmc_random(m->c, p, SERIAL_SIZE, m->err);
    /* Positive, and all 20 octets long. */
    p[0] = (uint8_t)((p[0] & 0x7fu) | 0x40u);
    *out = cmc_slice(p, SERIAL_SIZE);
    return rc;
}

static enum cmc_rc sign_own(const struct making *m, const struct cmc_sig_alg *alg,
                            struct cmc_slice tbs, struct cmc_slice *out)
{
    struct cmc_cert cert = {.tbs.raw = tbs};
    struct cmc_slice sig;
    uint8_t *bits;
    enum cmc_rc rc = cmc_sign(m->c, m->ca_key, alg, tbs, m->arena, &sig, m->err);

    if (rc == CMC_OK)
        rc = cmc_sig_algid(alg, m->arena, &cert.signature_algorithm, m->err);
    if (rc != CMC_OK)
        return rc;
    bits = cmc_arena_alloc(m->arena, sig.n + 1);
    if (bits == NULL)
        return no_memory(m->err);
    memcpy(bits + 1, sig.p, sig.n);
    cert.signature = cmc_slice(bits, sig.n + 1);
    return cmc_encode_arena(&cmc_it_cert, &cert, m->arena, out, m->err);
}

/* It never leaves the token. In NSS a key without a certificate there is named by its id. */
static enum cmc_rc new_key_in_token(struct making *m)
{
    const struct cmc_passphrase pass = {.file = m->in->ca_pass,
                                        .prompt = isatty(STDIN_FILENO) == 1};
    const char *uri = m->in->ca_key, *id = NULL;
    bool nss = strncasecmp(uri, "nss:", 4) == 0;
    enum cmc_rc rc = CMC_OK;

    if (!nss && strstr(uri, "object=") == NULL)
        return cmc_fail(m->err, CMC_E_USAGE, NULL,
                        "--ca-key: the new key needs a name; write object=NAME into the URI");
    if (nss && strstr(uri, "nickname=") != NULL)
        return cmc_fail(
            m->err, CMC_E_USAGE, NULL,
            "--ca-key: a new key in NSS has no nickname, but an id, which will stand in "
            "the configuration; leave out nickname");
    rc = cmc_key_generate_at(m->c, uri, m->in->key_type, &pass, true, m->arena, &id, &m->ca_key,
                             m->err);
    if (rc != CMC_OK)
        return rc;
    m->out->ca_key =
        nss ? cmc_arena_printf(m->arena, "%s%cid=%s", uri, strchr(uri, '?') != NULL ? '&' : '?', id)
            : uri;
    return m->out->ca_key != NULL ? CMC_OK : no_memory(m->err);
}

/* The self-signed certificate of a new CA. It has no CRL distribution point: a root is not
 * revoked by itself (RFC 5280 section 4.2.1.13 leaves it out). */
static enum cmc_rc make_root(struct making *m)
{
    const int64_t begin = m->in->now - (int64_t)BACKDATE * 60;
    const int64_t end = begin + (int64_t)CA_DAYS * 86400 - 1;
    struct cmc_cert_params params = {.not_before = begin, .not_after = end};
    struct cmc_profile *profile = NULL;
    struct cmc_profile_spec spec;
    struct cmc_request rq = {0};
    struct cmc_profile_case x = {.request = &rq, .now = m->in->now};
    struct cmc_slice tbs;
    enum cmc_rc rc = cmc_name_parse(m->in->name, m->arena, &rq.subject, m->err);

    if (rc == CMC_OK)
        rc = m->in->key_in_token ? new_key_in_token(m)
                                 : new_key(m, CMC_INIT_CA_KEY, m->in->key_type, true, &m->ca_key);
    if (rc == CMC_OK)
        rc = cmc_key_spki(m->ca_key, m->arena, &rq.spki, m->err);
    if (rc == CMC_OK)
        rc = random_serial(m, &params.serial);
    if (rc == CMC_OK)
        rc = make_spec(m, &root_kind, NULL, &spec);
    if (rc == CMC_OK)
        rc = cmc_profile_compile(&spec, NULL, &profile, m->err);
    if (rc != CMC_OK)
        goto out;
    params.alg = cmc_sig_default(m->ca_key);
    params.issuer = rq.subject;
    x.key = m->ca_key;
    rc = cmc_profile_check(profile, &x, m->arena, NULL, m->err);
    if (rc == CMC_OK)
        rc = cmc_profile_tbs(profile, m->c, &rq, &params, m->arena, &tbs, m->err);
    if (rc == CMC_OK) {
        m->chain = cmc_arena_alloc(m->arena, sizeof *m->chain);
        m->nchain = 1;
        rc = m->chain != NULL ? sign_own(m, params.alg, tbs, &m->chain[0]) : no_memory(m->err);
    }
out:
    cmc_profile_free(profile);
    return rc;
}

static enum cmc_rc load_existing(struct making *m)
{
    const struct cmc_passphrase none = {0}, pass = {.file = m->in->ca_pass};
    struct cmc_slice *own = NULL, *more = NULL;
    size_t nown = 0, nmore = 0, mine = 0, odd = 0;
    enum cmc_rc rc = cmc_certs_load(m->c, m->in->ca_cert, &none, m->arena, &own, &nown, m->err);

    if (rc == CMC_OK)
        rc = cmc_key_load(m->c, m->in->ca_key, &pass, &m->ca_key, m->err);
    m->out->ca_key = m->in->ca_key;
    if (rc == CMC_OK && m->in->ca_chain != NULL)
        rc = cmc_certs_load(m->c, m->in->ca_chain, &none, m->arena, &more, &nmore, m->err);
    if (rc != CMC_OK)
        return rc;
    m->chain = cmc_arena_array(m->arena, nown + nmore, sizeof *m->chain);
    if (m->chain == NULL)
        return no_memory(m->err);
    /* The CA's file may hold its chain already, and the chain's file the CA. */
    for (size_t i = 0; i < nown + nmore; i++) {
        struct cmc_slice cert = i < nown ? own[i] : more[i - nown];
        bool known = false;

        for (size_t k = 0; k < m->nchain && !known; k++)
            known = cmc_slice_eq(m->chain[k], cert);
        if (!known)
            m->chain[m->nchain++] = cert;
        if (i < nown)
            mine = m->nchain;
    }
    rc = cmc_ca_chain_sort(m->c, m->chain, m->nchain, m->arena, &m->npath, &odd, m->err);
    if (rc == CMC_E_USAGE)
        cmc_err_prefix(m->err, "%s", odd < mine ? m->in->ca_cert : m->in->ca_chain);
    return rc;
}

static enum cmc_rc make_ca(struct making *m)
{
    struct cmc_cert cert = {0};
    struct cmc_slice t;
    enum cmc_rc rc = m->in->ca_cert != NULL ? load_existing(m) : make_root(m);

    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, m->chain[0], m->arena, &cert, m->err);
    if (rc == CMC_OK)
        rc = write_certs(m, CMC_INIT_CA_CERT, m->chain, 1);
    if (rc == CMC_OK && m->nchain > 1)
        rc = write_certs(m, CMC_INIT_CHAIN, m->chain + 1, m->nchain - 1);
    if (rc != CMC_OK)
        return rc;
    t = cert.tbs.validity.not_after;
    if (t.n < 2 || !cmc_time_parse(t.p[0], cmc_slice(t.p + 2, t.n - 2), &m->out->ca_not_after))
        return cmc_fail(m->err, CMC_E_INPUT, NULL, "%s: notAfter cannot be read", m->in->ca_cert);
    m->out->ca_subject = cert.tbs.subject;
    m->out->nchain = m->nchain;
    (void)cmc_key_describe(m->ca_key, m->out->ca_key_kind, sizeof m->out->ca_key_kind);
    return CMC_OK;
}

/* The database, and the authority over it that issues the rest. */
static enum cmc_rc open_authority(struct making *m)
{
    const char *database = path_of(m, CMC_INIT_DATABASE);
    const char *crl_url = cmc_arena_printf(m->arena, "%s%s", m->in->url, CMC_INIT_CRL_PATH);
    struct cmc_profile_spec specs[LEAF_COUNT];
    struct cmc_ca_params params = {.chain = m->chain,
                                   .nchain = m->nchain,
                                   .npath = m->npath,
                                   .profiles = specs,
                                   .nprofiles = LEAF_COUNT,
                                   .crl_url = crl_url,
                                   .crl_hours = CRL_HOURS};
    enum cmc_rc rc;

    if (database == NULL || crl_url == NULL)
        return no_memory(m->err);
    for (size_t i = 0; i < LEAF_COUNT; i++) {
        rc = make_spec(m, &leaf_kinds[i], usage_of(m, (int)i), &specs[i]);
        if (rc != CMC_OK)
            return rc;
    }
    rc = cmc_store_open(database, true, &m->store, m->err);
    params.store = m->store;
    if (rc == CMC_OK)
        rc = cmc_ca_shared_new(&params, &m->shared, m->err);
    if (rc == CMC_OK)
        rc = cmc_ca_new(m->shared, m->c, m->ca_key, NULL, &m->ca, m->err);
    if (rc == CMC_OK)
        m->ca_key = NULL;
    return rc;
}

/* -- what the CA issues ------------------------------------------------------------------ */

/* "DNS:localhost,IP:127.0.0.1" of the host names and addresses. */
static enum cmc_rc host_names(const struct making *m, struct cmc_list *out)
{
    struct cmc_extension *ext = cmc_list_add(m->arena, &cmc_it_extensions, out, 1);
    unsigned char binary[sizeof(struct in6_addr)];
    struct cmc_buf b;
    const char *text;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; i < m->in->hosts.n; i++) {
        const char *host = m->in->hosts.v[i];
        bool ip = inet_pton(AF_INET, host, binary) == 1 || inet_pton(AF_INET6, host, binary) == 1;

        cmc_buf_printf(&b, "%s%s:%s", i > 0 ? "," : "", ip ? "IP" : "DNS", host);
    }
    text = cmc_buf_cstr(&b);
    rc = ext == NULL || text == NULL ? no_memory(m->err)
                                     : cmc_san_parse(text, m->arena, ext, m->err);
    cmc_buf_free(&b);
    return rc;
}

/* The Name with nothing but a common name, whatever characters that holds. */
static enum cmc_rc common_name(const struct making *m, const char *cn, struct cmc_slice *out)
{
    struct cmc_buf b;
    const char *text;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_str(&b, "CN=");
    for (const char *p = cn; *p != '\0'; p++) {
        if (strchr(",+\"\\<>;=#/ ", *p) != NULL)
            cmc_buf_byte(&b, '\\');
        cmc_buf_byte(&b, (uint8_t)*p);
    }
    text = cmc_buf_cstr(&b);
    rc = text != NULL ? cmc_name_parse(text, m->arena, out, m->err) : no_memory(m->err);
    cmc_buf_free(&b);
    return rc;
}

/* A key and its certificate. */
static enum cmc_rc make_leaf(struct making *m, int leaf, const char *cn, const char *key_file,
                             const char *cert_file, struct cmc_issued *issued)
{
    struct cmc_issue_order order = {.profile = leaf_kinds[leaf].name, .now = m->in->now};
    struct cmc_slice *certs = cmc_arena_array(m->arena, m->nchain + 1, sizeof *certs);
    struct cmc_request rq = {0};
    EVP_PKEY *key = NULL;
    bool signs = leaf != LEAF_ENCRYPTION;
    enum cmc_rc rc =
        certs != NULL
            ? new_key(m, key_file, signs ? m->in->key_type : m->in->encryption_type, signs, &key)
            : no_memory(m->err);

    if (rc == CMC_OK)
        rc = common_name(m, cn, &rq.subject);
    if (rc == CMC_OK)
        rc = cmc_key_spki(key, m->arena, &rq.spki, m->err);
    if (rc == CMC_OK && leaf == LEAF_TLS)
        rc = host_names(m, &rq.extensions);
    order.request = &rq;
    order.key = key;
    if (rc == CMC_OK)
        rc = cmc_ca_issue(m->ca, &order, m->arena, issued, m->err);
    if (rc == CMC_OK) {
        /* A TLS server sends its chain; the root itself is the client's to know. */
        certs[0] = issued->cert;
        memcpy(certs + 1, m->chain, m->nchain * sizeof *certs);
        rc = write_certs(m, cert_file, certs, leaf == LEAF_TLS && m->nchain > 1 ? m->nchain : 1);
    }
    EVP_PKEY_free(key);
    return rc;
}

/* The subject as text, for the store's listings. */
static enum cmc_rc subject_text(const struct making *m, struct cmc_cert_record *r)
{
    struct cmc_buf b;
    const char *text;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_name_print(r->subject, &b);
    text = cmc_buf_cstr(&b);
    r->subject_text = text != NULL ? cmc_arena_strdup(m->arena, text) : NULL;
    cmc_buf_free(&b);
    return r->subject_text != NULL ? CMC_OK : no_memory(m->err);
}

static const char *audit_text(const struct making *m, const struct cmc_cert_record *records)
{
    struct cmc_buf subject, b;
    const char *text;

    cmc_buf_init(&subject, AUDIT_MAX);
    cmc_buf_init(&b, AUDIT_MAX);
    cmc_name_print(m->out->ca_subject, &subject);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", CMC_SLICE_LIT("init"));
    cmc_json_str(&b, "ca", cmc_buf_get0(&subject));
    cmc_json_str(&b, "made",
                 m->in->ca_cert != NULL ? CMC_SLICE_LIT("existing") : CMC_SLICE_LIT("new"));
    cmc_json_hex(&b, "responder", records[LEAF_RESPONDER].serial);
    cmc_json_hex(&b, "ocsp", records[LEAF_OCSP].serial);
    cmc_json_hex(&b, "tls", records[LEAF_TLS].serial);
    cmc_json_hex(&b, "officer", records[LEAF_OFFICER].serial);
    cmc_json_hex(&b, "encryption", records[LEAF_ENCRYPTION].serial);
    cmc_json_end(&b);
    text = cmc_buf_cstr(&b);
    text = text != NULL ? cmc_arena_strdup(m->arena, text) : NULL;
    cmc_buf_free(&subject);
    cmc_buf_free(&b);
    return text;
}

/* Certificates and audit record in one transaction, then the officer. */
static enum cmc_rc record_all(struct making *m, const struct cmc_issued *issued)
{
    struct cmc_cert_record records[LEAF_COUNT];
    struct cmc_audit_record audit;
    struct cmc_txn txn = {
        .at = m->in->now, .certs = records, .ncerts = LEAF_COUNT, .audits = &audit, .naudits = 1};
    struct cmc_officer officer = {.name = m->in->officer,
                                  .roles = CMC_ROLE_ENROLL | CMC_ROLE_REVOKE,
                                  .cert = issued[LEAF_OFFICER].cert,
                                  .added_at = m->in->now};
    uint8_t digest[CMC_DIGEST_MAX];
    size_t n;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < LEAF_COUNT && rc == CMC_OK; i++) {
        records[i] = issued[i].record;
        rc = subject_text(m, &records[i]);
    }
    if (rc != CMC_OK)
        return rc;
    audit.json = audit_text(m, records);
    if (audit.json == NULL)
        return no_memory(m->err);
    rc = cmc_digest(m->c, CMC_DIGEST_SHA256, officer.cert, digest, &n, m->err);
    if (rc != CMC_OK)
        return rc;
    memcpy(officer.cert_digest, digest, sizeof officer.cert_digest);
    rc = cmc_store_commit(m->store, &txn, m->err);
    if (rc == CMC_OK)
        rc = cmc_store_officer_add(m->store, &officer, m->err);
    m->out->officer_not_after = issued[LEAF_OFFICER].record.not_after;
    return rc;
}

enum cmc_rc cmc_init_make(const struct cmc_init *in, const struct cmc_crypto *c, const char *dir,
                          struct cmc_arena *arena, struct cmc_init_result *out, struct cmc_err *err)
{
    struct making m = {.in = in, .c = c, .dir = dir, .arena = arena, .out = out, .err = err};
    struct cmc_issued issued[LEAF_COUNT] = {0};
    enum cmc_rc rc = make_ca(&m);

    if (rc == CMC_OK)
        rc = new_secrets_key(&m);
    if (rc == CMC_OK)
        rc = open_authority(&m);
    if (rc == CMC_OK)
        rc = make_leaf(&m, LEAF_RESPONDER, "CMC responder", CMC_INIT_RESPONDER_KEY,
                       CMC_INIT_RESPONDER_CERT, &issued[LEAF_RESPONDER]);
    if (rc == CMC_OK)
        rc = make_leaf(&m, LEAF_OCSP, "OCSP signer", CMC_INIT_OCSP_KEY, CMC_INIT_OCSP_CERT,
                       &issued[LEAF_OCSP]);
    if (rc == CMC_OK)
        rc = make_leaf(&m, LEAF_TLS, in->hosts.v[0], CMC_INIT_TLS_KEY, CMC_INIT_TLS_CERT,
                       &issued[LEAF_TLS]);
    if (rc == CMC_OK)
        rc = make_leaf(&m, LEAF_OFFICER, in->officer, CMC_INIT_OFFICER_KEY, CMC_INIT_OFFICER_CERT,
                       &issued[LEAF_OFFICER]);
    if (rc == CMC_OK)
        rc = make_leaf(&m, LEAF_ENCRYPTION, "CMC encryption", CMC_INIT_ENCRYPTION_KEY,
                       CMC_INIT_ENCRYPTION_CERT, &issued[LEAF_ENCRYPTION]);
    if (rc == CMC_OK)
        rc = record_all(&m, issued);
    cmc_ca_free(m.ca);
    cmc_ca_shared_free(m.shared);
    cmc_store_close(m.store);
    EVP_PKEY_free(m.ca_key);
    return rc;
}
