/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands of cmc share: one run's context, exit codes, messages, output files. */
#ifndef CMC_TOOL_TOOL_H
#define CMC_TOOL_TOOL_H

#include "base/buf.h"
#include "base/options.h"
#include "crypto/crypto.h"
#include "key/key.h"

/* cmc.1, EXIT STATUS, says the same. */
enum tool_exit {
    TOOL_OK = 0,
    TOOL_FAILED = 1,      /* refused, failed, malformed, or does not verify */
    TOOL_USAGE = 2,       /* the command line is wrong */
    TOOL_LOCAL = 3,       /* a file, the network, this machine */
    TOOL_PENDING = 4,     /* the server has not decided yet */
    TOOL_TRY_LATER = 5,   /* it has no time now: the same again after a while */
    TOOL_NOT_TRUSTED = 6, /* the answer, or what it brings, is not to be believed */
    TOOL_GO_ON = -1       /* not an exit: the command goes on */
};

/* One run of one command. */
struct tool {
    const char *command; /* "enroll" */
    struct cmc_arena *arena;
    struct cmc_crypto *crypto; /* made when first wanted: see tool_crypto() */
    struct cmc_err err;        /* the error that ends the run */
    int exit;     /* its exit code, where that is another than tool_exit_code()'s; or 0 */
    bool verbose; /* say on standard error what goes over the wire */
};

struct tool_command {
    const char *name;
    const char *summary;
    int (*run)(struct tool *t, int argc, char **argv); /* argv[0] is the command's name */
};

/* cmd_NAME.c */
int tool_cmd_csr(struct tool *t, int argc, char **argv);
int tool_cmd_request(struct tool *t, int argc, char **argv);
int tool_cmd_enroll(struct tool *t, int argc, char **argv);
int tool_cmd_poll(struct tool *t, int argc, char **argv);
int tool_cmd_confirm(struct tool *t, int argc, char **argv);
int tool_cmd_revoke(struct tool *t, int argc, char **argv);
int tool_cmd_anchors(struct tool *t, int argc, char **argv);
int tool_cmd_publish(struct tool *t, int argc, char **argv);
int tool_cmd_get(struct tool *t, int argc, char **argv);
int tool_cmd_secret(struct tool *t, int argc, char **argv);
int tool_cmd_submit(struct tool *t, int argc, char **argv);
int tool_cmd_sign(struct tool *t, int argc, char **argv);
int tool_cmd_verify(struct tool *t, int argc, char **argv);
int tool_cmd_show(struct tool *t, int argc, char **argv);

/*
 * Parse the command line. Returns TOOL_GO_ON, TOOL_OK after --help, or the exit code of a
 * mistake that stands on standard error already.
 */
int tool_options(struct tool *t, const struct cmc_options *o, int argc, char **argv, void *values,
                 char ***operands, size_t *noperands);

/* Make t->crypto unless it is there. */
enum cmc_rc tool_crypto(struct tool *t) CMC_MUST_USE;

/* The exit code that an error leads to. */
int tool_exit_code(enum cmc_rc rc);
/* Print t->err as "cmc COMMAND: text (clause)" and give its exit code. CMC_OK gives 0. */
int tool_end(struct tool *t, enum cmc_rc rc);
/* A mistake of the command line: fills t->err and returns CMC_E_USAGE. */
enum cmc_rc tool_usage(struct tool *t, const char *fmt, ...) CMC_PRINTF(2, 3) CMC_MUST_USE;
/* A line on standard error that does not end the run. */
void tool_note(const struct tool *t, const char *fmt, ...) CMC_PRINTF(2, 3);

/* Append text of a peer without what a terminal would obey; octets outside UTF-8 as \xNN. */
void tool_safe(struct cmc_buf *b, struct cmc_slice text);

/* Octets on standard output. Errors: CMC_E_LOCAL. */
enum cmc_rc tool_print(struct tool *t, struct cmc_slice text) CMC_MUST_USE;
/* A file's octets into the arena; "-" is standard input. */
enum cmc_rc tool_read(struct tool *t, const char *path, struct cmc_slice *out) CMC_MUST_USE;
/* Write DER, or with label PEM. path NULL or "-": standard output. */
enum cmc_rc tool_write(struct tool *t, const char *path, const char *label,
                       struct cmc_slice der) CMC_MUST_USE;
/* Say so when a file that others will read does not end as they expect (RFC 10003 section 4). */
void tool_check_suffix(const struct tool *t, const char *path, const char *suffix);
/* CMC_E_CONFLICT when the path is there already: before a new key is made and spent. */
enum cmc_rc tool_must_not_exist(struct tool *t, const char *path) CMC_MUST_USE;

#endif
