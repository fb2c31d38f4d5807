/* SPDX-License-Identifier: Apache-2.0 */
/* Key ids in Dogtag's notation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "key/token.h"

/* Octets in hex, and the text that Java's new BigInteger(octets).toString(16) is. */
static const struct {
    const char *octets, *text;
} ids[] = {
    {"f9ff0c5efb5dd8e181e84467062282f591ba5011", "-600f3a104a2271e7e17bb98f9dd7d0a6e45afef"},
    {"00f9ff0c5efb5dd8e181e84467062282f591ba50", "f9ff0c5efb5dd8e181e84467062282f591ba50"},
    {"1cec5384ef976ef8016ca15b9d2db8b49157cad5", "1cec5384ef976ef8016ca15b9d2db8b49157cad5"},
    {"d801a30abfd8974ef42717c6d6a80484cc781cfc", "-27fe5cf5402768b10bd8e8392957fb7b3387e304"},
    {"06c4d014b8746d4b176ed06284a15610ef1c8322", "6c4d014b8746d4b176ed06284a15610ef1c8322"},
    {"ffffffffffffffffffffffffffffffffffffffff", "-1"},
    {"0000000000000000000000000000000000000000", "0"},
    {"8000000000000000000000000000000000000000", "-8000000000000000000000000000000000000000"},
    {"7fffffffffffffffffffffffffffffffffffffff", "7fffffffffffffffffffffffffffffffffffffff"},
};

static void check_hex(struct cmc_slice id, const char *want)
{
    struct cmc_buf b;

    cmc_buf_init(&b, 256);
    cmc_buf_hex(&b, id);
    assert_string_equal(cmc_buf_cstr(&b), want);
    cmc_buf_free(&b);
}

static void both_ways(void **state)
{
    struct cmc_arena *arena = cmc_arena_new(1u << 16);
    struct cmc_slice id;

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char plain[64];

        assert_int_equal(cmc_key_id_parse(ids[i].text, arena, &id, NULL), CMC_OK);
        check_hex(id, ids[i].octets);
        assert_string_equal(cmc_key_id_text(id, arena), ids[i].text);
        (void)snprintf(plain, sizeof plain, "0x%s", ids[i].octets);
        assert_int_equal(cmc_key_id_parse(plain, arena, &id, NULL), CMC_OK);
        check_hex(id, ids[i].octets);
    }
    cmc_arena_free(arena);
}

static void forms(void **state)
{
    struct cmc_arena *arena = cmc_arena_new(1u << 16);
    struct cmc_slice id;

    (void)state;
    /* Plain hex keeps its length, upper case is read, what is longer than 20 octets stays so. */
    assert_int_equal(cmc_key_id_parse("0xABC", arena, &id, NULL), CMC_OK);
    check_hex(id, "0abc");
    assert_int_equal(cmc_key_id_parse("ABC", arena, &id, NULL), CMC_OK);
    check_hex(id, "0000000000000000000000000000000000000abc");
    assert_int_equal(
        cmc_key_id_parse("112233445566778899aabbccddeeff00112233445566", arena, &id, NULL), CMC_OK);
    check_hex(id, "112233445566778899aabbccddeeff00112233445566");
    assert_string_equal(cmc_key_id_text(CMC_SLICE_NONE, arena), "0");
    cmc_arena_free(arena);
}

static void refused(void **state)
{
    static const char *const bad[] = {
        "", "-", "0x", "xyz", "12 34", "--12", "+12", "0x-12", "12g",
        /* 65 octets */
        ("0x000000000000000000000000000000000000000000000000000000000000000000"
         "0000000000000000000000000000000000000000000000000000000000000000"),
        /* a negative number that 20 octets do not hold */
        "-8000000000000000000000000000000000000001"};
    struct cmc_arena *arena = cmc_arena_new(1u << 16);
    struct cmc_err err;
    struct cmc_slice id;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(cmc_key_id_parse(bad[i], arena, &id, &err), CMC_E_INPUT);
        assert_null(id.p);
        assert_non_null(strstr(err.text, "key id"));
    }
    cmc_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_ways), cmocka_unit_test(forms),
                                       cmocka_unit_test(refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
