/* SPDX-License-Identifier: Apache-2.0 */
/* The text forms: base64, serial numbers, names, MD2. */
#include "world.h"

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "dogtag/dn.h"
#include "dogtag/md2.h"
#include "dogtag/print.h"
#include "dogtag/text.h"

static void base64_lines(void **state)
{
    struct dog *d = *state;
    uint8_t octets[200];
    struct cmc_buf b;

    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)i;
    octets[0] = 0x30;
    for (size_t n = 1; n < sizeof octets; n++) {
        struct cmc_slice back;
        size_t lines = (n + 56) / 57;

        cmc_buf_init(&b, 1000);
        dog_pem(&b, "X", cmc_slice(octets, n));
        assert_true(cmc_buf_ok(&b));
        assert_int_equal(b.n, 18 + 16 + (n + 2) / 3 * 4 + 2 * lines);
        assert_int_equal(dog_text_der(d, "x", cmc_buf_get0(&b), &back), CMC_OK);
        assert_true(cmc_slice_eq(back, cmc_slice(octets, n)));
        cmc_buf_free(&b);
    }
}

static void text_in_other_forms(void **state)
{
    struct dog *d = *state;
    static const struct {
        const char *text;
        enum cmc_rc rc;
    } rows[] = {
        {"MAMCAQU=", CMC_OK},
        {"MAMCAQU", CMC_OK},
        {" MAMC\r\n\tAQU=\r\n\r\n", CMC_OK},
        {"-----BEGIN A-----\nMAMCAQU=\n-----END B-----\n", CMC_OK},
        {"-----BEGIN A-----\nMAMCAQU=", CMC_OK},
        {"MA--__==", CMC_OK},
        {"", CMC_E_INPUT},
        {"-----BEGIN A-----\n-----END A-----\n", CMC_E_INPUT},
        {"MAMCAQU!", CMC_E_INPUT},
        {"M", CMC_E_INPUT},
        {"BQA=", CMC_E_INPUT}, /* NULL: no request starts so */
        {"0\x03\x02\x01\x05", CMC_E_INPUT},
    };
    struct cmc_slice out;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum cmc_rc rc = dog_text_der(d, "x", cmc_slice_str(rows[i].text), &out);

        if (rc != rows[i].rc)
            fail_msg("row %zu: %s", i, cmc_rc_name(rc));
    }
}

static void serials(void **state)
{
    struct dog *d = *state;
    static const struct {
        const char *text, *hex; /* NULL: refused */
        bool hex_too;
    } rows[] = {
        {"0", "00", false},     {"6", "06", false},
        {"128", "0080", false}, {"0x80", "0080", true},
        {"0xFF", "00ff", true}, {"0x0", "00", true},
        {"0X1", "01", true},    {"0x1f", NULL, false},
        {"", NULL, true},       {"0x", NULL, true},
        {"-1", NULL, true},     {"1f", NULL, true},
        {"0xg", NULL, true},    {" 1", NULL, true},
        {"1 ", NULL, true},     {"18446744073709551616", "010000000000000000", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cmc_slice out;
        enum cmc_rc rc = dog_serial(d, "p", rows[i].text, rows[i].hex_too, &out);

        assert_int_equal(rc, rows[i].hex != NULL ? CMC_OK : CMC_E_USAGE);
        if (rc == CMC_OK)
            assert_true(cmc_slice_eq(out, hex(d->arena, rows[i].hex)));
    }
}

static const struct {
    const char *text;
    enum dog_dn_kind kind;
    const char *printed; /* NULL: refused */
    const char *tags;    /* of the values, in the order of the DER */
} names[] = {
    {"CN=a,O=b,C=SE", DOG_DN_UTF8, "CN=a, O=b, C=SE", "13 0c 0c"},
    {"CN=a, O=b; C=SE", DOG_DN_UTF8, "CN=a, O=b, C=SE", "13 0c 0c"},
    {"E=a@b.c,DC=x,UID=u", DOG_DN_UTF8, "EMAILADDRESS=a@b.c, DC=x, UID=u", "0c 16 16"},
    {"CN=\"a, b\",O=c", DOG_DN_UTF8, "CN=\"a, b\", O=c", "0c 0c"},
    {"CN=a\\, b", DOG_DN_UTF8, "CN=\"a, b\"", "0c"},
    {"CN=a+OU=b,O=c", DOG_DN_UTF8, "CN=a + OU=b, O=c", "0c 0c 0c"},
    {"OID.2.5.4.3=a", DOG_DN_UTF8, "CN=a", "0c"},
    {"1.2.3.4=a", DOG_DN_UTF8, "OID.1.2.3.4=a", "0c"},
    {"CN=PrintableString:a,OU=b", DOG_DN_TYPED, "CN=a, OU=b", "0c 13"},
    {"CN=PrintableString:a", DOG_DN_UTF8, "CN=PrintableString:a", "0c"},
    {"CN=BMPString:\xc3\xa5", DOG_DN_TYPED, "CN=\xc3\xa5", "1e"},
    {"CN=a,UID=b", DOG_DN_CRMF, "CN=a, UID=b", "13 13"},
    {"CN=\xc3\xa5", DOG_DN_CRMF, "CN=\xc3\xa5", "14"},
    {"CN=UTF8String:\xc3\xa5", DOG_DN_CRMF_TYPED, "CN=\xc3\xa5", "0c"},
    {"CN=\xe2\x82\xac", DOG_DN_CRMF, NULL, NULL}, /* no Latin-1 */
    {"E=a@b", DOG_DN_CRMF, NULL, NULL},
    {"CN=\"a", DOG_DN_UTF8, NULL, NULL},
    {"CN=\"a\"b", DOG_DN_UTF8, NULL, NULL},
    {"CN=", DOG_DN_UTF8, NULL, NULL},
    {"CN=a,", DOG_DN_UTF8, NULL, NULL},
    {"CN", DOG_DN_UTF8, NULL, NULL},
    {"XX=a", DOG_DN_UTF8, NULL, NULL},
    {"CN=\xff", DOG_DN_UTF8, NULL, NULL},
    {"C=\xc3\xa5", DOG_DN_UTF8, NULL, NULL},
    {"CN=a\\", DOG_DN_UTF8, NULL, NULL},
};

static void dns(void **state)
{
    struct dog *d = *state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct cmc_list rdns = {0};
        struct cmc_slice name;
        struct cmc_buf b;
        enum cmc_rc rc = dog_dn(d, names[i].text, names[i].kind, &name);
        char tags[64] = "";

        if ((rc == CMC_OK) != (names[i].printed != NULL))
            fail_msg("row %zu: %s", i, cmc_rc_name(rc));
        if (rc != CMC_OK)
            continue;
        cmc_buf_init(&b, 1000);
        dog_print_name(d, name, false, &b);
        assert_string_equal(cmc_buf_cstr(&b), names[i].printed);
        cmc_buf_free(&b);
        assert_int_equal(cmc_decode(&cmc_it_name_rdns, name, d->arena, &rdns, NULL), CMC_OK);
        for (size_t k = 0; k < rdns.n; k++) {
            const struct cmc_list *rdn = CMC_AT(const struct cmc_list, rdns, k);

            for (size_t m = 0; m < rdn->n; m++)
                (void)snprintf(tags + strlen(tags), sizeof tags - strlen(tags), "%s%02x",
                               *tags != '\0' ? " " : "",
                               CMC_AT(const struct cmc_atv, *rdn, m)->value.p[0]);
        }
        assert_string_equal(tags, names[i].tags);
    }
}

/* RFC 1319 appendix A.5. */
static void md2(void **state)
{
    struct dog *d = *state;
    static const char *const rows[][2] = {
        {"", "8350e5a3e24c153df2275c9f80692773"},
        {"a", "32ec01ec4a6dac72c0ab96fb34c0b5d1"},
        {"abc", "da853b0d3f88d99b30283a69e6ded6bb"},
        {"message digest", "ab4f496bfb2a530b219ff33031fe06b0"},
        {"abcdefghijklmnopqrstuvwxyz", "4e8ddff3650292ab5a4108c3aa47940b"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "d5976f79d83d3a0dc9806c3c66f3efd8"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[DOG_MD2_OCTETS];

        dog_md2(cmc_slice_str(rows[i][0]), out);
        assert_memory_equal(out, hex(d->arena, rows[i][1]).p, sizeof out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_DOG(base64_lines), WITH_DOG(text_in_other_forms),
                                       WITH_DOG(serials), WITH_DOG(dns), WITH_DOG(md2)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
