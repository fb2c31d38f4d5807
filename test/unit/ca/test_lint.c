/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of lint: a certificate that breaks none of them, and for each one that breaks it. */
#include "../authority.h"

#include <openssl/x509v3.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/lint.h"
#include "ca/name_form.h"
#include "ca/profile.h"

#define EXTS_MAX 12
#define BEGIN    INT64_C(1790000000)

struct world {
    struct cmc_arena *arena;
    struct cmc_slice ec, rsa; /* SubjectPublicKeyInfos */
    struct cmc_slice ec_bad, rsa_bad, ed_bad, bits_bad;
    struct cmc_lint_issuer issuer;
    struct cmc_name_constraints constraints;
    struct cmc_tbs_cert tbs; /* of the case */
    struct cmc_extension exts[EXTS_MAX];
};

static struct cmc_slice hex(struct world *w, const char *text)
{
    size_t n = strlen(text) / 2;
    uint8_t *p = cmc_arena_alloc(w->arena, n + 1);

    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        unsigned int v;

        assert_int_equal(sscanf(text + 2 * i, "%2x", &v), 1);
        p[i] = (uint8_t)v;
    }
    return cmc_slice(p, n);
}

/* An extension as openssl.cnf writes it; "hex:..." is its value, "critical,hex:..." too. */
static struct cmc_extension extension(struct world *w, const char *name, const char *value)
{
    struct cmc_extension out = {0};
    ASN1_OBJECT *obj = OBJ_txt2obj(name, 0);
    X509_EXTENSION *ext;
    X509V3_CTX ctx;

    assert_non_null(obj);
    out.extn_id = cmc_arena_slice(w->arena, cmc_slice(OBJ_get0_data(obj), OBJ_length(obj)));
    ASN1_OBJECT_free(obj);
    if (strncmp(value, "critical,hex:", 13) == 0) {
        out.critical = true;
        value += 9;
    }
    if (strncmp(value, "hex:", 4) == 0) {
        out.value = hex(w, value + 4);
        return out;
    }
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    ext = X509V3_EXT_nconf(NULL, &ctx, name, value);
    if (ext == NULL)
        fail_msg("%s = %s", name, value);
    out.critical = X509_EXTENSION_get_critical(ext) == 1;
    out.value = cmc_arena_slice(
        w->arena, cmc_slice(ASN1_STRING_get0_data(X509_EXTENSION_get_data(ext)),
                            (size_t)ASN1_STRING_length(X509_EXTENSION_get_data(ext))));
    X509_EXTENSION_free(ext);
    return out;
}

static struct cmc_slice name(struct world *w, const char *text)
{
    struct cmc_slice out;
    struct cmc_err err = {0};

    if (cmc_name_parse(text, w->arena, &out, &err) != CMC_OK)
        fail_msg("%s", err.text);
    return out;
}

/* Replaces the extension of that name, or is added; value NULL takes it away. */
static void set(struct world *w, const char *which, const char *value)
{
    ASN1_OBJECT *obj = OBJ_txt2obj(which, 0);
    struct cmc_list *l = &w->tbs.extensions;
    size_t i = 0;

    assert_non_null(obj);
    while (i < l->n &&
           !cmc_slice_eq(w->exts[i].extn_id, cmc_slice(OBJ_get0_data(obj), OBJ_length(obj))))
        i++;
    ASN1_OBJECT_free(obj);
    if (value == NULL) {
        assert_true(i < l->n);
        for (l->n--; i < l->n; i++)
            w->exts[i] = w->exts[i + 1];
        return;
    }
    assert_true(i < EXTS_MAX);
    w->exts[i] = extension(w, which, value);
    l->n += i == l->n;
}

/* An end entity that is well in every respect. */
static void begin(struct world *w)
{
    static const uint8_t serial[] = {1};

    w->tbs = (struct cmc_tbs_cert){.version = 2,
                                   .serial = {serial, sizeof serial},
                                   .issuer = name(w, "CN=CA"),
                                   .subject = name(w, "C=SE, O=Example, CN=host.example"),
                                   .spki.raw = w->ec,
                                   .extensions = {w->exts, 0}};
    w->tbs.validity.not_before = cmc_time_tlv(w->arena, BEGIN);
    w->tbs.validity.not_after = cmc_time_tlv(w->arena, BEGIN + 86400);
    assert_int_equal(
        cmc_sig_algid(cmc_sig_by_name("ecdsa-sha256"), w->arena, &w->tbs.signature, NULL), CMC_OK);
    w->issuer = (struct cmc_lint_issuer){.ski = hex(w, "0102"),
                                         .not_before = BEGIN - 1,
                                         .not_after = BEGIN + 864000,
                                         .alg = cmc_sig_by_name("ecdsa-sha256")};
    set(w, "basicConstraints", "critical,CA:FALSE");
    set(w, "keyUsage", "critical,digitalSignature");
    set(w, "extendedKeyUsage", "serverAuth");
    set(w, "subjectAltName", "DNS:host.example,IP:192.0.2.1,email:a@host.example");
    set(w, "subjectKeyIdentifier", "hex:04020304");
    set(w, "authorityKeyIdentifier", "hex:300480020102");
    set(w, "crlDistributionPoints", "URI:http://ca.example/ca.crl");
}

static void begin_ca(struct world *w)
{
    begin(w);
    set(w, "basicConstraints", "critical,CA:TRUE,pathlen:0");
    set(w, "keyUsage", "critical,keyCertSign,cRLSign");
    set(w, "extendedKeyUsage", NULL);
    set(w, "subjectAltName", NULL);
}

struct found {
    const char *wanted;
    bool is;
    unsigned int errors;
    char text[256];
};

static void note(void *arg, const struct cmc_lint_rule *rule, const char *detail)
{
    struct found *f = arg;

    if (f->wanted != NULL && strcmp(rule->id, f->wanted) == 0)
        f->is = true;
    f->errors += rule->level == CMC_LINT_ERROR;
    (void)snprintf(f->text, sizeof f->text, "%s: %s", rule->id, detail != NULL ? detail : "");
}

static const struct cmc_lint_rule *rule_of(const char *id)
{
    for (size_t i = 0; cmc_lint_rule_at(i) != NULL; i++) {
        if (strcmp(cmc_lint_rule_at(i)->id, id) == 0)
            return cmc_lint_rule_at(i);
    }
    fail_msg("no rule %s", id);
    return NULL;
}

/* All of it, and by itself as in an issuance, where errors end it and warnings do not. */
static void breaks(struct world *w, const char *id)
{
    const struct cmc_lint_rule *rule = rule_of(id);
    struct found f = {.wanted = id};
    struct cmc_err err = {0};
    enum cmc_rc rc = cmc_lint(&w->tbs, &w->issuer, CMC_LINT_ALL, w->arena, note, &f, &err);

    if (!f.is)
        fail_msg("%s is not found; last: %s", id, f.text);
    assert_int_equal(rc, f.errors > 0 ? CMC_E_REFUSED : CMC_OK);
    if (rule->level == CMC_LINT_ERROR && f.errors == 1) {
        assert_int_equal(cmc_lint(&w->tbs, &w->issuer, CMC_LINT_ALL, w->arena, NULL, NULL, &err),
                         CMC_E_REFUSED);
        assert_int_equal(err.fail_info, rule->fail_info);
        assert_string_equal(err.clause, rule->clause);
        assert_non_null(strstr(err.text, id));
    }
}

static void is_well(struct world *w)
{
    struct found f = {0};
    struct cmc_err err = {0};

    if (cmc_lint(&w->tbs, &w->issuer, CMC_LINT_ALL, w->arena, note, &f, &err) != CMC_OK ||
        f.text[0] != '\0')
        fail_msg("%s (%s)", f.text, err.text);
}

/* -- the cases --------------------------------------------------------------------------- */

/* What one extension has to be for a rule to be broken. */
static const struct {
    const char *rule;
    bool ca;
    const char *ext, *value;
} by_extension[] = {
    {"san-syntax", false, "subjectAltName", "hex:3000"},
    {"san-not-critical", false, "subjectAltName", "critical,DNS:a.example"},
    {"san-dns", false, "subjectAltName", "DNS:a_b.example"},
    {"san-dns", false, "subjectAltName", "DNS:-a.example"},
    {"san-dns", false, "subjectAltName", "DNS:a.example."},
    {"san-dns", false, "subjectAltName", "DNS:a..example"},
    {"san-dns", false, "subjectAltName", "DNS:a.*.example"},
    {"san-dns", false, "subjectAltName", "DNS:xn--.example"},
    {"san-dns", false, "subjectAltName", "DNS:xn--99999999999.example"},
    {"san-email", false, "subjectAltName", "email:host.example"},
    {"san-email", false, "subjectAltName", "email:A <a@host.example>"},
    {"san-email", false, "subjectAltName", "email:.a@host.example"},
    {"san-uri", false, "subjectAltName", "URI:/relative"},
    {"san-uri", false, "subjectAltName", "URI:http://"},
    {"san-uri", false, "subjectAltName", "URI:http://a.example:port/"},
    {"san-ip", false, "subjectAltName", "hex:30058703010203"},
    {"san-directory", false, "subjectAltName", "hex:3004a4023000"},
    {"usage-empty", false, "keyUsage", "critical,hex:030100"},
    {"usage-critical", false, "keyUsage", "digitalSignature"},
    {"usage-needs-ca", false, "keyUsage", "critical,digitalSignature,keyCertSign"},
    {"usage-only", false, "keyUsage", "critical,digitalSignature,encipherOnly"},
    {"key-usage", false, "keyUsage", "critical,digitalSignature,keyEncipherment"},
    {"ca-usage", true, "keyUsage", "critical,cRLSign"},
    {"ca-usage", true, "keyUsage", NULL},
    {"ca-critical", true, "basicConstraints", "CA:TRUE"},
    {"ca-ski", true, "subjectKeyIdentifier", NULL},
    {"ca-path", false, "basicConstraints", "critical,CA:FALSE,pathlen:0"},
    {"ca-path", true, "keyUsage", "critical,cRLSign"},
    {"ca-path-value", true, "basicConstraints", "critical,hex:30060101ff0201ff"},
    {"ca-path-value", true, "basicConstraints", "critical,CA:TRUE,pathlen:256"},
    {"eku-usage", false, "keyUsage", "critical,cRLSign"},
    {"eku-usage-some", false, "keyUsage", "critical,keyAgreement"},
    {"eku-any-critical", false, "extendedKeyUsage", "critical,anyExtendedKeyUsage"},
    {"eku-time-stamping", false, "extendedKeyUsage", "timeStamping"},
    {"eku-time-stamping", false, "extendedKeyUsage", "critical,timeStamping,clientAuth"},
    {"extension-syntax", false, "authorityInfoAccess", "hex:0500"},
    {"extension-critical", true, "nameConstraints", "permitted;DNS:a.example"},
    {"extension-critical", true, "policyConstraints", "requireExplicitPolicy:0"},
    {"extension-critical", true, "inhibitAnyPolicy", "0"},
    {"extension-not-critical", false, "subjectKeyIdentifier", "critical,hex:04020304"},
    {"extension-not-critical", false, "authorityKeyIdentifier", "critical,hex:300480020102"},
    {"extension-not-critical", false, "authorityInfoAccess", "critical,OCSP;URI:http://a.example/"},
    {"extension-need-not", false, "crlDistributionPoints", "critical,URI:http://a.example/"},
    {"mappings-critical", true, "policyMappings", "1.2.3:1.2.4"},
    {"unknown-critical", false, "1.2.3.4", "critical,DER:0500"},
    {"aki-key-identifier", false, "authorityKeyIdentifier", NULL},
    {"aki-key-identifier", false, "authorityKeyIdentifier", "hex:300480020103"},
    {"constraints-ca", false, "nameConstraints", "critical,permitted;DNS:a.example"},
    {"constraints-ca", false, "policyMappings", "critical,1.2.3:1.2.4"},
    {"constraints-empty", true, "nameConstraints", "critical,hex:3000"},
    {"constraints-range", true, "nameConstraints",
     "critical,hex:300aa008300682016180"
     "0101"},
    {"constraints-range", true, "nameConstraints",
     "critical,hex:300aa00830068201618101"
     "01"},
    {"constraints-ip", true, "nameConstraints", "critical,hex:300aa0083006870401020304"},
    {"constraints-ip", true, "nameConstraints", "critical,hex:300ea00c300a870801020304ff00ff00"},
    {"policy-constraints-empty", true, "policyConstraints", "critical,hex:3000"},
    {"policy-twice", false, "certificatePolicies", "hex:300c300406022a03300406022a03"},
    {"policy-any", false, "certificatePolicies",
     "hex:3012301006"
     "04551d20003008300606022a030500"},
    {"policy-qualifier", false, "certificatePolicies", "hex:3010300e06022a033008300606022a030500"},
    {"policy-text", false, "certificatePolicies",
     "hex:3017301506022a03300f300d06082b0601050507020116016"
     "1"},
    {"policy-text", false, "certificatePolicies",
     "hex:3019301706022a033011300f06082b060105050702023003020101"},
    {"mapping-any", true, "policyMappings", "critical,hex:300c300a06022a030604551d2000"},
    {"point-empty", false, "crlDistributionPoints", "hex:3006300481020780"},
    {"point-uri", false, "crlDistributionPoints", "URI:ca.crl"},
    {"access-uri", false, "authorityInfoAccess", "OCSP;URI:ocsp"},
    {"usage-period", false, "2.5.29.16", "hex:3000"},
    {"usage-period", false, "2.5.29.16",
     "hex:3022800f32303330303130313030303030305a810f32303239303130313030303030305a"},
};

static void test_extensions(void **state)
{
    struct world *w = *state;

    begin(w);
    is_well(w);
    begin_ca(w);
    is_well(w);
    for (size_t i = 0; i < CMC_COUNT(by_extension); i++) {
        if (by_extension[i].ca)
            begin_ca(w);
        else
            begin(w);
        if (strcmp(by_extension[i].rule, "eku-usage-some") == 0)
            set(w, "extendedKeyUsage", "clientAuth,codeSigning");
        set(w, by_extension[i].ext, by_extension[i].value);
        breaks(w, by_extension[i].rule);
    }
}

/* Subjects: as text, or as hex of a Name. */
static void test_subjects(void **state)
{
    static const struct {
        const char *rule, *subject;
    } rows[] = {
        {"name-syntax", "hex:30020500"},
        {"name-empty-value", "hex:300b31093007060355040"
                             "30c00"},
        {"name-string-type", "hex:300d310b3009060355040"
                             "60c025345"},
        {"name-string-type", "hex:300c310a300806035504030201"
                             "05"},
        {"name-charset", "hex:300d310b30090603550403130240"
                         "61"},
        {"name-charset", "hex:300d310b300906035504030c02c3"
                         "28"},
        {"name-charset", "hex:300d310b300906035504030c026100"},
        {"name-bounds", "CN=12345678901234567890123456789012345678901234567890123456789012345"},
        {"name-bounds", "C=SWE"},
        {"name-country", "C=SWE"},
        {"name-country", "C=S1"},
        {"name-country", "C=S"},
        {"name-twice", "CN=a+CN=b"},
        {"name-old-string", "hex:300d310b3009060355040314026162"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        begin(w);
        w->tbs.subject = strncmp(rows[i].subject, "hex:", 4) == 0 ? hex(w, rows[i].subject + 4)
                                                                  : name(w, rows[i].subject);
        breaks(w, rows[i].rule);
    }
    begin(w);
    /* 64 characters in more octets */
    w->tbs.subject = name(w, "CN=\xc3\xa9"
                             "234567890123456789012345678901234567890123456789012345678901234");
    is_well(w);
    begin(w);
    w->tbs.subject = name(w, "");
    breaks(w, "san-critical");
    set(w, "subjectAltName", "critical,DNS:a.example");
    is_well(w);
    set(w, "subjectAltName", NULL);
    breaks(w, "subject-empty");
}

/* What is no extension and no subject. */
static void test_rest(void **state)
{
    static const uint8_t negative[] = {0x80}, zero[] = {0}, one[] = {0, 1},
                         long_serial[21] = {1, 2};
    struct world *w = *state;

    begin(w);
    w->tbs.version = 1;
    breaks(w, "version");
    begin(w);
    w->tbs.serial = cmc_slice(negative, 1);
    breaks(w, "serial-positive");
    w->tbs.serial = cmc_slice(zero, 1);
    breaks(w, "serial-positive");
    w->tbs.serial = cmc_slice(long_serial, 20);
    is_well(w);
    w->tbs.serial = cmc_slice(long_serial, 21);
    breaks(w, "serial-length");
    begin(w);
    w->issuer.alg = cmc_sig_by_name("ecdsa-sha384");
    breaks(w, "signature-algorithm");
    begin(w);
    w->tbs.signature.parameters = hex(w, "0500");
    breaks(w, "signature-algorithm");
    begin(w);
    w->tbs.subject_uid = cmc_slice(one, 2);
    breaks(w, "unique-identifier");
    begin(w);
    w->tbs.issuer = name(w, "");
    breaks(w, "issuer-empty");
    begin(w);
    w->tbs.validity.not_after = cmc_time_tlv(w->arena, BEGIN - 1);
    breaks(w, "validity-order");
    begin(w);
    w->tbs.validity.not_after = hex(w, "180f32303236313031303030303030305a");
    breaks(w, "validity-form");
    w->tbs.validity.not_after = hex(w, "170d3236313031303030303030305b");
    breaks(w, "validity-form");
    begin(w);
    w->issuer.not_after = BEGIN + 1;
    breaks(w, "validity-beyond");
    begin(w);
    w->issuer.not_before = BEGIN + 1;
    breaks(w, "validity-before");
    begin(w);
    w->issuer.not_after = INT64_C(4000000000);
    w->tbs.validity.not_after = cmc_time_tlv(w->arena, INT64_C(253402300799));
    is_well(w); /* it says itself that it has no end */
    begin(w);
    w->tbs.spki.raw = hex(w, "3000");
    breaks(w, "key-syntax");
    w->tbs.spki.raw = w->bits_bad;
    breaks(w, "key-bits");
    begin(w);
    w->tbs.spki.raw = w->rsa;
    is_well(w);
    w->tbs.spki.raw = w->rsa_bad;
    breaks(w, "key-parameters");
    w->tbs.spki.raw = w->ec_bad;
    breaks(w, "key-parameters");
    w->tbs.spki.raw = w->ed_bad;
    breaks(w, "key-parameters");
    begin(w);
    w->tbs.extensions.n = 0;
    breaks(w, "extension-none");
    begin(w);
    w->exts[w->tbs.extensions.n] = w->exts[0];
    w->tbs.extensions.n++;
    breaks(w, "extension-twice");
    begin(w);
    w->issuer.ski = CMC_SLICE_NONE;
    set(w, "authorityKeyIdentifier", NULL);
    breaks(w, "aki-none");
    begin_ca(w);
    w->issuer.has_path_len = true;
    breaks(w, "ca-below");
    w->issuer.path_len = 1;
    is_well(w);
    set(w, "basicConstraints", "critical,CA:TRUE,pathlen:1");
    breaks(w, "ca-deeper");
    set(w, "basicConstraints", "critical,CA:TRUE");
    breaks(w, "ca-deeper");
}

/* Name constraints of the issuer, RFC 5280 section 4.2.1.10. */
static void test_constraints(void **state)
{
    static const struct {
        const char *constraints, *subject, *san;
        bool allowed;
    } rows[] = {
        {"permitted;DNS:example", "CN=a", "DNS:a.example", true},
        {"permitted;DNS:example", "CN=a", "DNS:example", true},
        {"permitted;DNS:example", "CN=a", "DNS:A.EXAMPLE", true},
        {"permitted;DNS:example", "CN=a", "DNS:myexample", false},
        {"permitted;DNS:example", "CN=a", "DNS:a.example,DNS:b.org", false},
        {"permitted;DNS:example", "CN=a", "IP:192.0.2.1", true},
        {"permitted;DNS:.example", "CN=a", "DNS:example", false},
        {"excluded;DNS:b.example", "CN=a", "DNS:a.example", true},
        {"excluded;DNS:b.example", "CN=a", "DNS:c.b.example", false},
        {"excluded;DNS:b.example", "CN=a", "DNS:*.example", false},
        {"excluded;DNS:b.example", "CN=a", "DNS:*.c.example", true},
        {"permitted;email:host.example", "CN=a", "email:a@host.example", true},
        {"permitted;email:host.example", "CN=a", "email:a@b.host.example", false},
        {"permitted;email:.host.example", "CN=a", "email:a@b.host.example", true},
        {"permitted;email:.host.example", "CN=a", "email:a@host.example", false},
        {"permitted;email:a@host.example", "CN=a", "email:a@HOST.example", true},
        {"permitted;email:a@host.example", "CN=a", "email:b@host.example", false},
        {"permitted;email:host.example", "CN=a, emailAddress=a@other.example", NULL, false},
        {"permitted;URI:host.example", "CN=a", "URI:http://u@host.example:80/x?y", true},
        {"permitted;URI:host.example", "CN=a", "URI:http://a.host.example/", false},
        {"permitted;URI:.host.example", "CN=a", "URI:http://a.host.example/", true},
        {"permitted;URI:host.example", "CN=a", "URI:urn:a:b", false},
        {"excluded;URI:host.example", "CN=a", "URI:urn:a:b", false},
        {"excluded;URI:host.example", "CN=a", "URI:http://other.example", true},
        {"permitted;IP:192.0.2.0/255.255.255.0", "CN=a", "IP:192.0.2.77", true},
        {"permitted;IP:192.0.2.0/255.255.255.0", "CN=a", "IP:192.0.3.77", false},
        {"permitted;IP:192.0.2.0/255.255.255.0", "CN=a", "IP:2001:db8::1", false},
        {"permitted;RID:1.2.3", "CN=a", "RID:1.2.3", true},
        {"permitted;RID:1.2.3", "CN=a", "RID:1.2.4", false},
        {"hex:3015a0133011a40f300d310b3009060355040613025345", "C=se, CN=a", NULL, true},
        {"hex:3015a0133011a40f300d310b3009060355040613025345", "C=NO, CN=a", NULL, false},
        {"hex:3015a1133011a40f300d310b3009060355040613025345", "C=SE, CN=a", NULL, false},
        {"hex:3015a1133011a40f300d310b3009060355040613025345", "CN=a", NULL, true},
    };
    struct world *w = *state;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct found f = {.wanted = "issuer-constraints"};
        struct cmc_extension nc;

        begin(w);
        nc = extension(w, "nameConstraints", rows[i].constraints);
        w->constraints = (struct cmc_name_constraints){0};
        assert_int_equal(
            cmc_decode(&cmc_it_name_constraints, nc.value, w->arena, &w->constraints, NULL),
            CMC_OK);
        w->issuer.constraints = &w->constraints;
        w->issuer.nconstraints = 1;
        w->tbs.subject = name(w, rows[i].subject);
        set(w, "subjectAltName", rows[i].san);
        (void)!cmc_lint(&w->tbs, &w->issuer, CMC_LINT_REQUEST, w->arena, note, &f, NULL);
        if (f.is == rows[i].allowed)
            fail_msg("row %zu: %s", i, rows[i].constraints);
    }
}

/* Each rule was broken by one of the above. */
static void test_all_are_tested(void **state)
{
    static const char *const elsewhere[] = {"version",
                                            "serial-positive",
                                            "serial-length",
                                            "signature-algorithm",
                                            "unique-identifier",
                                            "issuer-empty",
                                            "validity-form",
                                            "validity-order",
                                            "validity-beyond",
                                            "validity-before",
                                            "name-syntax",
                                            "name-empty-value",
                                            "name-string-type",
                                            "name-charset",
                                            "name-bounds",
                                            "name-country",
                                            "name-twice",
                                            "name-old-string",
                                            "subject-empty",
                                            "san-critical",
                                            "issuer-constraints",
                                            "key-syntax",
                                            "key-parameters",
                                            "key-bits",
                                            "ca-below",
                                            "ca-deeper",
                                            "extension-none",
                                            "extension-twice",
                                            "aki-none"};

    (void)state;
    for (size_t i = 0; cmc_lint_rule_at(i) != NULL; i++) {
        const char *id = cmc_lint_rule_at(i)->id;
        bool is = false;

        for (size_t k = 0; k < CMC_COUNT(by_extension); k++)
            is = is || strcmp(by_extension[k].rule, id) == 0;
        for (size_t k = 0; k < CMC_COUNT(elsewhere); k++)
            is = is || strcmp(elsewhere[k], id) == 0;
        if (!is)
            fail_msg("rule %s has no test", id);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(cmc_lint_rule_at(k)->id, id);
    }
}

static void test_forms(void **state)
{
    static const char *const good[] = {"DNS:a",
                                       "DNS:a-b.example",
                                       "DNS:xn--bcher-kva.example",
                                       "DNS:*.example",
                                       "DNS:3com.example",
                                       "email:a@b.example",
                                       "email:\"a b\"@b.example",
                                       "email:a.b+c@[192.0.2.1]",
                                       "email:a@[IPv6:2001:db8::1]",
                                       "URI:urn:a",
                                       "URI:http://[2001:db8::1]:8080/x",
                                       "URI:ldap://a.example/CN=x?y"};
    struct cmc_slice host;

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(good); i++) {
        struct cmc_slice v = cmc_slice_str(strchr(good[i], ':') + 1);

        if (!(good[i][0] == 'D'   ? cmc_dns_name_ok(v, true)
              : good[i][0] == 'e' ? cmc_mailbox_ok(v)
                                  : cmc_uri_ok(v, &host)))
            fail_msg("%s", good[i]);
    }
    assert_false(cmc_dns_name_ok(cmc_slice_str("*.example"), false));
    assert_false(cmc_mailbox_ok(cmc_slice_str("a@")));
    assert_false(cmc_mailbox_ok(cmc_slice_str("\"a\"b\"@c")));
    assert_false(cmc_uri_ok(cmc_slice_str("http:"), &host));
    assert_false(cmc_uri_ok(cmc_slice_str("1http:x"), &host));
    assert_false(cmc_uri_ok(cmc_slice_str("http://a b/"), &host));
}

/* -- the keys ---------------------------------------------------------------------------- */

static struct cmc_slice changed(struct world *w, struct cmc_slice spki, const char *parameters)
{
    struct cmc_spki s = {0};
    struct cmc_slice out;

    assert_int_equal(cmc_decode(&cmc_it_spki, spki, w->arena, &s, NULL), CMC_OK);
    s.raw = CMC_SLICE_NONE;
    if (strcmp(parameters, "bits") == 0) {
        uint8_t *p = cmc_arena_dup(w->arena, s.public_key.p, s.public_key.n);

        p[0] = 1;
        p[s.public_key.n - 1] &= 0xfe;
        s.public_key = cmc_slice(p, s.public_key.n);
    } else {
        s.algorithm.parameters = hex(w, parameters);
    }
    assert_int_equal(cmc_encode_arena(&cmc_it_spki, &s, w->arena, &out, NULL), CMC_OK);
    return out;
}

static struct cmc_slice new_spki(struct world *w, const char *kind)
{
    EVP_PKEY *key = NULL;
    struct cmc_slice out;
    struct cmc_err err = {0};

    key = strcmp(kind, "EC") == 0    ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
          : strcmp(kind, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
                                     : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_non_null(key);
    assert_int_equal(cmc_key_spki(key, w->arena, &out, &err), CMC_OK);
    EVP_PKEY_free(key);
    return out;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    assert_non_null(w->arena);
    w->ec = new_spki(w, "EC");
    w->rsa = new_spki(w, "RSA");
    w->ec_bad = changed(w, w->ec, "0500");
    w->rsa_bad = changed(w, w->rsa, "06012a");
    w->ed_bad = changed(w, new_spki(w, "ED25519"), "0500");
    w->bits_bad = changed(w, w->ec, "bits");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cmc_arena_free(w->arena);
    free(w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extensions),     cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_rest),           cmocka_unit_test(test_constraints),
        cmocka_unit_test(test_all_are_tested), cmocka_unit_test(test_forms),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
