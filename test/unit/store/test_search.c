/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"
#include "store/search.h"

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#define SEEN_MAX 64

struct seen {
    size_t n, stop_at;
    char texts[SEEN_MAX][64];
    uint8_t serials[SEEN_MAX][20];
    enum cmc_cert_state states[SEEN_MAX];
};

static enum cmc_rc see(void *arg, const struct cmc_cert_record *c)
{
    struct seen *s = arg;

    if (s->stop_at != 0 && s->n == s->stop_at)
        return CMC_E_REFUSED;
    assert_in_range(s->n, 0, SEEN_MAX - 1);
    (void)snprintf(s->texts[s->n], sizeof s->texts[0], "%s",
                   c->subject_text != NULL ? c->subject_text : "");
    memcpy(s->serials[s->n], c->serial.p, 20);
    s->states[s->n] = c->state;
    assert_true(c->der.n > 0);
    s->n++;
    return CMC_OK;
}

/* Certificate n of issuer_a with another subject, requester and profile. */
static void put(struct place *p, uint32_t n, const char *subject, const char *requester,
                const char *profile, int64_t not_after)
{
    struct cmc_cert_record c = cert_make(n);
    const struct cmc_txn t = {.at = NOW, .certs = &c, .ncerts = 1};

    c.subject_text = subject;
    c.requester = requester;
    c.profile = profile;
    c.not_after = not_after;
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
}

static struct cmc_search_index *begin(struct place *p)
{
    struct cmc_search_index *ix = NULL;

    if (cmc_search_open(p->store, &ix, &p->err) != CMC_OK)
        fail_msg("%s", p->err.text);
    return ix;
}

static void fill(struct place *p, struct cmc_search_index *ix)
{
    bool more = true;

    while (more)
        assert_int_equal(cmc_search_fill(ix, &more, &p->err), CMC_OK);
}

static struct seen run(struct place *p, struct cmc_search_index *ix, struct cmc_search q)
{
    struct seen s = {0};

    if (q.limit == 0)
        q.limit = 50;
    if (cmc_search_run(ix, &q, see, &s, &p->err) != CMC_OK)
        fail_msg("%s", p->err.text);
    return s;
}

static void end(struct place *p, struct cmc_search_index *ix)
{
    static const char *const suffixes[] = {"-search", "-search-wal", "-search-shm"};
    char path[128];

    cmc_search_close(ix);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", p->path, suffixes[i]);
        (void)unlink(path);
    }
}

#define ANY .state = CMC_SEARCH_ANY_STATE

static void found_by_each(void **state)
{
    struct place *p = *state;
    struct cmc_search_index *ix;
    struct seen s;

    put(p, 0, "CN=www.example", "ann", "server", NOW + 10);
    put(p, 1, "CN=mail.example", "bob", "server", NOW + 30);
    put(p, 2, "CN=Www2.EXAMPLE", "ann", "client", NOW + 20);
    put(p, 3, "CN=\xc3\x85sa \"the\" O'Hara", "ann", "client", NOW + 40);
    put(p, 4, NULL, NULL, NULL, NOW + 50);
    assert_int_equal(change(p, 1, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    assert_int_equal(change(p, 2, CMC_CERT_VALID, CMC_CERT_HELD, 6), CMC_OK);
    ix = begin(p);
    fill(p, ix);

    s = run(p, ix, (struct cmc_search){.subject = "wWW", ANY});
    assert_int_equal(s.n, 2); /* the newest first */
    assert_string_equal(s.texts[0], "CN=Www2.EXAMPLE");
    assert_string_equal(s.texts[1], "CN=www.example");
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "www.example", ANY}).n, 1);
    /* its groups are all there, and the text is not */
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "www.exampleCN=www", ANY}).n, 0);
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "example.www", ANY}).n, 0);
    /* what is no pattern, no operator and no quoting */
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "sa \"the\" O'H", ANY}).n, 1);
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "\xc3\x85sa", ANY}).n, 1);
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "w%.", ANY}).n, 0);
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "www OR mail", ANY}).n, 0);
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "\"\"\"", ANY}).n, 0);
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "\xff\xff\xff\xff", ANY}).n, 0);
    /* too short for a group */
    assert_int_equal(run(p, ix, (struct cmc_search){.subject = "w2", ANY}).n, 1);

    s = run(p, ix, (struct cmc_search){.serial = serial_make(1), ANY});
    assert_int_equal(s.n, 1);
    assert_memory_equal(s.serials[0], serial_make(1).p, 20);
    assert_int_equal(run(p, ix, (struct cmc_search){.serial = serial_make(9), ANY}).n, 0);
    assert_int_equal(run(p, ix, (struct cmc_search){.requester = "ann", ANY}).n, 3);
    assert_int_equal(run(p, ix, (struct cmc_search){.requester = "an", ANY}).n, 0);
    assert_int_equal(run(p, ix, (struct cmc_search){.requester = "server", ANY}).n, 0);
    assert_int_equal(run(p, ix, (struct cmc_search){.profile = "server", ANY}).n, 2);
    assert_int_equal(run(p, ix, (struct cmc_search){.state = CMC_CERT_REVOKED}).n, 1);
    assert_int_equal(run(p, ix, (struct cmc_search){.state = CMC_CERT_HELD}).n, 1);
    assert_int_equal(run(p, ix, (struct cmc_search){.state = CMC_CERT_VALID}).n, 3);

    assert_int_equal(run(p, ix, (struct cmc_search){.state = CMC_CERT_HELD, .profile = "server"}).n,
                     0);
    assert_int_equal(run(p, ix, (struct cmc_search){.state = CMC_CERT_HELD, .profile = "client"}).n,
                     1);
    assert_int_equal(run(p, ix, (struct cmc_search){.state = CMC_CERT_HELD, .offset = 1}).n, 0);

    /* by the end of validity, the next first; the bound above is not in it */
    s = run(p, ix, (struct cmc_search){.ends_from = NOW + 15, .ends_before = NOW + 40, ANY});
    assert_int_equal(s.n, 2);
    assert_string_equal(s.texts[0], "CN=Www2.EXAMPLE");
    assert_string_equal(s.texts[1], "CN=mail.example");
    assert_int_equal(run(p, ix, (struct cmc_search){.ends_from = NOW + 35, ANY}).n, 2);

    /* all that is said holds */
    s = run(p, ix,
            (struct cmc_search){.subject = "example",
                                .requester = "ann",
                                .profile = "server",
                                .state = CMC_CERT_VALID,
                                .ends_from = NOW,
                                .ends_before = NOW + 11});
    assert_int_equal(s.n, 1);
    assert_int_equal(run(p, ix,
                         (struct cmc_search){.subject = "example",
                                             .requester = "ann",
                                             .profile = "server",
                                             .state = CMC_CERT_REVOKED})
                         .n,
                     0);
    assert_int_equal(
        run(p, ix, (struct cmc_search){.serial = serial_make(1), .requester = "ann", ANY}).n, 0);
    /* pages */
    s = run(p, ix, (struct cmc_search){.requester = "ann", .offset = 1, .limit = 1, ANY});
    assert_int_equal(s.n, 1);
    assert_string_equal(s.texts[0], "CN=Www2.EXAMPLE");
    end(p, ix);
}

static void brought_up_to_date(void **state)
{
    struct place *p = *state;
    struct cmc_search_index *ix = begin(p), *other;
    struct cmc_search q = {.subject = "host", .limit = 50, ANY};
    struct seen s = {.stop_at = 1};
    int64_t n = -1;

    assert_int_equal(cmc_search_behind(ix, &n, &p->err), CMC_OK);
    assert_int_equal(n, 0);
    put_certs(p, 10);
    assert_int_equal(cmc_search_behind(ix, &n, &p->err), CMC_OK);
    assert_int_equal(n, 10);
    assert_int_equal(run(p, ix, q).n, 0);
    fill(p, ix);
    assert_int_equal(cmc_search_behind(ix, &n, &p->err), CMC_OK);
    assert_int_equal(n, 0);
    assert_int_equal(run(p, ix, q).n, 10);
    fill(p, ix); /* nothing twice */
    assert_int_equal(run(p, ix, q).n, 10);
    /* what changes afterwards is seen */
    assert_int_equal(change(p, 3, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    q.state = CMC_CERT_REVOKED;
    assert_int_equal(run(p, ix, q).n, 1);
    /* and another has the same file */
    other = begin(p);
    assert_int_equal(run(p, other, q).n, 1);
    cmc_search_close(other);
    q.state = CMC_SEARCH_ANY_STATE;
    assert_int_equal(cmc_search_run(ix, &q, see, &s, &p->err), CMC_E_REFUSED);
    assert_int_equal(s.n, 1);
    end(p, ix);
}

/* As after a restore: what the ids stand for is another. */
static void made_anew_for_another_store(void **state)
{
    struct place *p = *state;
    struct cmc_search_index *ix;
    int64_t n = 0;

    put_certs(p, 5);
    ix = begin(p);
    fill(p, ix);
    cmc_search_close(ix);
    sql(p->path, "UPDATE cert SET serial = x'0102', subject_text = 'CN=other' WHERE id = 5");
    ix = begin(p);
    assert_int_equal(cmc_search_behind(ix, &n, &p->err), CMC_OK);
    assert_int_equal(n, 5);
    fill(p, ix);
    assert_int_equal(run(p, ix, (struct cmc_search){.requester = "nobody", ANY}).n, 0);
    cmc_search_close(ix);
    sql(p->path, "PRAGMA foreign_keys = OFF; DELETE FROM cert WHERE id = 5");
    ix = begin(p);
    assert_int_equal(cmc_search_behind(ix, &n, &p->err), CMC_OK);
    assert_int_equal(n, 4);
    end(p, ix);
}

static void a_foreign_file_is_left_alone(void **state)
{
    struct place *p = *state;
    struct cmc_search_index *ix = NULL;
    char path[128];

    (void)snprintf(path, sizeof path, "%s-search", p->path);
    sql(path, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
    assert_int_equal(cmc_search_open(p->store, &ix, &p->err), CMC_E_LOCAL);
    assert_non_null(strstr(p->err.text, "no search index of cmcd"));
    assert_null(ix);
    sql(path, "UPDATE mine SET x = 2");
    end(p, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(found_by_each, place_make, place_remove),
        cmocka_unit_test_setup_teardown(brought_up_to_date, place_make, place_remove),
        cmocka_unit_test_setup_teardown(made_anew_for_another_store, place_make, place_remove),
        cmocka_unit_test_setup_teardown(a_foreign_file_is_left_alone, place_make, place_remove),
    };

    return cmocka_run_group_tests_name("store-search", tests, NULL, NULL);
}
