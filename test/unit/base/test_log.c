/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* A log into a pipe, read back line by line. */
struct tap {
    int fds[2];
    struct cmc_log *log;
    char line[2 * CMC_LIMIT_LOG_LINE];
};

static void tap_open(struct tap *t, enum cmc_log_level level, enum cmc_log_format format)
{
    assert_int_equal(pipe2(t->fds, O_NONBLOCK), 0);
    t->log = cmc_log_new(t->fds[1], level, format);
    assert_non_null(t->log);
}

static void tap_close(struct tap *t)
{
    cmc_log_free(t->log);
    close(t->fds[0]);
    close(t->fds[1]);
}

/* What one event wrote, without its newline. */
static const char *tap_line(struct tap *t)
{
    ssize_t n = read(t->fds[0], t->line, sizeof t->line - 1);

    if (n <= 0)
        return NULL;
    assert_true(n <= (ssize_t)CMC_LIMIT_LOG_LINE);
    assert_int_equal(t->line[n - 1], '\n');
    t->line[n - 1] = '\0';
    assert_null(strchr(t->line, '\n'));
    return t->line;
}

/* After the time stamp. */
static const char *tap_text(struct tap *t)
{
    const char *line = tap_line(t);

    assert_non_null(line);
    return line + strlen("2026-11-21T20:00:00Z ");
}

static void text_lines(void **state)
{
    struct tap t;
    regex_t re;

    (void)state;
    tap_open(&t, CMC_LOG_INFO, CMC_LOG_TEXT);
    cmc_log_event(t.log, CMC_LOG_INFO, "request", "path", "/cmc", "gone", NULL, "peer", "a b",
                  NULL);
    assert_non_null(tap_line(&t));
    assert_int_equal(regcomp(&re,
                             "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z "
                             "info request path=/cmc peer=\"a b\"$",
                             REG_EXTENDED),
                     0);
    assert_int_equal(regexec(&re, t.line, 0, NULL, 0), 0);
    regfree(&re);
    cmc_log_event(t.log, CMC_LOG_ERROR, "alone", NULL);
    assert_string_equal(tap_text(&t), "error alone");
    tap_close(&t);
}

static void levels(void **state)
{
    enum cmc_log_level level;
    struct tap t;

    (void)state;
    tap_open(&t, CMC_LOG_WARNING, CMC_LOG_TEXT);
    cmc_log_event(t.log, CMC_LOG_INFO, "quiet", NULL);
    cmc_log_event(t.log, CMC_LOG_DEBUG, "quiet", NULL);
    assert_null(tap_line(&t));
    cmc_log_event(t.log, CMC_LOG_WARNING, "loud", NULL);
    assert_string_equal(tap_text(&t), "warning loud");
    cmc_log_event(NULL, CMC_LOG_ERROR, "nowhere", "k", "v", NULL);
    tap_close(&t);

    assert_true(cmc_log_level_parse("debug", &level));
    assert_int_equal(level, CMC_LOG_DEBUG);
    assert_true(cmc_log_level_parse("error", &level));
    assert_int_equal(level, CMC_LOG_ERROR);
    assert_false(cmc_log_level_parse("Info", &level));
    assert_false(cmc_log_level_parse("", &level));
}

static const struct {
    const char *value, *text, *json; /* json: what a parser must read back */
} escapes[] = {
    {"", "\"\"", ""},
    {"word", "word", "word"},
    {"a=b", "\"a=b\"", "a=b"},
    {"say \"x\"", "\"say \\\"x\\\"\"", "say \"x\""},
    {"back\\slash", "\"back\\\\slash\"", "back\\slash"},
    {"a\nb error forged", "\"a\\x0ab error forged\"", "a\nb error forged"},
    {"\x1b[31m\x7f", "\"\\x1b[31m\\x7f\"", "\x1b[31m\x7f"},
    {"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80",
     "\"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80\"",
     "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"c1 \xc2\x9b", "\"c1 \\xc2\\x9b\"", "c1 \xc2\x9b"},
    {"\xff", "\"\\xff\"", "\xef\xbf\xbd"},
    {"\xc0\xafx", "\"\\xc0\\xafx\"", "\xef\xbf\xbd\xef\xbf\xbdx"},
    {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\"", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe2\x82", "\"\\xe2\\x82\"", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\"",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

static void values_are_escaped(void **state)
{
    struct tap text, json;
    char expected[200];

    (void)state;
    tap_open(&text, CMC_LOG_INFO, CMC_LOG_TEXT);
    tap_open(&json, CMC_LOG_INFO, CMC_LOG_JSON);
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        json_t *o;

        cmc_log_event(text.log, CMC_LOG_INFO, "e", "k", escapes[i].value, NULL);
        (void)snprintf(expected, sizeof expected, "info e k=%s", escapes[i].text);
        assert_string_equal(tap_text(&text), expected);
        cmc_log_event(json.log, CMC_LOG_INFO, "e", "k", escapes[i].value, NULL);
        o = json_loads(tap_line(&json), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(o);
        assert_string_equal(json_string_value(json_object_get(o, "k")), escapes[i].json);
        json_decref(o);
    }
    tap_close(&text);
    tap_close(&json);
}

static void json_lines(void **state)
{
    struct tap t;
    json_t *o;

    (void)state;
    tap_open(&t, CMC_LOG_DEBUG, CMC_LOG_JSON);
    cmc_log_event(t.log, CMC_LOG_DEBUG, "request", "a", "1", "b", NULL, "c", "2", NULL);
    o = json_loads(tap_line(&t), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(o);
    assert_int_equal(json_object_size(o), 5);
    assert_string_equal(json_string_value(json_object_get(o, "level")), "debug");
    assert_string_equal(json_string_value(json_object_get(o, "event")), "request");
    assert_string_equal(json_string_value(json_object_get(o, "a")), "1");
    assert_string_equal(json_string_value(json_object_get(o, "c")), "2");
    assert_int_equal(strlen(json_string_value(json_object_get(o, "time"))), 20);
    json_decref(o);
    tap_close(&t);
}

/* Values of each length around the limit: the line is never longer, and stays well formed. */
static void a_long_line_is_cut(void **state)
{
    static const char *const fillers[] = {"x", "\"", "\x01", "\xe2\x82\xac", "\xff", " "};
    struct tap text, json;
    static char value[CMC_LIMIT_LOG_LINE + 100];

    (void)state;
    tap_open(&text, CMC_LOG_INFO, CMC_LOG_TEXT);
    tap_open(&json, CMC_LOG_INFO, CMC_LOG_JSON);
    for (size_t f = 0; f < sizeof fillers / sizeof fillers[0]; f++)
        for (size_t n = CMC_LIMIT_LOG_LINE / 6 - 60; n < CMC_LIMIT_LOG_LINE + 3; n++) {
            size_t width = strlen(fillers[f]);
            size_t octets = 0;
            const char *line;
            json_t *o;

            for (; octets + width <= n; octets += width)
                memcpy(value + octets, fillers[f], width);
            value[octets] = '\0';
            cmc_log_event(text.log, CMC_LOG_INFO, "e", "k", value, "second", "a b", "third", "c",
                          NULL);
            line = tap_line(&text);
            assert_non_null(line);
            assert_true(strstr(line, " third=c") != NULL || strlen(line) > CMC_LIMIT_LOG_LINE - 40);
            cmc_log_event(json.log, CMC_LOG_INFO, "e", "k", value, "second", "b", "third", "c",
                          NULL);
            line = tap_line(&json);
            assert_non_null(line);
            o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
            assert_non_null(o);
            assert_true(json_object_get(o, "third") != NULL ||
                        strlen(line) > CMC_LIMIT_LOG_LINE - 40);
            json_decref(o);
        }
    cmc_log_event(text.log, CMC_LOG_INFO, "e", "k", value, "second", "b", NULL);
    assert_non_null(strstr(tap_line(&text), "..."));
    cmc_log_event(text.log, CMC_LOG_INFO, value, "k", value, NULL);
    assert_non_null(tap_line(&text));
    cmc_log_event(json.log, CMC_LOG_INFO, value, "k", value, NULL);
    assert_non_null(tap_line(&json));
    tap_close(&text);
    tap_close(&json);
}

enum { THREADS = 4, LINES = 500 };

static void *chatter(void *arg)
{
    for (int i = 0; i < LINES; i++)
        cmc_log_event(arg, CMC_LOG_INFO, "e", "value",
                      "abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz", NULL);
    return NULL;
}

static void threads_do_not_tear_lines(void **state)
{
    static const char end[] = "info e value=\"abcdefghijklmnopqrstuvwxyz "
                              "abcdefghijklmnopqrstuvwxyz\"\n";
    char path[] = "/tmp/cmc-test-log-XXXXXX", line[500];
    int fd = mkstemp(path), count = 0;
    struct cmc_log *log = cmc_log_new(fd, CMC_LOG_INFO, CMC_LOG_TEXT);
    pthread_t threads[THREADS];
    FILE *f;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, chatter, log), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    f = fopen(path, "r");
    while (fgets(line, sizeof line, f) != NULL) {
        assert_string_equal(line + strlen("2026-11-21T20:00:00Z "), end);
        count++;
    }
    assert_int_equal(count, THREADS * LINES);
    (void)fclose(f);
    cmc_log_free(log);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_lines),         cmocka_unit_test(levels),
        cmocka_unit_test(values_are_escaped), cmocka_unit_test(json_lines),
        cmocka_unit_test(a_long_line_is_cut), cmocka_unit_test(threads_do_not_tear_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
