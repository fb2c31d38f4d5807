/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text: complete, and safe to look at. */
#include "helper.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"

static char *text_of(struct cmc_arena *arena, const struct cmc_item *it, struct cmc_slice der)
{
    void *v = cmc_arena_alloc(arena, it->size);
    struct cmc_buf buf;
    char *copy;

    assert_non_null(v);
    assert_int_equal(cmc_decode(it, der, arena, v, NULL), CMC_OK);
    cmc_buf_init(&buf, 1u << 20);
    assert_int_equal(cmc_item_print(it, v, arena, 0, &buf, NULL), CMC_OK);
    copy = cmc_arena_strdup(arena, cmc_buf_cstr(&buf));
    assert_non_null(copy);
    cmc_buf_free(&buf);
    return copy;
}

static char *name_of(struct cmc_arena *arena, struct cmc_slice name)
{
    struct cmc_buf buf;
    char *copy;

    cmc_buf_init(&buf, 1u << 16);
    cmc_name_print(name, &buf);
    copy = cmc_arena_strdup(arena, cmc_buf_cstr(&buf));
    assert_non_null(copy);
    cmc_buf_free(&buf);
    return copy;
}

/* No control character, nothing that is not UTF-8, nothing that turns the direction of text. */
static bool is_safe(const char *text)
{
    struct cmc_slice s = cmc_slice_str(text);

    while (s.n > 0) {
        uint32_t cp;
        size_t n = cmc_utf8_next(s, &cp);

        if (n == 0 || (cp < 0x20 && cp != '\n') || (cp >= 0x7f && cp < 0xa0) ||
            (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069))
            return false;
        s.p += n;
        s.n -= n;
    }
    return true;
}

/* Every octet, alone and in every string type, typed and untyped, in a value and in a name. */
static void every_octet_in_every_string(void **state)
{
    static const uint8_t tags[] = {CMC_T_UTF8,
                                   CMC_T_NUMERIC,
                                   CMC_T_PRINTABLE,
                                   CMC_T_T61,
                                   CMC_T_IA5,
                                   CMC_T_VISIBLE,
                                   CMC_T_BMP,
                                   CMC_T_UNIVERSAL,
                                   21,
                                   25,
                                   27,
                                   CMC_T_UTCTIME,
                                   CMC_T_GENTIME,
                                   CMC_T_OID,
                                   CMC_T_INTEGER,
                                   CMC_T_BIT_STRING,
                                   CMC_T_OCTET_STRING};

    for (size_t t = 0; t < sizeof tags; t++) {
        for (unsigned int c = 0; c < 0x10000; c += c < 256 ? 1 : 97) {
            uint8_t any[] = {tags[t], 2, (uint8_t)(c >> 8), (uint8_t)c};
            uint8_t name[] = {0x30, 13, 0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 3, 0, 0, 0, 0};

            memcpy(name + 11, any, 4);
            if (!is_safe(text_of(*state, &cmc_it_any, cmc_slice(any, sizeof any))))
                fail_msg("tag %u, %04x", tags[t], c);
            if (!is_safe(name_of(*state, cmc_slice(name, sizeof name))))
                fail_msg("tag %u, %04x in a name", tags[t], c);
        }
        cmc_arena_reset(*state);
    }
}

static void escapes(void **state)
{
    const struct {
        const struct cmc_item *it;
        const char *der, *text;
    } rows[] = {
        {&cmc_it_utf8, "0c 03 61 0a 62", "\"a\\x0ab\"\n"},
        {&cmc_it_utf8, "0c 04 1b 5b 33 31", "\"\\x1b[31\"\n"},
        {&cmc_it_utf8, "0c 02 c2 9b", "\"\\u009b\"\n"},
        {&cmc_it_utf8, "0c 03 e2 80 ae", "\"\\u202e\"\n"},
        {&cmc_it_utf8, "0c 02 c3 a5", "\"\xc3\xa5\"\n"},
        {&cmc_it_utf8, "0c 01 5c", "\"\\\\\"\n"},
        {&cmc_it_any, "0c 01 9b", "\"\\x9b\"\n"},
        {&cmc_it_ia5, "16 02 61 e5", "\"a\\xe5\"\n"},
        {&cmc_it_oid, "06 03 2a 03 04", "1.2.3.4\n"},
        {&cmc_it_oid, "06 08 2b 06 01 05 05 07 0c 02", "id-cct-PKIData (1.3.6.1.5.5.7.12.2)\n"},
        {&cmc_it_integer, "02 02 01 00", "256 (0x0100)\n"},
        {&cmc_it_gentime, "18 0f 32303236303232383132333435365a", "2026-02-28 12:34:56Z\n"},
        {&cmc_it_utctime, "17 0d 3439313233313233353935395a", "2049-12-31 23:59:59Z\n"},
        {&cmc_it_utctime, "17 0d 3530303130313030303030305a", "1950-01-01 00:00:00Z\n"},
        {&cmc_it_octet_string, "04 02 00 ff", "00ff (2 octets)\n"},
        {&cmc_it_octet_string, "04 00", "(0 octets)\n"},
        {&cmc_it_boolean, "01 01 ff", "TRUE\n"},
        {&cmc_it_null, "05 00", "NULL\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(text_of(*state, rows[i].it, hex(*state, rows[i].der)), rows[i].text);
}

static void names(void **state)
{
    const struct {
        const char *der, *text;
    } rows[] = {
        {"30 00", "(empty)"},
        {"04 00", "(not a Name)"},
        {"30 1a 31 0b 30 09 06 03 55 04 06 13 02 53 45 31 0b 30 09 06 03 55 04 03 0c 02 68 69",
         "C=SE, CN=hi"},
        {"30 16 31 14 30 08 06 03 55 04 03 0c 01 61 30 08 06 03 55 04 0a 0c 01 62", "CN=a+O=b"},
        {"30 0f 31 0d 30 0b 06 03 55 04 03 0c 04 61 2c 2b 62", "CN=a\\,\\+b"},
        {"30 0e 31 0c 30 0a 06 03 55 04 03 0c 03 20 61 20", "CN=\\ a\\ "},
        {"30 0c 31 0a 30 08 06 03 55 04 03 0c 01 0a", "CN=\\0a"},
        {"30 0d 31 0b 30 09 06 03 55 04 03 0c 02 c2 9b", "CN=\\u009b"},
        {"30 0d 31 0b 30 09 06 03 55 04 03 0c 02 c3 a5", "CN=\xc3\xa5"},
        {"30 0c 31 0a 30 08 06 03 55 04 03 14 01 e5", "CN=\\e5"},
        {"30 0b 31 09 30 07 06 02 2a 03 0c 01 61", "1.2.3=a"},
        {"30 0c 31 0a 30 08 06 03 55 04 03 02 01 05", "CN=#020105"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(name_of(*state, hex(*state, rows[i].der)), rows[i].text);
}

static void a_status_is_read_to_the_last_field(void **state)
{
    /* bodyPartID 1, statusInfoV2 { failed, { 2, path 3.4 }, "no", badRequest } */
    const char *der = "30 28 02 01 01 06 08 2b 06 01 05 05 07 07 19"
                      "31 19 30 17 02 01 02 30 0b 02 01 02 30 06 02 01 03 02 01 04"
                      "0c 02 6e 6f 02 01 02";
    const char *text = text_of(*state, &cmc_it_tagged_attribute, hex(*state, der));

    assert_non_null(strstr(text, "bodyPartID: 1\n"));
    assert_non_null(strstr(text, "id-cmc-statusInfoV2 (1.3.6.1.5.5.7.7.25)"));
    assert_non_null(strstr(text, "cMCStatus: failed (2)"));
    assert_non_null(strstr(text, "bodyPartID: 2\n"));
    assert_non_null(strstr(text, "bodyPartPath: (2)"));
    assert_non_null(strstr(text, "statusString: \"no\""));
    assert_non_null(strstr(text, "failInfo: badRequest (2)"));
}

/* Every file of test/data/cmc prints safely, and without an octet string of unknown type left
 * where the type is known. */
static void every_file(void **state)
{
    char path[512];
    struct dirent *e;
    unsigned int n = 0;
    DIR *dir;

    (void)snprintf(path, sizeof path, "%s/cmc", getenv("CMC_TEST_DATA"));
    dir = opendir(path);
    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) {
        const struct cmc_item *it = strncmp(e->d_name, "ctl_", 4) == 0 ? &cmc_it_tagged_attribute
                                    : strncmp(e->d_name, "pkidata_", 8) == 0 ? &cmc_it_pkidata
                                    : strncmp(e->d_name, "pkiresponse_", 12) == 0
                                        ? &cmc_it_pkiresponse
                                        : NULL;
        uint8_t data[4096];
        const char *text;
        size_t len;
        FILE *f;

        if (it == NULL)
            continue;
        (void)snprintf(path, sizeof path, "%s/cmc/%s", getenv("CMC_TEST_DATA"), e->d_name);
        f = fopen(path, "rb");
        assert_non_null(f);
        len = fread(data, 1, sizeof data, f);
        (void)fclose(f);
        text = text_of(*state, it, cmc_slice(data, len));
        assert_true(is_safe(text));
        /* To delete subjectAltName, modCertTemplate names it with no names, which is no
         * GeneralNames (SIZE 1..MAX); everything else in the files is what its type says. */
        if ((strstr(text, "does not decode") != NULL) !=
            (strcmp(e->d_name, "ctl_modCertTemplate_delete.der") == 0))
            fail_msg("%s:\n%s", e->d_name, text);
        n++;
    }
    (void)closedir(dir);
    assert_int_equal(n, 40);
}

static void a_full_buffer_is_an_error(void **state)
{
    struct cmc_slice v = hex(*state, "00 01 02 03 04 05 06 07");
    struct cmc_buf buf;

    cmc_buf_init(&buf, 8);
    assert_int_equal(cmc_item_print(&cmc_it_octet_string, &v, *state, 0, &buf, NULL), CMC_E_MEM);
    cmc_buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(every_octet_in_every_string),
        WITH_ARENA(escapes),
        WITH_ARENA(names),
        WITH_ARENA(a_status_is_read_to_the_last_field),
        WITH_ARENA(every_file),
        WITH_ARENA(a_full_buffer_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
