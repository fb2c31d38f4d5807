/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files as Dogtag's tools read them. */
#include "world.h"

#include "dogtag/config.h"

static const struct dog_param known[] = {
    {"name", DOG_TEXT, NULL},
    {"switch", DOG_BOOL, NULL},
    {"exact", DOG_BOOL_EXACT, NULL},
    {"old", DOG_OBSOLETE, "use 'name'"},
};

/* Warnings go to standard error; the tests of the programs look at them. */
static enum cmc_rc read_text(struct dog *d, const char *text, size_t n, enum dog_config_style style,
                             struct dog_config **out)
{
    char path[] = "/tmp/dog-config-XXXXXX";
    int fd = mkstemp(path);
    enum cmc_rc rc;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    (void)close(fd);
    rc = dog_config_read(d, path, style, known, 4, out);
    (void)unlink(path);
    return rc;
}

static const struct {
    const char *text;
    const char *plain;      /* value of "name", NULL: none */
    const char *properties; /* the same as Java properties */
} rows[] = {
    {"name=x", "x", "x"},
    {"name=x\n", "x", "x"},
    {"name=x\r\n", "x", "x"},
    {"  name=x\t \n", "x", "x"},
    {"name= x", " x", "x"},
    {"name =x", NULL, "x"},
    {"name=", "", ""},
    {"name=a=b", "a=b", "a=b"},
    {"name=1\nname=2", "2", "2"},
    {"#name=x", NULL, NULL},
    {"  # name=x", NULL, NULL},
    {"Name=x", NULL, NULL},
    {"", NULL, NULL},
    {"\n\n\n", NULL, NULL},
    {"old=x", NULL, NULL},
};

static void lines(void **state)
{
    struct dog *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int style = 0; style < 2; style++) {
            const char *want = style == 0 ? rows[i].plain : rows[i].properties;
            struct dog_config *cfg = NULL;
            const char *got;

            assert_int_equal(read_text(d, rows[i].text, strlen(rows[i].text),
                                       style == 0 ? DOG_CONFIG_PLAIN : DOG_CONFIG_PROPERTIES, &cfg),
                             CMC_OK);
            got = dog_config_get(cfg, "name");
            if ((got == NULL) != (want == NULL) || (got != NULL && strcmp(got, want) != 0))
                fail_msg("row %zu, style %d: '%s'", i, style, got != NULL ? got : "(none)");
        }
    }
}

static void switches(void **state)
{
    struct dog *d = *state;
    static const struct {
        const char *text;
        enum cmc_rc rc;
        bool on;
    } cases[] = {
        {"switch=true", CMC_OK, true},        {"switch=TRUE", CMC_OK, true},
        {"switch=false", CMC_OK, false},      {"switch=False", CMC_OK, false},
        {"switch=", CMC_OK, false},           {"", CMC_OK, false},
        {"switch=1", CMC_E_USAGE, false},     {"switch=yes", CMC_E_USAGE, false},
        {"switch=true.", CMC_E_USAGE, false},
    };
    struct dog_config *cfg = NULL;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(read_text(d, cases[i].text, strlen(cases[i].text), DOG_CONFIG_PLAIN, &cfg),
                         cases[i].rc);
        if (cases[i].rc == CMC_OK)
            assert_int_equal(dog_config_on(cfg, "switch"), cases[i].on);
    }
    assert_int_equal(read_text(d, "exact=true", 10, DOG_CONFIG_PLAIN, &cfg), CMC_OK);
    assert_true(dog_config_on(cfg, "exact"));
    assert_int_equal(read_text(d, "exact=True", 10, DOG_CONFIG_PLAIN, &cfg), CMC_E_USAGE);
    assert_non_null(strstr(d->err.text, "lower case"));
}

static void bad_lines(void **state)
{
    struct dog *d = *state;
    struct dog_config *cfg = NULL;
    const char *value = NULL;

    assert_int_equal(read_text(d, "name=x\nno equals", 16, DOG_CONFIG_PLAIN, &cfg), CMC_E_USAGE);
    assert_non_null(strstr(d->err.text, ":2: "));
    assert_int_equal(read_text(d, "name=\0x", 7, DOG_CONFIG_PLAIN, &cfg), CMC_E_USAGE);
    assert_int_equal(dog_config_read(d, "/nonexistent/x", DOG_CONFIG_PLAIN, known, 4, &cfg),
                     CMC_E_LOCAL);
    assert_int_equal(read_text(d, "name=", 5, DOG_CONFIG_PLAIN, &cfg), CMC_OK);
    assert_int_equal(dog_config_want(d, cfg, "name", "because", &value), CMC_E_USAGE);
    assert_non_null(strstr(d->err.text, "because"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_DOG(lines), WITH_DOG(switches), WITH_DOG(bad_lines)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
