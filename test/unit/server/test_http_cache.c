/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a client has what it asks for, and for how long it may keep it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include "server/http_cache.h"

/* 2027-01-15T08:00:00Z */
#define NOW 1800000000

static const char *header(const struct cmc_http_cache *c, const char *name)
{
    for (size_t i = 0; c->headers[i] != NULL; i += 2) {
        if (strcmp(c->headers[i], name) == 0)
            return c->headers[i + 1];
    }
    return "none";
}

static void for_how_long(void **state)
{
    struct cmc_http_cache c;

    (void)state;
    cmc_http_cache_init(&c, "7-1", NOW - 3600, NOW + 3600, NOW, 60);
    assert_string_equal(header(&c, "ETag"), "\"7-1\"");
    assert_string_equal(header(&c, "Last-Modified"), "Fri, 15 Jan 2027 07:00:00 GMT");
    assert_string_equal(header(&c, "Expires"), "Fri, 15 Jan 2027 08:01:00 GMT");
    assert_string_equal(header(&c, "Cache-Control"), "public, max-age=60, must-revalidate");
    /* Never beyond its end. */
    cmc_http_cache_init(&c, "7-1", NOW - 3600, NOW + 5, NOW, 60);
    assert_string_equal(header(&c, "Expires"), "Fri, 15 Jan 2027 08:00:05 GMT");
    assert_string_equal(header(&c, "Cache-Control"), "public, max-age=5, must-revalidate");
    cmc_http_cache_init(&c, "7-1", NOW - 3600, NOW - 5, NOW, 60);
    assert_string_equal(header(&c, "Cache-Control"), "public, max-age=0, must-revalidate");
}

static void tags(void **state)
{
    static const struct {
        const char *list;
        bool has;
    } rows[] = {
        {"\"7-1\"", true},
        {"W/\"7-1\"", true},
        {"\"6-1\", \"7-1\"", true},
        {"\"6-1\",W/\"7-1\" ", true},
        {"*", true},
        {"\"7-12\"", false},
        {"\"7-\"", false},
        {"\"\"", false},
        {"7-1", false},
        {"\"7-1", false},
        {"x\"7-1\"", false},
        {"", false},
        {",", false},
    };
    struct cmc_http_cache c;

    (void)state;
    cmc_http_cache_init(&c, "7-1", NOW, NOW + 60, NOW, 60);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(cmc_http_cache_has(&c, rows[i].list, NULL), rows[i].has);
}

static void dates(void **state)
{
    static const struct {
        const char *date;
        bool has;
    } rows[] = {
        {"Fri, 15 Jan 2027 08:00:00 GMT", true},
        {"Fri, 15 Jan 2027 09:00:00 GMT", true},
        {"Fri, 15 Jan 2027 07:59:59 GMT", false},
        {"Fri, 15 Jan 2027 09:00:00 GMT x", false},
        {"Fri, 15 Jan 2027 09:00:00", false},
        {"yesterday", false},
        {"", false},
    };
    struct cmc_http_cache c;

    (void)state;
    cmc_http_cache_init(&c, "7-1", NOW, NOW + 60, NOW, 60);
    assert_false(cmc_http_cache_has(&c, NULL, NULL));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(cmc_http_cache_has(&c, NULL, rows[i].date), rows[i].has);
    /* The tag knows better. */
    assert_false(cmc_http_cache_has(&c, "\"6\"", rows[1].date));
    assert_true(cmc_http_cache_has(&c, "\"7-1\"", rows[2].date));
}

static void octets(void **state)
{
    struct cmc_http_cache a, b;

    (void)state;
    cmc_http_cache_octets(&a, CMC_SLICE_LIT("abc"), NOW, NOW, 3600);
    cmc_http_cache_octets(&b, CMC_SLICE_LIT("abd"), NOW, NOW, 3600);
    assert_string_equal(a.etag, "\"ba7816bf8f01cfea414140de5dae2223\"");
    assert_string_not_equal(a.etag, b.etag);
    assert_string_equal(header(&a, "Cache-Control"), "public, max-age=3600, must-revalidate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_how_long),
        cmocka_unit_test(tags),
        cmocka_unit_test(dates),
        cmocka_unit_test(octets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
