/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the drop-in tools share: one run's context, messages, files. Their manners are those of
 * the Java tools they stand in for: chatty on standard output, where scripts look for known
 * lines, and exit code 1 for every failure; unlike those, each failure is one line on standard
 * error.
 */
#ifndef CMC_DOGTAG_DOG_H
#define CMC_DOGTAG_DOG_H

#include "base/buf.h"
#include "base/options.h"
#include "crypto/crypto.h"

struct dog {
    const char *name; /* "CMCRequest" */
    struct cmc_arena *arena;
    struct cmc_crypto *crypto;
    struct cmc_err err; /* the error that ends the run */
    int status;         /* exit code of a run without error: a bad answer was reported already */
};

/* Run a tool from its main(): context made and freed around run(). Returns the exit code. */
int dog_main(const char *name, enum cmc_rc (*run)(struct dog *d, int argc, char **argv), int argc,
             char **argv);

/* Fill d->err with CMC_E_USAGE and a text, and return that. */
enum cmc_rc dog_usage(struct dog *d, const char *fmt, ...) CMC_PRINTF(2, 3) CMC_MUST_USE;
enum cmc_rc dog_no_memory(struct dog *d) CMC_MUST_USE;
/* "NAME: text" on standard error; the run goes on. */
void dog_warn(const struct dog *d, const char *fmt, ...) CMC_PRINTF(2, 3);
/* Formatted text on standard output. Lost text is told by dog_main() at the end. */
void dog_say(const char *fmt, ...) CMC_PRINTF(1, 2);

/*
 * Parse a command line. *go_on is false after --help. operands NULL: none are taken.
 */
enum cmc_rc dog_options(struct dog *d, const struct cmc_options *o, int argc, char **argv,
                        void *values, bool *go_on) CMC_MUST_USE;

/* A file's octets into the arena. */
enum cmc_rc dog_read(struct dog *d, const char *path, struct cmc_slice *out) CMC_MUST_USE;
/* Write a file whole, or leave what was there. */
enum cmc_rc dog_write(struct dog *d, const char *path, struct cmc_slice data) CMC_MUST_USE;

#endif
