/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"

#include <cmocka.h>
#include <stdio.h>

struct seen {
    size_t n, stop_at;
    struct cmc_cert_record certs[64];
    uint8_t serials[64][20];
    char texts[64][32];
};

static enum cmc_rc see(void *arg, const struct cmc_cert_record *c)
{
    struct seen *s = arg;

    if (s->stop_at != 0 && s->n == s->stop_at)
        return CMC_E_REFUSED;
    assert_int_equal(c->serial.n, 20);
    s->certs[s->n] = *c;
    memcpy(s->serials[s->n], c->serial.p, 20);
    (void)snprintf(s->texts[s->n], 32, "%s", c->subject_text != NULL ? c->subject_text : "");
    s->n++;
    return CMC_OK;
}

static void revoked_ones_in_order_of_serial(void **state)
{
    struct place *p = *state;
    struct seen s = {0};

    put_certs(p, 30);
    for (uint32_t i = 0; i < 30; i += 2)
        assert_int_equal(change(p, i, CMC_CERT_VALID, i % 4 == 0 ? CMC_CERT_HELD : CMC_CERT_REVOKED,
                                i % 4 == 0 ? 6 : 1),
                         CMC_OK);
    assert_int_equal(cmc_reader_revoked(p->reader, issuer_a, 0, 0, see, &s, &p->err), CMC_OK);
    assert_int_equal(s.n, 15);
    for (size_t i = 0; i < s.n; i++) {
        const struct cmc_cert_record *c = &s.certs[i];
        uint32_t n = (uint32_t)(c->not_after - NOW - 1000);

        if (i > 0)
            assert_true(memcmp(s.serials[i - 1], s.serials[i], 20) < 0);
        assert_memory_equal(s.serials[i], serial_make(n).p, 20);
        assert_int_equal(n % 2, 0);
        assert_int_equal(c->state, n % 4 == 0 ? CMC_CERT_HELD : CMC_CERT_REVOKED);
        assert_int_equal(c->reason, n % 4 == 0 ? 6 : 1);
        assert_int_equal(c->revoked_at, NOW + 50);
        assert_int_equal(c->invalidity_at, NOW + 40);
        assert_true(cmc_slice_eq(c->issuer, issuer_a));
    }
}

static void revoked_ones_leave_out_expired_released_and_foreign(void **state)
{
    struct place *p = *state;
    struct seen s = {0};

    put_certs(p, 4); /* notAfter is NOW + 1000 + n */
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(change(p, i, CMC_CERT_VALID, CMC_CERT_HELD, 6), CMC_OK);
    assert_int_equal(change(p, 3, CMC_CERT_HELD, CMC_CERT_VALID, 8), CMC_OK);
    assert_int_equal(cmc_reader_revoked(p->reader, issuer_a, 0, NOW + 1001, see, &s, &p->err),
                     CMC_OK);
    assert_int_equal(s.n, 2);
    s.n = 0;
    assert_int_equal(cmc_reader_revoked(p->reader, issuer_b, 0, 0, see, &s, &p->err), CMC_OK);
    assert_int_equal(s.n, 0);
}

static void listing_newest_first_in_pages(void **state)
{
    struct place *p = *state;
    struct seen s = {0};

    put_certs(p, 10);
    assert_int_equal(cmc_reader_certs(p->reader, NULL, 0, 3, see, &s, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_certs(p->reader, NULL, 3, 3, see, &s, &p->err), CMC_OK);
    assert_int_equal(s.n, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_memory_equal(s.serials[i], serial_make(9 - i).p, 20);
    s.n = 0;
    assert_int_equal(cmc_reader_certs(p->reader, NULL, 8, SIZE_MAX, see, &s, &p->err), CMC_OK);
    assert_int_equal(s.n, 2);
    s.n = 0;
    assert_int_equal(cmc_reader_certs(p->reader, NULL, 10, 5, see, &s, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_certs(p->reader, NULL, 0, 0, see, &s, &p->err), CMC_OK);
    assert_int_equal(s.n, 0);
}

static void listing_by_a_part_of_the_subject(void **state)
{
    struct place *p = *state;
    struct seen s = {0};

    put_certs(p, 21);
    assert_int_equal(cmc_reader_certs(p->reader, "hOST-1", 0, 100, see, &s, &p->err), CMC_OK);
    assert_int_equal(s.n, 11); /* 1, 10 to 19 */
    assert_string_equal(s.texts[0], "CN=Host-19,O=Example");
    assert_string_equal(s.texts[10], "CN=Host-1,O=Example");
    s.n = 0;
    /* No wildcards. */
    assert_int_equal(cmc_reader_certs(p->reader, "Host-_,", 0, 100, see, &s, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_certs(p->reader, "%", 0, 100, see, &s, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_certs(p->reader, "' OR 1 --", 0, 100, see, &s, &p->err), CMC_OK);
    assert_int_equal(s.n, 0);
}

static void a_callback_stops_the_reading(void **state)
{
    struct place *p = *state;
    struct seen s = {.stop_at = 2};

    put_certs(p, 5);
    assert_int_equal(cmc_reader_certs(p->reader, NULL, 0, 5, see, &s, &p->err), CMC_E_REFUSED);
    assert_int_equal(s.n, 2);
    /* The reader is as good as before. */
    s = (struct seen){0};
    assert_int_equal(cmc_reader_certs(p->reader, NULL, 0, 5, see, &s, &p->err), CMC_OK);
    assert_int_equal(s.n, 5);
}

static void an_arena_that_is_too_small(void **state)
{
    struct place *p = *state;
    struct cmc_arena *small = cmc_arena_new(64);
    struct cmc_cert_record out;

    put_certs(p, 1);
    assert_int_equal(cmc_reader_cert(p->reader, issuer_a, serial_make(0), small, &out, &p->err),
                     CMC_E_MEM);
    cmc_arena_free(small);
}

static void a_damaged_row_is_told(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record out;

    put_certs(p, 1);
    sql(p->path, "UPDATE cert SET spki_digest = x'00'");
    assert_int_equal(cmc_reader_cert(p->reader, issuer_a, serial_make(0), p->arena, &out, &p->err),
                     CMC_E_LOCAL);
    assert_non_null(strstr(p->err.text, "damaged"));
    assert_non_null(strstr(p->err.text, p->path));
}

static void a_reader_sees_what_other_processes_write(void **state)
{
    struct place *p = *state;
    uint64_t g = generation(p);

    sql(p->path, "UPDATE counter SET value = value + 5 WHERE name = 'generation'");
    assert_int_equal(generation(p), g + 5);
}

/* While it is held all that is asked is as of one moment, whoever writes; then it is as it is. */
static void a_held_moment(void **state)
{
    static const char revoke[] = "UPDATE cert SET state = 1;"
                                 "UPDATE counter SET value = value + 1 WHERE name = 'generation'";
    struct place *p = *state;
    struct cmc_cert_status status;
    uint64_t before = generation(p), held = 0;

    put_certs(p, 1);
    cmc_reader_release(p->reader); /* of nothing */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmc_reader_hold(p->reader, &held, &p->err), CMC_OK);
        assert_int_equal(held, before + (uint64_t)i);
        if (i == 0)
            sql(p->path, revoke);
        assert_int_equal(generation(p), held);
        assert_int_equal(cmc_reader_cert_status(p->reader, issuer_a, CMC_SLICE_NONE, serial_make(0),
                                                &status, &p->err),
                         CMC_OK);
        assert_int_equal(status.state, i == 0 ? CMC_CERT_VALID : CMC_CERT_REVOKED);
        cmc_reader_release(p->reader);
        cmc_reader_release(p->reader);
        assert_int_equal(generation(p), before + 1);
    }
    assert_int_equal(cmc_reader_cert_status(p->reader, issuer_a, CMC_SLICE_NONE, serial_make(0),
                                            &status, &p->err),
                     CMC_OK);
    assert_int_equal(status.state, CMC_CERT_REVOKED);
    /* the writer is not kept from writing */
    assert_int_equal(cmc_reader_hold(p->reader, &held, &p->err), CMC_OK);
    assert_int_equal(change(p, 0, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_E_CONFLICT);
    cmc_reader_release(p->reader);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(revoked_ones_in_order_of_serial),
        IN_PLACE(revoked_ones_leave_out_expired_released_and_foreign),
        IN_PLACE(listing_newest_first_in_pages),
        IN_PLACE(listing_by_a_part_of_the_subject),
        IN_PLACE(a_callback_stops_the_reading),
        IN_PLACE(an_arena_that_is_too_small),
        IN_PLACE(a_damaged_row_is_told),
        IN_PLACE(a_reader_sees_what_other_processes_write),
        IN_PLACE(a_held_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
