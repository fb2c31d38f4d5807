/* SPDX-License-Identifier: Apache-2.0 */
/* publishCert (RFC 10002 section 6.18) by whole exchanges, and the folder that comes of it. */
#include "../authority.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "base/file.h"
#include "ca/publish.h"
#include "message/body.h"
#include "message/status.h"

struct world {
    struct test_authority *t;
    struct test_party ee;
    struct cmc_reader *reader;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct cmc_err err;

    assert_non_null(w);
    w->t = test_authority_new("EC", "P-256");
    w->t->rules.publish = true;
    w->ee = test_party_new(w->t, "ee", "CN=Somebody");
    assert_int_equal(cmc_reader_new(w->t->store, &w->reader, &err), CMC_OK);
    *state = w;
    return 0;
}

static const char *path_of(struct world *w, struct cmc_slice der)
{
    uint8_t digest[CMC_DIGEST_MAX];
    struct cmc_buf b;
    struct cmc_err err;
    const char *out;
    size_t n;

    assert_int_equal(cmc_digest(w->t->crypto, CMC_DIGEST_SHA256, der, digest, &n, &err), CMC_OK);
    cmc_buf_init(&b, 4096);
    cmc_buf_printf(&b, "%s/", w->t->dir);
    cmc_buf_hex(&b, cmc_slice(digest, n));
    cmc_buf_str(&b, CMC_PUBLISH_SUFFIX);
    out = cmc_arena_strdup(w->t->arena, cmc_buf_cstr(&b));
    cmc_buf_free(&b);
    return out;
}

static int teardown(void **state)
{
    struct world *w = *state;

    (void)unlink(path_of(w, w->ee.cert));
    (void)unlink(path_of(w, w->t->officer.cert));
    cmc_reader_free(w->reader);
    test_party_free(&w->ee);
    test_authority_free(w->t);
    free(w);
    return 0;
}

/* -- asking ------------------------------------------------------------------------------ */

struct message {
    struct world *w;
    struct cmc_pkidata body;
    uint32_t last;
};

static uint32_t add(struct message *m, struct cmc_slice type, const struct cmc_item *it,
                    const void *value)
{
    struct cmc_err err;

    assert_int_equal(
        cmc_control_add(m->w->t->arena, &m->body.controls, ++m->last, type, it, value, &err),
        CMC_OK);
    return m->last;
}

static struct cmc_publish_cert wish(struct world *w, uint32_t action, struct cmc_slice der,
                                    enum cmc_digest_id hash)
{
    struct cmc_publish_cert p = {.info.action = action};
    uint8_t *digest = cmc_arena_alloc(w->t->arena, CMC_DIGEST_MAX);
    struct cmc_slice *to = cmc_list_add(w->t->arena, &cmc_it_set_any, &p.cert_hashes, 1);
    struct cmc_err err;
    size_t n;

    cmc_digest_algid(hash, &p.hash);
    assert_int_equal(cmc_digest(w->t->crypto, hash, der, digest, &n, &err), CMC_OK);
    *to = cmc_slice(digest, n);
    return p;
}

static void add_place(struct world *w, struct cmc_publish_cert *p, uint32_t method, int which,
                      const char *where)
{
    struct cmc_single_pub_info *s = cmc_list_add(w->t->arena, &cmc_it_pub_infos, &p->info.infos, 1);
    struct cmc_general_name *name = cmc_arena_alloc(w->t->arena, sizeof *name);

    *name = (struct cmc_general_name){which, cmc_slice_str(where)};
    *s = (struct cmc_single_pub_info){method, where != NULL ? name : NULL};
}

static uint32_t add_wish(struct message *m, const struct cmc_publish_cert *p)
{
    return add(m, cmc_oid_id_cmc_publishCert, &cmc_it_publish_cert, p);
}

static struct test_reply send(struct message *m, const struct test_party *who)
{
    struct test_authority *t = m->w->t;
    const struct cmc_cms_signer signer = {
        .key = who->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = who->cert};
    struct cmc_cms_content what = {
        .type = cmc_oid_id_cct_PKIData, .certs = &who->cert, .ncerts = 1};
    struct cmc_slice out;
    struct cmc_err err;

    assert_int_equal(cmc_pkidata_encode(t->arena, &m->body, &what.content, &err), CMC_OK);
    assert_int_equal(cmc_signed_data_create(t->crypto, &what, &signer, 1, t->arena, &out, &err),
                     CMC_OK);
    return test_send(t, CMC_TYPE_CMC, out, CMC_ANSWER_CMC);
}

static struct test_reply publish(struct world *w, const struct cmc_publish_cert *p,
                                 const struct test_party *who)
{
    struct message m = {.w = w};

    (void)add_wish(&m, p);
    return send(&m, who);
}

/* -- reading ----------------------------------------------------------------------------- */

/* The outcome that names this body part, of a Full PKI Response. */
static struct cmc_outcome outcome(struct world *w, const struct test_reply *r, uint32_t part)
{
    struct cmc_signed_data sd = {0};
    struct cmc_pkiresponse body;
    struct cmc_outcome *all;
    struct cmc_err err = {0};
    size_t n;

    assert_int_equal(r->http_status, 200);
    assert_string_equal(r->content_type, CMC_MEDIA_RESPONSE);
    assert_int_equal(cmc_signed_data_open(r->body, w->t->arena, &sd, &err), CMC_OK);
    assert_int_equal(cmc_pkiresponse_open(sd.encap.content, w->t->arena, &body, &err), CMC_OK);
    assert_int_equal(cmc_status_read(w->t->arena, &body.controls, &all, &n, &err), CMC_OK);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < all[i].nbody_parts; k++) {
            if (all[i].body_parts[k] == part)
                return all[i];
        }
    }
    fail_msg("nothing is said about body part %u", part);
    return (struct cmc_outcome){0};
}

static void refused(struct world *w, const struct test_reply *r, int fail_info, uint32_t part)
{
    struct cmc_outcome o = outcome(w, r, part);

    if (o.fail_info != fail_info)
        print_message("# %.*s\n", (int)o.text.n, (const char *)o.text.p);
    assert_int_equal(o.status, CMC_STATUS_FAILED);
    assert_int_equal(o.fail_info, fail_info);
}

static void done(struct world *w, const struct test_reply *r, uint32_t part)
{
    struct cmc_outcome o = outcome(w, r, part);

    if (o.status != CMC_STATUS_SUCCESS)
        print_message("# %.*s\n", (int)o.text.n, (const char *)o.text.p);
    assert_int_equal(o.status, CMC_STATUS_SUCCESS);
}

/* Do what is due, as the server's thread does. */
static enum cmc_rc work_in(struct world *w, const char *directory, size_t *n)
{
    struct cmc_publish_folder folder = {.directory = directory};
    const struct cmc_publish_target target = {.name = "web",
                                              .what = CMC_PUBLISH_BIT(CMC_PUBLISH_CERT),
                                              .put = cmc_publish_folder_put,
                                              .self = &folder};
    const struct cmc_publish_source src = {.crypto = w->t->crypto,
                                           .store = w->t->store,
                                           .reader = w->reader,
                                           .ca_cert = w->t->root.cert};
    struct cmc_err err = {0};
    size_t refused;

    return cmc_publish(&src, &target, false, 1, n, &refused, &err);
}

/* How much that was. */
static size_t work(struct world *w)
{
    size_t n;

    assert_int_equal(work_in(w, w->t->dir, &n), CMC_OK);
    return n;
}

static bool is_published(struct world *w, struct cmc_slice der)
{
    const char *path = path_of(w, der);
    struct cmc_buf b;
    bool same;

    if (access(path, F_OK) != 0)
        return false;
    cmc_buf_init(&b, 65536);
    assert_int_equal(cmc_file_read(path, &b, NULL), CMC_OK);
    same = cmc_slice_eq(cmc_buf_get0(&b), der);
    cmc_buf_free(&b);
    assert_true(same);
    return true;
}

/* -- publishing and taking back ---------------------------------------------------------- */

/* [10002-6.18-b, 10002-6.18-u2, 10002-6.18-u3] */
static void test_there_and_back(void **state)
{
    struct world *w = *state;
    struct cmc_publish_cert yes = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256),
                            no = wish(w, CMC_DONT_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    struct test_reply r = publish(w, &yes, &w->t->officer);

    done(w, &r, 1); /* it is decided, and done after the commit */
    assert_false(is_published(w, w->ee.cert));
    assert_int_equal(work(w), 1);
    assert_true(is_published(w, w->ee.cert));
    assert_false(is_published(w, w->t->officer.cert)); /* without the control nothing is */
    assert_int_equal(work(w), 0);
    r = publish(w, &no, &w->t->officer);
    done(w, &r, 1);
    assert_int_equal(work(w), 1);
    assert_false(is_published(w, w->ee.cert));
    /* Not to publish what was not published is no error. */
    no = wish(w, CMC_DONT_PUBLISH, w->t->officer.cert, CMC_DIGEST_SHA256);
    r = publish(w, &no, &w->t->officer);
    done(w, &r, 1);
    assert_int_equal(work(w), 1);
    assert_int_equal(work(w), 0);
}

/* A crash between the file and the record: it is done once more, and comes to the same. */
static void test_half_done(void **state)
{
    struct world *w = *state;
    struct cmc_publish_cert yes = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    struct test_reply r = publish(w, &yes, &w->t->officer);
    struct cmc_err err = {0};
    size_t n;

    done(w, &r, 1);
    /* The folder is not there: nothing is told to the store, and it stays due. */
    assert_int_equal(work_in(w, "/nonexistent", &n), CMC_E_LOCAL);
    assert_int_equal(n, 0);
    assert_int_equal(cmc_file_write(path_of(w, w->ee.cert), 0644, w->ee.cert, &err), CMC_OK);
    assert_int_equal(work(w), 1);
    assert_true(is_published(w, w->ee.cert));
}

/* -- where ------------------------------------------------------------------------------- */

/* [10002-6.18-c] */
static void test_methods(void **state)
{
    struct world *w = *state;
    const struct {
        uint32_t method;
        int which;
        const char *where;
        bool good;
    } rows[] = {
        {CMC_PUBLISH_DONT_CARE, 0, NULL, true},
        {CMC_PUBLISH_WEB, 0, NULL, true},
        {CMC_PUBLISH_WEB, CMC_GN_URI, "http://ca.test/published/", true},
        {CMC_PUBLISH_WEB, CMC_GN_URI, "http://elsewhere.test/", false},
        {CMC_PUBLISH_WEB, CMC_GN_DNS, "http://ca.test/published/", false},
        {CMC_PUBLISH_X500, 0, NULL, false},
        {CMC_PUBLISH_LDAP, 0, NULL, true},
        {CMC_PUBLISH_LDAP, CMC_GN_URI, "ldap://dir.test", true},
        {CMC_PUBLISH_LDAP, CMC_GN_URI, "ldap://dir.test/cn=x?userCertificate", true},
        {CMC_PUBLISH_LDAP, CMC_GN_URI, "ldap://dir.test.example/", false},
        {CMC_PUBLISH_LDAP, CMC_GN_URI, "ldap://ca.test/", false},
        {CMC_PUBLISH_LDAP, CMC_GN_URI, "http://ca.test/published/", false},
        {CMC_PUBLISH_DONT_CARE, CMC_GN_URI, "ldap://dir.test/", true},
        {CMC_PUBLISH_WEB, CMC_GN_URI, "ldap://dir.test/", false},
    };

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_publish_cert p = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
        struct test_reply r;

        add_place(w, &p, rows[i].method, rows[i].which, rows[i].where);
        r = publish(w, &p, &w->t->officer);
        if (rows[i].good)
            done(w, &r, 1);
        else
            refused(w, &r, CMC_FAIL_BAD_REQUEST, 1);
        /* One that we have among others will do. */
        add_place(w, &p, CMC_PUBLISH_WEB, 0, NULL);
        r = publish(w, &p, &w->t->officer);
        done(w, &r, 1);
    }
}

/* [10002-6.18-a], and what the syntax leaves open. */
static void test_bad_values(void **state)
{
    struct world *w = *state;
    struct cmc_publish_cert p = wish(w, CMC_DONT_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    struct test_reply r;

    add_place(w, &p, CMC_PUBLISH_WEB, 0, NULL);
    r = publish(w, &p, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, 1);
    p = wish(w, 2, w->ee.cert, CMC_DIGEST_SHA256);
    r = publish(w, &p, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, 1);
    p = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    add_place(w, &p, 4, 0, NULL);
    r = publish(w, &p, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, 1);
    p = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    p.cert_hashes.n = 0;
    r = publish(w, &p, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, 1);
    p = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA1);
    r = publish(w, &p, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_ALG, 1);
    assert_int_equal(work(w), 0);
}

static void test_where_nothing_is_published(void **state)
{
    struct world *w = *state;
    struct cmc_publish_cert p = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    struct test_reply r;

    w->t->rules.publish = false;
    r = publish(w, &p, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, 1);
    assert_int_equal(work(w), 0);
}

/* -- which ------------------------------------------------------------------------------- */

static void test_which(void **state)
{
    struct world *w = *state;
    struct cmc_publish_cert p = wish(w, CMC_PLEASE_PUBLISH, w->t->root.cert, CMC_DIGEST_SHA256);
    struct test_reply r = publish(w, &p, &w->t->officer);

    /* The root was not issued by this authority. */
    refused(w, &r, CMC_FAIL_BAD_CERT_ID, 1);
    /* By another hash it has to come along: the officer's own does, the other not. */
    p = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA384);
    r = publish(w, &p, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_CERT_ID, 1);
    r = publish(w, &p, &w->ee);
    done(w, &r, 1);
    /* All of a control or nothing of it. */
    p = wish(w, CMC_PLEASE_PUBLISH, w->t->officer.cert, CMC_DIGEST_SHA256);
    *(struct cmc_slice *)cmc_list_add(w->t->arena, &cmc_it_set_any, &p.cert_hashes, 1) =
        CMC_SLICE_LIT("no digest of any certificate....");
    r = publish(w, &p, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_CERT_ID, 1);
    assert_int_equal(work(w), 1);
    assert_false(is_published(w, w->t->officer.cert));
}

/* [10002-6.18-d]: named twice, the second is refused. */
static void test_twice(void **state)
{
    struct world *w = *state;
    struct message m = {.w = w};
    struct cmc_publish_cert yes = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256),
                            no = wish(w, CMC_DONT_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    uint32_t first = add_wish(&m, &yes), second = add_wish(&m, &no);
    struct test_reply r = send(&m, &w->t->officer);

    done(w, &r, first);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, second);
    (void)cmc_list_add(w->t->arena, &cmc_it_set_any, &no.cert_hashes, 1);
    *CMC_AT(struct cmc_slice, no.cert_hashes, 1) = *CMC_AT(struct cmc_slice, no.cert_hashes, 0);
    r = publish(w, &no, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, 1);
}

/* -- who --------------------------------------------------------------------------------- */

static void test_who(void **state)
{
    struct world *w = *state;
    struct cmc_publish_cert own = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256),
                            others =
                                wish(w, CMC_PLEASE_PUBLISH, w->t->officer.cert, CMC_DIGEST_SHA256);
    struct test_party twin = test_party_new(w->t, "ee", "CN=Somebody"),
                      revoker = test_party_new(w->t, "ee", "CN=Revoker");
    struct test_reply r = publish(w, &own, &w->ee);

    test_officer_add(w->t, "revoker", &revoker, CMC_ROLE_REVOKE);
    done(w, &r, 1);
    r = publish(w, &others, &w->ee);
    refused(w, &r, CMC_FAIL_BAD_IDENTITY, 1);
    /* After a renewal the new certificate speaks for the old one. */
    own = wish(w, CMC_DONT_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    r = publish(w, &own, &twin);
    done(w, &r, 1);
    r = publish(w, &own, &revoker);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, 1);
    test_party_free(&twin);
    test_party_free(&revoker);
}

/* -- after all else ---------------------------------------------------------------------- */

/* [10002-6.18-u1]: after revocations, wherever they stand in the message. */
static void test_after_revocation(void **state)
{
    struct world *w = *state;
    struct message m = {.w = w};
    struct cmc_publish_cert yes = wish(w, CMC_PLEASE_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256),
                            no = wish(w, CMC_DONT_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    struct cmc_revoke_request rr = {.reason = 4};
    struct cmc_cert c = {0};
    struct cmc_err err;
    struct test_reply r;
    uint32_t publication, revocation;

    assert_int_equal(cmc_decode(&cmc_it_cert, w->ee.cert, w->t->arena, &c, &err), CMC_OK);
    rr.issuer = c.tbs.issuer;
    rr.serial = c.tbs.serial;
    publication = add_wish(&m, &yes);
    revocation = add(&m, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &rr);
    r = send(&m, &w->t->officer);
    done(w, &r, revocation);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, publication);
    r = publish(w, &yes, &w->t->officer);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, 1);
    r = publish(w, &no, &w->t->officer);
    done(w, &r, 1);
    assert_int_equal(work(w), 1);
}

/* [10002-6.18-u1]: not at all if a certificate of the message was not issued. */
static void test_after_issuance(void **state)
{
    struct world *w = *state;
    struct message good = {.w = w, .last = 100}, bad = {.w = w, .last = 200};
    struct cmc_publish_cert no = wish(w, CMC_DONT_PUBLISH, w->ee.cert, CMC_DIGEST_SHA256);
    EVP_PKEY *key = test_key(w->t, "EC", "P-256");
    struct cmc_slice csr = test_csr(w->t, key, "CN=New", NULL);
    uint8_t *broken = cmc_arena_dup(w->t->arena, csr.p, csr.n);
    struct cmc_err err;
    struct test_reply r;

    broken[csr.n - 2] ^= 1; /* its signature: no proof of possession */
    add_wish(&bad, &no);
    assert_int_equal(cmc_body_add_pkcs10(w->t->arena, &bad.body, 1, cmc_slice(broken, csr.n), &err),
                     CMC_OK);
    r = send(&bad, &w->t->officer);
    refused(w, &r, CMC_FAIL_POP_FAILED, 1);
    refused(w, &r, CMC_FAIL_BAD_REQUEST, 201);
    assert_int_equal(work(w), 0);
    add_wish(&good, &no);
    assert_int_equal(cmc_body_add_pkcs10(w->t->arena, &good.body, 1, csr, &err), CMC_OK);
    r = send(&good, &w->t->officer);
    done(w, &r, 1);
    done(w, &r, 101);
    assert_int_equal(work(w), 1);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_half_done, setup, teardown),
        cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_where_nothing_is_published, setup, teardown),
        cmocka_unit_test_setup_teardown(test_which, setup, teardown),
        cmocka_unit_test_setup_teardown(test_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who, setup, teardown),
        cmocka_unit_test_setup_teardown(test_after_revocation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_after_issuance, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
