/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

/* A table longer than this does not fit a screen either. */
#define ROWS_MAX 128

/* What getopt_long() returns for row i: beyond every letter. */
#define LONG_BASE   1000
#define LONG_HELP   999
#define HELP_COLUMN 28

static size_t count_rows(const struct cmc_option *rows)
{
    size_t n = 0;

    while (n < ROWS_MAX && rows[n].kind != CMC_OPT_END)
        n++;
    /* A row that is not looked at would be an option that nobody can give. */
    if (rows[n].kind != CMC_OPT_END)
        abort();
    return n;
}

static bool takes_argument(const struct cmc_option *row)
{
    return row->kind != CMC_OPT_FLAG;
}

/* A command may use -h for something of its own; --help stays. */
static bool has_h(const struct cmc_options *o)
{
    for (size_t i = 0; i < count_rows(o->rows); i++) {
        if (o->rows[i].kind != CMC_OPT_HEADING && o->rows[i].letter == 'h')
            return true;
    }
    return false;
}

/* -- --help ------------------------------------------------------------------------------ */

static void help_row(const struct cmc_option *row)
{
    char left[128];
    int n = row->letter != 0 ? snprintf(left, sizeof left, "  -%c, --%s", row->letter, row->name)
                             : snprintf(left, sizeof left, "      --%s", row->name);

    if (takes_argument(row))
        (void)snprintf(left + n, sizeof left - (size_t)n, " %s", row->arg);
    if (strlen(left) < HELP_COLUMN)
        (void)printf("%-*s", HELP_COLUMN, left);
    else
        (void)printf("%s\n%*s", left, HELP_COLUMN, "");
    for (const char *p = row->help; *p != '\0'; p++) {
        (void)putchar(*p);
        if (*p == '\n')
            (void)printf("%*s", HELP_COLUMN, "");
    }
    (void)putchar('\n');
}

static enum cmc_rc help(const struct cmc_options *o, struct cmc_err *err)
{
    const struct cmc_option help_option = {"help", has_h(o) ? 0 : 'h',   CMC_OPT_FLAG, NULL,
                                           0,      "print this and exit"};

    (void)printf("usage: %s [options]%s%s\n\n%s\n", o->command, *o->operands != '\0' ? " " : "",
                 o->operands, o->about);
    if (o->rows[0].kind != CMC_OPT_HEADING)
        (void)printf("\nOptions:\n");
    for (size_t i = 0; i < count_rows(o->rows); i++) {
        if (o->rows[i].kind == CMC_OPT_HEADING)
            (void)printf("\n%s:\n", o->rows[i].name);
        else
            help_row(&o->rows[i]);
    }
    help_row(&help_option);
    if (fflush(stdout) != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "standard output: %s", strerror(errno));
    return CMC_OK;
}

/* -- mistakes ---------------------------------------------------------------------------- */

static enum cmc_rc unknown(const struct cmc_options *o, const char *word, struct cmc_err *err)
{
    struct cmc_nearest near = {0};
    const char *name = word + strspn(word, "-");
    char bare[64];

    (void)snprintf(bare, sizeof bare, "%.*s", (int)strcspn(name, "="), name);
    for (size_t i = 0; i < count_rows(o->rows); i++) {
        if (o->rows[i].kind != CMC_OPT_HEADING)
            cmc_nearest_offer(&near, bare, o->rows[i].name);
    }
    if (near.word != NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL, "unknown option '%s'; did you mean '--%s'?", word,
                        near.word);
    return cmc_fail(err, CMC_E_USAGE, NULL, "unknown option '%s'; see '%s --help'", word,
                    o->command);
}

/* getopt_long() said '?': unknown, ambiguous, or an argument where none is taken. */
static enum cmc_rc not_parsed(const struct cmc_options *o, char **argv, struct cmc_err *err)
{
    const char *word = argv[optind - 1];
    const char *name = word + strspn(word, "-");
    size_t n = strcspn(name, "="), matches = 0;
    char letter[3] = {'-', (char)optopt, '\0'};

    if (optopt > 0 && optopt < LONG_HELP)
        return unknown(o, letter, err);
    for (size_t i = 0; i < count_rows(o->rows); i++) {
        const struct cmc_option *row = &o->rows[i];

        if (row->kind == CMC_OPT_HEADING || strncmp(row->name, name, n) != 0)
            continue;
        matches++;
        if (!takes_argument(row) && name[n] == '=' && strlen(row->name) == n)
            return cmc_fail(err, CMC_E_USAGE, NULL, "'--%s' takes no value; write it alone",
                            row->name);
    }
    if (matches > 1)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "'%s' is the beginning of several options; write it in full", word);
    return unknown(o, word, err);
}

/* -- values ------------------------------------------------------------------------------ */

static enum cmc_rc set_uint(const struct cmc_option *row, const char *arg, unsigned int *out,
                            struct cmc_err *err)
{
    char *end = NULL;
    unsigned long v;

    errno = 0;
    v = strtoul(arg, &end, 10);
    if (*arg < '0' || *arg > '9' || *end != '\0' || errno != 0 || v > UINT_MAX)
        return cmc_fail(err, CMC_E_USAGE, NULL, "--%s %s: want a number from 0 to %u", row->name,
                        arg, UINT_MAX);
    *out = (unsigned int)v;
    return CMC_OK;
}

static enum cmc_rc set_value(const struct cmc_option *row, const char *arg, void *values,
                             struct cmc_err *err)
{
    void *at = (char *)values + row->offset;
    struct cmc_option_list *list;

    switch (row->kind) {
    case CMC_OPT_FLAG:
        *(bool *)at = true;
        return CMC_OK;
    case CMC_OPT_STRING:
        if (*(const char **)at != NULL)
            return cmc_fail(err, CMC_E_USAGE, NULL, "--%s is given twice", row->name);
        *(const char **)at = arg;
        return CMC_OK;
    case CMC_OPT_LIST:
        list = at;
        if (list->n >= CMC_OPTION_LIST_MAX)
            return cmc_fail(err, CMC_E_USAGE, NULL, "--%s is given more than %u times", row->name,
                            CMC_OPTION_LIST_MAX);
        list->v[list->n++] = arg;
        return CMC_OK;
    case CMC_OPT_UINT:
        return set_uint(row, arg, at, err);
    case CMC_OPT_HEADING:
    case CMC_OPT_END:
    default:
        return cmc_fail(err, CMC_E_BUG, NULL, "--%s: a row that is no option", row->name);
    }
}

/* -- parsing ----------------------------------------------------------------------------- */

/* The forms that getopt_long() wants. */
struct forms {
    char letters[2 * ROWS_MAX + 8];
    struct option longs[ROWS_MAX + 2];
};

static void make_forms(const struct cmc_options *o, struct forms *f)
{
    size_t rows = count_rows(o->rows), nl = 0, no = 0;

    f->letters[nl++] = ':'; /* a missing argument is told apart from an unknown option */
    if (!has_h(o))
        f->letters[nl++] = 'h';
    f->longs[no++] = (struct option){"help", no_argument, NULL, LONG_HELP};
    for (size_t i = 0; i < rows; i++) {
        const struct cmc_option *row = &o->rows[i];

        if (row->kind == CMC_OPT_HEADING)
            continue;
        if (row->letter != 0) {
            f->letters[nl++] = row->letter;
            if (takes_argument(row))
                f->letters[nl++] = ':';
        }
        f->longs[no++] =
            (struct option){row->name, takes_argument(row) ? required_argument : no_argument, NULL,
                            LONG_BASE + (int)i};
    }
    f->letters[nl] = '\0';
    f->longs[no] = (struct option){0};
}

static const struct cmc_option *row_of(const struct cmc_options *o, int code)
{
    if (code >= LONG_BASE)
        return &o->rows[code - LONG_BASE];
    for (size_t i = 0; i < count_rows(o->rows); i++) {
        if (o->rows[i].kind != CMC_OPT_HEADING && o->rows[i].letter == code)
            return &o->rows[i];
    }
    return NULL;
}

static enum cmc_rc check_operands(const struct cmc_options *o, size_t n, char **operands,
                                  struct cmc_err *err)
{
    if (n < o->min_operands)
        return cmc_fail(err, CMC_E_USAGE, NULL, "%s wanted: %s; see '%s --help'",
                        n == 0 ? "operands" : "more operands", o->operands, o->command);
    if (n > o->max_operands)
        return cmc_fail(err, CMC_E_USAGE, NULL, "unexpected '%s'; see '%s --help'",
                        operands[o->max_operands], o->command);
    return CMC_OK;
}

enum cmc_rc cmc_options_parse(const struct cmc_options *o, int argc, char **argv, void *values,
                              char ***operands, size_t *noperands, bool *helped,
                              struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    const struct cmc_option *row;
    struct forms f = {0};
    int code;

    *helped = false;
    make_forms(o, &f);
    opterr = 0;
    optind = 0; /* glibc: begin anew */
    while (rc == CMC_OK && (code = getopt_long(argc, argv, f.letters, f.longs, NULL)) != -1) {
        if ((code == 'h' && !has_h(o)) || code == LONG_HELP) {
            *helped = true;
            return help(o, err);
        }
        row = code != '?' ? row_of(o, code == ':' ? optopt : code) : NULL;
        if (code == ':')
            rc = cmc_fail(err, CMC_E_USAGE, NULL, "'%s' wants a value (%s)", argv[optind - 1],
                          row != NULL ? row->arg : "?");
        else if (row == NULL)
            rc = not_parsed(o, argv, err);
        else
            rc = set_value(row, optarg, values, err);
    }
    if (rc != CMC_OK)
        return rc;
    *operands = argv + optind;
    *noperands = (size_t)(argc - optind);
    return check_operands(o, *noperands, *operands, err);
}
