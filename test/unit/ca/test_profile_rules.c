/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: rules about names, validity, signature and what a request asks for. */
#include "../authority.h"

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"

#define STR(s) ((char *)(uintptr_t)(s))

static int setup(void **state)
{
    *state = test_authority_new("EC", "P-256");
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

static struct cmc_slice name(struct test_authority *t, const char *text)
{
    struct cmc_slice out;

    assert_int_equal(cmc_name_parse(text, t->arena, &out, NULL), CMC_OK);
    return out;
}

static const char *text_of(struct test_authority *t, struct cmc_slice der)
{
    struct cmc_buf b;
    char *text;

    cmc_buf_init(&b, 4096);
    cmc_name_print(der, &b);
    text = cmc_arena_strndup(t->arena, (const char *)cmc_buf_get0(&b).p, b.n);
    cmc_buf_free(&b);
    return text;
}

/* What becomes of a request; signer may be NULL. */
static enum cmc_rc judge(struct test_authority *t, const struct cmc_profile_spec *spec,
                         const char *subject, const char *san, const char *signer,
                         struct cmc_profile_due *due, struct cmc_err *err)
{
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_profile_case x = {.key = key, .now = TEST_NOW};
    struct cmc_profile *p;
    struct cmc_request rq;
    enum cmc_rc rc;

    if (signer != NULL)
        x.signer = name(t, signer);
    if (cmc_profile_compile(spec, NULL, &p, err) != CMC_OK)
        fail_msg("%s", err->text);
    assert_int_equal(cmc_request_from_pkcs10(test_csr(t, key, subject, san), t->arena, &rq, err),
                     CMC_OK);
    x.request = &rq;
    rc = cmc_profile_check(p, &x, t->arena, due, err);
    if (rc == CMC_OK) { /* what it gave is given again: as a renewal, and as what was held */
        struct cmc_request again = due->request;
        struct cmc_profile_due twice;

        x.request = &again;
        if (cmc_profile_check(p, &x, t->arena, &twice, err) != CMC_OK)
            fail_msg("%s", err->text);
        assert_true(cmc_slice_eq(twice.request.subject, due->request.subject));
        x.judged = true;
        x.signer = CMC_SLICE_NONE;
        assert_int_equal(cmc_profile_check(p, &x, t->arena, &twice, err), CMC_OK);
        assert_true(cmc_slice_eq(twice.request.subject, due->request.subject));
    }
    cmc_profile_free(p);
    EVP_PKEY_free(key);
    return rc;
}

static void subjects(void **state)
{
    static const struct cmc_profile_attribute rules[] = {
        {.type = STR("C"), .from = CMC_FROM_PROFILE, .value = STR("SE")},
        {.type = STR("O"), .from = CMC_FROM_OFFICER, .max = 2},
        {.type = STR("OU"), .max = 2, .optional = true},
        {.type = STR("OU"), .from = CMC_FROM_PROFILE, .value = STR("a\\, b")},
        {.type = STR("CN"), .pattern = STR("[a-z]+(-[0-9]+)?")},
        {.type = STR("1.2.3.4"), .optional = true},
    };
    static const struct {
        const char *subject, *signer;
        bool drop;
        const char *due; /* NULL: refused */
        const char *says;
        int fail;
    } rows[] = {
        {"CN=a", "O=X", false, "C=SE, O=X, OU=a\\, b, CN=a", NULL, 0},
        {"CN=a-1,C=SE", "CN=me,O=X,O=Y,O=Z", false, "C=SE, O=X, O=Y, OU=a\\, b, CN=a-1", NULL, 0},
        {"OU=1,O=X,CN=a,OU=2", "O=X", false, "C=SE, O=X, OU=1, OU=2, OU=a\\, b, CN=a", NULL, 0},
        {"OU=1+CN=a", "O=X", false, "C=SE, O=X, OU=1, OU=a\\, b, CN=a", NULL, 0},
        {"CN=a,1.2.3.4=x", "O=X", false, "C=SE, O=X, OU=a\\, b, CN=a, 1.2.3.4=x", NULL, 0},
        {"CN=a,C=NO,L=x,O=Q,CN=b", "O=X", true, "C=SE, O=X, OU=a\\, b, CN=a", NULL, 0},
        {"CN=a,L=x", "O=X", false, NULL, "rule other-names", CMC_FAIL_BAD_REQUEST},
        {"CN=a,C=NO", "O=X", false, NULL, "rule other-names", CMC_FAIL_BAD_REQUEST},
        {"CN=a,O=Y", "O=X", false, NULL, "rule other-names", CMC_FAIL_BAD_REQUEST},
        {"CN=a,CN=b", "O=X", false, NULL, "rule subject CN", CMC_FAIL_BAD_REQUEST},
        {"CN=a,OU=1,OU=2,OU=3", "O=X", false, NULL, "rule subject OU", CMC_FAIL_BAD_REQUEST},
        {"OU=1", "O=X", false, NULL, "lacks an attribute (rule subject CN)", CMC_FAIL_BAD_REQUEST},
        {"", "O=X", false, NULL, "rule subject CN", CMC_FAIL_BAD_REQUEST},
        {"CN=a1", "O=X", false, NULL, "pattern (rule subject CN)", CMC_FAIL_BAD_REQUEST},
        {"CN=xa-1x", "O=X", false, NULL, "pattern (rule subject CN)", CMC_FAIL_BAD_REQUEST},
        {"CN=a\\00b", "O=X", false, NULL, "pattern", CMC_FAIL_BAD_REQUEST},
        {"CN=a", NULL, false, NULL, "none signed", CMC_FAIL_BAD_IDENTITY},
        {"CN=a", "CN=me", false, NULL, "has none", CMC_FAIL_BAD_IDENTITY},
    };
    struct test_authority *t = *state;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_profile_attribute copy[CMC_COUNT(rules)];
        const struct cmc_profile_spec spec = {.name = STR("p"),
                                              .days = 1,
                                              .subject = copy,
                                              .subject_count = CMC_COUNT(rules),
                                              .drop_other_names = rows[i].drop};
        struct cmc_profile_due due;
        struct cmc_err err = {0};
        enum cmc_rc rc;

        memcpy(copy, rules, sizeof copy);
        rc = judge(t, &spec, rows[i].subject, NULL, rows[i].signer, &due, &err);
        if (rows[i].due == NULL) {
            if (rc != CMC_E_REFUSED || strstr(err.text, rows[i].says) == NULL)
                fail_msg("%s: %s", rows[i].subject, err.text);
            assert_int_equal(err.fail_info, rows[i].fail);
            continue;
        }
        if (rc != CMC_OK)
            fail_msg("%s: %s", rows[i].subject, err.text);
        assert_true(cmc_name_eq(due.request.subject, name(t, rows[i].due)));
        assert_non_null(text_of(t, due.request.subject));
    }
}

static void alt_names(void **state)
{
    static char *kinds[] = {STR("DNS"), STR("ip"), STR("email")};
    static char *permitted[] = {STR("DNS:example"), STR("IP:192.0.2.0/24"),
                                STR("IP:2001:db8::/32")};
    static char *excluded[] = {STR("DNS:secret.example")};
    static char *patterns[] = {STR("email:[a-z]+@host\\.example"), STR("email:x.*")};
    static const struct {
        const char *subject, *san;
        bool wildcards;
        const char *due; /* names that are there, each of them */
        const char *rule;
    } rows[] = {
        {"O=x", "DNS:a.example", false, "DNS:a.example,DNS:always.example", NULL},
        {"O=x", "DNS:a.example,DNS:always.example", false, "DNS:a.example,DNS:always.example",
         NULL},
        {"CN=b.example", NULL, false, "DNS:b.example,DNS:always.example", NULL},
        {"CN=b.example", "DNS:B.EXAMPLE", false, "DNS:B.EXAMPLE,DNS:always.example", NULL},
        {"CN=a@host.example", NULL, false, "email:a@host.example,DNS:always.example", NULL},
        {"CN=some body", NULL, false, "DNS:always.example", NULL},
        {"O=x", "IP:192.0.2.7,IP:2001:db8::7", false,
         "IP:192.0.2.7,IP:2001:db8::7,DNS:always.example", NULL},
        {"O=x", "DNS:*.example", true, "DNS:*.example,DNS:always.example", "permitted"},
        {"O=x", "DNS:*.w.example", true, "DNS:*.w.example,DNS:always.example", NULL},
        {"O=x", "email:xyz@q", false, "email:xyz@q,DNS:always.example", NULL},
        {"O=x", "DNS:*.w.example", false, NULL, "wildcards"},
        {"O=x", "DNS:a.org", false, NULL, "permitted"},
        {"O=x", "DNS:secret.example", false, NULL, "permitted"},
        {"O=x", "IP:192.0.3.7", false, NULL, "permitted"},
        {"CN=c.org", NULL, false, NULL, "permitted"},
        {"O=x", "URI:http://a.example", false, NULL, "kinds"},
        {"O=x", "email:a1@host.example", false, NULL, "patterns"},
        {"O=x", "DNS:a.example,DNS:b.example,DNS:c.example", false, NULL, "max"},
        {"O=x", "DNS:a_b.example", false, NULL, "san-dns"},
    };
    struct test_authority *t = *state;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_profile_san san = {.kinds = kinds,
                                      .kind_count = 3,
                                      .max = 3,
                                      .permitted = permitted,
                                      .permitted_count = 3,
                                      .excluded = excluded,
                                      .excluded_count = 1,
                                      .patterns = patterns,
                                      .pattern_count = 2,
                                      .wildcards = rows[i].wildcards,
                                      .from_cn = true,
                                      .fixed = STR("DNS:always.example")};
        const struct cmc_profile_spec spec = {.name = STR("p"), .days = 1, .san = &san};
        const struct cmc_extension *given;
        struct cmc_extension wanted;
        struct cmc_profile_due due;
        struct cmc_err err = {0};
        enum cmc_rc rc = judge(t, &spec, rows[i].subject, rows[i].san, NULL, &due, &err);

        if (rows[i].rule != NULL) {
            if (rc != CMC_E_REFUSED || strstr(err.text, rows[i].rule) == NULL)
                fail_msg("row %zu: %s", i, err.text);
            assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
            continue;
        }
        if (rc != CMC_OK)
            fail_msg("row %zu: %s", i, err.text);
        given = cmc_extension_find(&due.request.extensions, cmc_oid_id_ce_subjectAltName);
        assert_non_null(given);
        assert_int_equal(cmc_san_parse(rows[i].due, t->arena, &wanted, &err), CMC_OK);
        if (!cmc_slice_eq(given->value, wanted.value))
            fail_msg("row %zu: other names", i);
    }
}

/* What does not compile. */
static void mistakes(void **state)
{
    static char *no_kind[] = {STR("host")}, *no_subtree[] = {STR("IP:192.0.2.1/24")},
                *no_prefix[] = {STR("IP:x")}, *ku[] = {STR("keyUsage")};
    static struct cmc_profile_attribute bad_type = {.type = STR("XY")},
                                        bad_pattern = {.type = STR("CN"), .pattern = STR("(")},
                                        split_pattern = {.type = STR("CN"),
                                                         .pattern = STR("a)|(b")},
                                        two = {.type = STR("O"),
                                               .from = CMC_FROM_PROFILE,
                                               .value = STR("a,CN=b")};
    static struct cmc_profile_san kinds = {.kinds = no_kind, .kind_count = 1},
                                  permitted = {.permitted = no_subtree, .permitted_count = 1},
                                  patterns = {.patterns = no_prefix, .pattern_count = 1},
                                  fixed = {.fixed = STR("host")};
    static struct cmc_profile_extension san = {STR("subjectAltName"), STR("DNS:a")},
                                        usage = {STR("keyUsage"), STR("digitalSignature")};
    static const struct {
        struct cmc_profile_spec spec;
        const char *says;
    } rows[] = {
        {{.days = 1, .subject = &bad_type, .subject_count = 1}, "\"XY\""},
        {{.days = 1, .subject = &bad_pattern, .subject_count = 1}, "pattern \"(\""},
        {{.days = 1, .subject = &split_pattern, .subject_count = 1}, "pattern \"a)|(b\""},
        {{.days = 1, .subject = &two, .subject_count = 1}, "more than one attribute"},
        {{.days = 1, .san = &kinds}, "\"host\" is no kind"},
        {{.days = 1, .san = &permitted}, "192.0.2.1/24"},
        {{.days = 1, .san = &patterns}, "IP:x"},
        {{.days = 1, .san = &fixed}, "host"},
        {{.days = 1, .san = &fixed, .extensions = &san, .extension_count = 1}, "choose one"},
        {{.days = 1, .signature = STR("sha1")}, "sha1"},
        {{.days = 1, .signature = STR("rot13")}, "rot13"},
        {{.days = 1, .no_expiry = true}, "without an end"},
        {{.hours = 0}, "days"},
        {{.hours = 1, .backdate_minutes = 60}, "over by then"},
        {{.days = 1, .overridden = ku, .overridden_count = 1}, "nothing overrides"},
        {{.days = 1,
          .refused = ku,
          .refused_count = 1,
          .request_extensions = ku,
          .request_extension_count = 1},
         "taken from the request and refused"},
        {{.days = 1,
          .refused = ku,
          .refused_count = 1,
          .overridden = ku,
          .overridden_count = 1,
          .extensions = &usage,
          .extension_count = 1},
         "overridden and refused"},
    };

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_profile_spec spec = rows[i].spec;
        struct cmc_profile *p;
        struct cmc_err err = {0};

        spec.name = STR("p");
        if (cmc_profile_compile(&spec, NULL, &p, &err) != CMC_E_USAGE ||
            strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu: %s", i, err.text);
        assert_null(p);
    }
}

static void validity(void **state)
{
#define DAY 86400
    static const struct {
        struct cmc_profile_spec spec;
        int64_t issuer_end, from, to; /* as seconds from now; asked for: 0 is nothing */
        int64_t not_before, not_after;
        bool refused;
    } rows[] = {
        {{.days = 2}, 10 * DAY, 0, 0, 0, 2 * DAY - 1, false},
        {{.days = 2, .backdate_minutes = 5}, 10 * DAY, 0, 0, -300, 2 * DAY - 301, false},
        {{.hours = 3}, 10 * DAY, 0, 0, 0, 3 * 3600 - 1, false},
        {{.days = 2, .hours = 3}, 10 * DAY, 0, 0, 0, 3 * 3600 - 1, false},
        {{.days = 2}, DAY, 0, 0, 0, DAY, false},
        {{.days = 2, .not_after = TEST_NOW + DAY}, 10 * DAY, 0, 0, 0, DAY, false},
        {{.not_after = TEST_NOW + 20 * DAY}, 10 * DAY, 0, 0, 0, 10 * DAY, false},
        {{.not_after = TEST_NOW}, 10 * DAY, 0, 0, 0, 0, true},
        {{.no_expiry = true}, DAY, 0, 0, 0, INT64_C(253402300799) - TEST_NOW, false},
        {{.days = 9}, 10 * DAY, DAY, 2 * DAY, 0, 9 * DAY - 1, false},
        {{.days = 9, .validity_from_request = true}, 10 * DAY, DAY, 2 * DAY, DAY, 2 * DAY, false},
        {{.days = 9, .validity_from_request = true}, 10 * DAY, 0, 2 * DAY, 0, 2 * DAY, false},
        {{.days = 9, .validity_from_request = true}, 10 * DAY, 0, 0, 0, 9 * DAY - 1, false},
        {{.days = 9, .validity_from_request = true}, 10 * DAY, -1, 0, 0, 0, true},
        {{.days = 9, .validity_from_request = true}, 10 * DAY, 0, 9 * DAY, 0, 0, true},
        {{.days = 9, .validity_from_request = true}, 5 * DAY, 0, 6 * DAY, 0, 0, true},
        {{.days = 9, .validity_from_request = true}, 10 * DAY, 3 * DAY, 2 * DAY, 0, 0, true},
        {{.days = 9, .backdate_minutes = 60, .validity_from_request = true},
         10 * DAY,
         -60,
         -30,
         0,
         0,
         true},
    };
    struct test_authority *t = *state;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_profile_spec spec = rows[i].spec;
        const struct cmc_lint_issuer issuer = {.not_after = TEST_NOW + rows[i].issuer_end};
        struct cmc_request rq = {0};
        struct cmc_profile_case x = {.request = &rq, .now = TEST_NOW, .issuer = &issuer};
        struct cmc_profile *p;
        struct cmc_err err = {0};
        int64_t from, to;
        enum cmc_rc rc;

        spec.name = STR("p");
        if (rows[i].from != 0)
            rq.not_before = cmc_time_tlv(t->arena, TEST_NOW + rows[i].from);
        if (rows[i].to != 0)
            rq.not_after = cmc_time_tlv(t->arena, TEST_NOW + rows[i].to);
        assert_int_equal(cmc_profile_compile(&spec, NULL, &p, &err), CMC_OK);
        rc = cmc_profile_validity(p, &x, &from, &to, &err);
        cmc_profile_free(p);
        if (rc != (rows[i].refused ? CMC_E_REFUSED : CMC_OK))
            fail_msg("row %zu: %s", i, err.text);
        if (rc == CMC_OK &&
            (from != TEST_NOW + rows[i].not_before || to != TEST_NOW + rows[i].not_after))
            fail_msg("row %zu: %lld to %lld", i, (long long)(from - TEST_NOW),
                     (long long)(to - TEST_NOW));
    }
}

static void signatures(void **state)
{
    static const struct {
        const char *key, *param, *wanted, *gives; /* NULL: refused */
    } rows[] = {
        {"EC", "P-256", NULL, "ecdsa-sha256"},
        {"EC", "P-256", "sha384", "ecdsa-sha384"},
        {"EC", "P-256", "rsa-sha256", NULL},
        {"RSA", NULL, "sha512", "rsa-sha512"},
        {"RSA", NULL, "rsa-pss-sha384", "rsa-pss-sha384"},
        {"ED25519", NULL, NULL, "ed25519"},
        {"ED25519", NULL, "sha384", NULL},
        {"ED25519", NULL, "ed25519", "ed25519"},
    };
    struct test_authority *t = *state;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        EVP_PKEY *key = test_key(t, rows[i].key, rows[i].param);
        const struct cmc_profile_spec spec = {
            .name = STR("p"), .days = 1, .signature = STR(rows[i].wanted)};
        const struct cmc_sig_alg *alg;
        struct cmc_profile *p;
        struct cmc_err err = {0};

        assert_int_equal(cmc_profile_compile(&spec, NULL, &p, &err), CMC_OK);
        if (rows[i].gives == NULL) {
            assert_int_equal(cmc_profile_signature(p, key, &alg, &err), CMC_E_USAGE);
        } else {
            assert_int_equal(cmc_profile_signature(p, key, &alg, &err), CMC_OK);
            assert_string_equal(alg->name, rows[i].gives);
        }
        cmc_profile_free(p);
        EVP_PKEY_free(key);
    }
}

/* Taken, overridden, refused, and what is left. */
static void asked_for(void **state)
{
    static const uint8_t usage[] = {0x03, 0x02, 0x02, 0x04}, ca[] = {0x30, 0x03, 0x01, 0x01, 0xff};
    struct test_authority *t = *state;
    struct cmc_profile_extension fixed[] = {
        {STR("keyUsage"), STR("critical,digitalSignature")},
        {STR("basicConstraints"), STR("critical,CA:FALSE")},
    };
    char *names[] = {STR("keyUsage"), STR("basicConstraints")};
    struct cmc_profile_spec spec = {
        .name = STR("p"), .days = 1, .extensions = fixed, .extension_count = 2};
    const struct cmc_extension exts[] = {
        {.extn_id = cmc_oid_id_ce_keyUsage, .value = {usage, sizeof usage}},
        {.extn_id = cmc_oid_id_ce_basicConstraints, .value = {ca, sizeof ca}},
    };
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_request rq = {.subject = name(t, "CN=a")};
    const struct cmc_profile_case x = {.request = &rq, .key = key, .now = TEST_NOW};

    assert_int_equal(cmc_key_spki(key, t->arena, &rq.spki, NULL), CMC_OK);
    rq.extensions = (struct cmc_list){(void *)(uintptr_t)exts, 2};
    for (int i = 0; i < 3; i++) {
        struct cmc_profile *p;
        struct cmc_err err = {0};
        enum cmc_rc rc;

        spec.overridden = names;
        spec.overridden_count = i == 1 ? 2 : 0;
        spec.refused = names;
        spec.refused_count = i == 2 ? 1 : 0;
        assert_int_equal(cmc_profile_compile(&spec, NULL, &p, &err), CMC_OK);
        rc = cmc_profile_check(p, &x, t->arena, NULL, &err);
        if (i == 1) {
            assert_int_equal(rc, CMC_OK);
        } else {
            assert_int_equal(rc, CMC_E_REFUSED);
            assert_int_equal(err.fail_info, CMC_FAIL_UNSUPPORTED_EXT);
        }
        if (i == 2)
            assert_non_null(strstr(err.text, "may not be asked for"));
        cmc_profile_free(p);
    }
    EVP_PKEY_free(key);
}

struct told {
    unsigned int refusals, warnings;
    char all[2048];
};

static void tell(void *arg, const struct cmc_err *why)
{
    struct told *t = arg;
    size_t n = strlen(t->all);

    t->refusals++;
    (void)snprintf(t->all + n, sizeof t->all - n, "%s\n", why->text);
}

static void warn(void *arg, const struct cmc_lint_rule *rule, const char *detail)
{
    (void)rule;
    (void)detail;
    ((struct told *)arg)->warnings++;
}

/* Each rule that refuses, not only the first. */
static void all_refusals(void **state)
{
    static char *keys[] = {STR("rsa:2048")};
    struct test_authority *t = *state;
    struct cmc_profile_san san = {0};
    const struct cmc_profile_spec spec = {
        .name = STR("p"), .days = 1, .key_types = keys, .key_type_count = 1, .san = &san};
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_profile_case x = {.key = key, .now = TEST_NOW};
    struct told told = {0};
    const struct cmc_profile_listener listener = {.refused = tell, .warn = warn, .arg = &told};
    struct cmc_profile_due due;
    struct cmc_profile *p;
    struct cmc_request rq;
    struct cmc_err err = {0};

    assert_int_equal(cmc_profile_compile(&spec, NULL, &p, &err), CMC_OK);
    assert_int_equal(cmc_request_from_pkcs10(
                         test_csr(t, key, "C=SWE, CN=a", "DNS:a_b.example,DNS:ok.example,URI:x"),
                         t->arena, &rq, &err),
                     CMC_OK);
    x.request = &rq;
    assert_int_equal(cmc_profile_check_all(p, &x, &listener, t->arena, &due, &err), CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG); /* the first */
    assert_non_null(strstr(told.all, "does not take keys"));
    assert_non_null(strstr(told.all, "rule name-country"));
    assert_non_null(strstr(told.all, "rule name-bounds"));
    assert_non_null(strstr(told.all, "rule san-dns"));
    assert_non_null(strstr(told.all, "rule san-uri"));
    assert_int_equal(told.refusals, 5);
    cmc_profile_free(p);
    EVP_PKEY_free(key);
}

/* What a profile fixes is looked at when it is loaded. */
static void at_load(void **state)
{
    struct cmc_profile_extension ext = {STR("basicConstraints"), STR("CA:TRUE")};
    const struct cmc_profile_spec spec = {
        .name = STR("p"), .days = 1, .extensions = &ext, .extension_count = 1};
    struct test_authority *t = *state;
    struct cmc_ca_params params = {.store = t->store,
                                   .chain = &t->root.cert,
                                   .nchain = 1,
                                   .responder_cert = t->resp.cert,
                                   .profiles = &spec,
                                   .nprofiles = 1,
                                   .crl_hours = 1};
    struct cmc_ca_shared *shared;
    struct cmc_err err = {0};

    assert_int_equal(cmc_ca_shared_new(&params, &shared, &err), CMC_E_USAGE);
    assert_non_null(strstr(err.text, "profile p: "));
    assert_non_null(strstr(err.text, "rule ca-usage"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects),     cmocka_unit_test(alt_names),  cmocka_unit_test(mistakes),
        cmocka_unit_test(validity),     cmocka_unit_test(signatures), cmocka_unit_test(asked_for),
        cmocka_unit_test(all_refusals), cmocka_unit_test(at_load),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
