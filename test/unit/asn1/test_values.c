/* SPDX-License-Identifier: Apache-2.0 */
/* INTEGER, BIT STRING, UTF-8, times and OBJECT IDENTIFIER contents. */
#include "helper.h"

#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"

static void integers(void **state)
{
    const struct {
        uint64_t v;
        const char *content;
    } rows[] = {
        {0, "00"},
        {1, "01"},
        {127, "7f"},
        {128, "00 80"},
        {255, "00 ff"},
        {256, "01 00"},
        {0x7fffffffffffffff, "7f ff ff ff ff ff ff ff"},
        {UINT64_MAX, "00 ff ff ff ff ff ff ff ff"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t back;

        assert_slice_equal(cmc_int_from_u64(*state, rows[i].v), hex(*state, rows[i].content));
        assert_true(cmc_int_get_u64(hex(*state, rows[i].content), &back));
        assert_true(back == rows[i].v);
    }
}

static void integers_that_are_no_u64(void **state)
{
    uint64_t v;

    assert_false(cmc_int_get_u64(CMC_SLICE_NONE, &v));
    assert_false(cmc_int_get_u64(hex(*state, ""), &v));
    assert_false(cmc_int_get_u64(hex(*state, "ff"), &v));
    assert_false(cmc_int_get_u64(hex(*state, "80 00"), &v));
    assert_false(cmc_int_get_u64(hex(*state, "01 00 00 00 00 00 00 00 00"), &v));
    assert_false(cmc_int_get_u64(hex(*state, "00 ff ff ff ff ff ff ff ff ff"), &v));
}

static void magnitudes(void **state)
{
    assert_slice_equal(cmc_int_from_magnitude(*state, hex(*state, "00 00 12 34")),
                       hex(*state, "12 34"));
    assert_slice_equal(cmc_int_from_magnitude(*state, hex(*state, "00 00 92 34")),
                       hex(*state, "00 92 34"));
    assert_slice_equal(cmc_int_from_magnitude(*state, hex(*state, "00 00")), hex(*state, "00"));
    assert_slice_equal(cmc_int_from_magnitude(*state, hex(*state, "")), hex(*state, "00"));
}

static void bits(void **state)
{
    struct cmc_slice c = hex(*state, "05 a0 a0"); /* 101 00000 101 */

    assert_true(cmc_bits_get(c, 0));
    assert_false(cmc_bits_get(c, 1));
    assert_true(cmc_bits_get(c, 2));
    assert_true(cmc_bits_get(c, 8));
    assert_true(cmc_bits_get(c, 10));
    assert_false(cmc_bits_get(c, 11)); /* unused */
    assert_false(cmc_bits_get(c, 16)); /* beyond the end */
    assert_false(cmc_bits_get(hex(*state, "00"), 0));
    assert_false(cmc_bits_get(CMC_SLICE_NONE, 0));
    /* An unused bit that is set is not there. */
    assert_false(cmc_bits_get(hex(*state, "07 ff"), 1));
    assert_true(cmc_bits_get(hex(*state, "07 ff"), 0));
}

static void utf8(void **state)
{
    const struct {
        const char *octets;
        uint32_t cp; /* with n != 0 */
        size_t n;    /* 0: malformed */
    } rows[] = {
        {"00", 0, 1},
        {"41", 'A', 1},
        {"7f", 0x7f, 1},
        {"c2 80", 0x80, 2},
        {"df bf", 0x7ff, 2},
        {"e0 a0 80", 0x800, 3},
        {"ed 9f bf", 0xd7ff, 3},
        {"ee 80 80", 0xe000, 3},
        {"ef bf bf", 0xffff, 3},
        {"f0 90 80 80", 0x10000, 4},
        {"f4 8f bf bf", 0x10ffff, 4},
        {"", 0, 0},
        {"80", 0, 0},          /* continuation alone */
        {"84 80 80 80", 0, 0}, /* continuations that would spell U+100000 */
        {"bf", 0, 0},
        {"c0 80", 0, 0},       /* overlong U+0000 */
        {"c1 bf", 0, 0},       /* overlong U+007F */
        {"e0 9f bf", 0, 0},    /* overlong U+07FF */
        {"f0 8f bf bf", 0, 0}, /* overlong U+FFFF */
        {"ed a0 80", 0, 0},    /* first surrogate */
        {"ed bf bf", 0, 0},    /* last surrogate */
        {"f4 90 80 80", 0, 0}, /* U+110000 */
        {"f5 80 80 80", 0, 0},
        {"f8 88 80 80 80", 0, 0},
        {"fe", 0, 0},
        {"ff", 0, 0},
        {"c2", 0, 0},       /* cut */
        {"e2 82", 0, 0},    /* cut */
        {"f0 9f 98", 0, 0}, /* cut */
        {"c2 41", 0, 0},    /* no continuation */
        {"e2 82 41", 0, 0},
        {"f0 9f 98 41", 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cmc_slice s = hex(*state, rows[i].octets), tlv, out = CMC_SLICE_NONE;
        uint32_t cp = 0;
        uint8_t *p = cmc_arena_alloc(*state, s.n + 2);
        enum cmc_rc rc;

        if (cmc_utf8_next(s, &cp) != rows[i].n || cp != rows[i].cp)
            fail_msg("%s", rows[i].octets);
        /* The decoder takes the same for a UTF8String. */
        assert_non_null(p);
        p[0] = CMC_T_UTF8;
        p[1] = (uint8_t)s.n;
        memcpy(p + 2, s.p, s.n);
        tlv = cmc_slice(p, s.n + 2);
        rc = cmc_decode(&cmc_it_utf8, tlv, *state, &out, NULL);
        if (rc != (rows[i].n != 0 || s.n == 0 ? CMC_OK : CMC_E_INPUT))
            fail_msg("UTF8String %s: %s", rows[i].octets, cmc_rc_name(rc));
    }
}

/* -- times ------------------------------------------------------------------------------- */

static void times(void **state)
{
    const struct {
        uint16_t type;
        const char *text;
        int64_t t;
    } rows[] = {
        {CMC_T_GENTIME, "19700101000000Z", 0},
        {CMC_T_GENTIME, "19691231235959Z", -1},
        {CMC_T_GENTIME, "20000229120000Z", 951825600},
        {CMC_T_GENTIME, "20240229235959Z", 1709251199},
        {CMC_T_GENTIME, "20491231235959Z", 2524607999},
        {CMC_T_GENTIME, "20500101000000Z", 2524608000},
        {CMC_T_GENTIME, "99991231235959Z", 253402300799},
        {CMC_T_GENTIME, "00000101000000Z", -62167219200},
        {CMC_T_GENTIME, "20260101000000.5Z", 1767225600},
        {CMC_T_GENTIME, "20260101000000.123456789Z", 1767225600},
        {CMC_T_UTCTIME, "500101000000Z", -631152000},
        {CMC_T_UTCTIME, "491231235959Z", 2524607999},
        {CMC_T_UTCTIME, "700101000000Z", 0},
        {CMC_T_UTCTIME, "000229000000Z", 951782400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t t = 42;

        if (!cmc_time_parse(rows[i].type, cmc_slice_str(rows[i].text), &t) || t != rows[i].t)
            fail_msg("%s: %lld", rows[i].text, (long long)t);
    }
}

static void malformed_times(void **state)
{
    static const char *const general[] = {
        "",
        "Z",
        "20260101000000",
        "2026010100000Z",
        "202601010000Z",
        "20261301000000Z",
        "20260001000000Z",
        "20260100000000Z",
        "20260132000000Z",
        "20260229000000Z",
        "21000229000000Z",
        "20260431000000Z",
        "20260101240000Z",
        "20260101006000Z",
        "20260101000060Z",
        "20260101000000+0000",
        "20260101000000z",
        "20260101000000Z0",
        "20260101000000.Z",
        "20260101000000.5",
        "20260101000000,5Z",
        "2026O101000000Z",
        "-0260101000000Z",
        "20260101000000 Z",
    };
    static const char *const utc[] = {"",
                                      "260101000000",
                                      "2601010000Z",
                                      "260229000000Z",
                                      "260101000000+0000",
                                      "260101000000.5Z",
                                      "20260101000000Z"};
    int64_t t;

    (void)state;
    for (size_t i = 0; i < sizeof general / sizeof general[0]; i++) {
        char *copy = strdup(general[i]);
        struct cmc_slice s = cmc_slice_str(copy);

        if (cmc_time_parse(CMC_T_GENTIME, s, &t))
            fail_msg("%s passes", general[i]);
        free(copy);
    }
    for (size_t i = 0; i < sizeof utc / sizeof utc[0]; i++) {
        if (cmc_time_parse(CMC_T_UTCTIME, cmc_slice_str(utc[i]), &t))
            fail_msg("%s passes", utc[i]);
    }
}

static void times_come_back(void **state)
{
    /* A step that is no divisor of anything walks through all months, hours and leap days. */
    for (int64_t t = -62135596800 + 31536000LL * 1000; t < 253402300799; t += 98765431) {
        struct cmc_slice content = cmc_gentime(*state, t), tlv;
        int64_t back = 0;

        assert_int_equal(content.n, 15);
        assert_true(cmc_time_parse(CMC_T_GENTIME, content, &back));
        assert_true(back == t);
        tlv = cmc_time_tlv(*state, t);
        assert_true(cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.p[1]), &back));
        assert_true(back == t);
        assert_int_equal(tlv.n, tlv.p[1] + 2);
    }
}

/* RFC 5280 section 4.1.2.5: UTCTime through 2049, and it cannot say less than 1950. */
static void which_time_type(void **state)
{
    assert_int_equal(cmc_time_tlv(*state, 2524607999).p[0], CMC_T_UTCTIME);
    assert_int_equal(cmc_time_tlv(*state, 2524608000).p[0], CMC_T_GENTIME);
    assert_int_equal(cmc_time_tlv(*state, -631152000).p[0], CMC_T_UTCTIME);
    assert_int_equal(cmc_time_tlv(*state, -631152001).p[0], CMC_T_GENTIME);
    assert_null(cmc_time_tlv(*state, 253402300800).p); /* the year 10000 */
    assert_null(cmc_gentime(*state, INT64_MAX).p);
}

/* -- object identifiers ------------------------------------------------------------------ */

static void oids(void **state)
{
    const struct {
        const char *dotted, *content;
    } rows[] = {
        {"0.0", "00"},
        {"0.39", "27"},
        {"1.0", "28"},
        {"1.2.840.113549.1.7.2", "2a 86 48 86 f7 0d 01 07 02"},
        {"1.3.6.1.5.5.7.12.2", "2b 06 01 05 05 07 0c 02"},
        {"2.0", "50"},
        {"2.47", "7f"},
        {"2.48", "81 00"},
        {"2.999.3", "88 37 03"},
        {"2.5.29.9223372036854775807", "55 1d ff ff ff ff ff ff ff ff 7f"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t buf[64];
        char text[64];

        assert_slice_equal(cmc_oid_parse(rows[i].dotted, buf, sizeof buf),
                           hex(*state, rows[i].content));
        assert_string_equal(cmc_oid_text(hex(*state, rows[i].content), text, sizeof text),
                            rows[i].dotted);
    }
}

static void malformed_oids(void **state)
{
    static const char *const rows[] = {
        "",     "1",     "1.",   "3.1",  "0.40",   "1.40",   ".1.2", "1..2",
        "1.2.", "1.2.x", "-1.2", "1.2 ", "1.2.-3", "1.2.3.", "a",    "1.2.99999999999999999999"};
    uint8_t buf[64];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (cmc_oid_parse(rows[i], buf, sizeof buf).p != NULL)
            fail_msg("%s passes", rows[i]);
    }
    assert_null(cmc_oid_parse("1.2.840.113549", buf, 5).p);
    assert_non_null(cmc_oid_parse("1.2.840.113549", buf, 6).p);
}

static void every_named_oid_comes_back(void **state)
{
    (void)state;
    assert_true(cmc_oid_row_count > 100);
    for (size_t i = 0; i < cmc_oid_row_count; i++) {
        uint8_t buf[64];
        char text[256];

        cmc_oid_text(cmc_oid_rows[i].oid, text, sizeof text);
        assert_slice_equal(cmc_oid_parse(text, buf, sizeof buf), cmc_oid_rows[i].oid);
        assert_ptr_equal(cmc_oid_name(cmc_oid_rows[i].oid), cmc_oid_rows[i].name);
    }
    assert_string_equal(cmc_oid_name(cmc_oid_id_cmc_statusInfoV2), "id-cmc-statusInfoV2");
    assert_null(cmc_oid_name(CMC_SLICE_LIT("\x2a\x03")));
    assert_null(cmc_oid_name(CMC_SLICE_NONE));
}

static void oid_text_is_bounded(void **state)
{
    char text[8];

    assert_string_equal(cmc_oid_text(hex(*state, "2a 86 48 86 f7 0d"), text, sizeof text),
                        "1.2.840");
    /* An arc of 70 bits must not wrap round. */
    assert_non_null(strchr(
        cmc_oid_text(hex(*state, "2a 81 80 80 80 80 80 80 80 80 80 00"), text, sizeof text), '('));
}

static void no_memory(void **state)
{
    struct cmc_arena *none = cmc_arena_new(0);

    (void)state;
    assert_non_null(none);
    assert_null(cmc_int_from_u64(none, 5).p);
    assert_null(cmc_gentime(none, 0).p);
    assert_null(cmc_time_tlv(none, 0).p);
    cmc_arena_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(integers),
        WITH_ARENA(integers_that_are_no_u64),
        WITH_ARENA(magnitudes),
        WITH_ARENA(bits),
        WITH_ARENA(utf8),
        WITH_ARENA(times),
        WITH_ARENA(malformed_times),
        WITH_ARENA(times_come_back),
        WITH_ARENA(which_time_type),
        WITH_ARENA(oids),
        WITH_ARENA(malformed_oids),
        WITH_ARENA(every_named_oid_comes_back),
        WITH_ARENA(oid_text_is_bounded),
        WITH_ARENA(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
