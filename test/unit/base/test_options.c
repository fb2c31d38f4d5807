/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/options.h"

struct values {
    bool pem;
    const char *config;
    struct cmc_option_list hosts;
    unsigned int port;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("config"),
    CMC_OPTION("config", 'c', STRING, "FILE", struct values, config, "the configuration"),
    CMC_OPTION("host", 0, LIST, "NAME", struct values, hosts, "a name"),
    CMC_OPTION("hostile", 0, FLAG, NULL, struct values, pem, "another with this beginning"),
    CMC_OPTION("port", 'p', UINT, "N", struct values, port, "a port"),
    CMC_OPTION("pem", 0, FLAG, NULL, struct values, pem, "as PEM"),
    CMC_OPTION_END,
};
static const struct cmc_options options = {"prog do", "FILE...", 1, 2, "Does.", rows};

#define ARGS_MAX 16

/* Parse words, NULL-ended, as the command line after "do". */
static enum cmc_rc parse(const char *const *words, struct values *v, char ***operands, size_t *n,
                         struct cmc_err *err)
{
    static char text[ARGS_MAX][64];
    static char *argv[ARGS_MAX + 1];
    int argc = 0;
    bool helped = true;
    enum cmc_rc rc;

    (void)snprintf(text[0], sizeof text[0], "do");
    argv[argc++] = text[0];
    for (; words[argc - 1] != NULL; argc++) {
        assert_true(argc < ARGS_MAX);
        (void)snprintf(text[argc], sizeof text[argc], "%s", words[argc - 1]);
        argv[argc] = text[argc];
    }
    argv[argc] = NULL;
    rc = cmc_options_parse(&options, argc, argv, v, operands, n, &helped, err);
    assert_false(helped);
    return rc;
}
#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void test_values(void **state)
{
    struct values v = {.port = 7};
    struct cmc_err err = {0};
    char **operands = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(parse(WORDS("a", "--host=x", "-p9", "--host", "y", "-c", "f", "--pem"), &v,
                           &operands, &n, &err),
                     CMC_OK);
    assert_int_equal(n, 1);
    assert_string_equal(operands[0], "a");
    assert_int_equal(v.hosts.n, 2);
    assert_string_equal(v.hosts.v[0], "x");
    assert_string_equal(v.hosts.v[1], "y");
    assert_int_equal(v.port, 9);
    assert_string_equal(v.config, "f");
    assert_true(v.pem);

    /* What is not given stays; "--" ends the options; a second parse begins anew. */
    v = (struct values){.port = 7};
    assert_int_equal(parse(WORDS("--", "--pem", "b"), &v, &operands, &n, &err), CMC_OK);
    assert_int_equal(n, 2);
    assert_string_equal(operands[0], "--pem");
    assert_int_equal(v.port, 7);
    assert_false(v.pem);
    assert_null(v.config);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *words[ARGS_MAX];
        const char *text;
    } cases[] = {
        {{"--prot", "1"}, "unknown option '--prot'; see 'prog do --help'"},
        {{"--confg=x", "a"}, "unknown option '--confg=x'; did you mean '--config'?"},
        {{"-x", "a"}, "unknown option '-x'; see 'prog do --help'"},
        {{"--ho", "x"}, "'--ho' is the beginning of several options; write it in full"},
        {{"--pem=yes", "a"}, "'--pem' takes no value; write it alone"},
        {{"a", "--config"}, "'--config' wants a value (FILE)"},
        {{"a", "-p"}, "'-p' wants a value (N)"},
        {{"a", "-p", "9x"}, "--port 9x: want a number from 0 to 4294967295"},
        {{"a", "-p", "-1"}, "--port -1: want a number from 0 to 4294967295"},
        {{"a", "-p", "4294967296"}, "--port 4294967296: want a number from 0 to 4294967295"},
        {{"a", "-p", ""}, "--port : want a number from 0 to 4294967295"},
        {{"a", "-c", "f", "--config", "g"}, "--config is given twice"},
        {{"--pem"}, "operands wanted: FILE...; see 'prog do --help'"},
        {{"a", "b", "c"}, "unexpected 'c'; see 'prog do --help'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct values v = {0};
        struct cmc_err err = {0};
        char **operands = NULL;
        size_t n = 0;

        assert_int_equal(parse(cases[i].words, &v, &operands, &n, &err), CMC_E_USAGE);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void test_nearest(void **state)
{
    static const struct {
        const char *wrong, *nearest;
    } cases[] = {
        {"serv", "serve"},     {"SERVE", "serve"},
        {"officr", "officer"}, {"oficer", "officer"},
        {"int", "init"},       {"serve", "serve"},
        {"xyz", NULL},         {"", NULL},
        {"observer", NULL},    {"an-option-that-is-longer-than-all-the-words-known", NULL},
    };
    static const char *const known[] = {"init", "serve", "officer", "check-config"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cmc_nearest near = {0};

        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            cmc_nearest_offer(&near, cases[i].wrong, known[k]);
        if (cases[i].nearest == NULL)
            assert_null(near.word);
        else
            assert_string_equal(near.word, cases[i].nearest);
    }
}

/* A command may have an -h of its own; --help stays, and without one -h is help. */
static void test_own_h(void **state)
{
    static const struct cmc_option with_h[] = {
        CMC_OPTION("host", 'h', STRING, "NAME", struct values, config, "a name"),
        CMC_OPTION_END,
    };
    static const struct cmc_options own = {"prog do", "", 0, 0, "Does.", with_h};
    char prog[] = "prog", letter[] = "-h", word[] = "x", help[] = "--help";
    char *take[] = {prog, letter, word, NULL}, *ask[] = {prog, help, NULL};
    char *plain[] = {prog, letter, NULL};
    struct values v = {0};
    char **operands = NULL;
    size_t n = 0;
    bool helped = true;

    (void)state;
    assert_int_equal(cmc_options_parse(&own, 3, take, &v, &operands, &n, &helped, NULL), CMC_OK);
    assert_false(helped);
    assert_string_equal(v.config, "x");
    assert_int_equal(cmc_options_parse(&own, 2, ask, &v, &operands, &n, &helped, NULL), CMC_OK);
    assert_true(helped);
    assert_int_equal(cmc_options_parse(&options, 2, plain, &v, &operands, &n, &helped, NULL),
                     CMC_OK);
    assert_true(helped);
}

/* A table that is too long is told at the first command line, not cut off. */
static void test_too_many(void **state)
{
    struct cmc_option many[130];
    const struct cmc_options long_one = {"prog do", "", 0, 0, "Does.", many};
    char prog[] = "prog";
    char *argv[] = {prog, NULL};
    struct values v = {0};
    struct cmc_err err = {0};
    char **operands = NULL;
    size_t n = 0;
    bool helped = true;

    (void)state;
    for (size_t i = 0; i < 130; i++)
        many[i] = rows[5];
    many[129] = rows[6];
    assert_int_equal(cmc_options_parse(&long_one, 1, argv, &v, &operands, &n, &helped, &err),
                     CMC_E_BUG);
    assert_non_null(strstr(err.text, "prog do has more than 128 rows"));
    many[128] = rows[6];
    assert_int_equal(cmc_options_parse(&long_one, 1, argv, &v, &operands, &n, &helped, &err),
                     CMC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),   cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_nearest),  cmocka_unit_test(test_own_h),
        cmocka_unit_test(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
