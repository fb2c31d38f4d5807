/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What ends a line that was cut: three dots, a quote, a brace, a newline. */
#define TAIL_ROOM 6u
/* The longest form of one octet or character: a \u escape twice over. */
#define UNIT_MAX 12u

/* All of it is set once, and a line is built on the stack: no lock is needed. */
struct cmc_log {
    int fd;
    enum cmc_log_level level;
    enum cmc_log_format format;
};

static const char *const level_names[] = {
    [CMC_LOG_ERROR] = "error",
    [CMC_LOG_WARNING] = "warning",
    [CMC_LOG_INFO] = "info",
    [CMC_LOG_DEBUG] = "debug",
};
#define LEVEL_COUNT (sizeof level_names / sizeof level_names[0])

struct line {
    enum cmc_log_format format;
    size_t n;
    char text[CMC_LIMIT_LOG_LINE];
};

struct cmc_log *cmc_log_new(int fd, enum cmc_log_level level, enum cmc_log_format format)
{
    struct cmc_log *log = calloc(1, sizeof *log);

    if (log != NULL)
        *log = (struct cmc_log){.fd = fd, .level = level, .format = format};
    return log;
}

void cmc_log_free(struct cmc_log *log)
{
    free(log);
}

bool cmc_log_level_parse(const char *name, enum cmc_log_level *level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum cmc_log_level)i;
            return true;
        }
    return false;
}

/* -- building a line --------------------------------------------------------------------------- */

/* Add n octets if they fit and leave room for the tail. */
static bool put(struct line *l, const char *s, size_t n)
{
    if (l->n + n > sizeof l->text - TAIL_ROOM)
        return false;
    memcpy(l->text + l->n, s, n);
    l->n += n;
    return true;
}

static bool put_str(struct line *l, const char *s)
{
    return put(l, s, strlen(s));
}

/* Into the room that put() leaves. */
static void put_tail(struct line *l, const char *s)
{
    size_t n = strlen(s);

    memcpy(l->text + l->n, s, n);
    l->n += n;
}

/* Octets of the UTF-8 character at s (RFC 3629: shortest form, no surrogates), or 0. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* C0, DEL, and the C1 controls U+0080..U+009F, which some terminals obey. */
static bool is_control(const unsigned char *s)
{
    return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

/* Write the character at s into unit, escaped; returns the octets of s that it took. */
static size_t escape(enum cmc_log_format format, const unsigned char *s, char unit[UNIT_MAX],
                     size_t *unit_octets)
{
    size_t n = utf8_length(s);
    unsigned int code = n == 2 ? s[1] : s[0]; /* of a control: C1 are c2 80 to c2 9f */
    int written;

    if (s[0] == '"' || s[0] == '\\')
        written = snprintf(unit, UNIT_MAX, "\\%c", s[0]);
    else if (n == 0 && format == CMC_LOG_JSON)
        written = snprintf(unit, UNIT_MAX, "\\ufffd"); /* JSON cannot carry the octet itself */
    else if (n == 0)
        written = snprintf(unit, UNIT_MAX, "\\x%02x", s[0]);
    else if (is_control(s) && format == CMC_LOG_JSON)
        written = snprintf(unit, UNIT_MAX, "\\u%04x", code);
    else if (is_control(s) && n == 2)
        written = snprintf(unit, UNIT_MAX, "\\x%02x\\x%02x", s[0], s[1]);
    else if (is_control(s))
        written = snprintf(unit, UNIT_MAX, "\\x%02x", s[0]);
    else
        written = snprintf(unit, UNIT_MAX, "%.*s", (int)n, (const char *)s);
    *unit_octets = written > 0 ? (size_t)written : 0;
    return n > 0 ? n : 1;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* False when it did not all fit; what is there then ends with a whole character. */
static bool put_escaped(struct line *l, const char *value)
{
    const unsigned char *s = (const unsigned char *)value;

    while (*s != '\0') {
        char unit[UNIT_MAX];
        size_t n = 0;

        while (is_plain(s[n]))
            n++;
        if (n > 0 && put(l, (const char *)s, n)) {
            s += n;
            continue;
        }

        s += escape(l->format, s, unit, &n);
        if (!put(l, unit, n))
            return false;
    }
    return true;
}

/* A value that reads as one word stands without quotes. */
static bool needs_quotes(const char *value)
{
    if (*value == '\0')
        return true;
    for (const char *s = value; *s != '\0'; s++)
        if (*s == ' ' || *s == '=' || !is_plain((unsigned char)*s))
            return true;
    return false;
}

/* A pair. False: the line is full; the pair is then cut within its value, or left out. */
static bool put_pair(struct line *l, const char *key, const char *value)
{
    bool json = l->format == CMC_LOG_JSON;
    bool quoted = json || needs_quotes(value);
    size_t start = l->n;
    bool whole;

    if (!put_str(l, json ? (l->n == 1 ? "\"" : ",\"") : " ") ||
        !(json ? put_escaped(l, key) : put_str(l, key)) || !put_str(l, json ? "\":" : "=") ||
        (quoted && !put_str(l, "\""))) {
        l->n = start;
        return false;
    }
    whole = put_escaped(l, value) && (!quoted || put_str(l, "\""));
    if (!whole)
        put_tail(l, quoted ? "...\"" : "...");
    return whole;
}

static bool put_head(struct line *l, enum cmc_log_level level, const char *event)
{
    struct tm tm;
    time_t now = time(NULL);
    char at[80] = "";

    if (gmtime_r(&now, &tm) != NULL)
        (void)snprintf(at, sizeof at, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (l->format == CMC_LOG_JSON)
        return put_str(l, "{") && put_pair(l, "time", at) &&
               put_pair(l, "level", level_names[level]) && put_pair(l, "event", event);
    return put_str(l, at) && put_str(l, " ") && put_str(l, level_names[level]) && put_str(l, " ") &&
           put_escaped(l, event);
}

void cmc_log_event(struct cmc_log *log, enum cmc_log_level level, const char *event, ...)
{
    struct line l;
    const char *key;
    va_list ap;
    bool room;

    if (log == NULL || level > log->level)
        return;
    l.format = log->format;
    l.n = 0;
    room = put_head(&l, level, event);
    va_start(ap, event);
    while (room && (key = va_arg(ap, const char *)) != NULL) {
        const char *value = va_arg(ap, const char *);

        if (value != NULL)
            room = put_pair(&l, key, value);
    }
    va_end(ap);
    put_tail(&l, l.format == CMC_LOG_JSON ? "}\n" : "\n");
    /* One write: lines of several threads do not mix. A log that is gone stops nobody. */
    while (write(log->fd, l.text, l.n) < 0 && errno == EINTR)
        ;
}
