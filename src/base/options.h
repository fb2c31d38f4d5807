/* SPDX-License-Identifier: Apache-2.0 */
/* One table of options for each command: what parses them also prints --help. */
#ifndef CMC_BASE_OPTIONS_H
#define CMC_BASE_OPTIONS_H

#include <stddef.h>

#include "base/err.h"

/* Values of an option that may be given several times. */
#define CMC_OPTION_LIST_MAX 256u
struct cmc_option_list {
    const char *v[CMC_OPTION_LIST_MAX];
    size_t n;
};

enum cmc_option_kind {
    CMC_OPT_FLAG,    /* bool */
    CMC_OPT_STRING,  /* const char * */
    CMC_OPT_LIST,    /* struct cmc_option_list */
    CMC_OPT_UINT,    /* unsigned int */
    CMC_OPT_HEADING, /* no option: a line of --help */
    CMC_OPT_END
};

struct cmc_option {
    const char *name; /* long name without dashes; the text of a heading */
    char letter;      /* short name, or 0 */
    enum cmc_option_kind kind;
    const char *arg; /* what --help calls the argument */
    size_t offset;   /* of the value in the command's struct */
    const char *help;
};

#define CMC_OPTION(name, letter, kind, arg, T, member, help)                                       \
    {                                                                                              \
        name, letter, CMC_OPT_##kind, arg, offsetof(T, member), help                               \
    }
#define CMC_OPTION_HEADING(text)                                                                   \
    {                                                                                              \
        text, 0, CMC_OPT_HEADING, NULL, 0, NULL                                                    \
    }
#define CMC_OPTION_END                                                                             \
    {                                                                                              \
        NULL, 0, CMC_OPT_END, NULL, 0, NULL                                                        \
    }

struct cmc_options {
    const char *command;  /* "cmcd init": for --help and in errors */
    const char *operands; /* "FILE...", "FILE", or "" */
    unsigned int min_operands, max_operands;
    const char *about;             /* one or two lines for --help */
    const struct cmc_option *rows; /* ended by CMC_OPTION_END; --help is always there,
                                      and -h is too unless a row has that letter */
};

/*
 * Parse argv (argv[0] is passed over) into values, a struct that is zeroed but for defaults, and
 * give the operands. *helped is set when --help was asked for and printed: nothing is left to do.
 * Errors: CMC_E_USAGE (what is wrong with the command line), CMC_E_LOCAL (standard output).
 */
enum cmc_rc cmc_options_parse(const struct cmc_options *o, int argc, char **argv, void *values,
                              char ***operands, size_t *noperands, bool *helped,
                              struct cmc_err *err) CMC_MUST_USE;

#endif
