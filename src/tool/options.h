/* SPDX-License-Identifier: Apache-2.0 */
/* One table of options for each command: what parses them also prints --help. */
#ifndef CMC_TOOL_OPTIONS_H
#define CMC_TOOL_OPTIONS_H

#include "tool/tool.h"

/* Values of an option that may be given several times. */
#define TOOL_LIST_MAX 256u
struct tool_list {
    const char *v[TOOL_LIST_MAX];
    size_t n;
};

enum tool_option_kind {
    TOOL_OPT_FLAG,    /* bool */
    TOOL_OPT_STRING,  /* const char * */
    TOOL_OPT_LIST,    /* struct tool_list */
    TOOL_OPT_UINT,    /* unsigned int */
    TOOL_OPT_HEADING, /* no option: a line of --help */
    TOOL_OPT_END
};

struct tool_option {
    const char *name; /* long name without dashes; the text of a heading */
    char letter;      /* short name, or 0 */
    enum tool_option_kind kind;
    const char *arg; /* what --help calls the argument */
    size_t offset;   /* of the value in the command's struct */
    const char *help;
};

#define TOOL_ROW(name, letter, kind, arg, T, member, help)                                         \
    {                                                                                              \
        name, letter, TOOL_OPT_##kind, arg, offsetof(T, member), help                              \
    }
#define TOOL_HEADING(text)                                                                         \
    {                                                                                              \
        text, 0, TOOL_OPT_HEADING, NULL, 0, NULL                                                   \
    }
#define TOOL_END                                                                                   \
    {                                                                                              \
        NULL, 0, TOOL_OPT_END, NULL, 0, NULL                                                       \
    }

struct tool_options {
    const char *operands; /* "FILE...", "FILE", or "" */
    unsigned int min_operands, max_operands;
    const char *about;              /* one or two lines for --help */
    const struct tool_option *rows; /* ended by TOOL_END; --help is always there */
};

/*
 * Parse argv into values (zeroed, with defaults set) and give the operands. Returns TOOL_GO_ON,
 * TOOL_OK after --help, or TOOL_USAGE with the mistake already on standard error.
 */
int tool_options_parse(struct tool *t, const struct tool_options *o, int argc, char **argv,
                       void *values, char ***operands, size_t *noperands);

#endif
