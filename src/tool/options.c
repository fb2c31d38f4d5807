/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/nearest.h"

/* A table longer than this does not fit a screen either. */
#define ROWS_MAX 64

/* What getopt_long() returns for row i: beyond every letter. */
#define LONG_BASE   1000
#define LONG_HELP   999
#define HELP_COLUMN 28

static size_t count_rows(const struct tool_option *rows)
{
    size_t n = 0;

    while (n < ROWS_MAX && rows[n].kind != TOOL_OPT_END)
        n++;
    return n;
}

static bool takes_argument(const struct tool_option *row)
{
    return row->kind != TOOL_OPT_FLAG;
}

/* -- --help ------------------------------------------------------------------------------ */

static void help_row(const struct tool_option *row)
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

static void help(const struct tool *t, const struct tool_options *o)
{
    static const struct tool_option help_option = {"help", 'h', TOOL_OPT_FLAG,
                                                   NULL,   0,   "print this and exit"};

    (void)printf("usage: cmc %s [options]%s%s\n\n%s\n", t->command, *o->operands != '\0' ? " " : "",
                 o->operands, o->about);
    if (o->rows[0].kind != TOOL_OPT_HEADING)
        (void)printf("\nOptions:\n");
    for (size_t i = 0; i < count_rows(o->rows); i++) {
        if (o->rows[i].kind == TOOL_OPT_HEADING)
            (void)printf("\n%s:\n", o->rows[i].name);
        else
            help_row(&o->rows[i]);
    }
    help_row(&help_option);
}

/* -- mistakes ---------------------------------------------------------------------------- */

static enum cmc_rc unknown(struct tool *t, const struct tool_options *o, const char *word)
{
    struct cmc_nearest near = {0};
    const char *name = word + strspn(word, "-");
    char bare[64];

    (void)snprintf(bare, sizeof bare, "%.*s", (int)strcspn(name, "="), name);
    for (size_t i = 0; i < count_rows(o->rows); i++) {
        if (o->rows[i].kind != TOOL_OPT_HEADING)
            cmc_nearest_offer(&near, bare, o->rows[i].name);
    }
    if (near.word != NULL)
        return tool_usage(t, "unknown option '%s'; did you mean '--%s'?", word, near.word);
    return tool_usage(t, "unknown option '%s'; see 'cmc %s --help'", word, t->command);
}

/* getopt_long() said '?': unknown, ambiguous, or an argument where none is taken. */
static enum cmc_rc not_parsed(struct tool *t, const struct tool_options *o, char **argv)
{
    const char *word = argv[optind - 1];
    const char *name = word + strspn(word, "-");
    size_t n = strcspn(name, "="), matches = 0;
    char letter[3] = {'-', (char)optopt, '\0'};

    if (optopt > 0 && optopt < LONG_HELP)
        return unknown(t, o, letter);
    for (size_t i = 0; i < count_rows(o->rows); i++) {
        const struct tool_option *row = &o->rows[i];

        if (row->kind == TOOL_OPT_HEADING || strncmp(row->name, name, n) != 0)
            continue;
        matches++;
        if (!takes_argument(row) && name[n] == '=' && strlen(row->name) == n)
            return tool_usage(t, "'--%s' takes no value; write it alone", row->name);
    }
    if (matches > 1)
        return tool_usage(t, "'%s' is the beginning of several options; write it in full", word);
    return unknown(t, o, word);
}

/* -- values ------------------------------------------------------------------------------ */

static enum cmc_rc set_uint(struct tool *t, const struct tool_option *row, const char *arg,
                            unsigned int *out)
{
    char *end = NULL;
    unsigned long v;

    errno = 0;
    v = strtoul(arg, &end, 10);
    if (*arg < '0' || *arg > '9' || *end != '\0' || errno != 0 || v > UINT_MAX)
        return tool_usage(t, "--%s %s: want a number from 0 to %u", row->name, arg, UINT_MAX);
    *out = (unsigned int)v;
    return CMC_OK;
}

static enum cmc_rc set_value(struct tool *t, const struct tool_option *row, const char *arg,
                             void *values)
{
    void *at = (char *)values + row->offset;
    struct tool_list *list;

    switch (row->kind) {
    case TOOL_OPT_FLAG:
        *(bool *)at = true;
        return CMC_OK;
    case TOOL_OPT_STRING:
        if (*(const char **)at != NULL)
            return tool_usage(t, "--%s is given twice", row->name);
        *(const char **)at = arg;
        return CMC_OK;
    case TOOL_OPT_LIST:
        list = at;
        if (list->n >= TOOL_LIST_MAX)
            return tool_usage(t, "--%s is given more than %u times", row->name, TOOL_LIST_MAX);
        list->v[list->n++] = arg;
        return CMC_OK;
    case TOOL_OPT_UINT:
        return set_uint(t, row, arg, at);
    case TOOL_OPT_HEADING:
    case TOOL_OPT_END:
    default:
        return cmc_fail(&t->err, CMC_E_BUG, NULL, "--%s: a row that is no option", row->name);
    }
}

/* -- parsing ----------------------------------------------------------------------------- */

/* The forms that getopt_long() wants. */
struct forms {
    char letters[2 * ROWS_MAX + 8];
    struct option longs[ROWS_MAX + 2];
};

static void make_forms(const struct tool_options *o, struct forms *f)
{
    size_t rows = count_rows(o->rows), nl = 0, no = 0;

    f->letters[nl++] = ':'; /* a missing argument is told apart from an unknown option */
    f->letters[nl++] = 'h';
    f->longs[no++] = (struct option){"help", no_argument, NULL, LONG_HELP};
    for (size_t i = 0; i < rows; i++) {
        const struct tool_option *row = &o->rows[i];

        if (row->kind == TOOL_OPT_HEADING)
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

static const struct tool_option *row_of(const struct tool_options *o, int code)
{
    if (code >= LONG_BASE)
        return &o->rows[code - LONG_BASE];
    for (size_t i = 0; i < count_rows(o->rows); i++) {
        if (o->rows[i].kind != TOOL_OPT_HEADING && o->rows[i].letter == code)
            return &o->rows[i];
    }
    return NULL;
}

static enum cmc_rc check_operands(struct tool *t, const struct tool_options *o, size_t n,
                                  char **operands)
{
    if (n < o->min_operands)
        return tool_usage(t, "no %s given; see 'cmc %s --help'", o->operands, t->command);
    if (n > o->max_operands)
        return tool_usage(t, "unexpected '%s'; see 'cmc %s --help'", operands[o->max_operands],
                          t->command);
    return CMC_OK;
}

int tool_options_parse(struct tool *t, const struct tool_options *o, int argc, char **argv,
                       void *values, char ***operands, size_t *noperands)
{
    enum cmc_rc rc = CMC_OK;
    const struct tool_option *row;
    struct forms f = {0};
    int code;

    make_forms(o, &f);
    opterr = 0;
    optind = 0; /* glibc: begin anew */
    while (rc == CMC_OK && (code = getopt_long(argc, argv, f.letters, f.longs, NULL)) != -1) {
        if (code == 'h' || code == LONG_HELP) {
            help(t, o);
            return fflush(stdout) == 0 ? TOOL_OK : TOOL_LOCAL;
        }
        row = code != '?' ? row_of(o, code == ':' ? optopt : code) : NULL;
        if (code == ':')
            rc = tool_usage(t, "'%s' wants a value (%s)", argv[optind - 1],
                            row != NULL ? row->arg : "?");
        else if (row == NULL)
            rc = not_parsed(t, o, argv);
        else
            rc = set_value(t, row, optarg, values);
    }
    if (rc == CMC_OK) {
        *operands = argv + optind;
        *noperands = (size_t)(argc - optind);
        rc = check_operands(t, o, *noperands, *operands);
    }
    return rc == CMC_OK ? TOOL_GO_ON : tool_end(t, rc);
}
