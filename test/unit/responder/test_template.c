/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a request before it is issued: RFC 10002 sections 6.5 and 7.1. */
#include "ra_bench.h"

#include <openssl/x509v3.h>

static uint32_t request_id[] = {REQUEST_ID};
static uint32_t here[] = {0};

static struct cmc_mod_cert_template new_mod(void)
{
    return (struct cmc_mod_cert_template){
        .pki_data_reference = {here, 1}, .cert_references = {request_id, 1}, .replace = true};
}

static struct cmc_extra_control mod_control(const struct cmc_mod_cert_template *m)
{
    return (struct cmc_extra_control){cmc_oid_id_cmc_modCertTemplate, &cmc_it_mod_cert_template, m};
}

static struct cmc_extra_control add_control(const struct cmc_add_extensions *a)
{
    return (struct cmc_extra_control){cmc_oid_id_cmc_addExtensions, &cmc_it_add_extensions, a};
}

static struct cmc_slice san_of(const struct cmc_cert *cert)
{
    const struct cmc_extension *e =
        cmc_extension_find(&cert->tbs.extensions, cmc_oid_id_ce_subjectAltName);

    return e != NULL ? e->value : CMC_SLICE_NONE;
}

/* [10004-5.2-ah, 10002-6.5.1-u2, 10002-6.5.1-u3] */
static void replaces_and_removes(void **state)
{
    struct bench *b = *state;
    struct cmc_extension old_san = bench_san(b, "DNS:old.example");
    struct cmc_extension new_san = bench_san(b, "DNS:new.example");
    struct cmc_mod_cert_template m = new_mod();
    const struct cmc_extra_control control = mod_control(&m);
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=old", &old_san, NULL, false, &rq);
    struct cmc_cert cert;

    /* a field that is absent stays */
    m.tmpl.subject = bench_name(b, "CN=new");
    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
    cert = bench_cert(b, &rq);
    assert_true(cmc_slice_eq(cert.tbs.subject, m.tmpl.subject));
    assert_true(cmc_slice_eq(san_of(&cert), old_san.value));
    /* replaced */
    m.tmpl.extensions = (struct cmc_list){&new_san, 1};
    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    cert = bench_cert(b, &rq);
    assert_true(cmc_slice_eq(san_of(&cert), new_san.value));
    /* an extension is removed by its type, whatever value is there */
    m.replace = false;
    m.tmpl.subject = CMC_SLICE_NONE;
    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    cert = bench_cert(b, &rq);
    assert_true(cmc_slice_eq(cert.tbs.subject, rq.subject));
    assert_null(san_of(&cert).p);
    /* the subject too; the profile lets it be empty only with a SAN */
    m.tmpl.subject = rq.subject;
    m.tmpl.extensions = (struct cmc_list){0};
    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    cert = bench_cert(b, &rq);
    assert_int_equal(cert.tbs.subject.n, 2);
    m.tmpl.extensions = (struct cmc_list){&new_san, 1};
    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    bench_expect(b, CMC_FAIL_BAD_REQUEST, REQUEST_ID);
    /* what is not there is not removed */
    crmf = bench_crmf(b, "CN=old", NULL, NULL, false, &rq);
    m.tmpl.subject = CMC_SLICE_NONE;
    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
}

/* [10004-5.2-af] A PKCS#10 request as well; several requests by one control. */
static void both_forms_in_one_message(void **state)
{
    struct bench *b = *state;
    struct cmc_extension san = bench_san(b, "DNS:both.example");
    uint32_t ids[] = {REQUEST_ID, 2};
    const struct cmc_add_extensions a = {.cert_references = {ids, 2}, .extensions = {&san, 1}};
    const struct cmc_extra_control control = add_control(&a);
    struct cmc_request crm, tcr;
    struct cmc_slice crmf = bench_crmf(b, "CN=crm", NULL, NULL, false, &crm);
    struct cmc_slice csr = bench_pkcs10(b, "CN=tcr", NULL, NULL, &tcr);
    const struct cmc_full_request rq = {.crmf = &crmf,
                                        .ncrmf = 1,
                                        .pkcs10 = &csr,
                                        .npkcs10 = 1,
                                        .controls = &control,
                                        .ncontrols = 1,
                                        .no_nonce = true,
                                        .no_transaction_id = true};
    struct cmc_cert cert;

    bench_send(b, &b->ra, rq);
    assert_int_equal(b->answer.noutcomes, 1);
    assert_int_equal(b->answer.outcomes[0].status, CMC_STATUS_SUCCESS);
    assert_int_equal(b->answer.outcomes[0].nbody_parts, 2);
    cert = bench_cert(b, &crm);
    assert_true(cmc_slice_eq(san_of(&cert), san.value));
    cert = bench_cert(b, &tcr);
    assert_true(cmc_slice_eq(san_of(&cert), san.value));
}

/* What an RA may not touch (RFC 8756 section 5 for the key; the rest is the CA's). */
static void fields_that_are_not_changed(void **state)
{
    struct bench *b = *state;
    static const uint8_t one[] = {1};
    struct cmc_optional_validity validity = {0};
    struct cmc_algid alg = {.algorithm = cmc_oid_sha256};
    struct cmc_spki spki = {0};
    struct cmc_mod_cert_template m[8];
    static const char *const names[] = {"publicKey", "validity",  "signingAlg", "issuer",
                                        "serial",    "issuerUID", "subjectUID", "version"};
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=fixed", NULL, NULL, false, &rq);
    static const uint8_t uid[] = {0, 1};

    for (size_t i = 0; i < CMC_COUNT(m); i++)
        m[i] = new_mod();
    assert_int_equal(cmc_decode(&cmc_it_spki, rq.spki, b->t->arena, &spki, NULL), CMC_OK);
    spki.raw = CMC_SLICE_NONE;
    m[0].tmpl.spki = &spki;
    m[1].tmpl.validity = &validity;
    m[2].tmpl.signing_alg = &alg;
    m[3].tmpl.issuer = bench_name(b, "CN=other CA");
    m[4].tmpl.serial = cmc_slice(one, 1);
    m[5].tmpl.issuer_uid = cmc_slice(uid, 2);
    m[6].tmpl.subject_uid = cmc_slice(uid, 2);
    m[7].tmpl.version = cmc_slice(one, 1);
    for (size_t i = 0; i < CMC_COUNT(m); i++) {
        for (int replace = 0; replace < 2; replace++) {
            const struct cmc_extra_control control = mod_control(&m[i]);

            m[i].replace = replace != 0;
            bench_send_crmf(b, &b->ra, crmf, &control, 1);
            bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_control_id);
            bench_says(b, names[i]);
        }
    }
}

/* [10002-6.5.1-u1, 10002-6.5.2-u1] The answer references the control. */
static void references_that_lead_nowhere(void **state)
{
    struct bench *b = *state;
    struct cmc_extension san = bench_san(b, "DNS:x.example");
    struct cmc_extension twins[] = {san, san};
    uint32_t stray[] = {REQUEST_ID, 4711}, twice[] = {REQUEST_ID, REQUEST_ID}, deep[] = {5, 6};
    struct cmc_mod_cert_template m[] = {new_mod(), new_mod(), new_mod(), new_mod()};
    const struct cmc_add_extensions a[] = {
        {.cert_references = {stray, 2}, .extensions = {&san, 1}},
        {.cert_references = {stray, 0}, .extensions = {&san, 1}},
        {.pki_data_reference = 9, .cert_references = {request_id, 1}, .extensions = {&san, 1}},
        {.cert_references = {request_id, 1}, .extensions = {twins, 2}},
    };
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=lost", NULL, NULL, false, &rq);

    m[0].cert_references = (struct cmc_list){stray, 2};
    m[1].cert_references = (struct cmc_list){twice, 2};
    m[2].pki_data_reference = (struct cmc_list){deep, 2};
    m[3].pki_data_reference = (struct cmc_list){deep, 1};
    for (size_t i = 0; i < CMC_COUNT(m) + CMC_COUNT(a); i++) {
        const struct cmc_extra_control control =
            i < CMC_COUNT(m) ? mod_control(&m[i]) : add_control(&a[i - CMC_COUNT(m)]);

        bench_send_crmf(b, &b->ra, crmf, &control, 1);
        bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_control_id);
    }
}

/* [10002-6.5.2-u2, 10002-6.5.1-u4] */
static void contradictions(void **state)
{
    struct bench *b = *state;
    struct cmc_extension x = bench_san(b, "DNS:x.example"), y = bench_san(b, "DNS:y.example");
    const struct cmc_add_extensions add_x = {.cert_references = {request_id, 1},
                                             .extensions = {&x, 1}};
    const struct cmc_add_extensions add_y = {.cert_references = {request_id, 1},
                                             .extensions = {&y, 1}};
    struct cmc_mod_cert_template drop = new_mod(), alice = new_mod(), bob = new_mod();
    const struct cmc_extra_control pairs[][2] = {
        {add_control(&add_x), add_control(&add_y)}, {add_control(&add_x), mod_control(&drop)},
        {mod_control(&alice), mod_control(&bob)},   {add_control(&add_x), add_control(&add_x)},
        {mod_control(&alice), mod_control(&alice)}, {mod_control(&alice), add_control(&add_x)},
    };
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=torn", NULL, NULL, false, &rq);

    drop.replace = false;
    drop.tmpl.extensions = (struct cmc_list){&x, 1};
    alice.tmpl.subject = bench_name(b, "CN=alice");
    bob.tmpl.subject = bench_name(b, "CN=bob");
    for (size_t i = 0; i < CMC_COUNT(pairs); i++) {
        bench_send_crmf(b, &b->ra, crmf, pairs[i], 2);
        bench_expect(b, i < 3 ? CMC_FAIL_BAD_REQUEST : CMC_FAIL_INFO_NONE, REQUEST_ID);
        if (i < 3)
            bench_says(b, "contradict");
    }
}

/* [10002-6.5.1-c, 10002-6.5.2-c] The use that the client wants is not turned into another. */
static void key_usage_is_the_clients(void **state)
{
    struct bench *b = *state;
    struct cmc_extension asked = bench_usage(0x80), other = bench_usage(0x08);
    const struct cmc_add_extensions a = {.cert_references = {request_id, 1},
                                         .extensions = {&other, 1}};
    struct cmc_mod_cert_template m = new_mod();
    const struct cmc_extra_control controls[] = {add_control(&a), mod_control(&m)};
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=use", &asked, NULL, false, &rq);

    m.replace = false;
    m.tmpl.extensions = (struct cmc_list){&other, 1};
    for (size_t i = 0; i < CMC_COUNT(controls); i++) {
        bench_send_crmf(b, &b->ra, crmf, &controls[i], 1);
        bench_expect(b, CMC_FAIL_BAD_REQUEST, REQUEST_ID);
        bench_says(b, "keyUsage");
    }
    /* where the client says nothing the RA may */
    crmf = bench_crmf(b, "CN=use", NULL, NULL, false, &rq);
    bench_send_crmf(b, &b->ra, crmf, controls, 1);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
}

/* [10002-6.5.1-d, 10002-6.5.2-d] */
static void extensions_that_cannot_be(void **state)
{
    static const uint8_t ca_true[] = {0x30, 0x03, 0x01, 0x01, 0xff}, null[] = {5, 0};
    struct bench *b = *state;
    struct cmc_extension exts[] = {
        {.extn_id = cmc_oid_id_ce_basicConstraints, .value = {ca_true, sizeof ca_true}},
        {.extn_id = cmc_oid_netscape_cert_type, .critical = true, .value = {null, sizeof null}},
        bench_usage(0x20), /* keyEncipherment: an EC key cannot */
        bench_usage(0x04), /* keyCertSign without being a CA */
    };

    for (size_t i = 0; i < CMC_COUNT(exts); i++) {
        const struct cmc_add_extensions a = {.cert_references = {request_id, 1},
                                             .extensions = {&exts[i], 1}};
        struct cmc_mod_cert_template m = new_mod();
        const struct cmc_extra_control controls[] = {add_control(&a), mod_control(&m)};
        struct cmc_request rq;
        struct cmc_slice crmf = bench_crmf(b, "CN=cannot", NULL, NULL, false, &rq);

        m.tmpl.extensions = (struct cmc_list){&exts[i], 1};
        for (size_t k = 0; k < CMC_COUNT(controls); k++) {
            bench_send_crmf(b, &b->ra, crmf, &controls[k], 1);
            bench_expect(b, CMC_FAIL_UNSUPPORTED_EXT, REQUEST_ID);
        }
    }
}

/* A value as openssl.cnf writes it. */
static struct cmc_extension openssl_extension(struct bench *b, const char *name, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *x;
    struct cmc_extension e = {0};
    ASN1_OBJECT *o;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    x = X509V3_EXT_nconf(NULL, &ctx, name, value);
    if (x == NULL)
        fail_msg("%s = %s", name, value);
    o = X509_EXTENSION_get_object(x);
    e.extn_id = cmc_arena_slice(b->t->arena, cmc_slice(OBJ_get0_data(o), OBJ_length(o)));
    e.critical = X509_EXTENSION_get_critical(x) == 1;
    e.value = cmc_arena_slice(b->t->arena,
                              cmc_slice(ASN1_STRING_get0_data(X509_EXTENSION_get_data(x)),
                                        (size_t)ASN1_STRING_length(X509_EXTENSION_get_data(x))));
    X509_EXTENSION_free(x);
    return e;
}

/*
 * [10002-3.1-d, 10002-3.2.1.2.2-i, 10002-6.5.1-b, 10002-6.5.2-b] Every extension of RFC 5280,
 * asked for in each of the four ways, is processed: taken where it speaks of the holder, left out
 * where it is the CA's to say.
 */
static void every_extension(void **state)
{
    static const struct {
        const char *name, *value;
        bool taken;
    } rows[] = {
        {"keyUsage", "critical,digitalSignature", true},
        {"extendedKeyUsage", "clientAuth,emailProtection", true},
        {"subjectAltName", "DNS:a.example,email:a@b.example", true},
        {"2.5.29.32", "DER:3007300506032a0304", true},
        {"2.5.29.16", "DER:3011800f32303236303130313030303030305a", true}, /* usage period */
        {"2.5.29.9", "DER:300d300b0603550406310413024445", true}, /* directory attributes */
        {"subjectInfoAccess", "1.3.6.1.5.5.7.48.5;URI:http://repo.example/", true},
        {"basicConstraints", "CA:FALSE", false},
        {"nameConstraints", "critical,permitted;DNS:a.example", false},
        {"policyConstraints", "critical,requireExplicitPolicy:0", false},
        {"policyMappings", "1.2.3.4:1.2.3.5", false},
        {"inhibitAnyPolicy", "critical,0", false},
        {"issuerAltName", "DNS:ca.example", false},
        {"crlDistributionPoints", "URI:http://a.example/a.crl", false},
        {"freshestCRL", "URI:http://a.example/d.crl", false},
        {"authorityInfoAccess", "OCSP;URI:http://a.example/", false},
        {"2.5.29.35", "DER:30048002abcd", false}, /* authorityKeyIdentifier */
        {"2.5.29.14", "DER:0404deadbeef", false}, /* subjectKeyIdentifier: ours is computed */
    };
    struct bench *b = *state;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_extension e = openssl_extension(b, rows[i].name, rows[i].value);
        uint32_t part[] = {2};
        const struct cmc_add_extensions a = {.cert_references = {part, 1}, .extensions = {&e, 1}};
        struct cmc_mod_cert_template m = new_mod();
        const struct cmc_extra_control ways[] = {add_control(&a), mod_control(&m)};

        m.cert_references = (struct cmc_list){part, 1};
        m.tmpl.extensions = (struct cmc_list){&e, 1};
        for (int way = 0; way < 4; way++) {
            struct cmc_full_request full = {.no_nonce = true, .no_transaction_id = true};
            struct cmc_request rq;
            struct cmc_slice der = way == 0
                                       ? bench_crmf(b, "CN=e", &e, NULL, false, &rq)
                                       : bench_pkcs10(b, "CN=e", way == 1 ? &e : NULL, NULL, &rq);
            const struct cmc_extension *got;
            struct cmc_cert cert;

            full.crmf = full.pkcs10 = &der;
            full.ncrmf = way == 0;
            full.npkcs10 = way != 0;
            full.controls = way >= 2 ? &ways[way - 2] : NULL;
            full.ncontrols = way >= 2;
            bench_send(b, &b->ra, full);
            if (b->answer.outcomes[0].status != CMC_STATUS_SUCCESS)
                fail_msg("%s, way %d: %.*s", rows[i].name, way, (int)b->answer.outcomes[0].text.n,
                         b->answer.outcomes[0].text.p);
            cert = bench_cert(b, &rq);
            got = cmc_extension_find(&cert.tbs.extensions, e.extn_id);
            if ((got != NULL && cmc_slice_eq(got->value, e.value)) != rows[i].taken)
                fail_msg("%s, way %d", rows[i].name, way);
        }
    }
}

/* Of each type that is taken a malformed value. */
static void malformed_extensions(void **state)
{
    static const uint8_t null[] = {5, 0};
    static const struct cmc_slice *const oids[] = {
        &cmc_oid_id_ce_keyUsage,         &cmc_oid_id_ce_privateKeyUsagePeriod,
        &cmc_oid_id_ce_subjectAltName,   &cmc_oid_id_ce_certificatePolicies,
        &cmc_oid_id_ce_extKeyUsage,      &cmc_oid_id_ce_subjectDirectoryAttributes,
        &cmc_oid_id_pe_subjectInfoAccess};
    struct bench *b = *state;

    for (size_t i = 0; i < CMC_COUNT(oids); i++) {
        struct cmc_extension e = {.extn_id = *oids[i], .value = {null, sizeof null}};
        struct cmc_request rq;
        struct cmc_slice crmf = bench_crmf(b, "CN=bad", &e, NULL, false, &rq);

        bench_send_crmf(b, &b->t->officer, crmf, NULL, 0);
        bench_expect(b, CMC_FAIL_BAD_REQUEST, REQUEST_ID);
    }
}

/* [10002-10-b] An RA gives names within its own. */
static void names_of_the_ra(void **state)
{
    struct bench *b = *state;
    const struct cmc_name_rule rules[] = {
        {.kind = CMC_NAME_SUBJECT, .base = bench_name(b, "C=SE, O=Example")},
        {.kind = CMC_NAME_DNS, .base = CMC_SLICE_LIT("example.org")},
        {.kind = CMC_NAME_EMAIL, .base = CMC_SLICE_LIT("example.org")},
    };
    static const struct {
        const char *subject, *san;
        bool within;
    } rows[] = {
        {"C=SE, O=Example, CN=x", NULL, true},
        {"C=SE, o=EXAMPLE, CN=x", NULL, true}, /* RFC 5280 section 7.1 */
        {"C=SE, O=Example", NULL, true},
        {"C=SE, O=Other, CN=x", NULL, false},
        {"C=SE", NULL, false},
        {"O=Example, C=SE, CN=x", NULL, false},
        {NULL, "DNS:a.Example.org,DNS:example.org,email:x@mail.example.org", true},
        {NULL, "DNS:badexample.org", false},
        {NULL, "DNS:example.org.evil", false},
        {NULL, "email:example.org@evil", false},
        {NULL, "IP:192.0.2.1", false},
        {NULL, "URI:http://example.org/", false},
        {NULL, "dirName:CN=x", false},
    };

    b->t->rules.ra_names = (struct cmc_name_space){rules, CMC_COUNT(rules)};
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_extension san = {0};
        struct cmc_mod_cert_template m = new_mod();
        const struct cmc_extra_control control = mod_control(&m);
        struct cmc_request rq;
        struct cmc_slice crmf = bench_crmf(b, "CN=outside, O=Anywhere", NULL, NULL, false, &rq);

        if (rows[i].subject != NULL)
            m.tmpl.subject = bench_name(b, rows[i].subject);
        if (rows[i].san != NULL) {
            san = bench_san(b, rows[i].san);
            m.tmpl.extensions = (struct cmc_list){&san, 1};
        }
        bench_send_crmf(b, &b->ra, crmf, &control, 1);
        if ((b->answer.outcomes[0].status == CMC_STATUS_SUCCESS) != rows[i].within)
            fail_msg("row %zu", i);
        if (!rows[i].within)
            bench_expect(b, CMC_FAIL_BAD_REQUEST, REQUEST_ID);
    }
    b->t->rules.ra_names = (struct cmc_name_space){0};
}

/* -- changeSubjectName ------------------------------------------------------------------- */

static struct cmc_slice new_name(struct bench *b, const char *subject, const char *san)
{
    struct cmc_change_subject_name csn = {0};
    struct cmc_slice der;

    if (subject != NULL)
        csn.subject = bench_name(b, subject);
    if (san != NULL) {
        struct cmc_extension e = bench_san(b, san);

        assert_int_equal(
            cmc_decode(&cmc_it_general_names, e.value, b->t->arena, &csn.alt_names, NULL), CMC_OK);
    }
    assert_int_equal(cmc_encode_arena(&cmc_it_change_subject_name, &csn, b->t->arena, &der, NULL),
                     CMC_OK);
    return der;
}

/* Send a request with this subject and change of name, signed by who. */
static void rename_as(struct bench *b, const struct test_party *who, bool crmf, const char *subject,
                      const struct cmc_slice *change, size_t n, struct cmc_request *rq)
{
    struct cmc_atv control = {.type = cmc_oid_id_cmc_changeSubjectName, .value = change[0]};
    struct cmc_slice values[2] = {change[0], n > 1 ? change[1] : CMC_SLICE_NONE};
    const struct cmc_attribute attr = {.type = cmc_oid_id_cmc_changeSubjectName,
                                       .values = {values, n}};
    struct cmc_extension san = bench_san(b, "DNS:old.example");
    struct cmc_slice der = crmf ? bench_crmf(b, subject, &san, &control, false, rq)
                                : bench_pkcs10(b, subject, &san, &attr, rq);

    bench_send(
        b, who,
        (struct cmc_full_request){.crmf = &der, .ncrmf = crmf, .pkcs10 = &der, .npkcs10 = !crmf});
}

/* A holder of a certificate with a SAN, under the profile "all". */
static struct test_party new_holder(struct bench *b)
{
    struct cmc_extension san = bench_san(b, "DNS:old.example");
    const struct cmc_extra_control none = {0};
    struct test_party p = {.key = test_key(b->t, "EC", "P-256")};
    struct cmc_request_params rp = {
        .key = p.key, .subject = bench_name(b, "CN=old"), .exts = &san, .nexts = 1};
    struct cmc_request rq;
    struct cmc_slice der;

    (void)none;
    assert_int_equal(cmc_pkcs10_create(b->t->crypto, &rp, b->t->arena, &der, NULL), CMC_OK);
    assert_int_equal(cmc_request_from_pkcs10(der, b->t->arena, &rq, NULL), CMC_OK);
    bench_send(b, &b->t->officer, (struct cmc_full_request){.pkcs10 = &der, .npkcs10 = 1});
    p.cert = bench_cert(b, &rq).raw;
    return p;
}

/* [10002-7.1-a, 10002-7.1-u1, 10002-7.1-u2, 10002-7.1-u3, 10002-6.3.3-u1, 10002-6.3.3-u2] */
static void holder_changes_its_name(void **state)
{
    static const struct {
        const char *subject, *san;
    } rows[] = {{"CN=new", "DNS:new.example"}, {"CN=new", NULL}, {NULL, "DNS:new.example"}};
    struct bench *b = *state;
    struct test_party holder = new_holder(b);

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        for (int form = 0; form < 2; form++) {
            struct cmc_slice change = new_name(b, rows[i].subject, rows[i].san);
            struct cmc_request rq;
            struct cmc_cert cert;

            rename_as(b, &holder, form == 1, "CN=old", &change, 1, &rq);
            bench_expect(b, CMC_FAIL_INFO_NONE, b->state.first_request_id);
            cert = bench_cert(b, &rq);
            if (rows[i].subject != NULL)
                assert_true(cmc_slice_eq(cert.tbs.subject, bench_name(b, rows[i].subject)));
            else
                assert_int_equal(cert.tbs.subject.n, 2);
            if (rows[i].san != NULL)
                assert_true(cmc_slice_eq(san_of(&cert), bench_san(b, rows[i].san).value));
            else
                assert_null(san_of(&cert).p);
        }
    }
    EVP_PKEY_free(holder.key);
}

static void changes_of_name_that_are_refused(void **state)
{
    struct bench *b = *state;
    struct test_party holder = new_holder(b);
    struct cmc_slice change = new_name(b, "CN=new", NULL), two[] = {change, change};
    static const uint8_t empty[] = {0x30, 0}, null[] = {5, 0};
    struct cmc_slice bad[] = {{empty, sizeof empty}, {null, sizeof null}};
    struct cmc_request rq;

    /* [10002-7.1-a] the request has the old name, the attribute alone the new one */
    rename_as(b, &holder, false, "CN=new", &change, 1, &rq);
    bench_expect(b, CMC_FAIL_BAD_IDENTITY, b->state.first_request_id);
    /* also where a holder needs not be one */
    b->t->rules.require_officer = false;
    rename_as(b, &holder, false, "CN=new", &change, 1, &rq);
    bench_expect(b, CMC_FAIL_BAD_IDENTITY, b->state.first_request_id);
    b->t->rules.require_officer = true;
    /* [10002-7.1-b, 10002-A-az] */
    for (size_t i = 0; i < CMC_COUNT(bad); i++) {
        for (int form = 0; form < 2; form++) {
            rename_as(b, &holder, form == 1, "CN=old", &bad[i], 1, &rq);
            bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_request_id);
            bench_says(b, "changeSubjectName");
        }
    }
    rename_as(b, &holder, false, "CN=old", two, 2, &rq);
    bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_request_id);
    /* the CA decides */
    b->t->rules.profile = "ee";
    rename_as(b, &b->t->officer, false, "CN=old", &change, 1, &rq);
    bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_request_id);
    bench_says(b, "names are not changed");
    b->t->rules.profile = "all";
    EVP_PKEY_free(holder.key);
}

/* An officer answers for the names; a key of nobody has no name to change. */
static void who_else_changes_names(void **state)
{
    struct bench *b = *state;
    struct cmc_slice change = new_name(b, "CN=new", NULL);
    const struct cmc_attribute attr = {.type = cmc_oid_id_cmc_changeSubjectName,
                                       .values = {&change, 1}};
    struct cmc_request rq;
    struct test_reply reply;
    struct cmc_slice der;

    rename_as(b, &b->t->officer, false, "CN=old", &change, 1, &rq);
    bench_expect(b, CMC_FAIL_INFO_NONE, b->state.first_request_id);
    assert_true(cmc_slice_eq(bench_cert(b, &rq).tbs.subject, bench_name(b, "CN=new")));
    /* a bare PKCS#10 where anybody may */
    b->t->rules.require_officer = false;
    der = bench_pkcs10(b, "CN=old", NULL, &attr, &rq);
    reply = test_send(b->t, CMC_TYPE_PKCS10, der, CMC_ANSWER_PKIX_CERT);
    assert_string_equal(reply.content_type, CMC_MEDIA_RESPONSE);
    b->t->rules.require_officer = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_and_removes),
        cmocka_unit_test(both_forms_in_one_message),
        cmocka_unit_test(fields_that_are_not_changed),
        cmocka_unit_test(references_that_lead_nowhere),
        cmocka_unit_test(contradictions),
        cmocka_unit_test(key_usage_is_the_clients),
        cmocka_unit_test(extensions_that_cannot_be),
        cmocka_unit_test(every_extension),
        cmocka_unit_test(malformed_extensions),
        cmocka_unit_test(names_of_the_ra),
        cmocka_unit_test(holder_changes_its_name),
        cmocka_unit_test(changes_of_name_that_are_refused),
        cmocka_unit_test(who_else_changes_names),
    };

    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
