/* SPDX-License-Identifier: Apache-2.0 */
/* Name spaces: entries, and which names lie in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/name_space.h"
#include "message/request.h"

static int setup(void **state)
{
    *state = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    return *state == NULL;
}

static int teardown(void **state)
{
    cmc_arena_free(*state);
    return 0;
}

static struct cmc_name_space space(struct cmc_arena *arena, const char *lines)
{
    struct cmc_name_space ns;
    struct cmc_err err = {0};

    if (cmc_name_space_parse(lines, arena, &ns, &err) != CMC_OK)
        fail_msg("%s: %s", lines, err.text);
    return ns;
}

static const char *check(struct cmc_arena *arena, const char *lines, const char *subject,
                         const char *san)
{
    struct cmc_name_space ns = space(arena, lines);
    struct cmc_extension e = {0};
    struct cmc_slice name;
    const char *outside = "?";

    assert_int_equal(cmc_name_parse(subject, arena, &name, NULL), CMC_OK);
    if (san != NULL)
        assert_int_equal(cmc_san_parse(san, arena, &e, NULL), CMC_OK);
    assert_int_equal(cmc_name_space_check(&ns, name, e.value, arena, &outside, NULL), CMC_OK);
    return outside;
}

static void all_names_lie_within(void **state)
{
    static const char both[] = "C=SE, O=Example\nDNS:example.org";
    static const char mail[] = "email:example.org";
    static const struct {
        const char *space, *subject, *san;
        const char *outside; /* NULL: none */
    } rows[] = {
        /* no entries: no limit */
        {NULL, "CN=whoever", "DNS:anywhere.test", NULL},
        {"", "CN=whoever", "IP:192.0.2.1", NULL},
        /* subjects */
        {"C=SE, O=Example", "C=SE, O=Example, CN=x", NULL, NULL},
        {"DN:C=SE, O=Example", "C=SE, O=EXAMPLE , CN=x", NULL, NULL},
        {"C=SE, O=Example", "C=SE, O=Example", NULL, NULL},
        {"C=SE, O=Example", "", "dirName:CN=x", "directoryName "},
        {"C=SE, O=Example", "C=SE, O=Examples, CN=x", NULL, "the subject "},
        {"C=SE, O=Example", "C=SE", NULL, "the subject "},
        {"C=SE, O=Example", "O=Example, C=SE, CN=x", NULL, "the subject "},
        {"C=SE, O=Example", "C=SE, O=Example, CN=x", "DNS:a.test", "DNS:a.test"},
        {"DN:", "CN=any, O=At all", NULL, NULL},
        {"DN:\nDNS:example.org", "CN=any, O=At all", "DNS:example.org", NULL},
        /* hosts */
        {both, "C=SE, O=Example, CN=x", "DNS:www.EXAMPLE.org,DNS:example.org", NULL},
        {both, "C=SE, O=Example, CN=x", "DNS:*.example.org", NULL},
        {both, "C=SE, O=Example, CN=x", "DNS:badexample.org", "DNS:badexample.org"},
        {both, "C=SE, O=Example, CN=x", "DNS:example.org,DNS:example.org.evil",
         "DNS:example.org.evil"},
        {both, "C=SE, O=Example, CN=x", "DNS:www.example.org.", "DNS:www.example.org."},
        {both, "C=SE, O=Example, CN=x", "DNS:.example.org", "DNS:.example.org"},
        {both, "C=SE, O=Example, CN=x", "email:a@example.org", "email:a@example.org"},
        {both, "C=SE, O=Example, CN=x", "IP:192.0.2.1", "IP:192.0.2.1"},
        /* a common name that reads as a host is held against the hosts */
        {both, "C=SE, O=Example, CN=www.example.org", NULL, NULL},
        {both, "C=SE, O=Example, CN=www.bank.test", NULL, "the subject "},
        {both, "C=SE, O=Example, CN=Ann A. Example", NULL, NULL},
        {"C=SE, O=Example", "C=SE, O=Example, CN=www.bank.test", NULL, NULL},
        {"C=SE\nemail:example.org", "C=SE, CN=ann@bank.test", NULL, "the subject "},
        {"C=SE\nemail:example.org", "C=SE, emailAddress=ann@example.org", NULL, NULL},
        {"C=SE\nIP:192.0.2.0/24", "C=SE, CN=198.51.100.7", NULL, "the subject "},
        /* without an entry for subjects, nothing else may stand in one */
        {"DNS:example.org", "CN=www.example.org", "DNS:www.example.org", NULL},
        {"DNS:example.org", "", "DNS:www.example.org", NULL},
        {"DNS:example.org", "CN=www.bank.test", "DNS:www.example.org", "the subject "},
        {"DNS:example.org", "CN=Ann", NULL, "the subject "},
        {"DNS:example.org", "O=Bank, CN=www.example.org", NULL, "the subject "},
        {"DNS:example.org", "CN=www", NULL, "the subject "},
        {mail, "emailAddress=ann@example.org", "email:ann@mail.example.org", NULL},
        {mail, "CN=ann@example.org", NULL, NULL},
        {mail, "CN=example.org", NULL, "the subject "},
        {mail, "", "email:example.org@evil.test", "email:example.org@evil.test"},
        {mail, "", "email:example.org", "email:example.org"},
        {mail, "", "email:@example.org", "email:@example.org"},
        {mail, "", "email:a@b@example.org", NULL}, /* the last @ is what counts */
        /* networks */
        {"IP:192.0.2.0/24", "", "IP:192.0.2.255", NULL},
        {"IP:192.0.2.0/24", "CN=192.0.2.7", NULL, NULL},
        {"IP:192.0.2.0/24", "", "IP:192.0.3.0", "IP:192.0.3.0"},
        {"IP:192.0.2.128/25", "", "IP:192.0.2.128", NULL},
        {"IP:192.0.2.128/25", "", "IP:192.0.2.127", "IP:192.0.2.127"},
        {"IP:192.0.2.1", "", "IP:192.0.2.1", NULL},
        {"IP:192.0.2.1", "", "IP:192.0.2.0", "IP:192.0.2.0"},
        {"IP:0.0.0.0/0", "", "IP:203.0.113.9", NULL},
        {"IP:0.0.0.0/0", "", "IP:2001:db8::1", "IP:2001:db8::1"},
        {"IP:2001:db8::/33", "", "IP:2001:db8:7fff::1", NULL},
        {"IP:2001:db8::/33", "", "IP:2001:db8:8000::1", "IP:2001:db8:8000::1"},
        /* URIs */
        {"URI:example.org", "", "URI:https://example.org/path", NULL},
        {"URI:example.org", "", "URI:https://u:p@a.example.org:8443/x?y#z", NULL},
        {"URI:example.org", "", "URI:https://example.org@evil.test/",
         "URI:https://example.org@evil"},
        {"URI:example.org", "", "URI:https://evil.test/@example.org", "URI:https://evil.test/"},
        {"URI:example.org", "", "URI:https://evil.test\\@example.org", "URI:https://evil.test"},
        {"URI:example.org", "", "URI:urn:example.org", "URI:urn:example.org"},
        {"URI:example.org", "", "URI:https://[2001:db8::1]/", "URI:https://["},
        {"URI:example.org", "", "DNS:example.org", "DNS:example.org"},
    };

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        const char *outside = check(*state, rows[i].space, rows[i].subject, rows[i].san);

        if ((outside == NULL) != (rows[i].outside == NULL))
            fail_msg("row %zu: %s", i, outside != NULL ? outside : "nothing is outside");
        if (outside != NULL && strncmp(outside, rows[i].outside, strlen(rows[i].outside)) != 0)
            fail_msg("row %zu: %s", i, outside);
    }
}

/* What cmc_san_parse() would not make. */
static void odd_alternative_names(void **state)
{
    struct cmc_arena *arena = *state;
    struct cmc_name_space ns =
        space(arena, "DN:\nDNS:example.org\nemail:example.org\nURI:example.org\nIP:0.0.0.0/0");
    static const uint8_t bad[] = {0x30, 0x03, 0x82, 0x05, 'a'};
    static const uint8_t registered[] = {0x30, 0x04, 0x88, 0x02, 0x2a, 0x03};
    const struct cmc_general_name rows[] = {
        {.which = CMC_GN_DNS, .v = CMC_SLICE_LIT("evil.test\0.example.org")},
        {.which = CMC_GN_DNS, .v = CMC_SLICE_LIT("")},
        {.which = CMC_GN_DNS, .v = CMC_SLICE_LIT("evil.test/.example.org")},
        {.which = CMC_GN_EMAIL, .v = CMC_SLICE_LIT("a\0@example.org")},
        {.which = CMC_GN_EMAIL, .v = CMC_SLICE_LIT("")},
        {.which = CMC_GN_URI, .v = CMC_SLICE_LIT("http://evil.test\0.example.org/")},
        {.which = CMC_GN_URI, .v = CMC_SLICE_LIT("")},
        {.which = CMC_GN_IP, .v = CMC_SLICE_LIT("\x01\x02\x03")},
        {.which = CMC_GN_IP, .v = CMC_SLICE_LIT("\x01\x02\x03\x04\x05\x06\x07\x08")},
        {.which = CMC_GN_RID, .v = CMC_SLICE_LIT("\x2a\x03")},
        {.which = CMC_GN_OTHER},
        {.which = CMC_GN_EDI},
        {.which = CMC_GN_X400},
    };
    struct cmc_slice none;
    const char *outside;

    assert_int_equal(cmc_name_parse("", arena, &none, NULL), CMC_OK);
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        if (cmc_name_space_general(&ns, &rows[i], arena))
            fail_msg("row %zu", i);
    }
    assert_int_equal(
        cmc_name_space_check(&ns, none, cmc_slice(bad, sizeof bad), arena, &outside, NULL), CMC_OK);
    assert_non_null(strstr(outside, "cannot be read"));
    assert_int_equal(cmc_name_space_check(&ns, none, cmc_slice(registered, sizeof registered),
                                          arena, &outside, NULL),
                     CMC_OK);
    assert_non_null(strstr(outside, "not judged"));
}

/* A common name in UTF-16 cannot be held against hosts that are octets. */
static void other_strings(void **state)
{
    struct cmc_arena *arena = *state;
    struct cmc_name_space ns = space(arena, "DN:\nDNS:example.org");
    static const uint8_t bmp[] = {0x30, 0x11, 0x31, 0x0f, 0x30, 0x0d, 0x06, 0x03, 0x55, 0x04,
                                  0x03, 0x1e, 0x06, 0x00, 'a',  0x00, '.',  0x00, 'b'};
    const char *outside;

    assert_int_equal(cmc_name_space_check(&ns, cmc_slice(bmp, sizeof bmp), CMC_SLICE_NONE, arena,
                                          &outside, NULL),
                     CMC_OK);
    assert_non_null(outside);
}

static void entries_are_checked(void **state)
{
    static const struct {
        const char *lines, *why;
    } rows[] = {
        {"DNS:", "a domain such as"},
        {"DNS:.example.org", "a domain such as"},
        {"DNS:exa mple.org", "a domain such as"},
        {"email:ann@example.org", "a domain such as"},
        {"URI:https://example.org", "a domain such as"},
        {"IP:", "is no network"},
        {"IP:192.0.2.0/33", "is no network"},
        {"IP:192.0.2.0/", "is no network"},
        {"IP:192.0.2.0/8x", "is no network"},
        {"IP:192.0.2.0/-1", "is no network"},
        {"IP:2001:db8::/129", "is no network"},
        {"IP:example.org", "is no network"},
        {"Example", "column 1"},
        {"RID:1.2.3", "column 1"},
        {"DNS:example.org\n", "is empty"},
        {"\nDNS:example.org", "is empty"},
    };
    struct cmc_arena *arena = *state;
    struct cmc_name_space ns;
    char many[CMC_LIMIT_NAME_RULES * 8 + 16];
    struct cmc_err err;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        assert_int_equal(cmc_name_space_parse(rows[i].lines, arena, &ns, &err), CMC_E_USAGE);
        if (strstr(err.text, rows[i].why) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
    many[0] = '\0';
    for (size_t i = 0; i <= CMC_LIMIT_NAME_RULES; i++)
        (void)strcat(many, i > 0 ? "\nDN:C=SE" : "DN:C=SE");
    assert_int_equal(cmc_name_space_parse(many, arena, &ns, &err), CMC_E_LIMIT);
    many[strlen(many) - 8] = '\0';
    assert_int_equal(cmc_name_space_parse(many, arena, &ns, &err), CMC_OK);
    assert_int_equal(ns.n, CMC_LIMIT_NAME_RULES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_names_lie_within, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_alternative_names, setup, teardown),
        cmocka_unit_test_setup_teardown(other_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(entries_are_checked, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
