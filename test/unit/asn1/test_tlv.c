/* SPDX-License-Identifier: Apache-2.0 */
/* One TLV, and BER turned into DER. */
#include "helper.h"

#include <stdlib.h>

#include "asn1/tlv.h"

/* -- cmc_ber_to_der ---------------------------------------------------------------------- */

struct ber_row {
    const char *what, *in;
    const char *out; /* NULL: refused with CMC_E_INPUT */
};

static const struct ber_row ber_rows[] = {
    {"DER stays", "30 03 02 01 05", "30 03 02 01 05"},
    {"empty sequence", "30 00", "30 00"},
    {"indefinite", "30 80 02 01 05 00 00", "30 03 02 01 05"},
    {"indefinite in indefinite", "30 80 30 80 05 00 00 00 00 00", "30 04 30 02 05 00"},
    {"indefinite in definite", "30 06 30 80 05 00 00 00", "30 04 30 02 05 00"},
    {"definite in indefinite", "30 80 30 02 05 00 00 00", "30 04 30 02 05 00"},
    {"long form of a short length", "30 81 03 02 01 05", "30 03 02 01 05"},
    {"leading zeros in a length", "30 84 00 00 00 03 02 01 05", "30 03 02 01 05"},
    {"long form inside", "30 04 02 81 01 05", "30 03 02 01 05"},
    {"constructed OCTET STRING", "24 06 04 01 61 04 01 62", "04 02 61 62"},
    {"indefinite OCTET STRING", "24 80 04 01 61 04 00 04 01 62 00 00", "04 02 61 62"},
    {"no parts", "24 80 00 00", "04 00"},
    {"parts in parts", "24 80 24 80 04 01 61 00 00 24 03 04 01 62 00 00", "04 02 61 62"},
    {"UTF8String of OCTET STRINGs", "2c 06 04 01 61 04 01 62", "0c 02 61 62"},
    {"UTF8String of UTF8Strings", "2c 06 0c 01 61 0c 01 62", "0c 02 61 62"},
    {"context tag keeps its form", "a0 80 24 80 04 01 61 00 00 00 00", "a0 03 04 01 61"},
    {"high tag number", "bf 81 01 80 05 00 00 00", "bf 81 01 02 05 00"},
    {"high tag number with leading zeros", "bf 80 81 01 02 05 00", "bf 81 01 02 05 00"},
    {"high form of a low tag number", "bf 05 02 05 00", "a5 02 05 00"},

    {"nothing", "", NULL},
    {"tag alone", "30", NULL},
    {"tag in high form alone", "bf", NULL},
    {"high tag number cut", "bf 81", NULL},
    {"high tag number without a length", "bf 81 01", NULL},
    {"high tag number of 33 bits", "bf 90 80 80 80 00 00", NULL},
    {"length cut", "30 82 01", NULL},
    {"content cut", "30 03 02 01", NULL},
    {"length of 9 octets", "30 89 00 00 00 00 00 00 00 00 01 00", NULL},
    {"length of 2^64-1", "30 88 ff ff ff ff ff ff ff ff", NULL},
    {"reserved length ff", "30 ff 00", NULL},
    {"child longer than parent", "30 03 02 02 05 06", NULL},
    {"indefinite child longer than parent", "30 05 30 80 05 00 00 00", NULL},
    {"indefinite without an end", "30 80 05 00", NULL},
    {"half an end", "30 80 05 00 00", NULL},
    {"indefinite primitive", "04 80 61 00 00", NULL},
    {"end of contents in a definite", "30 02 00 00", NULL},
    {"end of contents alone", "00 00", NULL},
    {"end of contents with a long length", "30 80 00 81 00 00 00", NULL},
    {"end of contents in high tag form", "30 80 1f 00 00 00 00", NULL},
    {"universal tag 0 with content", "30 03 00 01 00", NULL},
    {"universal tag 0 constructed", "30 02 20 00", NULL},
    {"octets after the value", "30 00 00", NULL},
    {"a second value", "05 00 05 00", NULL},
    {"end of contents after the value", "30 00 00 00", NULL},
    {"primitive SEQUENCE", "10 00", NULL},
    {"primitive SET", "11 00", NULL},
    {"an INTEGER as part of a string", "24 03 02 01 05", NULL},
    {"a BIT STRING as part of an OCTET STRING", "24 04 03 02 00 61", NULL},
    {"a UTF8String as part of an OCTET STRING", "24 03 0c 01 61", NULL},
    {"a context tag as part of a string", "24 03 80 01 61", NULL},
    {"constructed BIT STRING", "23 04 03 02 00 61", NULL},
};

static void ber_table(void **state)
{
    for (size_t i = 0; i < sizeof ber_rows / sizeof ber_rows[0]; i++) {
        const struct ber_row *r = &ber_rows[i];
        struct cmc_slice out = CMC_SLICE_NONE;
        struct cmc_err err;
        enum cmc_rc rc = cmc_ber_to_der(hex(*state, r->in), *state, &out, &err);

        if ((rc == CMC_OK) != (r->out != NULL))
            fail_msg("%s: rc %s", r->what, cmc_rc_name(rc));
        if (r->out != NULL) {
            struct cmc_slice want = hex(*state, r->out);

            if (!cmc_slice_eq(out, want))
                fail_msg("%s: wrong octets", r->what);
        } else {
            if (rc != CMC_E_INPUT)
                fail_msg("%s: %s, not CMC_E_INPUT", r->what, cmc_rc_name(rc));
            assert_true(err.text[0] != '\0');
        }
    }
}

static void der_is_not_copied(void **state)
{
    struct cmc_slice in = hex(*state, "30 05 02 01 05 04 00"), out;

    assert_int_equal(cmc_ber_to_der(in, *state, &out, NULL), CMC_OK);
    assert_ptr_equal(out.p, in.p);
}

/* What is inside a primitive string is content, whatever it looks like. */
static void string_content_is_left_alone(void **state)
{
    struct cmc_slice in = hex(*state, "24 80 04 06 30 80 05 00 00 00 00 00"), out;

    assert_int_equal(cmc_ber_to_der(in, *state, &out, NULL), CMC_OK);
    assert_slice_equal(out, hex(*state, "04 06 30 80 05 00 00 00"));
}

/* Every prefix of every good row is refused, and read no further than its end. */
static void every_truncation_is_refused(void **state)
{
    for (size_t i = 0; i < sizeof ber_rows / sizeof ber_rows[0]; i++) {
        struct cmc_slice whole, out;

        if (ber_rows[i].out == NULL)
            continue;
        whole = hex(*state, ber_rows[i].in);
        for (size_t n = 0; n < whole.n; n++) {
            uint8_t *cut = malloc(n + 1);

            assert_non_null(cut);
            memcpy(cut + 1, whole.p, n);
            if (cmc_ber_to_der(cmc_slice(cut + 1, n), *state, &out, NULL) != CMC_E_INPUT)
                fail_msg("%s cut to %zu octets passes", ber_rows[i].what, n);
            free(cut);
        }
    }
}

/* depth nested indefinite sequences around a NULL. */
static struct cmc_slice nested(struct cmc_arena *arena, size_t depth)
{
    size_t n = depth * 4 + 2;
    uint8_t *p = cmc_arena_alloc(arena, n);

    assert_non_null(p);
    for (size_t i = 0; i < depth; i++) {
        p[2 * i] = 0x30;
        p[2 * i + 1] = 0x80;
    }
    p[2 * depth] = 0x05;
    return cmc_slice(p, n);
}

static void depth_has_a_limit(void **state)
{
    struct cmc_slice out;
    struct cmc_err err;

    assert_int_equal(cmc_ber_to_der(nested(*state, CMC_LIMIT_ASN1_DEPTH), *state, &out, &err),
                     CMC_OK);
    assert_int_equal(cmc_ber_to_der(nested(*state, CMC_LIMIT_ASN1_DEPTH + 1), *state, &out, &err),
                     CMC_E_LIMIT);
    assert_non_null(strstr(err.text, "CMC_LIMIT_ASN1_DEPTH"));
    assert_int_equal(cmc_ber_to_der(nested(*state, 100000), *state, &out, &err), CMC_E_LIMIT);
}

static void count_has_a_limit(void **state)
{
    size_t nulls = CMC_LIMIT_ASN1_TLVS, n = 2 * nulls;
    uint8_t *p = cmc_arena_alloc(*state, n + 5);
    struct cmc_slice out;
    struct cmc_err err;

    assert_non_null(p);
    p[0] = 0x30;
    p[1] = 0x83;
    for (size_t i = 0; i < nulls; i++)
        p[5 + 2 * i] = 0x05;
    /* One SEQUENCE and one less than the limit of NULLs in it. */
    n -= 2;
    p[2] = (uint8_t)(n >> 16);
    p[3] = (uint8_t)(n >> 8);
    p[4] = (uint8_t)n;
    assert_int_equal(cmc_ber_to_der(cmc_slice(p, n + 5), *state, &out, &err), CMC_OK);
    n += 2;
    p[2] = (uint8_t)(n >> 16);
    p[3] = (uint8_t)(n >> 8);
    p[4] = (uint8_t)n;
    assert_int_equal(cmc_ber_to_der(cmc_slice(p, n + 5), *state, &out, &err), CMC_E_LIMIT);
    assert_non_null(strstr(err.text, "CMC_LIMIT_ASN1_TLVS"));
}

static void size_has_a_limit(void **state)
{
    const size_t n = CMC_LIMIT_MESSAGE_OCTETS + 1;
    uint8_t *p = cmc_arena_alloc(*state, n);
    struct cmc_slice out;
    struct cmc_err err;

    assert_non_null(p);
    memcpy(p, "\x04\x84\x00\xff\xff\xfb", 6); /* a whole OCTET STRING of n octets */
    assert_int_equal(cmc_ber_to_der(cmc_slice(p, n), *state, &out, &err), CMC_E_LIMIT);
    assert_non_null(strstr(err.text, "CMC_LIMIT_MESSAGE_OCTETS"));
}

static void no_memory_is_an_error(void **state)
{
    /* Not DER, so it must be rewritten, in more memory than this arena may have. */
    struct cmc_slice in = nested(*state, 30), out;
    struct cmc_arena *small;

    for (size_t max = 0; max < 2048; max += 64) {
        enum cmc_rc rc;

        small = cmc_arena_new(max);
        assert_non_null(small);
        rc = cmc_ber_to_der(in, small, &out, NULL);
        if (max < 1024)
            assert_int_equal(rc, CMC_E_MEM);
        else
            assert_true(rc == CMC_OK || rc == CMC_E_MEM);
        cmc_arena_free(small);
    }
}

/* -- cmc_tlv_next ------------------------------------------------------------------------ */

static void tlv_steps(void **state)
{
    struct cmc_slice in = hex(*state, "02 01 05 bf 82 01 02 05 00 41 00");
    struct cmc_tlv t;

    assert_int_equal(cmc_tlv_next(&in, &t, NULL), CMC_OK);
    assert_int_equal(t.cls, CMC_CLASS_UNIVERSAL);
    assert_int_equal(t.tag, 2);
    assert_false(t.constructed);
    assert_slice_equal(t.content, hex(*state, "05"));
    assert_slice_equal(t.whole, hex(*state, "02 01 05"));
    assert_int_equal(cmc_tlv_next(&in, &t, NULL), CMC_OK);
    assert_int_equal(t.cls, CMC_CLASS_CONTEXT);
    assert_int_equal(t.tag, 257);
    assert_true(t.constructed);
    assert_slice_equal(t.content, hex(*state, "05 00"));
    assert_int_equal(cmc_tlv_next(&in, &t, NULL), CMC_OK);
    assert_int_equal(t.cls, CMC_CLASS_APPLICATION);
    assert_int_equal(t.content.n, 0);
    assert_int_equal(in.n, 0);
    assert_int_equal(cmc_tlv_next(&in, &t, NULL), CMC_E_INPUT);
}

static void tlv_refuses_what_is_not_der(void **state)
{
    static const char *const rows[] = {"30 80 00 00", "04 81 01 61", "1f 05 00", "04 02 61", "30"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cmc_slice in = hex(*state, rows[i]);
        struct cmc_tlv t;

        if (cmc_tlv_next(&in, &t, NULL) != CMC_E_INPUT)
            fail_msg("%s passes", rows[i]);
    }
}

/* -- cmc_ber_frame ----------------------------------------------------------------------- */

static void frame(void **state)
{
    const struct {
        const char *in;
        enum cmc_rc rc;
        size_t len;
    } rows[] = {
        {"", CMC_OK, 0},
        {"30", CMC_OK, 0},
        {"30 82", CMC_OK, 0},
        {"30 82 01", CMC_OK, 0},
        {"30 82 01 00", CMC_OK, 260},
        {"30 03 02", CMC_OK, 5},
        {"30 83 ff ff fa", CMC_OK, 0xfffffa + 5},
        {"30 84 01 00 00 01", CMC_E_LIMIT, 0},
        {"30 80", CMC_E_INPUT, 0},
        {"04 80", CMC_E_INPUT, 0},
        {"30 89", CMC_E_INPUT, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = 99;

        assert_int_equal(cmc_ber_frame(hex(*state, rows[i].in), &len, NULL), rows[i].rc);
        assert_int_equal(len, rows[i].len);
    }
}

/* The octets as they stand, whatever form of BER they have. */
static void element(void **state)
{
    static const struct {
        const char *in;
        size_t index;
        const char *out; /* NULL: an error */
        enum cmc_rc rc;
    } rows[] = {
        {"30 06 02 01 05 01 01 ff", 0, "02 01 05", CMC_OK},
        {"30 06 02 01 05 01 01 ff", 1, "01 01 ff", CMC_OK},
        {"30 06 02 01 05 01 01 ff", 2, NULL, CMC_E_NOTFOUND},
        {"30 80 02 01 05 30 80 05 00 00 00 00 00", 1, "30 80 05 00 00 00", CMC_OK},
        {"30 80 02 01 05 30 80 05 00 00 00 00 00", 2, NULL, CMC_E_NOTFOUND},
        {"30 80 30 80 30 80 00 00 30 02 00 00 00 00 01 01 ff 00 00", 0,
         "30 80 30 80 00 00 30 02 00 00 00 00", CMC_OK},
        {"30 80 30 80 30 80 00 00 30 02 00 00 00 00 01 01 ff 00 00", 1, "01 01 ff", CMC_OK},
        {"30 81 04 30 81 01 00", 0, "30 81 01 00", CMC_OK},
        {"30 00", 0, NULL, CMC_E_NOTFOUND},
        {"30 03 02 05 01", 0, NULL, CMC_E_INPUT},
        {"30 05 02 01 01", 0, NULL, CMC_E_INPUT},
        {"30 80 30 80 05 00", 0, NULL, CMC_E_INPUT},
        {"04 03 02 01 05", 0, NULL, CMC_E_INPUT},
        {"30", 0, NULL, CMC_E_INPUT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cmc_slice out = CMC_SLICE_NONE;

        assert_int_equal(cmc_ber_element(hex(*state, rows[i].in), rows[i].index, &out, NULL),
                         rows[i].rc);
        if (rows[i].out != NULL)
            assert_true(cmc_slice_eq(out, hex(*state, rows[i].out)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(ber_table),
        WITH_ARENA(der_is_not_copied),
        WITH_ARENA(string_content_is_left_alone),
        WITH_ARENA(every_truncation_is_refused),
        WITH_ARENA(depth_has_a_limit),
        WITH_ARENA(count_has_a_limit),
        WITH_ARENA(size_has_a_limit),
        WITH_ARENA(no_memory_is_an_error),
        WITH_ARENA(tlv_steps),
        WITH_ARENA(tlv_refuses_what_is_not_der),
        WITH_ARENA(frame),
        WITH_ARENA(element),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
